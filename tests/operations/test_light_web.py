"""The web process stays light: it never recognises a photo itself."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "openvino", "ultralytics", "timm", "sklearn", "matplotlib")


def loaded_by(code):
    """Which heavy libraries a fresh process has loaded after this code."""
    report = f"; import sys; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code + report],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()[-1]


def test_the_web_process_loads_nothing_heavy():
    code = "import marketplace.wsgi; from django.urls import get_resolver; get_resolver().url_patterns"
    assert loaded_by(code + "; from django.core.checks import run_checks; run_checks()") == "[]"


def test_the_scheduler_and_a_worker_before_its_first_photo_load_nothing_heavy():
    assert loaded_by("from marketplace.celery import app; app.loader.import_default_modules()") == "[]"
