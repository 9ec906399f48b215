from django.urls import path

from marketplace.listings import views, views_life, views_sell
from marketplace.listings.search import views as search_views

app_name = "listings"

urlpatterns = [
    path("", search_views.browse, name="browse"),
    path("cars/<str:code>/", search_views.make_or_listing, name="detail"),
    path("cars/<str:code>/telephone/", views.telephone, name="telephone"),
    path("my/", views_life.mine, name="mine"),
    path("sell/", views_sell.sell, name="sell"),
    path("sell/<slug:code>/", views_sell.edit, name="edit"),
    path("sell/<slug:code>/find/", views_sell.find, name="find"),
    path("sell/<slug:code>/save/", views_sell.save, name="save"),
    path("sell/<slug:code>/submit/", views_sell.submit, name="submit"),
    path("sell/<slug:code>/sent/", views_sell.sent, name="sent"),
    path("sell/<slug:code>/duplicate/", views_life.duplicate, name="duplicate"),
    path("sell/<slug:code>/take-back/", views_life.take_back, name="take_back"),
    path("sell/<slug:code>/reserve/", views_life.reserve, name="reserve"),
    path("sell/<slug:code>/unreserve/", views_life.unreserve, name="unreserve"),
    path("sell/<slug:code>/sold/", views_life.sell, name="sold"),
    path("sell/<slug:code>/not-sold/", views_life.unsell, name="unsell"),
    path("sell/<slug:code>/withdraw/", views_life.withdraw, name="withdraw"),
    path("sell/<slug:code>/put-back/", views_life.put_back, name="put_back"),
    path("sell/<slug:code>/renew/", views_life.renew, name="renew"),
    path("sell/<slug:code>/appeal/", views_life.appeal, name="appeal"),
    path("sell/<slug:code>/delete/", views_life.delete, name="delete"),
    path("sell/<slug:code>/restore/", views_life.restore, name="restore"),
]
