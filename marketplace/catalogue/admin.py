from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin, TabularInline

from marketplace.catalogue.models import CarModel, Make, MakeAlias, ModelAlias
from marketplace.catalogue.names import name_key
from marketplace.catalogue.selectors import words_in


class KeySearch:
    """A mixin for ModelAdmin that also searches ``key_columns``, ignoring case and accents."""

    key_columns: ClassVar[tuple[str, ...]]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        found, twice = super().get_search_results(request, queryset, search_term)  # type: ignore[misc]
        if not search_term:
            return found, twice
        return found | queryset.filter(words_in(search_term, *self.key_columns)), True


class AliasFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]  # no generic at run time
    """Refuses the same alias twice in one form.

    The models' own checks cannot see this, because the rows of a form are not saved yet.
    """

    def clean(self) -> None:
        super().clean()
        seen: set[str] = set()
        for form in self.forms:
            key = name_key(form.cleaned_data.get("text") or "") if hasattr(form, "cleaned_data") else ""
            if key and key in seen:
                form.add_error("text", "This is the same name as another one here.")
            seen.add(key)


class MakeAliasInline(TabularInline):
    model = MakeAlias
    formset = AliasFormSet
    fields = ("text",)
    extra = 1


class ModelAliasInline(TabularInline):
    model = ModelAlias
    fk_name = "car_model"
    formset = AliasFormSet
    fields = ("text",)
    extra = 1


@admin.register(Make)
class MakeAdmin(KeySearch, SimpleHistoryAdmin, ModelAdmin):
    list_display = ("name", "slug")
    search_fields = ("name", "aliases__text")
    key_columns = ("key", "aliases__key")
    fields = ("name",)
    inlines = (MakeAliasInline,)


@admin.register(CarModel)
class CarModelAdmin(KeySearch, SimpleHistoryAdmin, ModelAdmin):
    list_display = ("name", "make", "first_year", "last_year")
    list_select_related = ("make",)
    list_filter = ("make",)
    search_fields = ("name", "make__name", "aliases__text")
    key_columns = ("key", "make__key", "aliases__key")
    autocomplete_fields = ("make",)
    fields = ("make", "name", "first_year", "last_year")
    inlines = (ModelAliasInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: CarModel | None = None) -> tuple[str, ...]:
        # Listings and aliases store the make beside the model, and would keep the old one.
        return ("make",) if obj else ()


@admin.register(MakeAlias)
class MakeAliasAdmin(KeySearch, SimpleHistoryAdmin, ModelAdmin):
    list_display = ("text", "make")
    list_select_related = ("make",)
    search_fields = ("text", "make__name")
    key_columns = ("key", "make__key")
    autocomplete_fields = ("make",)
    fields = ("make", "text")


@admin.register(ModelAlias)
class ModelAliasAdmin(KeySearch, SimpleHistoryAdmin, ModelAdmin):
    list_display = ("text", "car_model", "make")
    list_select_related = ("car_model", "make")
    search_fields = ("text", "car_model__name", "make__name")
    key_columns = ("key", "car_model__key", "make__key")
    autocomplete_fields = ("car_model",)
    fields = ("car_model", "text")
