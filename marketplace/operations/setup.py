"""What a site needs before it can serve; each step may be done again at any time."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.module_loading import import_string

from classifier.artefact import ArtefactError
from classifier.engines import EngineError
from marketplace.accounts.services import DemoAccount, demo_accounts_ensure
from marketplace.catalogue.services import CatalogueLoad, catalogue_load
from marketplace.listings.models import Listing
from marketplace.operations.errors import SiteError
from marketplace.registry.models import ModelVersion
from marketplace.registry.services import RegistryError, starter_register

if TYPE_CHECKING:
    from classifier.recognise import Recogniser

__all__ = ["catalogue_load", "champion_ensure", "demo_accounts", "empty_site_hint", "engine_warm"]


def demo_accounts_file() -> Path:
    return Path(settings.VAR_DIR) / "demo-accounts.json"


def demo_accounts() -> list[DemoAccount]:
    """The demonstration's accounts, made if they are not there."""
    return demo_accounts_ensure(keep_in=demo_accounts_file())


def champion_ensure() -> ModelVersion:
    """The serving model; on a new site the one that comes with the program. Raises SiteError."""
    try:
        return starter_register()
    except RegistryError as error:
        raise SiteError(str(error)) from error


def engine_warm(*, champion: ModelVersion) -> str:
    """Open the recogniser once, so that what it makes on first use is made before somebody waits; the engine's name.

    On a CPU that is the OpenVINO form of the networks, kept in VAR_DIR. Raises SiteError.
    """
    # By name, as the worker does: tests put their own here, and it brings its libraries only now.
    kind: Any = import_string(settings.RECOGNISER)
    try:
        recogniser: Recogniser = kind.open(
            classifier=champion.folder,
            weights=settings.STARTER_WEIGHTS_DIR,
            engine=settings.RECOGNISER_ENGINE,
            device=settings.RECOGNISER_DEVICE,
            cache_dir=settings.ENGINE_CACHE_DIR,
        )
    except (ArtefactError, EngineError) as error:
        raise SiteError(str(error)) from error
    recogniser.close()
    return recogniser.engine


def empty_site_hint() -> str:
    """How to fill a site that has no listings, in one line; empty where there are some."""
    if Listing.objects.exists():
        return ""
    # As an operator types it in another terminal, which knows nothing of the variables of this one.
    elsewhere = settings.VAR_DIR != settings.BASE_DIR / "var"
    where = f"VAR_DIR={shlex.quote(str(settings.VAR_DIR))} " if elsewhere else ""
    return f"Empty site: fill it with examples: {where}.venv/bin/python manage.py demo"


def catalogue_summary(load: CatalogueLoad) -> str:
    """One line for the operator."""
    changed = load.makes.added + load.models.added + load.makes.updated + load.models.updated
    makes = load.makes.added + load.makes.updated + load.makes.unchanged
    models = load.models.added + load.models.updated + load.models.unchanged
    return f"{makes} makes, {models} models" + (f" ({changed} new or changed)" if changed else "")
