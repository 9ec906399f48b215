from django.urls import path

from marketplace.moderation import views, views_heat, views_labels

app_name = "moderation"

urlpatterns = [
    path("", views.next_listing, name="next"),
    path("history/", views.history, name="history"),
    path("search/", views.search, name="search"),
    path("labels/", views_labels.next_label, name="labels"),
    path("labels/<int:pk>/", views_labels.label, name="label"),
    path("labels/<int:pk>/decide/", views_labels.decide, name="label_decide"),
    path("labels/<int:pk>/skip/", views_labels.skip, name="label_skip"),
    path("labels/<int:pk>/picture.jpg", views_labels.picture, name="label_picture"),
    path("<slug:code>/", views.review, name="review"),
    path("<slug:code>/decide/", views.decide, name="decide"),
    path("<slug:code>/heat/<uuid:photo_id>/", views_heat.heat, name="heat"),
    path("<slug:code>/heat/<uuid:photo_id>/map.png", views_heat.heat_picture, name="heat_picture"),
    path("<slug:code>/skip/", views.skip, name="skip"),
]
