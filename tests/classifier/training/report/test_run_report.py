"""The report opens anywhere, says the same as its JSON, and shows what it speaks of."""

import base64
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from markupsafe import escape
from PIL import Image

from classifier.artefact import Thresholds, TrainedClass
from classifier.recognition import Recognition
from classifier.taxonomy import summarise
from classifier.training.data.manifest import ManifestRow
from classifier.training.evaluation.evaluate import photos_score, scores_summarise
from classifier.training.progress import Silent
from classifier.training.report.findings import findings_of
from classifier.training.report.own_pictures import ExternalAnswers, external_photos, external_section
from classifier.training.report.photos import Album
from classifier.training.report.run_report import ReportContents, ReportError, report_write

METRICS = {
    "photos": 10,
    "known": 9,
    "top1": 0.8125,
    "ece": None,
    "usable": {"photos": 10, "accuracy": 0.97, "confusion": {"exterior": {"exterior": 9, "interior": 1}}},
    "listings": {"n": 3, "make_top1": 1.0},
    "views": {"front": {"known": 4, "make_top1": 0.75, "model_top1": 0.5}},
    "sources": {"<ads>": {"photos": 10, "known": 9, "top1": 0.8125}},
}
EVIL = '<img src="http://evil.example/x.png">'
CLASSES = (TrainedClass("BMW", "X5"), TrainedClass("BMW", "X6"), TrainedClass("Škoda", "O'ct$avia"))


class StubRecogniser:
    """Takes every second X6 for an X5, and is sure of it."""

    classes = CLASSES
    thresholds = Thresholds(model=0.8, make=0.7)
    body_threshold = 0.8

    def stream(self, photos):
        for number, photo in enumerate(photos):
            if photo.stem.startswith("broken"):
                yield Recognition("unreadable", error="no photo")
                continue
            said = {"x5": 0, "x6": number % 2, "octavia": 2}[photo.stem.split("-")[0]]
            probs = np.full(3, 0.05)
            probs[said] = 0.9
            make, candidates = summarise(probs, CLASSES)
            yield Recognition(
                "ok", kind="exterior", box=(10, 10, 300, 200), image_size=(640, 480), make=make,
                candidates=tuple(candidates), log_probs=np.log(probs).astype(np.float32),
            )  # fmt: skip

    def verdict(self, recognitions):
        return None


def write(folder, **more):
    contents = ReportContents(metrics=METRICS, **more)
    return report_write(path=folder / "reports" / "run.html", title="Run <1>", contents=contents)


