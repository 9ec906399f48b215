from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline

from classifier.training.report.elements.curve import curve_svg
from marketplace.accounts.models import User
from marketplace.registry.admin import ModelVersionAdmin, ReadOnly
from marketplace.registry.models import ModelVersion
from marketplace.registry.services import RegistryError
from marketplace.training.models import Rerecognition, TrainingRun
from marketplace.training.orders.admin import TrainingOrderAdmin
from marketplace.training.promotion.admin_pages import may_promote, promote_page, rollback_page
from marketplace.training.promotion.services import promote
from marketplace.training.rerecognition.services import rerecognition_counts
from marketplace.training.runs.admin_page import classes_table, figures_table, gates_table, pairs_table, stages_table
from marketplace.training.runs.files import run_file_open, run_files_found

__all__ = ["RerecognitionAdmin", "TrainedVersionAdmin", "TrainingOrderAdmin", "TrainingRunAdmin"]

REPORT = "report.html"
FILES = {
    REPORT: ("text/html; charset=utf-8", "the report"),
    "report.json": ("application/json", "the report's figures"),
    "gates.json": ("application/json", "gates and figures"),
    "manifest.csv": ("text/csv; charset=utf-8", "every photo that it was trained and tested on"),
    "decisions.csv": ("text/csv; charset=utf-8", "which decision labelled which photo"),
    "reviews.json": ("application/json", "which labels moderators put right"),
    "left-out.csv": ("text/csv; charset=utf-8", "which photos were left out, and why"),
    "suspects.csv": ("text/csv; charset=utf-8", "which labels are probably wrong"),
    "report.merges.json": ("application/json", "a merge table, suggested"),
}
"""The files of a run's folder that have an address. Only the report opens in the browser."""
# A report is HTML with names from manifests in it. No script runs, no form is sent, nothing is
# loaded, and the page counts as another site's.
REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox"


