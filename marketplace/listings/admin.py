"""Listings for staff to look up, read-only: sellers and moderators change them by the services."""

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from marketplace.catalogue.admin import KeySearch
from marketplace.listings.models import Listing, PriceAsked, SellerMail, StatusChange


class _Record(TabularInline):
    """Rows that are only shown: services write them."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class StatusChangeInline(_Record):
    model = StatusChange
    fields = readonly_fields = ("at", "step", "before", "after", "actor", "words")


class PriceAskedInline(_Record):
    model = PriceAsked
    fields = readonly_fields = ("since", "price", "currency")


class SellerMailInline(_Record):
    model = SellerMail
    fields = readonly_fields = ("created_at", "kind", "words", "attempts", "next_try_at", "sent_at")


@admin.register(Listing)
class ListingAdmin(KeySearch, ModelAdmin):
    list_display = ("code", "title", "seller", "status", "price", "currency", "certainty", "created_at", "expires_at")
    list_filter = ("status", "body", "colour", "fuel", "gearbox", "currency", "country", "vat", "drive")
    list_select_related = ("make", "car_model", "seller")
    search_fields = ("code", "make__name", "car_model__name", "other_make", "other_model", "seller__email", "place")
    key_columns = ("make__key", "car_model__key", "other_make_key", "other_model_key", "place_key")
    date_hierarchy = "created_at"
    inlines = (StatusChangeInline, PriceAskedInline, SellerMailInline)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        # Editing a status here would bypass the conditional updates that prevent races.
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        # The service refuses to delete a listing that is live or under review; the admin would not.
        return False
