from django.urls import path

from marketplace.moderation import views

app_name = "moderation"

urlpatterns = [
    path("", views.next_listing, name="next"),
    path("history/", views.history, name="history"),
    path("search/", views.search, name="search"),
    path("<slug:code>/", views.review, name="review"),
    path("<slug:code>/decide/", views.decide, name="decide"),
    path("<slug:code>/skip/", views.skip, name="skip"),
]
