"""Measure one version on a manifest's photos; write a report if asked to."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from classifier.artefact import artefact_open
from classifier.training.data.manifest import ManifestRow
from classifier.training.evaluation.evaluate import photos_score, scores_summarise
from classifier.training.evaluation.trained_names import key_by_letters
from classifier.training.progress import Progress
from classifier.training.report.facts import trained_facts
from classifier.training.report.findings import findings_of
from classifier.training.report.own_pictures import ExternalAnswers, external_photos
from classifier.training.report.page import report_folder
from classifier.training.report.run_report import ReportContents, report_write
from marketplace.photos.recognition.taxonomy import catalogue_classes
from marketplace.training.promotion.scoring import CatalogueKeys, cars_named
from marketplace.training.recogniser import catalogue_loaded, recogniser_open
from marketplace.training.runs.report import external_recognise

CONFUSED_SHOWN = 10


def version_evaluate(
    *,
    rows: Sequence[ManifestRow],
    folder: Path,
    progress: Progress,
    report: Path | None = None,
    external: Path | None = None,
) -> dict[str, Any]:
    """Figures of a version on these rows, and the pairs of cars that it confuses most.

    Names are compared by the catalogue where the site has one. folder: the version's artefact.
    report: where to write a report. external: a folder of pictures to show in it. Raises
    ArtefactError, EngineError, ReportError.
    """
    pictures = external_photos(external) if external else []
    if report is not None:
        report_folder(report)
    catalogue = catalogue_loaded()
    recogniser = recogniser_open(folder=folder)
    try:
        key = CatalogueKeys(cars_named(rows, recogniser.classes)) if catalogue else key_by_letters
        classes = catalogue_classes(recogniser.classes) if catalogue else None
        scored = photos_score(rows=rows, recogniser=recogniser, progress=progress, key=key, classes=classes)
        figures = scores_summarise(scored=scored, recogniser=recogniser, key=key)
        findings = findings_of(scored=scored, model=recogniser, key=key)
        if classes is not None:
            recogniser.classes = tuple(classes)
        answers = external_recognise(recogniser=recogniser, photos=pictures, progress=progress)
        version = recogniser.version
    finally:
        recogniser.close()
    document = figures | {
        "confused": findings.pairs_said(CONFUSED_SHOWN),
        "names": "by the catalogue" if catalogue else "by their letters",
    }
    if report is not None:
        artefact = artefact_open(folder)
        makes = {one.make for one in findings.classes}
        report_write(
            path=report,
            title=f"{version} on {len(scored)} photos",
            contents=ReportContents(
                metrics=figures, facts=trained_facts(artefact), findings=findings,
                temperature=artefact.spec.temperature,
                external=ExternalAnswers(pictures, answers, makes=makes) if pictures else None,
            ),
        )  # fmt: skip
        document["report"] = str(report)
    return document
