"""docker-compose.yml, as far as it can be checked without Docker."""

from pathlib import Path

import yaml

SERVICES = yaml.safe_load((Path(__file__).parents[2] / "docker-compose.yml").read_text())["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "forecourt"}


def test_one_service_builds_the_image_and_nobody_asks_a_registry_for_it():
    """Builds of one image would run in parallel, and on a new machine all but the first fail."""
    assert set(OURS) == {"setup", "web", "worker", "worker-gpu", "mailer", "scheduler"}
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
    taken = {word for service in OURS.values() for word in service.get("command", []) if word.startswith("--queues=")}
    assert taken == {f"--queues={queue.name}" for queue in settings.CELERY_TASK_QUEUES}
