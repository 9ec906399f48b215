"""Pages in the admin on which an operator promotes a version or rolls back, with a reason."""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldBooleanSwitchWidget

from marketplace.accounts.models import User
from marketplace.registry.selectors import champion_get
from marketplace.registry.services import RegistryError, version_rollback
from marketplace.training.models import TrainingRun
from marketplace.training.promotion.services import objections, promote

PAGE = "admin/training/switch.html"


class ReasonForm(forms.Form):
    """Why another version shall serve; kept with the promotion."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Say why: it is kept with the promotion.")},
    )


class PromoteForm(ReasonForm):
    force = forms.BooleanField(
        label=gettext_lazy("Let it serve in spite of what speaks against it"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
    )


def may_promote(request: HttpRequest) -> bool:
    """Whether this member of staff may say what serves."""
    return request.user.has_perm("registry.promote_modelversion")


def promote_page(request: HttpRequest, run: TrainingRun, *, context: dict[str, Any]) -> HttpResponse:
    """Let a run's version serve. Pages: a form; after it, the run."""
    if not may_promote(request):
        raise PermissionDenied
    if run.version is None:
        raise Http404
    form = PromoteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            done = promote(
                version=run.version.version, by=cast(User, request.user), reason=form.cleaned_data["reason"],
                force=form.cleaned_data["force"],
            )  # fmt: skip
        except RegistryError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("%(version)s serves now.") % {"version": done.version})
            return redirect("admin:training_trainingrun_change", run.pk)
    against = objections(run, serving=champion_get())
    title = _("Let %(version)s serve") % {"version": run.version}
    return _page(request, {**context, "form": form, "title": title, "against": against})


def rollback_page(request: HttpRequest, *, context: dict[str, Any]) -> HttpResponse:
    """Undo the last promotion. Pages: a form; after it, the runs."""
    if not may_promote(request):
        raise PermissionDenied
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            version = version_rollback(by=cast(User, request.user), reason=form.cleaned_data["reason"])
        except RegistryError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("%(version)s serves again.") % {"version": version})
            return redirect("admin:training_trainingrun_changelist")
    return _page(request, {**context, "form": form, "title": _("Undo the last promotion"), "serving": champion_get()})


def _page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    return TemplateResponse(request, PAGE, context, status=422 if context["form"].errors else 200)
