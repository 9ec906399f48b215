"""How well cars on a photo are counted."""

from classifier.detect import Detection, cars_shown
from classifier.training.data.colour_labels import ColourLabel
from classifier.training.tools.count_cars import counts, main


def car(width, confidence=0.9, at=0):
    return Detection((at, 0, at + width, 100), confidence)


def label(cars, split="train"):
    return ColourLabel("ads/1.jpg", "", "", cars, "random", split)


def test_a_car_in_the_background_and_one_that_is_hardly_seen_do_not_count():
    assert cars_shown([]) == 0
    assert cars_shown([car(200)]) == 1
    assert cars_shown([car(200), car(150, at=300)]) == 2
    assert cars_shown([car(200), car(20, at=300)]) == 1
    assert cars_shown([car(200), car(150, 0.3, at=300)]) == 1


def test_right_answers_found_groups_and_false_alarms_are_counted():
    seen = [[car(200)], [car(200), car(190, at=300)], [car(200), car(190, at=300)], [car(200)]]
    found = counts([label(1), label(2), label(1), label(3)], seen, confidence=0.6, share=0.3)
    assert found == {"photos": 4, "right": 0.5, "several": 2, "found": 1, "false": 1}


def test_a_folder_without_photos_is_said_at_once(monkeypatch, capsys):
    monkeypatch.delenv("CAR_PHOTOS", raising=False)
    try:
        main([])
    except SystemExit as end:
        assert end.code == 2
    assert "--photos or CAR_PHOTOS is needed" in capsys.readouterr().err
