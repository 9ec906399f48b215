from django.urls import path

from marketplace.privacy import views

app_name = "privacy"

urlpatterns = [
    path("", views.profile, name="profile"),
    path("defaults/", views.defaults, name="defaults"),
    path("photo/", views.portrait, name="portrait"),
    path("sessions/<int:pk>/end/", views.session_end, name="session_end"),
    path("data/", views.data, name="data"),
    path("data/export/", views.export, name="export"),
    path("delete/", views.delete, name="delete"),
]