@pytest.fixture
def scored(tmp_path):
    folder = tmp_path / "private" / "cars"
    folder.mkdir(parents=True)
    rows = []
    exif = Image.Exif()
    exif[0x010E] = "secret"
    for number in range(24):
        name, make, model = [("x5", "BMW", "X5"), ("x6", "BMW", "X6"), ("octavia", "Škoda", "O'ct$avia")][number // 8]
        path = folder / f"{name}-{number}.jpg"
        Image.new("RGB", (640, 480), (number * 10, 90, 200)).save(path, exif=exif)
        rows.append(
            ManifestRow(
                path=path, file=str(path), make=make, model=model, vehicle=f"v{number}", view="front", source=EVIL
            )
        )
    rows[20].path.write_bytes(b"gone bad since")
    return photos_score(rows=rows, recogniser=StubRecogniser(), progress=Silent())


def shown(tmp_path, scored, **more):
    findings = findings_of(scored=scored, model=StubRecogniser())
    metrics = scores_summarise(scored=scored, recogniser=StubRecogniser())
    contents = ReportContents(metrics=metrics, findings=findings, **more)
    path = report_write(path=tmp_path / "r.html", title="r", contents=contents)
    return path.read_text(), json.loads(path.with_suffix(".json").read_text())


def test_it_is_one_file_that_needs_no_network(tmp_path):
    path = write(
        tmp_path,
        facts={"version": "a-1", "recipe: lr": 0.1},
        gates=[{"name": "top1", "value": -0.01, "limit": -0.005, "passed": False, "text": "top-1 -0.010"}],
        challenger={"photos": 10, "top1": 0.8},
        champion={"photos": 10, "top1": 0.75},
        stages=[{"name": "unreadable", "before": 12, "after": 10, "words": "2 files are <no> photos"}],
        curve=[{"epoch": 1.0, "loss": 2.0, "val_top1": 0.5}, {"epoch": 2.0, "loss": 1.0, "val_top1": 0.6}],
        reliability=[(0.2, 0.1, 5), (0.9, 0.95, 50)],
        per_class=[{"class": "BMW X5", "precision": 1.0, "recall": 0.5, "f1": 0.667, "support": 4}],
    )
    page = path.read_text()
    assert "://" not in page
    assert "<script" not in page
    assert page.count("data:image/png;base64,") == 2  # one drawing, for a light page and for a dark one
    assert page.count('<svg role="img"') == 2  # the course, in the page's own ink
    for words in (
        "Run &lt;1&gt;", "&lt;ads&gt;", "81.2 % (", "failed", ">+5.0<", "BMW X5", "Course of the training",
        "2 files are &lt;no&gt; photos", 'href="#gates"', "75.0 %",
    ):  # fmt: skip
        assert words in page, words
    said = json.loads(path.with_suffix(".json").read_text())
    assert said["metrics"] == METRICS
    assert said["curve"][1]["loss"] == 1.0
    assert said["stages"][0]["before"] == 12
    assert sorted(file.name for file in path.parent.iterdir()) == ["run.html", "run.json"]


def test_it_leaves_out_what_was_not_measured(tmp_path):
    page = write(tmp_path).read_text()
    assert "Gates" not in page
    assert "Champion" not in page
    assert "<img" not in page
    assert "Calibration error</th><td class=number>–" in page


def test_it_says_in_one_line_why_it_cannot_be_written(tmp_path):
    (tmp_path / "reports").write_text("a file where the folder should be")
    with pytest.raises(ReportError, match="cannot be written"):
        write(tmp_path)
    with pytest.raises(ReportError, match="not fit for JSON"):
        contents = ReportContents(metrics={"top1": 0.5, "known": 1, "odd": object()})
        report_write(path=tmp_path / "x.html", title="", contents=contents)


def test_a_figure_that_is_no_number_is_none_and_costs_no_training_its_report(tmp_path):
    path = write(tmp_path, curve=[{"epoch": 1.0, "loss": 2.0, "val_loss": float("nan")}])
    assert json.loads(path.with_suffix(".json").read_text(), parse_constant=pytest.fail)["curve"][0]["val_loss"] is None


def test_it_shows_pairs_mistakes_and_a_sample_as_pictures(tmp_path, scored):
    page, said = shown(tmp_path, scored)
    assert "<h4>BMW X5 and BMW X6</h4>" in page
    assert "4 of 8 the other way round" in page
    pictures = page.count("data:image/jpeg;base64,")
    assert pictures == 3 + 23 + 4  # two mistaken and one that is right; the sample, of which one is broken; mistakes
    assert "the photo cannot be decoded" in page or "not a photo" in page
    assert [one["label"] for one in said["mistakes"]] == ["BMW X6"] * 4
    assert said["confused_pairs"][0]["mistaken"] == [0, 4]
    assert said["class_confusion"]["labels"] == ["BMW X5", "BMW X6"]
    assert said["make_confusion"]["counts"][0][0] == 16
    assert said["coverage_model"]["threshold"]["coverage"] == 1.0
    assert said["metrics"]["views"]["front"] == {"known": 24, "make_top1": 1.0, "model_top1": pytest.approx(20 / 24)}


def test_it_suggests_merges_as_a_file_ready_to_use(tmp_path, scored):
    page, said = shown(tmp_path, scored)
    assert "BMW X6 into BMW X5" in page
    assert "r.merges.json" in page
    assert json.loads((tmp_path / "r.merges.json").read_text())["merge_into"] == {"bmw_x5": ["bmw_x6"]}
    assert said["merge_suggestions"]["top1_merged"] == 1.0


def test_names_are_text_and_no_folder_or_camera_of_the_owner_gets_out(tmp_path, scored):
    page, said = shown(tmp_path, scored)
    assert EVIL not in page
    assert "&lt;img src=" in page
    assert not re.findall(r"""(?:src|href|srcset)=["'](?!data:|#)""", page)
    for text in (page, json.dumps(said)):
        assert str(tmp_path) not in text
        assert "x5-1.jpg" in text
    pictures = [base64.b64decode(one) for one in re.findall(r"data:image/jpeg;base64,([^\"]+)", page)]
    assert pictures
    assert not any(b"Exif" in picture or b"secret" in picture for picture in pictures)


class Tags(HTMLParser):
    """Every element and attribute of a page."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.attributes = set(), set()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.add(tag)
        self.attributes.update(name for name, _ in attrs)


def test_a_car_called_like_a_script_is_nothing_but_a_name(tmp_path):
    """Class, label, source, file, folder, facts, gates, stages and the course all bear it."""
    name = "<script>alert(1)</script></style>\"' onload='x"
    classes = (TrainedClass(name, "one"), TrainedClass(name, f"two {name}"))
    folder = tmp_path / "own" / name.replace("/", "-")
    folder.mkdir(parents=True)
    rows = []
    for number in range(12):
        path = folder / f"{number} {name.replace('/', '-')}.jpg"
        Image.new("RGB", (64, 48)).save(path)
        rows.append(
            ManifestRow(
                path=path, file=str(path), make=name, model=f"two {name}", vehicle=f"v{number}", view=name, source=name
            )
        )
    (folder / "broken.jpg").write_bytes(b"no photo")

    class Names(StubRecogniser):
        def stream(self, photos):
            for photo in photos:
                if photo.stem == "broken":
                    yield Recognition("unreadable", error=name)
                    continue
                make, candidates = summarise(np.array([0.9, 0.1]), classes)
                yield Recognition("ok", kind="exterior", make=make, candidates=tuple(candidates),
                    log_probs=np.log(np.array([0.9, 0.1], dtype=np.float32)))  # fmt: skip

    Names.classes = classes
    scored = photos_score(rows=rows, recogniser=Names(), progress=Silent())
    metrics = scores_summarise(scored=scored, recogniser=Names())
    photos = external_photos(tmp_path / "own")
    said = list(Names().stream(photo.path for photo in photos))
    contents = ReportContents(
        metrics=metrics, facts={name: name, f"recipe: {name}": [name]}, challenger=metrics, champion=metrics,
        findings=findings_of(scored=scored, model=Names()), external=ExternalAnswers(photos, said, said, makes=[name]),
        gates=[{"name": name, "value": name, "limit": 1, "passed": True, "text": name}],
        stages=[{"name": name, "before": 2, "after": 1, "words": name}],
        curve=[{"epoch": 1, f"loss {name}": 1.0}, {"epoch": 2, f"loss {name}": 1.0}],
    )  # fmt: skip
    page = report_write(path=tmp_path / "r.html", title=name, contents=contents).read_text()
    assert page.count(escape(name)) > 40
    assert "<script" not in page
    assert page.count("</style>") == 1
    tags = Tags(page)
    assert not tags.elements & {"script", "iframe", "object", "link"}
    assert not [one for one in tags.attributes if one.startswith("on")]


def test_a_full_album_says_what_it_left_out(tmp_path, scored):
    page, said = shown(tmp_path, scored, album=Album(most=4000))
    assert page.count("data:image/jpeg;base64,") < 10
    assert said["pictures_left_out"] > 10
    assert "pictures are left out" in page


def test_an_own_folder_is_shown_and_what_cannot_be_read_is_listed(tmp_path):
    folder = tmp_path / "own"
    for name in ("a/x5-1.jpg", "bmw x6/x6-1.jpg", "broken-<b>.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 48)).save(folder / name)
    photos = external_photos(folder)
    said = list(StubRecogniser().stream(photo.path for photo in photos))
    section = external_section(ExternalAnswers(photos, said, said, makes=["BMW"]), Album())
    assert "1 files cannot be read" in section.html
    assert "broken-&lt;b&gt;.jpg" in section.html
    assert "champion: BMW X5" in section.html
    assert "folder: bmw x6" in section.html
    assert "Of 1 in folders with the name of a car, 1 are answered" in section.html
    assert [one["status"] for one in section.figures["external"]] == ["ok", "ok", "unreadable"]
    assert str(tmp_path) not in section.html


def test_an_own_folder_without_pictures_is_refused(tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(ReportError, match=r"no photos in it|cannot be read"):
            external_photos(Path(folder))
