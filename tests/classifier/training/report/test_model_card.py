"""The model card's tables."""

import torch

from classifier.artefact import ArtefactSpec, Preprocessing, TrainedClass, artefact_write
from classifier.training.report.model_card import main

FIGURES = {
    "photos": 12, "known": 10, "top1": 0.8, "top5": 1.0, "make_top1": 0.9, "coverage_at_3pct_error": 0.5, "ece": 0.1,
    "ece_by_chance": 0.08, "ece_with_unknown": 0.12,
}  # fmt: skip
TEST = {
    **FIGURES,
    "sources": {"ads": FIGURES, "none": {**FIGURES, "known": 0}},
    "unknown": {"photos": 2, "above_threshold": 0.5},
    "listings_of_known_makes": {"n": 3, "make_top1": 1.0, "photo_make_top1": 0.75},
}
WEAK = {"class": "Fiat Uno", "precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 1}


def artefact(folder, **metrics):
    spec = ArtefactSpec(
        task="classifier", backbone="none", preprocessing=Preprocessing(32), classes=(TrainedClass("Fiat", "Uno"),),
        metrics=metrics,
    )  # fmt: skip
    return artefact_write(parent=folder, name="tiny", spec=spec, state_dict={"w": torch.zeros(1)})


def test_it_shows_every_figure_with_its_interval_and_every_class(tmp_path, capsys):
    made = artefact(tmp_path, test=TEST, per_class=[WEAK])
    assert main([str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"# {made.version}")
    assert "| ads | 10 of 12 | 0.800 (0.49 … 0.94) |" in text
    assert "| ads | 0.100 | 0.080 | 0.120 | – |" in text  # an artefact from before the last figure was measured
    assert "| Fiat Uno | 0.00 | 0.00 | 0.00 | 1 |" in text
    assert "none" not in text


def test_an_artefact_without_figures_is_one_clear_line(tmp_path, capsys):
    artefact(tmp_path)
    assert main([str(tmp_path)]) == 2
    assert "made without test photos" in capsys.readouterr().err
