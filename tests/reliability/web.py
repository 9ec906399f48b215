"""The site's "web process" in these tests: each JSON line on stdin is a call of real services."""

import json
import os
import shutil
import signal
import sys
import threading
import time
from collections import Counter
from dataclasses import astuple
from functools import partial
from itertools import pairwise

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import DatabaseError, close_old_connections, connection  # noqa: E402
from django.utils import timezone  # noqa: E402
from PIL import Image  # noqa: E402

from classifier.artefact import artefact_only  # noqa: E402
from classifier.recognition import Recognition  # noqa: E402
from marketplace import doorbell  # noqa: E402
from marketplace.accounts.models import User  # noqa: E402
from marketplace.listings.life.services import listings_remove  # noqa: E402
from marketplace.listings.life.steps import KEEP_DELETED  # noqa: E402
from marketplace.listings.models import Listing  # noqa: E402
from marketplace.listings.services import listing_create  # noqa: E402
from marketplace.photos.models import Photo, Prediction  # noqa: E402
from marketplace.photos.recognition import queue  # noqa: E402
from marketplace.photos.recognition.queue import photos_claim  # noqa: E402
from marketplace.photos.services import photo_add, photo_remove  # noqa: E402
from marketplace.registry.models import ModelVersion, Promotion  # noqa: E402
from marketplace.registry.services import (  # noqa: E402
    RegistryError,
    version_promote,
    version_register,
    version_rollback,
)
from marketplace.training.models import Rerecognition  # noqa: E402
from marketplace.training.rerecognition.services import rerecognition_counts  # noqa: E402
from tests.factories import ModelVersionFactory, PhotoFactory  # noqa: E402
from tests.pictures import encode  # noqa: E402


def start():
    """Make the site empty, with a champion and a seller."""
    Photo.objects.all().delete()
    Rerecognition.objects.all().delete()
    Promotion.objects.all().delete()
    ModelVersion.objects.all().delete()
    # The recogniser is a fake, but the worker reads the classes of the serving model.
    starter = artefact_only(settings.STARTER_WEIGHTS_DIR / "classifier").version
    ModelVersionFactory(version=starter, champion=True)
    User.objects.get_or_create(email="alice@example.org")


def add(shades, colour="grey", die=False):
    """Add one photo per shade to a listing; ``die`` kills this process when it is about to ring."""
    if die:
        doorbell.app.send_task = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
    listing = listing_create(seller=User.objects.get(email="alice@example.org"))
    for shade in shades:
        rgb = (255, 0, shade) if colour == "red" else (shade, shade, shade)
        photo_add(listing=listing, data=encode(Image.new("RGB", (64, 48), rgb), "PNG"), filename="car.png")


def photos():
    """Each photo with its result."""
    fields = ("status", "outcome", "attempts", "error")
    rows = Photo.objects.order_by("created_at")
    return [
        {name: getattr(row, name) for name in fields} | {"predictions": [p.attempt for p in row.predictions.all()]}
        for row in rows
    ]


def predictions():
    return Prediction.objects.count()


def promote(name):
    """Promote the starter's weights under another name, while all listings wait for review."""
    starter = artefact_only(settings.STARTER_WEIGHTS_DIR / "classifier").folder
    folder = settings.ARTEFACTS_DIR / f"{name}-{starter.name.rpartition('-')[2]}"
    shutil.copytree(starter, folder, dirs_exist_ok=True)
    Listing.objects.update(status=Listing.Status.SUBMITTED)
    version_promote(version=version_register(folder=folder).version, by=None, reason="test")


def second_looks():
    """Each re-recognition with its progress, and the versions that recognised each photo."""
    asked = Rerecognition.objects.order_by("pk")
    return {
        "asked": [[one.status, *astuple(rerecognition_counts(asked=one))] for one in asked],
        "seen": [
            [said.model_version.version.partition("-")[0] for said in row.predictions.order_by("pk")]
            for row in Photo.objects.order_by("created_at")
        ],
    }


