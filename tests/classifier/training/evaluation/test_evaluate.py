"""What counts as right, and that nothing is dropped silently."""

import json
from pathlib import Path

import numpy as np
import pytest

from classifier.artefact import Thresholds, TrainedClass
from classifier.fuse import verdict_from
from classifier.recognise import Recogniser
from classifier.recognition import Recognition
from classifier.taxonomy import Candidate, Guess, summarise
from classifier.training.data.manifest import ManifestRow, manifest_read
from classifier.training.evaluation.evaluate import evaluate, per_class, photos_score
from classifier.training.evaluation.trained_names import TrainedNames, years_fit
from classifier.training.progress import Silent

CLASSES = (
    TrainedClass("BMW", "3 Series", "2012"),
    TrainedClass("BMW", "3 Series", "2008"),
    TrainedClass("BMW", "X5"),
    TrainedClass("Audi", "A4", "2008-2012"),
    TrainedClass("Audi", ""),
)


class FakeRecogniser:
    """Says what the test wants: photo name → probabilities of CLASSES, or a status and kind."""

    classes = CLASSES
    thresholds = Thresholds(model=0.8, make=0.7)
    body_threshold = 0.8

    def __init__(self, answers):
        self.answers = answers

    def stream(self, photos):
        for photo in photos:
            answer = self.answers[str(photo)]
            if isinstance(answer, Recognition):
                yield answer
                continue
            log_probs = np.log(np.asarray(answer, dtype=np.float32) + 1e-9)
            make, candidates = summarise(np.exp(log_probs), CLASSES)
            yield Recognition(
                "ok", kind="exterior", box=(0, 0, 1, 1), make=make, candidates=tuple(candidates), log_probs=log_probs
            )

    def verdict(self, recognitions):
        return verdict_from([one.log_probs for one in recognitions if one.log_probs is not None], CLASSES)


def row(file, make="", model="", year="", *, vehicle="", kind="exterior", source="ads"):
    return ManifestRow(
        path=Path(file), file=file, make=make, model=model, year=year, vehicle=vehicle or file, kind=kind, source=source
    )


def scored_of(*pairs):
    answers = {one.file: answer for one, answer in pairs}
    return photos_score(rows=[one for one, _ in pairs], recogniser=FakeRecogniser(answers), progress=Silent())


def figures(*pairs):
    answers = {one.file: answer for one, answer in pairs}
    return evaluate(rows=[one for one, _ in pairs], recogniser=FakeRecogniser(answers), progress=Silent())


class TwinsRecogniser(FakeRecogniser):
    """Knows two look-alikes of two makes, and another car."""

    classes = (TrainedClass("Acura", "TSX", "2012"), TrainedClass("Honda", "Accord"), TrainedClass("Volvo", "V70"))
    thresholds = Thresholds(model=0.5, make=0.7)

    def stream(self, photos):
        for photo in photos:
            log_probs = np.log(np.asarray(self.answers[str(photo)], dtype=np.float32))
            make, candidates = summarise(np.exp(log_probs), self.classes)
            yield Recognition("ok", kind="exterior", make=make, candidates=tuple(candidates), log_probs=log_probs)


SERIES_2012, SERIES_2008, X5, A4 = np.eye(5)[:4] * 0.9 + 0.02


@pytest.mark.parametrize(
    ("label", "answer", "top1", "model_right"),
    [
        (("bmw", "3-SERIES", "2012"), SERIES_2012, True, True),
        (("BMW", "3 series", "2012"), SERIES_2008, False, True),  # the year is wrong
        (("BMW", "3 series", ""), SERIES_2008, True, True),  # a label without year is any year
        (("BMW", "X5", "2016"), X5, True, True),  # a class without years is every year
        (("Audi", "A4", "2010"), A4, True, True),  # within the class's years
        (("BMW", "3 Series", "1999"), SERIES_2012, False, True),  # a known model of a year that no class has
        (("BMW", "X5", ""), A4, False, False),
        # The rest of a make ("another Audi") is no answer: what the site names instead counts.
        (("Audi", "A4", ""), [0, 0, 0, 0.1, 0.9], True, True),
        (("BMW", "X5", ""), [0, 0, 0, 0.1, 0.9], False, False),
    ],
)
def test_it_knows_what_is_right(label, answer, top1, model_right):
    (one,) = scored_of((row("a.jpg", *label), answer))
    assert (one.known, one.top1, one.model_right) == (True, top1, model_right)


