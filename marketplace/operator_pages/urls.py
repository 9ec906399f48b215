from django.urls import path

from marketplace.operator_pages import views
from marketplace.operator_pages.models import Page

app_name = "operator_pages"

urlpatterns = [
    *(path(f"{page}/", views.page, {"page": page}, name=page) for page in Page.values if page != Page.CONTACT),
    path("contact/", views.contact, name="contact"),
    *(path(f"{page}/<int:pk>/", views.version, {"page": page}, name=f"{page}_version") for page in Page.values),
]
