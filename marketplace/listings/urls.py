from django.urls import path

from marketplace.listings import views, views_sell

app_name = "listings"

urlpatterns = [
    path("", views.browse, name="browse"),
    path("cars/<slug:code>/", views.detail, name="detail"),
    path("my/", views_sell.mine, name="mine"),
    path("sell/", views_sell.sell, name="sell"),
    path("sell/<slug:code>/", views_sell.edit, name="edit"),
    path("sell/<slug:code>/save/", views_sell.save, name="save"),
    path("sell/<slug:code>/submit/", views_sell.submit, name="submit"),
    path("sell/<slug:code>/sent/", views_sell.sent, name="sent"),
    path("sell/<slug:code>/withdraw/", views_sell.withdraw, name="withdraw"),
    path("sell/<slug:code>/sold/", views_sell.sold, name="sold"),
    path("sell/<slug:code>/delete/", views_sell.delete, name="delete"),
]
