"""Policies in the admin: a new version with each change, and a simulator beside the form."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from marketplace.accounts.access import signed_in
from marketplace.catalogue.models import Make
from marketplace.moderation.models import Audit, PolicyMake, PolicyVersion
from marketplace.moderation.policy.rules import Rules
from marketplace.moderation.policy.services import policy_current
from marketplace.moderation.policy.simulate import WINDOW, forecast, past_since
from marketplace.moderation.reasons import HOLDING
from marketplace.moderation.roles import role_of
from marketplace.registry.admin import ReadOnly

RULES = ("active", "threshold", "filled_threshold", "seller_cars", "hold_on", "audit_share")


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    """A new version; it begins as the one that holds."""

    hold_on = forms.MultipleChoiceField(
        label=_("A person looks for these reasons"),
        choices=[(reason.code, reason.code) for reason in HOLDING],
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        model = PolicyVersion
        fields = (*RULES, "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Codes with their words, in the language of whoever looks.
        field = self.fields["hold_on"]
        field.choices = [(one.code, f"{one.code}: {one.words}") for one in HOLDING]  # type: ignore[attr-defined]


class PolicyMakeInline(TabularInline):
    model = PolicyMake
    extra = 1
    autocomplete_fields = ("make",)
    verbose_name_plural = "Makes that need more confidence"


@admin.register(PolicyVersion)
class PolicyVersionAdmin(ModelAdmin):
    """Versions are added, never changed: each approval names the one that it followed."""

    form = PolicyForm
    inlines = (PolicyMakeInline,)
    list_display = ("id", "note", "active", "threshold", "filled_threshold", "audit_share", "by", "role", "created_at")
    list_select_related = ("by",)
    change_form_before_template = "admin/moderation/policy_simulate.html"

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        now = policy_current()
        return {name: getattr(now, name) for name in RULES}

    def save_model(self, request: HttpRequest, obj: PolicyVersion, form: Any, change: bool) -> None:
        obj.by = signed_in(request)
        obj.role = role_of(obj.by)
        super().save_model(request, obj, form, change)

    def get_urls(self) -> list[URLPattern]:
        own = path("simulate/", self.admin_site.admin_view(self.simulate), name="moderation_policyversion_simulate")
        return [own, *super().get_urls()]

    def simulate(self, request: HttpRequest) -> HttpResponse:
        """What the policy in the form would have done, beside the one that holds."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = PolicyForm(request.POST or None, initial=self.get_changeform_initial_data(request))
        form.fields["note"].required = False
        since = timezone.now() - WINDOW
        past = past_since(since)
        columns = [(_("as it is"), forecast(rules=Rules.of(policy_current()), past=past, since=since))]
        if request.method == "POST" and form.is_valid():
            wished = _rules(form.cleaned_data, _makes(request))
            columns.append((_("as in the form"), forecast(rules=wished, past=past, since=since)))
        context = {
            **self.admin_site.each_context(request),
            "title": _("What this policy would have done"),
            "opts": self.model._meta,
            "form": form,
            "columns": columns,
            "days": WINDOW.days,
        }
        return TemplateResponse(request, "admin/moderation/policy_forecast.html", context)


def _makes(request: HttpRequest) -> dict[int, float]:
    """The makes of the form's rows that are whole."""
    makes = {}
    for number in range(100):
        make, threshold = (request.POST.get(f"makes-{number}-{name}", "") for name in ("make", "threshold"))
        try:
            if make and threshold and Make.objects.filter(pk=int(make)).exists():
                makes[int(make)] = float(threshold)
        except ValueError:
            continue
    return makes


def _rules(values: dict[str, Any], makes: dict[int, float]) -> Rules:
    return Rules(
        active=values["active"],
        threshold=values["threshold"] or 0.0,
        filled_threshold=values["filled_threshold"],
        seller_cars=values["seller_cars"],
        hold_on=frozenset(values["hold_on"]),
        makes=makes,
    )


@admin.register(Audit)
class AuditAdmin(ReadOnly, ModelAdmin):
    """Read only: the policy draws, moderators answer."""

    list_display = ("id", "listing", "approval", "answer", "created_at")
    list_select_related = ("listing__make", "listing__car_model", "approval", "answer")