def test_a_model_without_a_class_is_unknown_where_the_rest_of_its_make_has_one():
    (one,) = scored_of((row("a.jpg", "Audi", "A6"), np.eye(5)[4]))
    assert (one.known, one.make_known, one.make_right, one.model_right) == (False, True, True, False)


def test_an_artefact_of_brands_knows_every_model_of_its_makes():
    brands = TrainedNames([TrainedClass("BMW", ""), TrainedClass("Audi", "")])
    assert brands.of_model("audi", "A6") == brands.of_model("Audi", "") == [1]
    assert not brands.rests.any()


def test_years_are_sums_when_the_model_is_asked():
    answer = [0.3, 0.3, 0.4, 0, 0]  # likeliest class: X5; likeliest model: 3 Series
    (one,) = scored_of((row("a.jpg", "BMW", "3 Series", "2012"), answer))
    assert (one.top1, one.top5, one.model_right, one.confidence) == (False, True, True, pytest.approx(0.6))


@pytest.mark.parametrize("status", ["no_vehicle", "not_usable", "unreadable"])
def test_a_known_photo_without_an_answer_is_wrong_not_dropped(status):
    kind = {"no_vehicle": "exterior", "not_usable": "interior", "unreadable": ""}[status]
    said = figures(
        (row("a.jpg", "BMW", "X5"), X5),
        (row("b.jpg", "BMW", "X5"), Recognition(status, kind=kind)),
    )
    assert (said["photos"], said["known"], said["top1"], said["top5"]) == (2, 2, 0.5, 0.5)
    assert (said["make_top1"], said["model_top1"], said["coverage_at_3pct_error"]) == (0.5, 0.5, 0.5)
    assert said["macro_f1"] == pytest.approx(2 / 3)
    assert said["answers"] == {status: 1, "ok": 1}


def test_unknown_models_are_reported_apart():
    said = figures(
        (row("a.jpg", "BMW", "X5"), X5),
        (row("b.jpg", "BMW", "Z4"), X5),
        (row("c.jpg", "Skoda", "Fabia"), np.full(5, 0.2)),
    )
    assert (said["photos"], said["known"], said["top1"]) == (3, 1, 1.0)
    assert said["unknown"] == {"photos": 2, "above_threshold": 0.5, "make_known": 1, "make_top1": 1.0}
    assert said["ece_with_unknown"] > said["ece"]  # who is sure of what it cannot know is not honest
    assert said["ece_with_unknown_by_chance"] != said["ece_by_chance"]  # of other photos


def test_interiors_and_photos_without_a_make_are_measured_only_for_use():
    said = figures(
        (row("a.jpg", "BMW", "X5", kind="interior"), Recognition("not_usable", kind="interior")),
        (row("b.jpg", "BMW", "X5", kind="detail"), X5),
        (row("c.jpg"), X5),
        (row("d.jpg", "BMW", "X5", kind="damage"), X5),
        (row("e.jpg", "BMW", "X5", kind="interior"), Recognition("unreadable")),
    )
    assert (said["photos"], said["known"], said["top1"], said["ece"]) == (0, 0, None, None)
    usable = said["usable"]
    assert (usable["photos"], usable["accuracy"]) == (4, 0.5)
    assert usable["exterior_vs_interior"] == pytest.approx(2 / 3)
    assert usable["confusion"]["interior"] == {"exterior": 0, "interior": 1, "detail": 0, "other": 0, "unreadable": 1}
    assert usable["confusion"]["detail"]["exterior"] == 1
    assert usable["no_car_said"] is None  # no such photo
    assert usable["cars_called_none"] == 0


