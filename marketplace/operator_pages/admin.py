"""The operator writes a new version; none is changed or taken away."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelectWidget

from marketplace.operator_pages.models import Page, PageText
from marketplace.operator_pages.selectors import text_shown


class PageTextForm(forms.ModelForm):  # type: ignore[type-arg]  # no generics at run time
    language = forms.ChoiceField(choices=settings.LANGUAGES, widget=UnfoldAdminSelectWidget, label=_("language"))

    class Meta:
        model = PageText
        fields = ("page", "language", "text")


@admin.register(PageText)
class PageTextAdmin(ModelAdmin):
    """``?page=privacy`` begins with the text that is shown now."""

    form = PageTextForm
    list_display = ("page", "language", "since")
    list_filter = ("page", "language")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        page = request.GET.get("page", Page.PRIVACY)
        language = request.GET.get("language", settings.LANGUAGE_CODE)
        if page not in Page.values or language not in dict(settings.LANGUAGES):
            return {}
        return {"page": page, "language": language, "text": text_shown(page=page, language=language).text}

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False
