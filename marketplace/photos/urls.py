from django.urls import path

from marketplace.photos import views, views_identify, views_media

app_name = "photos"

urlpatterns = [
    path("sell/<slug:code>/photos/", views.upload, name="upload"),
    path("sell/<slug:code>/photos/tiles/", views.tiles, name="tiles"),
    path("sell/<slug:code>/photos/order/", views.order, name="order"),
    path("sell/<slug:code>/photos/<uuid:photo_id>/delete/", views.delete, name="delete"),
    path("sell/<slug:code>/photos/<uuid:photo_id>/move/", views.move, name="move"),
    path("identify/", views_identify.identify, name="identify"),
    path("identify/<uuid:photo_id>/", views_identify.identify_result, name="identify_result"),
    path("media/<path:name>", views_media.media, name="media"),
]
