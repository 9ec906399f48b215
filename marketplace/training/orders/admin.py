"""Trainings in the admin: start one, follow it, cancel it. Only services write."""

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin

from classifier.training.report.elements.curve import curve_svg
from marketplace.accounts.models import User
from marketplace.registry.admin import ReadOnly
from marketplace.training.models import TrainingOrder, TrainingRun
from marketplace.training.orders.forms import OrderForm
from marketplace.training.orders.services import OrderRefused, order_cancel, order_start
from marketplace.training.runs.admin_page import gates_table

REFRESH_SECONDS = 5


@admin.register(TrainingOrder)
class TrainingOrderAdmin(ReadOnly, ModelAdmin):
    """An open order's page loads itself anew until the training is over."""

    list_display = ("id", "recipe", "status", "by", "created_at", "finished_at")
    list_filter = ("status", "recipe")
    list_select_related = ("by",)
    list_before_template = "admin/training/order_list_before.html"
    change_form_before_template = "admin/training/order_before.html"
    readonly_fields = ("state", "run_link", "course", "gates")
    fieldsets = (
        (None, {"fields": ("state", "run_link", "gates", "course")}),
        (
            gettext_lazy("What was asked for"),
            {"fields": ("recipe", "decisions", "manifest", "max_minutes", "promote", "by", "created_at")},
        ),
        (gettext_lazy("How it ended"), {"fields": ("finished_at", "error", "cancelled_by")}),
    )

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        start = path("start/", wrap(self.start), name="training_order_start")
        cancel = path("<int:order_id>/cancel/", wrap(self.cancel), name="training_order_cancel")
        return [start, cancel, *super().get_urls()]

    def start(self, request: HttpRequest) -> HttpResponse:
        """A form, and after it the order's page."""
        if not _may_train(request):
            raise PermissionDenied
        form = OrderForm(request.POST or None, initial={"recipe": "quick", "max_minutes": 60})
        if request.method == "POST" and form.is_valid():
            try:
                order = order_start(**form.cleaned_data, by=cast(User, request.user))
            except OrderRefused as error:
                form.add_error(None, str(error))
            else:
                return redirect("admin:training_trainingorder_change", order.pk)
        context = {**self.admin_site.each_context(request), "title": _("Start a training"), "form": form}
        status = 422 if form.errors else 200
        return TemplateResponse(request, "admin/training/order_start.html", context, status=status)

    def cancel(self, request: HttpRequest, order_id: int) -> HttpResponse:
        """End it; what serves stays as it is."""
        if not _may_train(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            order = order_cancel(order=get_object_or_404(TrainingOrder, pk=order_id), by=cast(User, request.user))
        except OrderRefused as error:
            messages.error(request, str(error))
        else:
            over = order.is_open is None
            messages.success(request, _("It is cancelled.") if over else _("It ends within a few seconds."))
        return redirect("admin:training_trainingorder_change", order_id)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {**(extra_context or {}), "may_train": _may_train(request)}
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        if TrainingOrder.objects.filter(pk=int(object_id) if object_id.isdigit() else 0, is_open=True).exists():
            answer["Refresh"] = str(REFRESH_SECONDS)  # works without scripts
        return answer

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        answer: HttpResponse = super().changelist_view(
            request, {**(extra_context or {}), "may_train": _may_train(request)}
        )
        return answer

    @admin.display(description=gettext_lazy("status"))
    def state(self, order: TrainingOrder) -> str:
        run = _run(order)
        how_far = (run.progress if run else "") or order.progress
        if order.status == TrainingOrder.Status.RUNNING and how_far:
            return f"{order.get_status_display()}: {how_far}"
        return str(order.get_status_display())

    @admin.display(description=gettext_lazy("run, with its report"))
    def run_link(self, order: TrainingOrder) -> SafeString | str:
        run = _run(order)
        if run is None:
            return "–"
        address = reverse("admin:training_trainingrun_change", args=[run.pk])
        return format_html('<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', address, run)

    @admin.display(description=gettext_lazy("per epoch"))
    def course(self, order: TrainingOrder) -> SafeString | str:
        run = _run(order)
        return format_html("{}", (curve_svg(run.curve) if run else None) or "–")

    @admin.display(description=gettext_lazy("gates"))
    def gates(self, order: TrainingOrder) -> SafeString | str:
        run = _run(order)
        return gates_table(run.gates) if run else "–"


def _may_train(request: HttpRequest) -> bool:
    return request.user.has_perm("training.add_trainingorder")


def _run(order: TrainingOrder) -> TrainingRun | None:
    return TrainingRun.objects.filter(order=order).first()
