"""The pages of models. Included last: ``/cars/…/save/`` and the like belong to a single car."""

from django.urls import path

from marketplace.listings.search import views

app_name = "search"

urlpatterns = [path("cars/<str:make>/<str:model>/", views.model, name="model")]
