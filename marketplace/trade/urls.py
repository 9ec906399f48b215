from django.urls import path

from marketplace.trade.favourites import views as favourites
from marketplace.trade.messages import views as messages
from marketplace.trade.offers import views as offers
from marketplace.trade.reports import views as reports
from marketplace.trade.searches import views as searches
from marketplace.trade.sellers import views as sellers

app_name = "trade"

urlpatterns = [
    path("cars/<slug:code>/contact/", messages.contact, name="contact"),
    path("cars/<slug:code>/report/", reports.report_listing, name="report"),
    path("cars/<slug:code>/save/", favourites.save, name="save"),
    path("cars/<slug:code>/forget/", favourites.forget, name="forget"),
    path("cars/<slug:code>/seen/", favourites.seen, name="seen"),
    path("saved/", favourites.saved, name="saved"),
    path("saved/forget-gone/", favourites.forget_gone, name="forget_gone"),
    path("saved/searches/", searches.searches, name="searches"),
    path("saved/searches/save/", searches.save, name="search_save"),
    path("saved/searches/<int:pk>/change/", searches.change, name="search_change"),
    path("saved/searches/<int:pk>/delete/", searches.delete, name="search_delete"),
    path("saved/searches/stop/<str:token>/", searches.stop, name="search_stop"),
    path("sellers/<int:pk>/", sellers.seller, name="seller"),
    path("messages/", messages.inbox, name="inbox"),
    path("messages/<slug:code>/", messages.thread, name="thread"),
    path("messages/<slug:code>/send/", messages.send, name="send"),
    path("messages/<slug:code>/news/", messages.news, name="news"),
    path("messages/<slug:code>/block/", messages.block, name="block"),
    path("messages/<slug:code>/unblock/", messages.unblock, name="unblock"),
    path("messages/<slug:code>/report/<int:pk>/", reports.report_message, name="report_message"),
    path("messages/<slug:code>/offer/", offers.make, name="offer"),
    path("messages/<slug:code>/offer/<int:pk>/accept/", offers.accept, name="offer_accept"),
    path("messages/<slug:code>/offer/<int:pk>/decline/", offers.decline, name="offer_decline"),
    path("messages/<slug:code>/offer/<int:pk>/withdraw/", offers.withdraw, name="offer_withdraw"),
    path("messages/<slug:code>/reserve/", offers.reserve, name="reserve"),
]
