from django.urls import path

from marketplace.trade.messages import views as messages
from marketplace.trade.offers import views as offers
from marketplace.trade.reports import views as reports

app_name = "trade"

urlpatterns = [
    path("cars/<slug:code>/contact/", messages.contact, name="contact"),
    path("cars/<slug:code>/report/", reports.report_listing, name="report"),
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
