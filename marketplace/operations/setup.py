"""The steps that prepare a site for serving. Each of them may be repeated at any time."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.module_loading import import_string

from classifier.artefact import ArtefactError, artefact_only, artefact_open
from classifier.engines import EngineError, engine_choose
from marketplace.accounts.services import DemoAccount, demo_accounts_ensure
from marketplace.catalogue.services import CatalogueLoad, catalogue_load
from marketplace.listings.models import Listing
from marketplace.operations.engine_progress import engine_progress
from marketplace.operations.errors import SiteError
from marketplace.registry.models import ModelVersion
from marketplace.registry.services import RegistryError, starter_register

if TYPE_CHECKING:
    from classifier.recognise import Recogniser

__all__ = ["catalogue_load", "champion_ensure", "demo_accounts", "empty_site_hint", "engine_warm"]

RECOGNISER = "classifier.recognise.Recogniser"


def demo_accounts_file() -> Path:
    return Path(settings.VAR_DIR) / "demo-accounts.json"


def demo_accounts() -> list[DemoAccount]:
    """The demonstration's accounts, created if they do not exist."""
    return demo_accounts_ensure(keep_in=demo_accounts_file())


def champion_ensure() -> ModelVersion:
    """The serving model; on a new site the starter that comes with the code. Raises SiteError."""
    try:
        return starter_register()
    except RegistryError as error:
        raise SiteError(str(error)) from error


def engine_warm(*, champion: ModelVersion, say: Callable[[str], None]) -> str:
    """Open the recogniser once, so that its first-use work is done before anybody waits for it.

    On a CPU this converts the networks to OpenVINO and keeps them in VAR_DIR; say: is told how far
    that is. Returns the name of the engine. Raises SiteError.
    """
    # Imported by name, as in the worker: tests set their own, and its libraries load only now.
    kind: Any = import_string(settings.RECOGNISER)
    cache = Path(settings.ENGINE_CACHE_DIR)
    try:
        with engine_progress(cache=cache, networks=_networks_missing(champion.folder, cache), say=say):
            recogniser: Recogniser = kind.open(
                classifier=champion.folder,
                weights=settings.STARTER_WEIGHTS_DIR,
                engine=settings.RECOGNISER_ENGINE,
                device=settings.RECOGNISER_DEVICE,
                cache_dir=cache,
            )
    except (ArtefactError, EngineError) as error:
        raise SiteError(str(error)) from error
    recogniser.close()
    return recogniser.engine


def _networks_missing(classifier: Path, cache: Path) -> int:
    """How many networks must be converted first; 0 where nothing is converted."""
    chosen, _ = engine_choose(settings.RECOGNISER_ENGINE, settings.RECOGNISER_DEVICE)
    if chosen != "openvino" or settings.RECOGNISER != RECOGNISER:
        return 0
    from classifier.engines.openvino_engine import irs_missing  # noqa: PLC0415  it brings OpenVINO

    weights = Path(settings.STARTER_WEIGHTS_DIR)
    parts = [weights / part for part in ("detector", "usable", "colour")]
    artefacts = [artefact_only(part) for part in parts if part.is_dir()]
    return irs_missing([*artefacts, artefact_open(classifier)], cache)


def empty_site_hint() -> str:
    """One line on how to fill a site that has no listings; empty if it has some."""
    if Listing.objects.exists():
        return ""
    # Complete for another terminal, which does not have this one's variables.
    elsewhere = settings.VAR_DIR != settings.BASE_DIR / "var"
    where = f"VAR_DIR={shlex.quote(str(settings.VAR_DIR))} " if elsewhere else ""
    return f"Empty site: fill it with examples: {where}.venv/bin/python manage.py demo"


def catalogue_summary(load: CatalogueLoad) -> str:
    """The catalogue's size and changes in one line, for the operator."""
    changed = load.makes.added + load.models.added + load.makes.updated + load.models.updated
    makes = load.makes.added + load.makes.updated + load.makes.unchanged
    models = load.models.added + load.models.updated + load.models.unchanged
    return f"{makes} makes, {models} models" + (f" ({changed} new or changed)" if changed else "")
