"""docker-compose.yml and the Dockerfile, as far as they can be checked without Docker."""

import socket
import subprocess
import sys
from pathlib import Path

import yaml

from marketplace.operations import worker_probe

ROOT = Path(__file__).parents[2]
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "forecourt"}


def test_one_service_builds_the_image_and_nobody_asks_a_registry_for_it():
    """Builds of one image would run in parallel, and on a new machine all but the first fail."""
    assert set(OURS) == {
        "setup", "web", "worker", "worker-gpu", "looker", "mailer", "housekeeper", "trainer", "scheduler",
    }  # fmt: skip
    assert [name for name, service in OURS.items() if "build" in service] == ["setup"]
    assert {service["pull_policy"] for service in OURS.values()} == {"never"}


def test_everybody_waits_for_the_migrations_which_run_once():
    assert SERVICES["setup"]["restart"] == "no"
    for name in set(OURS) - {"setup"}:
        assert SERVICES[name]["depends_on"] == {"setup": {"condition": "service_completed_successfully"}}


def test_the_database_is_ready_only_when_it_can_be_reached_over_the_network():
    """On a new volume the image first runs a temporary server, on the Unix socket only."""
    assert "-h" in SERVICES["db"]["healthcheck"]["test"]


def test_training_has_memory_to_share():
    assert all(service["shm_size"] == "2gb" for service in OURS.values())


def test_every_queue_has_a_worker(settings):
    workers = [command[3:] for service in OURS.values() if "run_worker" in (command := service.get("command", []))]
    assert {queue for queues in workers for queue in queues} == {one.name for one in settings.CELERY_TASK_QUEUES}


def test_the_compose_file_is_one_by_the_specifications_schema():
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*command, ROOT / "docker-compose.yml"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_linter_finds_nothing_in_the_dockerfile():
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_it_is_built_for_both_kinds_of_machines_and_runs_as_nobody_special():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    stages = [line.split(" AS ")[1] for line in lines if line.startswith("FROM")]
    assert stages == ["packages", "program", "cuda", "cpu"]  # the last one is what a plain build makes
    assert "USER 1000:1000" in lines
    assert SERVICES["setup"]["build"]["target"] == "${TARGET:-cpu}"


def test_our_services_write_nowhere_but_their_volume_and_can_become_nobody_else():
    for name, service in OURS.items():
        assert service["read_only"], name
        assert service["tmpfs"] == ["/tmp"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_every_service_has_a_health_check():
    for name, service in SERVICES.items():
        check = service["healthcheck"]
        assert check.get("test") or (check["disable"] and name == "setup"), name  # setup ends


def test_a_worker_is_well_while_it_answers_and_the_scheduler_while_it_runs(monkeypatch, tmp_path):
    monkeypatch.setattr(worker_probe.app.control, "ping", lambda **_: [{f"mail@{socket.gethostname()}": {}}])
    assert worker_probe.worker_answers()
    monkeypatch.setattr(worker_probe.app.control, "ping", lambda **_: [{"mail@another": {}}])
    assert not worker_probe.worker_answers()
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "cmdline").write_bytes(b"python\0/opt/venv/bin/celery\0-A\0marketplace\0worker\0")
    assert not worker_probe.scheduler_runs(tmp_path)
    (tmp_path / "7" / "cmdline").write_bytes(b"python\0/opt/venv/bin/celery\0-A\0marketplace\0beat\0")
    assert worker_probe.scheduler_runs(tmp_path)