@admin.register(TrainingRun)
class TrainingRunAdmin(ReadOnly, ModelAdmin):
    """Orders and `manage.py retrain` make runs; here one can be let serve, and that undone."""

    list_before_template = "admin/training/run_list_before.html"
    change_form_before_template = "admin/training/run_before.html"

    list_display = ("id", "state", "recipe", "photos", "version", "gates_passed", "promoted", "who", "started_at")
    list_filter = ("status", "recipe", "promoted")
    list_select_related = ("version", "by")
    search_fields = ("version__version", "manifest_sha256")
    readonly_fields = (
        "state", "who", "version_link", "champion_link", "files", "gates_read", "figures", "classes", "course",
        "stages_read", "recipe_read",
    )  # fmt: skip
    fieldsets = (
        (None, {"fields": ("state", "error", "recipe", "photos", "manifest_sha256")}),
        ("Who and when", {"fields": ("who", "started_at", "finished_at")}),
        ("What it gave", {"fields": ("version_link", "promoted", "champion_link", "files")}),
        ("Gates", {"fields": ("gates_read",)}),
        ("Champion and challenger on the same photos", {"fields": ("figures", "classes")}),
        ("Course of the training", {"fields": ("course",)}),
        ("What the photos went through", {"fields": ("stages_read",)}),
        ("Recipe", {"fields": ("recipe_read",)}),
    )  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        own = path("<int:run_id>/files/<str:name>", self.admin_site.admin_view(self.file), name="training_run_file")
        wrap = self.admin_site.admin_view
        promote = path("<int:run_id>/promote/", wrap(self.promote), name="training_run_promote")
        rollback = path("rollback/", wrap(self.rollback), name="training_run_rollback")
        urls: list[URLPattern] = super().get_urls()
        return [own, promote, rollback, *urls]

    def promote(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """Let the run's version serve, with a reason."""
        run = get_object_or_404(TrainingRun.objects.select_related("version"), pk=run_id)
        return promote_page(request, run, context=self.admin_site.each_context(request))

    def rollback(self, request: HttpRequest) -> HttpResponse:
        """Undo the last promotion, with a reason."""
        return rollback_page(request, context=self.admin_site.each_context(request))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {**(extra_context or {}), "may_promote": may_promote(request)}
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        answer: HttpResponse = super().changelist_view(
            request, {**(extra_context or {}), "may_promote": may_promote(request)}
        )
        return answer

    def file(self, request: HttpRequest, run_id: int, name: str) -> HttpResponse | FileResponse:
        """One file of a run's folder."""
        run = get_object_or_404(TrainingRun, pk=run_id)
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        found = run_file_open(run_id=run.pk, name=name) if name in FILES else None
        if found is None:
            raise Http404
        kind, _ = FILES[name]
        response = FileResponse(found, content_type=kind, as_attachment=name != REPORT, filename=f"run-{run.pk}-{name}")
        response["Content-Security-Policy"] = REPORT_POLICY
        response["X-Content-Type-Options"] = "nosniff"
        response["Cache-Control"] = "private, no-store"
        return response

    @admin.display(description="status")
    def state(self, run: TrainingRun) -> str:
        if run.status == TrainingRun.Status.RUNNING and run.progress:
            return f"{run.get_status_display()} ({run.progress})"
        return str(run.get_status_display())

    @admin.display(description="started by")
    def who(self, run: TrainingRun) -> str:
        return str(run.by) if run.by else run.operator or "–"

    @admin.display(description="gates passed")
    def gates_passed(self, run: TrainingRun) -> str:
        return f"{sum(gate['passed'] for gate in run.gates)} of {len(run.gates)}" if run.gates else "–"

    @admin.display(description="version")
    def version_link(self, run: TrainingRun) -> SafeString | str:
        return _version_link(run.version)

    @admin.display(description="compared with")
    def champion_link(self, run: TrainingRun) -> SafeString | str:
        return _version_link(run.champion)

    @admin.display(description="files")
    def files(self, run: TrainingRun) -> SafeString | str:
        found = run_files_found(run_id=run.pk)
        there = [(_file_link(run, name, name), words) for name, (_, words) in FILES.items() if name in found]
        return format_html_join("", "<div>{}: {}</div>", there) or "–"

    @admin.display(description="gates")
    def gates_read(self, run: TrainingRun) -> SafeString | str:
        return gates_table(run.gates)

    @admin.display(description="figures")
    def figures(self, run: TrainingRun) -> SafeString | str:
        return figures_table(run.metrics)

    @admin.display(description="classes that fell most")
    def classes(self, run: TrainingRun) -> SafeString | str:
        return classes_table(run.metrics)

    @admin.display(description="per epoch")
    def course(self, run: TrainingRun) -> SafeString | str:
        return format_html("{}", curve_svg(run.curve) or "–")

    @admin.display(description="stages")
    def stages_read(self, run: TrainingRun) -> SafeString | str:
        return stages_table(run.stages)

    @admin.display(description="values")
    def recipe_read(self, run: TrainingRun) -> SafeString | str:
        return pairs_table(run.recipe_values)


class TrainingRunInline(ReadOnly, TabularInline):
    """From a version to the runs and photos behind it."""

    model = TrainingRun
    fk_name = "version"
    verbose_name_plural = "training runs that gave it"
    fields = ("link", "status", "recipe", "photos", "promoted", "started_at", "trained_on")
    readonly_fields = fields
    extra = 0

    @admin.display(description="run")
    def link(self, run: TrainingRun) -> SafeString:
        return _link(reverse("admin:training_trainingrun_change", args=[run.pk]), run)

    @admin.display(description="trained on")
    def trained_on(self, run: TrainingRun) -> SafeString | str:
        found = run_files_found(run_id=run.pk)
        there = [
            (_file_link(run, name, words),)
            for name, words in (("manifest.csv", "photos"), ("decisions.csv", "decisions"))
            if name in found
        ]
        return format_html_join(", ", "{}", there) or "–"


admin.site.unregister(ModelVersion)


@admin.register(ModelVersion)
class TrainedVersionAdmin(ModelVersionAdmin):
    """The registry's page with the runs added: the registry lies below and does not know them."""

    inlines = (*ModelVersionAdmin.inlines, TrainingRunInline)
    actions = ("promote",)

    @admin.action(description=_("Let it serve"), permissions=["promote"])
    def promote(self, request: HttpRequest, versions: QuerySet[ModelVersion]) -> None:
        """As `manage.py promote` without --force: what missed its gates does not serve."""
        chosen = list(versions[:2])
        if len(chosen) != 1:
            self.message_user(request, _("Choose one version."), messages.ERROR)
            return
        by = request.user if isinstance(request.user, User) else None
        try:
            done = promote(version=chosen[0].version, by=by, reason="", force=False)
        except RegistryError as refused:
            self.message_user(request, str(refused), messages.ERROR)
            return
        self.message_user(request, _("%(version)s serves now.") % {"version": done.version}, messages.SUCCESS)

    def has_promote_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("registry.promote_modelversion")


@admin.register(Rerecognition)
class RerecognitionAdmin(ReadOnly, ModelAdmin):
    """Read only: `manage.py rerecognise` and every promotion make them."""

    list_display = ("created_at", "scope", "version", "status", "how_far", "finished_at")
    list_filter = ("status", "scope")
    list_select_related = ("version",)
    fields = ("version", "scope", "status", "how_far", "promotion", "operator", "created_at", "finished_at")
    readonly_fields = ("how_far",)

    @admin.display(description="photos")
    def how_far(self, asked: Rerecognition) -> str:
        counts = rerecognition_counts(asked=asked)
        failed = f", {counts.failed} could not be looked at" if counts.failed else ""
        return f"{counts.done} of {counts.total}{failed}"


def _version_link(version: ModelVersion | None) -> SafeString | str:
    if version is None:
        return "–"
    return _link(reverse("admin:registry_modelversion_change", args=[version.pk]), version)


def _file_link(run: TrainingRun, name: str, words: str) -> SafeString:
    return _link(reverse("admin:training_run_file", args=[run.pk, name]), words)


def _link(address: str, words: object) -> SafeString:
    return format_html('<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', address, words)
