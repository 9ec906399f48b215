"""The report opens anywhere and says the same as its JSON."""

import json

import pytest

from classifier.training.report import ReportError, report_write

METRICS = {
    "photos": 10,
    "known": 9,
    "top1": 0.8125,
    "ece": None,
    "usable": {"accuracy": 0.97, "confusion": {"exterior": {"exterior": 9, "interior": 1}}},
    "listings": {"n": 3, "make_top1": 1.0},
    "sources": {"<ads>": {"photos": 10, "top1": 0.8125}},
}


def write(folder, **more):
    return report_write(path=folder / "reports" / "run.html", title="Run <1>", metrics=METRICS, **more)


def test_it_is_one_file_that_needs_no_network(tmp_path):
    path = write(
        tmp_path,
        facts={"recipe": "default"},
        gates=[{"name": "top1", "value": -0.01, "limit": -0.005, "passed": False, "text": "top-1 -0.010"}],
        challenger={"photos": 10, "top1": 0.8},
        champion={"photos": 10, "top1": 0.75},
        curve=[{"epoch": 1.0, "loss": 2.0, "val_top1": 0.5}, {"epoch": 2.0, "loss": 1.0, "val_top1": 0.6}],
        reliability=[(0.2, 0.1, 5), (0.9, 0.95, 50)],
        per_class=[{"class": "BMW X5", "precision": 1.0, "recall": 0.5, "f1": 0.667, "support": 4}],
    )
    page = path.read_text()
    assert "://" not in page
    assert "<script" not in page
    assert page.count("data:image/png;base64,") == 2
    for words in ("Run &lt;1&gt;", "&lt;ads&gt;", "0.8125", "failed", "+0.050", "BMW X5", "Course of the training"):
        assert words in page
    said = json.loads(path.with_suffix(".json").read_text())
    assert said["metrics"] == METRICS
    assert said["curve"][1]["loss"] == 1.0
    assert sorted(file.name for file in path.parent.iterdir()) == ["run.html", "run.json"]


def test_it_leaves_out_what_was_not_measured(tmp_path):
    page = write(tmp_path).read_text()
    assert "Gates" not in page
    assert "Champion" not in page
    assert "<img" not in page
    assert "Calibration error</td><td class=number>–" in page


def test_it_says_in_one_line_why_it_cannot_be_written(tmp_path):
    (tmp_path / "reports").write_text("a file where the folder should be")
    with pytest.raises(ReportError, match="cannot be written"):
        write(tmp_path)
    with pytest.raises(ReportError, match="not fit for JSON"):
        report_write(path=tmp_path / "x.html", title="", metrics={"top1": float("nan")})