def race_of_promotions(rounds):
    """Promote and roll back in threads at the same time, each repeatedly.

    Returns what went wrong, and whether the record of promotions is unbroken.
    """
    names = [f"race{n}" for n in range(4)]
    for name in names:
        promote(name)
    versions = list(ModelVersion.objects.filter(version__startswith="race").values_list("version", flat=True))
    wrong, ready = [], threading.Barrier(2 * len(versions))

    def work(step):
        close_old_connections()
        ready.wait()
        for _ in range(rounds):
            try:
                step()
            except RegistryError:
                pass  # it serves already, or there is nothing left to undo
            except DatabaseError as error:
                wrong.append(repr(error))
        connection.close()

    steps = [partial(version_promote, version=version, by=None, reason="race") for version in versions]
    threads = [threading.Thread(target=work, args=(step,)) for step in [*steps, *[_roll_back] * len(versions)]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    chain = list(Promotion.objects.order_by("pk"))
    return {
        "wrong": wrong,
        "champions": ModelVersion.objects.filter(status="champion").count(),
        "serves_last": chain[-1].version.status == "champion",
        "unbroken": all(one.version_id == two.previous_id for one, two in pairwise(chain)),
        "kinds": sorted({one.kind for one in chain}),
    }


def _roll_back():
    version_rollback(by=None, reason="race")


def race(rows, claimers):
    """Claim photos in that many threads at once. Returns how often they were claimed."""
    Photo.objects.bulk_create(PhotoFactory.build_batch(rows, listing=None))
    taken, ready = [], threading.Barrier(claimers)

    def claimer():
        close_old_connections()
        ready.wait()
        while mine := photos_claim(limit=5):
            taken.extend(photo.pk for photo in mine)
        connection.close()

    threads = [threading.Thread(target=claimer) for _ in range(claimers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"photos": len(set(taken)), "most": max(Counter(taken).values()), "attempts": list(
        Photo.objects.order_by().values_list("attempts", flat=True).distinct()
    )}  # fmt: skip


def at_once(remove):
    """Remove a photo while a worker stores its recognition.

    remove: "photo", "listing" (with its photo) or "visitor" (a photo without a listing).
    """
    listing = None if remove == "visitor" else listing_create(seller=User.objects.get(email="alice@example.org"))
    photo = PhotoFactory(listing=listing)
    [claimed] = photos_claim(limit=1)
    stored, said = threading.Event(), {}

    def settle_slowly(listing, settle=queue._settled):
        stored.set()
        time.sleep(0.5)  # the removal begins, and gets as far as the locks let it
        settle(listing)

    def worker():
        saw = Recognition("no_vehicle")
        version = ModelVersion.objects.get(status="champion")
        try:
            said["finished"] = queue.photo_finish(
                photo_id=photo.pk, attempt=claimed.attempts, recognition=saw, version=version
            )
        except DatabaseError as error:
            said["finished"] = str(error)
        connection.close()

    settle, queue._settled = queue._settled, settle_slowly
    thread = threading.Thread(target=worker)
    thread.start()
    assert stored.wait(30), said
    try:
        if remove == "listing":
            long_ago = timezone.now() - 2 * KEEP_DELETED
            Listing.objects.filter(pk=listing.pk).update(status="deleted", deleted_at=long_ago)
            listings_remove()
        else:
            photo_remove(photo=photo)
    except DatabaseError as error:
        said["removed"] = str(error)
    thread.join()
    queue._settled = settle
    return said | {"photos": Photo.objects.count(), "predictions": Prediction.objects.count()}


CALLS = {
    call.__name__: call
    for call in (start, add, photos, predictions, promote, second_looks, race_of_promotions, race, at_once)
}

for line in sys.stdin:
    order = json.loads(line)
    answer = CALLS[order.pop("call")](**order)
    print(json.dumps(answer), flush=True)
