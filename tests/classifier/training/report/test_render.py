"""Templates are found from anywhere, and what they are given is text."""

import subprocess
import sys
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from classifier.training.report.elements.tables import Cell, table
from classifier.training.report.render import render_html, render_markdown

ROOT = Path(__file__).resolve().parents[4]


def test_templates_are_found_from_any_folder(tmp_path):
    code = (
        "from classifier.training.report.elements.curve import curve_svg; print(curve_svg([{'epoch': 1, 'loss': 2}]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "epoch 1: loss 2" in done.stdout


def test_a_template_without_its_values_is_refused():
    with pytest.raises(UndefinedError):
        render_html("folded", content="")


def test_every_text_of_a_table_is_escaped():
    made = table('"><x>', ["<x>", "<x>"], [["<x>", Cell("<x>", below="<x>", passed=False)]])
    assert "<x>" not in made
    assert 'aria-label="&#34;&gt;&lt;x&gt;"' in made
    assert "<small>&lt;x&gt;</small>" in made


def test_a_name_in_markdown_ends_no_cell_and_begins_no_html():
    weak = {"class": "a|b <script>", "precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2}
    figures = {"n": 1, "make_top1": None, "photo_make_top1": None, "photos": 1, "above_threshold": None}
    text = render_markdown(
        "model_card", version="v", sources={}, shares={}, calibration={}, listings=figures, unknown=figures,
        classes=[weak], share=lambda *_: "–",
    )  # fmt: skip
    assert "| a\\|b &lt;script> | 0.50 | 0.50 | 0.50 | 2 |" in text