def test_photos_of_no_car_are_right_where_it_is_said_and_are_of_no_make():
    said = figures(
        (row("cat.jpg", kind="other"), Recognition("not_usable", kind="other")),
        (row("dog.jpg", kind="other"), Recognition("no_vehicle", kind="exterior")),
        (row("phone.jpg", kind="other"), Recognition("not_usable", kind="interior")),
        (row("motorcycle.jpg", kind="other"), X5),
        (row("x5.jpg", "BMW", "X5", kind="exterior"), Recognition("not_usable", kind="other")),
        (row("seat.jpg", "BMW", "X5", kind="interior"), Recognition("not_usable", kind="interior")),
    )
    usable = said["usable"]
    assert usable["confusion"]["other"] == {"exterior": 2, "interior": 1, "detail": 0, "other": 1, "unreadable": 0}
    assert (usable["photos"], usable["accuracy"]) == (6, 2 / 6)
    assert (usable["no_car_said"], usable["no_car_recognised"], usable["cars_called_none"]) == (0.5, 0.25, 0.5)
    assert usable["exterior_vs_interior"] == 0.5
    assert (said["photos"], said["answers"]) == (1, {"not_usable": 1})


def test_it_fuses_the_photos_of_a_listing():
    unsure_wrong = [0.02, 0.02, 0.30, 0.56, 0.10]
    said = figures(
        (row("a.jpg", "BMW", "X5", vehicle="ads/1"), X5),
        (row("b.jpg", "BMW", "X5", vehicle="ads/1"), X5),
        (row("c.jpg", "BMW", "X5", vehicle="ads/1"), unsure_wrong),
        (row("d.jpg", "BMW", "X5", vehicle="ads/1", kind="interior"), A4),
        (row("e.jpg", "BMW", "X5", vehicle="ads/2"), A4),  # one photo is no listing
        (row("f.jpg", "BMW", "Z4", vehicle="ads/3"), X5),
        (row("g.jpg", "BMW", "Z4", vehicle="ads/3"), Recognition("no_vehicle", kind="exterior")),
    )
    assert said["listings"] == {
        "n": 1,
        "make_top1": 1.0,
        "model_top1": 1.0,
        "photo_make_top1": pytest.approx(2 / 3),
        "photo_model_top1": pytest.approx(2 / 3),
    }
    assert said["listings_of_known_makes"] == {"n": 2, "make_top1": 1.0, "photo_make_top1": pytest.approx(3 / 5)}


def test_a_listing_without_any_answer_is_wrong():
    nothing = Recognition("no_vehicle", kind="exterior")
    said = figures(
        (row("a.jpg", "BMW", "X5", vehicle="ads/1"), nothing), (row("b.jpg", "BMW", "X5", vehicle="ads/1"), nothing)
    )
    assert (said["listings"]["n"], said["listings"]["make_top1"], said["listings"]["model_top1"]) == (1, 0.0, 0.0)


def test_it_keeps_the_contracts_keys_and_is_json():
    said = figures((row("a.jpg", "BMW", "X5", source="one"), X5), (row("b.jpg", "BMW", "X5", source="two"), A4))
    contract = {"photos", "known", "top1", "top5", "make_top1", "model_top1", "macro_f1", "ece"}
    assert contract | {"coverage_at_3pct_error", "usable", "listings"} <= set(json.loads(json.dumps(said)))
    assert {"n", "make_top1", "model_top1", "photo_make_top1", "photo_model_top1"} == set(said["listings"])
    assert {source: part["top1"] for source, part in said["sources"].items()} == {"one": 1.0, "two": 0.0}


