"""Conversations and counts for staff to look up, read-only. What was said is private: only a
report shows it, and that to moderators."""

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from marketplace.trade.models import Block, Notice, Offer, Tally, Thread


class _Records(ModelAdmin):
    """Rows that are only shown: services write them."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Thread)
class ThreadAdmin(_Records):
    list_display = ("code", "listing_title", "seller", "buyer", "created_at", "changed_at", "answered_at")
    list_select_related = ("seller", "buyer")
    search_fields = ("code", "listing__code", "seller__email", "buyer__email")
    date_hierarchy = "created_at"


@admin.register(Offer)
class OfferAdmin(_Records):
    list_display = ("thread", "by", "price", "currency", "status", "created_at", "settled_at")
    list_filter = ("status", "currency")
    list_select_related = ("thread",)


@admin.register(Notice)
class NoticeAdmin(_Records):
    list_display = ("thread", "to", "created_at", "attempts", "next_try_at", "sent_at")
    list_select_related = ("thread",)


@admin.register(Block)
class BlockAdmin(_Records):
    list_display = ("blocker", "blocked", "created_at")
    list_select_related = ("blocker", "blocked")


@admin.register(Tally)
class TallyAdmin(_Records):
    list_display = ("who", "what", "begins_at", "count")
    list_filter = ("what",)
