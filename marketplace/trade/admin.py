"""Conversations and counts for staff to look up, read-only. What was said is private: only a
report shows it, and that to moderators."""

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from marketplace.registry.admin import ReadOnly
from marketplace.trade.models import (
    Block,
    Notice,
    Offer,
    Report,
    SavedSearch,
    SearchAlert,
    Tally,
    Thread,
    Views,
    WritingBan,
)


@admin.register(Thread)
class ThreadAdmin(ReadOnly, ModelAdmin):
    list_display = ("code", "listing_title", "seller", "buyer", "created_at", "changed_at", "answered_at")
    list_select_related = ("seller", "buyer")
    search_fields = ("code", "listing__code", "seller__email", "buyer__email")
    date_hierarchy = "created_at"


@admin.register(Offer)
class OfferAdmin(ReadOnly, ModelAdmin):
    list_display = ("thread", "by", "price", "currency", "status", "created_at", "settled_at")
    list_filter = ("status", "currency")
    list_select_related = ("thread",)


@admin.register(Notice)
class NoticeAdmin(ReadOnly, ModelAdmin):
    list_display = ("thread", "to", "created_at", "attempts", "next_try_at", "sent_at")
    list_select_related = ("thread",)


@admin.register(Block)
class BlockAdmin(ReadOnly, ModelAdmin):
    list_display = ("blocker", "blocked", "created_at")
    list_select_related = ("blocker", "blocked")


@admin.register(Tally)
class TallyAdmin(ReadOnly, ModelAdmin):
    list_display = ("who", "what", "begins_at", "count")
    list_filter = ("what",)


@admin.register(Report)
class ReportAdmin(ReadOnly, ModelAdmin):
    list_display = ("created_at", "reason", "listing", "status", "moderator", "settled_at")
    list_filter = ("status", "reason")
    list_select_related = ("listing__make", "listing__car_model", "moderator")


@admin.register(WritingBan)
class WritingBanAdmin(ReadOnly, ModelAdmin):
    list_display = ("person", "moderator", "created_at")
    list_select_related = ("person", "moderator")

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("trade.delete_writingban")


@admin.register(Views)
class ViewsAdmin(ReadOnly, ModelAdmin):
    list_display = ("listing", "count")
    list_select_related = ("listing__make", "listing__car_model")


@admin.register(SavedSearch)
class SavedSearchAdmin(ReadOnly, ModelAdmin):
    list_display = ("person", "query", "often", "looked_at", "next_at")
    list_filter = ("often",)
    list_select_related = ("person",)
    exclude = ("token",)


@admin.register(SearchAlert)
class SearchAlertAdmin(ReadOnly, ModelAdmin):
    list_display = ("search", "since", "until", "attempts", "sent_at")
    list_select_related = ("search",)