def test_macro_f1_weighs_classes_alike():
    scored = scored_of(
        *[(row(f"{i}.jpg", "BMW", "X5"), X5) for i in range(8)],
        (row("8.jpg", "Audi", "A4"), X5),
    )
    assert per_class(scored) == {
        2: {"precision": pytest.approx(8 / 9), "recall": 1.0, "f1": pytest.approx(16 / 17), "support": 8},
        3: {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 1},
    }


def test_it_forgets_the_probabilities_that_no_listing_needs():
    pairs = [(row(f"{i}.jpg", "BMW", "X5", vehicle=f"ads/{min(i, 1)}"), X5) for i in range(3)]
    assert [one.recognition.log_probs is None for one in scored_of(*pairs)] == [True, False, False]


def test_years_fit():
    assert years_fit("2010", "2008-2012")
    assert years_fit("", "2010")
    assert years_fit("2010", "")
    assert not years_fit("2013", "2008-2012")
    assert not years_fit("new", "2008-2012")
    assert not TrainedNames(CLASSES).of_model("BMW", "Z4")


def test_it_looks_at_real_photos_as_the_site_does(car_photos, classifier, weights_of, ir_cache):
    rows = [one for one in manifest_read(car_photos / "advertisements") if one.split == "val"][:6]
    recogniser = Recogniser.open(classifier=classifier.folder, weights=weights_of(), engine="torch", cache_dir=ir_cache)
    try:
        said = evaluate(rows=rows, recogniser=recogniser, progress=Silent())
    finally:
        recogniser.close()
    assert said["usable"]["photos"] == 6
    assert said["photos"] == sum(one.exterior and bool(one.make) for one in rows)


def test_figures_are_given_by_the_pixels_of_the_car():
    def photo(file, right, side):
        answer = Recognition(
            "ok", kind="exterior", box=(0, 0, side, side // 2), image_size=(900, 700), make=Guess("Audi", 0.9),
            candidates=(Candidate("Audi", "A4" if right else "A6", "", 0.9),),
            log_probs=np.log(A4 if right else X5),
        )  # fmt: skip
        return row(file, "Audi", "A4"), answer

    found = figures(photo("a", False, 20), photo("b", True, 400), photo("c", False, 400), photo("d", True, 31))
    by_pixels = found["pixels"]
    assert list(by_pixels) == ["<32", "160-"]
    assert (by_pixels["<32"]["photos"], by_pixels["160-"]["photos"]) == (2, 2)
    assert (by_pixels["<32"]["model_top1"], by_pixels["160-"]["make_top1"]) == (0.5, 1.0)


def test_of_look_alikes_any_name_of_the_group_is_right_and_no_form_is_filled_in():
    tsx, accord, v70 = (0.9, 0.06, 0.04), (0.1, 0.86, 0.04), (0.02, 0.02, 0.96)
    pairs = [
        (row("1", "Acura", "TSX"), tsx),
        (row("2", "honda", "accord"), tsx),
        (row("2b", "Acura", "TSX Sedan"), accord),  # the TSX by another name, which no class has
        (row("3", "Volvo", "V70"), accord),
        (row("4", "Volvo", "V70"), v70),
        (row("5", "Honda", "Civic"), tsx),  # a model that it does not know
    ]
    recogniser = TwinsRecogniser({one.file: answer for one, answer in pairs})
    found = evaluate(rows=[one for one, _ in pairs], recogniser=recogniser, progress=Silent())
    assert found["look_alikes"] == {"photos": 5, "model_top1": 1 / 5, "group_top1": 3 / 5}
    assert (found["model_top1"], found["model_or_group"]) == (2 / 4, 3 / 4)
    assert (found["filled_in"], found["filled_in_wrong"]) == (1 / 6, 0.0)
    assert found["unknown"]["above_threshold"] == 0.0


def test_without_look_alikes_there_are_no_figures_of_them():
    found = figures((row("1", "BMW", "X5"), X5))
    assert found["look_alikes"] == {"photos": 0, "model_top1": None, "group_top1": None}
    assert found["model_or_group"] == found["model_top1"] == 1.0
