from django.urls import path

from marketplace.moderation.catalogue import views as catalogue
from marketplace.moderation.grid import views as grid
from marketplace.moderation.views import desk, figures, heat, kinds, labels, listings, removal, reports

app_name = "moderation"

urlpatterns = [
    path("", listings.next_listing, name="next"),
    path("figures/", figures.figures, name="figures"),
    path("history/", listings.history, name="history"),
    path("search/", listings.search, name="search"),
    path("ahead/", desk.ahead, name="ahead"),
    path("undo/", desk.undo, name="undo"),
    path("catalogue/", catalogue.catalogue, name="catalogue"),
    path("catalogue/merge/", catalogue.merge, name="merge"),
    path("catalogue/merge/<int:pk>/undo/", catalogue.merge_undo, name="merge_undo"),
    path("catalogue/rename/", catalogue.rename, name="rename"),
    path("catalogue/proposals/<int:pk>/", catalogue.proposal, name="proposal"),
    path("propose/", catalogue.propose, name="propose"),
    path("grid/", grid.grid, name="grid"),
    path("grid/accept/", grid.accept, name="grid_accept"),
    path("labels/", labels.next_label, name="labels"),
    path("labels/<int:pk>/", labels.label, name="label"),
    path("labels/<int:pk>/decide/", labels.decide, name="label_decide"),
    path("labels/<int:pk>/skip/", labels.skip, name="label_skip"),
    path("labels/<int:pk>/picture.jpg", labels.picture, name="label_picture"),
    path("kinds/", kinds.kinds, name="kinds"),
    path("kinds/draw/", kinds.draw, name="kinds_draw"),
    path("kinds/undo/", kinds.undo, name="kind_undo"),
    path("kinds/<int:pk>/", kinds.label, name="kind_label"),
    path("reports/", reports.next_report, name="reports"),
    path("reports/all/", reports.all_reports, name="reports_all"),
    path("reports/<int:pk>/", reports.report, name="report"),
    path("reports/<int:pk>/decide/", reports.decide, name="report_decide"),
    path("reports/<int:pk>/skip/", reports.skip, name="report_skip"),
    path("<slug:code>/", listings.review, name="review"),
    path("<slug:code>/decide/", listings.decide, name="decide"),
    path("<slug:code>/heat/<uuid:photo_id>/", heat.heat, name="heat"),
    path("<slug:code>/heat/<uuid:photo_id>/map.png", heat.heat_picture, name="heat_picture"),
    path("<slug:code>/hold/", desk.hold, name="hold"),
    path("<slug:code>/release/", desk.release, name="release"),
    path("<slug:code>/take-down/", removal.take_down, name="take_down"),
    path("<slug:code>/put-back/", removal.put_back, name="put_back"),
    path("<slug:code>/suspend/", removal.suspend, name="suspend"),
    path("<slug:code>/end-suspension/", removal.end_suspension, name="end_suspension"),
    path("<slug:code>/skip/", listings.skip, name="skip"),
]
