from django.urls import path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from marketplace.api import views
from marketplace.api.listings import ListingsView

app_name = "api"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="api:docs")),
    path("v1/", RedirectView.as_view(pattern_name="api:docs")),
    path("v1/recognise", views.RecogniseView.as_view(), name="recognise"),
    path("v1/recognitions/<uuid:photo_id>/", views.RecognitionView.as_view(), name="recognition"),
    path("v1/makes/", views.MakesView.as_view(), name="makes"),
    path("v1/models/", views.ModelsView.as_view(), name="models"),
    path("v1/listings/", ListingsView.as_view(), name="listings"),
    path("v1/listings/<slug:code>/", views.ListingView.as_view(), name="listing"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    # The split view serves the script apart: the Content-Security-Policy allows no inline script.
    path(
        "docs/",
        SpectacularSwaggerSplitView.as_view(url_name="api:schema", template_name="api/docs.html"),
        name="docs",
    ),
]
