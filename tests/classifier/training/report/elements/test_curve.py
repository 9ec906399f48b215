"""One drawing of a training's course, for the report and for the admin."""

import re

import pytest

from classifier.training.report.elements.curve import COLOURS, curve_svg

EPOCHS = [
    {"epoch": 1.0, "size": 224.0, "images_per_s": 0.9, "loss": 2.5, "val_loss": 2.0, "val_top1": 0.5, "norm": 7.0},
    {"epoch": 2.0, "size": 224.0, "images_per_s": 0.8, "loss": 1.5, "val_loss": None, "val_top1": 0.75, "norm": 6.0},
]


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_it_draws_losses_and_shares_right_and_nothing_else():
    made = curve_svg(EPOCHS)
    assert re.findall(r'aria-label="([^"]+)"', made) == ["loss per epoch", "share right per epoch"]
    for text in ("epoch 2: loss 1.5", "val_top1 0.75 (held-out photos)", "loss 1.5 (training photos)", "val_loss 2 "):
        assert text in made, text
    for text in (" size ", "images_per_s", "norm", "nan", "None"):
        assert text not in made, text


def test_it_fits_a_phone_and_takes_the_page_s_own_ink():
    made = curve_svg(EPOCHS)
    assert 'width="340"' in made
    assert set(re.findall(r'<text[^>]+fill="([^"]+)"', made)) == {"currentColor"}
    assert "style=" not in made  # which the admin's Content-Security-Policy refuses
    assert "<script" not in made


def test_its_lines_can_be_told_from_a_light_page_and_from_a_dark_one():
    for colour in COLOURS:
        for page in ("#ffffff", "#12161c"):
            dark, light = sorted([luminance(colour), luminance(page)])
            assert (light + 0.05) / (dark + 0.05) >= 3, (colour, page)


@pytest.mark.parametrize(
    "points", [[], [{"epoch": 1.0}], [{"epoch": 1.0, "loss": float("nan")}, {"epoch": 2.0, "loss": float("inf")}]]
)
def test_it_is_empty_where_nothing_was_measured(points):
    assert curve_svg(points) == ""


def test_a_figure_s_name_is_text():
    made = curve_svg([{"epoch": 1, '<script>"loss': 2.0}, {"epoch": 2, '<script>"loss': 1.0}])
    assert "<script" not in made
    assert "&lt;script&gt;&#34;loss 1" in made
