"""A run's report: complete, written at the end, and no promotion without it."""

import json

import pytest

from classifier.training.errors import ReportError
from marketplace.registry.selectors import champion_get
from marketplace.training.models import TrainingRun
from marketplace.training.promotion.gates import Gate
from marketplace.training.runs import services
from marketplace.training.runs.report import verdict_of
from tests.training.fakes import photo_write
from tests.training.runs.test_retrain import run


def test_it_holds_gates_both_models_with_intervals_and_their_photos(champion, manifest, trained, tmp_path):
    trained("red", "lime", "blue", "gray")
    own = photo_write(tmp_path / "own" / "holiday" / "gray.jpg", "gray").parents[1]
    (own / "broken.jpg").write_bytes(b"no photo")
    done = run(manifest("red", "lime", "blue", "gray", cars=80), external=own)
    page = done.report.read_text()
    said = json.loads(done.report.with_suffix(".json").read_text())
    assert said["verdict"] == "+1 model; old models +0.0 points (+0.0…+0.0): promoted"
    assert [gate["name"] for gate in said["gates"]] == [gate.name for gate in done.gates]
    assert (said["challenger"]["top1"], said["champion"]["top1"]) == (1.0, 0.75)
    assert said["differences"]["top1"]["value"] == 0.25
    assert 0 < said["differences"]["top1"]["low"] < 0.25 < said["differences"]["top1"]["high"] < 1
    assert said["beside"] == [
        {
            "source": "lot", "photos": 40, "champion_top1": 0.75, "challenger_top1": 1.0,
            "champion_make_top1": 0.75, "challenger_make_top1": 1.0,
        }
    ]  # fmt: skip
    assert said["facts"]["champion"] == champion.version
    assert len(said["sample"]) == 24
    assert said["external"][0]["status"] == "unreadable"
    answers = said["external"][1]
    assert (answers["file"], answers["answer"]) == ("holiday/gray.jpg", "Volvo V40")
    assert answers["champion"] != "Volvo V40"  # which the champion does not know
    assert "1 files cannot be read" in page
    assert str(tmp_path) not in page.replace(str(done.report.parent), "")
    assert "://" not in page


def test_it_says_why_the_champion_stays(champion, manifest, trained):
    trained("red", "gray")
    done = run(manifest("red", "lime", "blue"))
    verdict = json.loads(done.report.with_suffix(".json").read_text())["verdict"]
    assert f": {champion} kept, " in verdict
    assert "top-1 -" in verdict


def test_a_run_whose_report_cannot_be_written_leaves_the_champion(champion, manifest, trained, site, monkeypatch):
    trained("red", "lime", "blue", "gray")
    compare = services.versions_compare

    def in_the_way(**given):
        for folder in (site / "runs").glob("[0-9]*"):
            (folder / "report.html").mkdir()
        return compare(**given)

    monkeypatch.setattr(services, "versions_compare", in_the_way)
    with pytest.raises(ReportError, match="cannot be written"):
        run(manifest("red", "lime", "blue", "gray"))
    row = TrainingRun.objects.get()
    assert (row.status, row.promoted, champion_get()) == ("failed", False, champion)


def test_no_report_tells_of_a_promotion_that_failed(champion, manifest, trained, site, monkeypatch):
    trained("red", "lime", "blue", "gray")

    def refused(**given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(services, "version_promote", refused)
    with pytest.raises(OSError, match="No space left"):
        run(manifest("red", "lime", "blue", "gray", cars=80))
    assert not list((site / "runs").glob("[0-9]*/report.*"))
    assert champion_get() == champion


def test_a_folder_without_pictures_is_refused_before_anything_starts(champion, manifest, trained, tmp_path):
    calls = trained("red")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ReportError, match="there are no photos in it"):
        run(manifest("red"), external=tmp_path / "empty")
    assert calls == []
    assert not TrainingRun.objects.exists()


HEADLINE = "+1 model; old models −0.1 points (−0.9…+0.4)"


@pytest.mark.parametrize(
    ("passed", "headline", "promoted", "asked", "rival", "verdict"),
    [
        (True, HEADLINE, True, True, "a-1", f"{HEADLINE}: promoted"),
        (True, HEADLINE, False, False, "a-1", f"{HEADLINE}: not promoted, as asked"),
        (True, HEADLINE, False, True, "a-1", f"{HEADLINE}: it already serves"),
        (True, "", True, True, "", "No other model to compare with: promoted"),
        (False, HEADLINE, False, True, "a-1", f"{HEADLINE}: a-1 kept, calibration error 0.062"),
        (False, "", False, True, "", "No other model to compare with: not promoted, calibration error 0.062"),
    ],
)
def test_the_verdict_is_one_line(passed, headline, promoted, asked, rival, verdict):
    gates = [Gate("ece", 0.062, 0.05, passed, "calibration error 0.062"), Gate("gain", 1, 0, True, "better")]
    assert verdict_of(gates=gates, headline=headline, promoted=promoted, asked=asked, rival=rival) == verdict
