from django import forms
from django.contrib import admin
from django.http import HttpRequest
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin, TabularInline

from marketplace.catalogue.models import CarModel, Make, MakeAlias, ModelAlias
from marketplace.catalogue.names import name_key


class AliasFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]  # no generic at run time
    """Rows of one form are not saved yet, so the models' own checks cannot see one of them in the other."""

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
class MakeAdmin(SimpleHistoryAdmin, ModelAdmin):
    list_display = ("name", "slug")
    search_fields = ("name", "key", "aliases__text", "aliases__key")
    fields = ("name",)
    inlines = (MakeAliasInline,)


@admin.register(CarModel)
class CarModelAdmin(SimpleHistoryAdmin, ModelAdmin):
    list_display = ("name", "make", "first_year", "last_year")
    list_select_related = ("make",)
    list_filter = ("make",)
    search_fields = ("name", "key", "make__name", "make__key", "aliases__text", "aliases__key")
    autocomplete_fields = ("make",)
    fields = ("make", "name", "first_year", "last_year")
    inlines = (ModelAliasInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: CarModel | None = None) -> tuple[str, ...]:
        # Listings and aliases hold the make beside the model: moving a model would leave them behind.
        return ("make",) if obj else ()


@admin.register(MakeAlias)
class MakeAliasAdmin(SimpleHistoryAdmin, ModelAdmin):
    list_display = ("text", "make")
    list_select_related = ("make",)
    search_fields = ("text", "key", "make__name")
    autocomplete_fields = ("make",)
    fields = ("make", "text")


@admin.register(ModelAlias)
class ModelAliasAdmin(SimpleHistoryAdmin, ModelAdmin):
    list_display = ("text", "car_model", "make")
    list_select_related = ("car_model", "make")
    search_fields = ("text", "key", "car_model__name", "make__name")
    autocomplete_fields = ("car_model",)
    fields = ("car_model", "text")
