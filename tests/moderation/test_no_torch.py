"""Web, worker and scheduler must not import torch: it does not survive a fork."""

import subprocess
import sys

CODE = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import django
django.setup()
import marketplace.urls
import marketplace.moderation.tasks
import marketplace.training.runs.services
from django.urls import reverse
reverse("moderation:next")
print("torch" in sys.modules, "openvino" in sys.modules)
"""


def test_it_imports_no_torch():
    ran = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "False"]
