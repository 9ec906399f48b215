"""A site that `make run`'s command serves from its own folder."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def free_port():
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]


class RunningSite:
    settings_module = "tests.operations.site_settings"

    def __init__(self, var, port=None, keep=()):
        """keep: variables to add to an environment without those of another site."""
        self.var = var.resolve()  # as in the environment of its processes, which processes() searches
        self.port = port or free_port()
        self.log = var.parent / f"{var.name[:20]}.{self.port}.log"
        env = {
            name: value for name, value in os.environ.items()
            if name not in {"DATABASE_URL", "REDIS_URL", "DEBUG", "SECRET_KEY"}
        }  # fmt: skip
        # Compressing takes seconds that only one test needs.
        env |= {
            "STATIC_COLLECTED": "0",
            "VAR_DIR": str(var),
            "DJANGO_SETTINGS_MODULE": self.settings_module,
            **dict(keep),
        }
        self.environment = env
        with self.log.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "run_site", "--port", str(self.port)],
                cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip

    def wait_until_it_serves(self, seconds=60):
        deadline = time.monotonic() + seconds
        while True:
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            try:
                status, health = self.get("/healthz")
            except OSError:
                pass
            else:
                if status == 200 and json.loads(health)["status"] == "ok":
                    assert len(self.processes()) >= 5  # supervisor, Redis, web, worker, scheduler
                    return self
            time.sleep(0.1)

    def wait_until_it_recognises(self, seconds=240):
        """The site answers before; photos wait until the networks are converted."""
        deadline = time.monotonic() + seconds
        while "Engine: openvino, ready" not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.5)
        return self

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def said(self):
        return self.log.read_text()

    def processes(self):
        """The state of every process of this site by its id, whatever its parent.

        Redis overwrites its environment with its title, so it is found by its working directory.
        """
        mark = f"VAR_DIR={self.var}".encode()
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                ours = mark in (folder / "environ").read_bytes().split(b"\0") or (folder / "cwd").readlink() == self.var
                if ours and (state := _state(folder)) != "Z":
                    found[int(folder.name)] = state
            except OSError:
                continue  # it has ended meanwhile
        return found

    def all_gone(self, seconds=15):
        deadline = time.monotonic() + seconds
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.1)
        return not self.processes()

    def kill_everything(self):
        """Kill all processes at once, like a power cut.

        They are stopped first, because a running child that notices its parent's death would clean
        up.
        """
        deadline = time.monotonic() + 10
        while running := [pid for pid, state in self.processes().items() if state != "T"]:
            assert time.monotonic() < deadline, f"Processes {running} do not stop."
            _signal(running, signal.SIGSTOP)
        _signal(self.processes(), signal.SIGKILL)
        self.process.wait(timeout=10)


def _signal(pids, signum):
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signum)


def _state(folder):
    return (folder / "stat").read_text().rpartition(")")[2].split()[0]
