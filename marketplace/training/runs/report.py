"""A run's report: what was trained, the gates, both versions side by side, and single photos.

Drawing takes seconds, so `draw` makes everything before the champion is locked; `save` only adds
the gates and the verdict.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from classifier.artefact import artefact_open
from classifier.training.evaluation.evaluate import RecogniserLike
from classifier.training.progress import Progress
from classifier.training.report.elements.figures import MAIN_FIGURES, points
from classifier.training.report.elements.tables import share_cell, table
from classifier.training.report.facts import trained_facts
from classifier.training.report.findings import Findings, findings_of
from classifier.training.report.own_pictures import ExternalAnswers, ExternalPhoto, external_photos
from classifier.training.report.page import Section, report_save
from classifier.training.report.run_report import ReportContents, model_sections
from classifier.training.report.sections import beside_section, gates_section
from marketplace.photos.recognition.taxonomy import catalogue_classes
from marketplace.registry.models import ModelVersion
from marketplace.training.models import TrainingRun
from marketplace.training.promotion.comparison import Difference, paired_difference
from marketplace.training.promotion.gates import Gate, gates_missed
from marketplace.training.promotion.scoring import CatalogueKeys, VersionScores, by_make, cars_named

if TYPE_CHECKING:
    from classifier.recognition import Recognition
    from classifier.training.evaluation.cached_recogniser import CachedRecogniser

FILE = "report.html"
CHANGES_SHOWN = 10


@dataclass(frozen=True)
class _Shown:
    """What the report shows of one version."""

    scored: VersionScores
    findings: Findings
    external: "Sequence[Recognition]"


class RunReport:
    """Collects what the report needs during a run, and is written at its end."""

    def __init__(self, *, external: Path | None = None, stages: Sequence[Mapping[str, Any]] = ()) -> None:
        """external: a folder of pictures to show with both versions' answers.

        stages: of cleaning, see report.sections.stages_section. Raises ReportError if the folder
        holds no pictures, before hours of training.
        """
        self.stages = stages
        self._external: list[ExternalPhoto] = external_photos(external) if external else []
        self._shown: dict[int, _Shown] = {}
        self._sections: list[Section | None] = []
        self._headline = ""

    def add(
        self, *, version: ModelVersion, recogniser: "CachedRecogniser", scored: VersionScores, progress: Progress
    ) -> None:
        """Keep what the report shows of a version, while its recogniser is open."""
        cars = cars_named([one.row for one in scored.photos], recogniser.classes)
        findings = findings_of(scored=scored.photos, model=recogniser, key=CatalogueKeys(cars))
        recogniser.classes = catalogue_classes(recogniser.classes)  # its answers under the site's names
        external = external_recognise(recogniser=recogniser, photos=self._external, progress=progress)
        self._shown[version.pk] = _Shown(scored, findings, external)

    def draw(
        self,
        *,
        run: TrainingRun,
        version: ModelVersion,
        champion: ModelVersion | None,
        metrics: Mapping[str, Any],
    ) -> None:
        """Make all sections but the gates. metrics: as Measurements.as_dict gives them."""
        new = self._shown[version.pk]
        old = self._shown.get(champion.pk) if champion is not None and champion != version else None
        differences = _differences(new.scored, old.scored) if old else {}
        self._headline = str(metrics.get("headline") or "")
        artefact = artefact_open(version.folder)
        answers = None
        if self._external:
            answers = ExternalAnswers(
                self._external, new.external, old.external if old else None,
                makes={one.make for one in new.findings.classes},
            )  # fmt: skip
        self._sections = [
            beside_section(
                metrics["challenger"], metrics["champion"],
                {name: asdict(difference) for name, difference in differences.items()},
                words=MAIN_FIGURES | {"top1": "Make and model right"},  # by the site's names
            ),
            _parts_beside(new.scored, old.scored) if old else None,
            _changes_section(metrics.get("classes") or ()),
            *model_sections(
                ReportContents(
                    metrics=metrics["evaluation"],
                    facts=_run_facts(run, champion, test=len(new.scored.photos)) | trained_facts(artefact),
                    stages=self.stages,
                    curve=artefact.spec.metrics.get("history") or (),
                    findings=new.findings,
                    champion_findings=old.findings if old else None,
                    temperature=artefact.spec.temperature,
                    external=answers,
                ),
                file=Path(FILE).stem,
            ),
        ]  # fmt: skip

    def save(self, *, path: Path, gates: Sequence[Gate], promoted: bool, asked: bool, title: str, rival: str) -> None:
        """Write the page and its JSON. rival: the champion's version, "" if there is none.

        asked: whether the challenger was to be promoted if it is better. Raises ReportError.
        """
        verdict = verdict_of(gates=gates, headline=self._headline, promoted=promoted, asked=asked, rival=rival)
        sections = [gates_section([gate.as_dict() for gate in gates]), *self._sections]
        passed = all(gate.passed for gate in gates)
        report_save(path=path, title=title, sections=sections, verdict=verdict, good=passed)

    @contextmanager
    def only_if_done(self, path: Path) -> Iterator[None]:
        """Remove the report again if what follows fails, because it tells of a promotion."""
        try:
            yield
        except BaseException:
            for written in (path, path.with_suffix(".json")):
                if written.is_file():
                    written.unlink()
            raise


def external_recognise(
    *, recogniser: RecogniserLike, photos: Sequence[ExternalPhoto], progress: Progress
) -> "list[Recognition]":
    """A model's answers to a folder's pictures, without probabilities."""
    if not photos:
        return []
    answers = recogniser.stream(photo.path for photo in photos)
    tracked = progress.track(answers, total=len(photos), what="Looking at your own pictures")
    return [replace(one, log_probs=None) for one in tracked]


def verdict_of(*, gates: Sequence[Gate], headline: str, promoted: bool, asked: bool, rival: str) -> str:
    """The run in one line: what was gained, and whether the challenger serves.

    headline: see Paired.headline; "" without a rival.
    """
    gained = headline or "No other model to compare with"
    if missed := gates_missed(gates):
        return f"{gained}: {f'{rival} kept' if rival else 'not promoted'}, {missed}"
    if promoted:
        return f"{gained}: promoted"
    return f"{gained}: it already serves" if asked else f"{gained}: not promoted, as asked"


def _differences(new: VersionScores, old: VersionScores) -> dict[str, Difference]:
    cars = [one.row.vehicle for one in new.photos]
    if not cars:
        return {}
    makes_only = by_make(new, old)
    of_top1 = [one.answers(by_make=makes_only).right for one in (new, old)]
    pairs = {"top1": (of_top1[0], of_top1[1]), "make_top1": (new.make, old.make)}
    return {
        name: paired_difference(challenger=challenger, champion=champion, vehicles=cars)
        for name, (challenger, champion) in pairs.items()
    }


def _parts_beside(new: VersionScores, old: VersionScores) -> Section | None:
    """Both versions by source and view, so that a gain in one hides no loss in another."""
    rows, figures = [], []
    makes_only = by_make(new, old)
    rights = {} if makes_only else {"champion_top1": old.top1, "challenger_top1": new.top1}
    rights |= {"champion_make_top1": old.make, "challenger_make_top1": new.make}
    for what, of in (
        ("source", [one.row.source for one in new.photos]),
        ("side", [one.row.view for one in new.photos]),
    ):
        for name in sorted(set(of) - {""}):
            here = np.asarray([one == name for one in of])
            shares = {figure: float(right[here].mean()) for figure, right in rights.items()}
            rows.append([name, int(here.sum()), *map(share_cell, shares.values())])
            figures.append({what: name, "photos": int(here.sum()), **shares})
    heads = ["", "Photos", *([] if makes_only else ["Model: champion", "challenger"]), "Make: champion", "challenger"]
    made = table("Shares right of all the test photos, by source and by the side that they show", heads, rows)
    return Section("beside-parts", "Both by source and view", made, {"beside": figures}) if rows else None


def _changes_section(changes: Sequence[Mapping[str, Any]]) -> Section | None:
    """The classes whose recall changed most.

    changes: mappings with name, photos, champion and challenger.
    """
    moved = [one for one in changes if one["champion"] != one["challenger"]]
    ordered = sorted(moved, key=_change)
    falls = [one for one in ordered if _change(one) < 0][:CHANGES_SHOWN]
    rises = [one for one in reversed(ordered) if _change(one) > 0][:CHANGES_SHOWN]
    rows = [
        [one["name"], one["photos"], *map(share_cell, (one["champion"], one["challenger"])), points(_change(one))]
        for one in [*falls, *rises]
    ]
    if not rows:
        return None
    made = table("The largest falls, then the largest gains", ["Class", "Photos", "Champion", "Challenger", ""], rows)
    return Section("changes", "Classes that changed", made, {"class_changes": [dict(one) for one in changes]})


def _change(one: Mapping[str, Any]) -> float:
    return float(one["challenger"]) - float(one["champion"])


def _run_facts(run: TrainingRun, champion: ModelVersion | None, *, test: int) -> dict[str, Any]:
    return {
        "run": run.pk,
        "started": f"{run.started_at:%Y-%m-%d %H:%M} UTC",
        "by": str(run.by) if run.by else f"{run.operator}, by the command line",
        "recipe": run.recipe,
        "photos, cleaned": run.photos,
        "… of them for this test, of held-out cars": test,
        "champion": champion.version if champion else "none",
    }
