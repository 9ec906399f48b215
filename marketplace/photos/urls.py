from django.urls import path

from marketplace.photos.views import identify, media, revisions, sell

app_name = "photos"

urlpatterns = [
    path("sell/<slug:code>/photos/", sell.upload, name="upload"),
    path("sell/<slug:code>/photos/tiles/", sell.tiles, name="tiles"),
    path("sell/<slug:code>/photos/order/", sell.order, name="order"),
    path("sell/<slug:code>/photos/<uuid:photo_id>/delete/", sell.delete, name="delete"),
    path("sell/<slug:code>/photos/<uuid:photo_id>/restore/", sell.restore, name="restore"),
    path("sell/<slug:code>/photos/<uuid:photo_id>/rotate/", sell.rotate, name="rotate"),
    path("sell/<slug:code>/photos/<uuid:photo_id>/move/", sell.move, name="move"),
    path("sell/<slug:code>/revise/", revisions.start, name="revise"),
    path("sell/<slug:code>/revise/discard/", revisions.discard, name="revise_discard"),
    path("identify/", identify.identify, name="identify"),
    path("identify/<uuid:question_id>/", identify.identify_result, name="identify_result"),
    path("identify/<uuid:question_id>/cars/", identify.identify_cars, name="identify_cars"),
    path("identify/<uuid:question_id>/donate/", identify.identify_donate, name="identify_donate"),
    path("identify/<uuid:question_id>/<uuid:photo_id>/car/", identify.identify_car, name="identify_car"),
    path("media/<path:name>", media.media, name="media"),
]
