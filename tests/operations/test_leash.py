"""How `make run` ends the programs it started."""

import signal
import subprocess
import sys
import textwrap
import time

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the leash is Linux's")

MANAGER = """
    import shlex, sys
    from marketplace.operations.leash import LeashedManager

    manager = LeashedManager()
    manager.add_process("worker", shlex.join([sys.executable, *sys.argv[1:]]))
    manager.loop()
"""
# Like Celery's worker: on SIGTERM it waits for its child to finish its work.
WORKER = """
    import pathlib, signal, subprocess, sys

    signal.signal(signal.SIGTERM, lambda *_: None)
    work = "import pathlib, sys, time; time.sleep(2); pathlib.Path(sys.argv[1], 'done').touch()"
    child = subprocess.Popen([sys.executable, "-c", work, sys.argv[1]])
    pathlib.Path(sys.argv[1], "begun").touch()
    child.wait()
"""


def test_the_work_in_hand_is_finished_before_the_site_ends(tmp_path):
    worker = ["-c", textwrap.dedent(WORKER), str(tmp_path)]
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(MANAGER), *worker], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as manager:
        deadline = time.monotonic() + 20
        while not (tmp_path / "begun").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        manager.send_signal(signal.SIGINT)
        said = manager.communicate(timeout=20)[0].decode()
    assert (tmp_path / "done").exists(), said
