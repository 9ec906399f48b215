"""The migrations match the models."""

from django.core.management import call_command


def test_no_model_changed_without_a_migration(db):
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)  # exits with 1 if one is missing
