"""Listings for staff to look up, read-only: sellers and moderators change them by the services.

Exchange rates for them to keep current.
"""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from marketplace.catalogue.admin import KeySearch
from marketplace.listings.currencies.services import rate_remove, rate_set
from marketplace.listings.models import ExchangeRate, Listing, PriceAsked, SellerMail, StatusChange


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


class ExchangeRateForm(forms.ModelForm):  # type: ignore[type-arg]  # has parameters only in the stubs
    currency = forms.ChoiceField(choices=[one for one in Listing.Currency.choices if one[0] != Listing.Currency.EUR])

    class Meta:
        model = ExchangeRate
        fields = ("currency", "per_euro", "since")


@admin.register(ExchangeRate)
class ExchangeRateAdmin(ModelAdmin):
    """A new rate is a new row, so that the old ones tell what was valid when."""

    form = ExchangeRateForm
    list_display = ("currency", "per_euro", "since")
    list_filter = ("currency",)
    date_hierarchy = "since"

    def has_delete_permission(self, request: HttpRequest, obj: ExchangeRate | None = None) -> bool:
        own = obj is not None and obj.currency == Listing.Currency.EUR
        return not own and bool(super().has_delete_permission(request, obj))

    def save_model(self, request: HttpRequest, obj: ExchangeRate, form: Any, change: bool) -> None:
        rate_set(rate=obj)

    def delete_model(self, request: HttpRequest, obj: ExchangeRate) -> None:
        rate_remove(rate=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ExchangeRate]) -> None:
        for rate in queryset.exclude(currency=Listing.Currency.EUR):
            rate_remove(rate=rate)
