"""The scheduler process."""

import subprocess
import sys
import textwrap

# Celery's scheduler, stopped at the worst moment: while it is being built.
STOPPED_WHILE_BUILT = """
    import os, signal, sys, time
    import celery.beat

    build = celery.beat.Service.get_scheduler

    def interrupted(self, *arguments, **options):
        os.kill(os.getpid(), getattr(signal, sys.argv[1]))
        time.sleep(1)
        return build(self, *arguments, **options)

    celery.beat.Service.get_scheduler = interrupted
    from marketplace.celery import app
    app.start(["--quiet", "beat", "--pidfile=", "--loglevel=WARNING"])
"""


def test_it_ends_without_a_traceback_when_it_is_stopped_while_it_starts():
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(STOPPED_WHILE_BUILT), "SIGTERM"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode != 0
    assert "Traceback" not in ended.stdout + ended.stderr
    assert ended.stderr == ""
