"""Steps of the cleaning for photos that come more than once, as a file or as a picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from classifier.training.data.cleaning.near_duplicates import PictureHash, alike, twins
from classifier.training.data.cleaning.photo_steps import KnownPhoto, leave_out
from classifier.training.data.cleaning.seen_photos import SeenByVersion, SeenPhotos
from classifier.training.data.labels import contradicts
from classifier.training.data.manifest import DECISIONS, SPLITS, ManifestRow
from classifier.training.data.same_files import contradictory, same_files
from classifier.training.data.split import held_apart, split_of
from classifier.training.data.stages import Stage, counted

TWO_LABELS = "two labels"
"""The name of a stage that is only told where there is something to tell."""


def without_two_labels(
    photos: Sequence[KnownPhoto], beside: Sequence[ManifestRow], *, makes_only: bool
) -> tuple[list[KnownPhoto], Stage]:
    """Leave out files that are labelled as two cars: neither label can be trusted.

    What moderators decided goes before what manifests say, and stays even where they decided one
    file in two ways: that is told in the details. beside: rows that are left out already, and whose
    labels count all the same. makes_only: models do not matter.
    """
    rows = [*(photo.row for photo in photos), *beside]
    why: dict[int, str] = {}
    details: list[str] = []
    files = 0
    for group in same_files([row.path for row in rows]):
        same = [rows[at] for at in group]
        if not contradictory(same, makes_only=makes_only):
            continue
        files += 1
        decided = [row for row in same if row.source == DECISIONS]
        why |= {id(row): _why_not(row, same, decided, makes_only=makes_only) for row in same}
        if contradictory(decided, makes_only=makes_only):
            details.append(f"moderators decided {_shows_the_same(decided)}")
    words = f"{counted(files, 'file')} labelled as two cars"
    kept, stage = leave_out(TWO_LABELS, photos, lambda photo: why.get(id(photo.row), ""), words)
    if details:
        stage = replace(stage, words=f"{stage.words}; moderators decided {counted(len(details), 'file')} in two ways")
    return kept, replace(stage, details=tuple(details))


def _why_not(
    row: ManifestRow, same: Sequence[ManifestRow], decided: Sequence[ManifestRow], *, makes_only: bool
) -> str:  # fmt: skip
    """Why the label of this row of one file cannot be trusted; "" if it can.

    same: all rows of the file. decided: those of them that moderators decided.
    """
    if any(row is one for one in decided):
        return ""
    other = next((one for one in decided or same if contradicts(row, one, makes_only=makes_only)), None)
    if other is None:
        return "" if decided else "the same file is labelled as two cars"
    who = "a moderator decided" if decided else f"{other.path} says"
    return f"labelled {row.label}, and of the same file {who} {other.label}"


def without_held_out_files(photos: Sequence[KnownPhoto]) -> tuple[list[KnownPhoto], Stage]:
    """Leave out held-out photos whose very file is also there to be learned from.

    All files were read by now, so each has a digest.
    """
    kept = held_apart([photo.row for photo in photos], [bytes.fromhex(photo.facts.digest) for photo in photos])
    stay = {id(row) for row in kept}
    return leave_out(
        "same file",
        photos,
        lambda photo: "" if id(photo.row) in stay else "held out, and the same file is there to be learned from",
        "held-out photos whose very file is there to be learned from",
    )


def without_near_duplicates(photos: Sequence[KnownPhoto], *, makes_only: bool) -> tuple[list[KnownPhoto], Stage]:
    """Leave out a held-out photo if an earlier split shows the same picture.

    Val counts as learned from beside test: confidence and thresholds are fitted on it. Photos of
    one split that show the same picture under two labels stay and are named.
    """
    by_split: dict[str, list[KnownPhoto]] = defaultdict(list)
    for photo in photos:
        by_split[split_of(photo.row)].append(photo)
    same: dict[int, KnownPhoto] = {}
    for place, split in enumerate(SPLITS[1:], start=1):
        asked = by_split[split]
        before = [photo for earlier in SPLITS[:place] for photo in by_split[earlier]]
        found = twins([photo.facts.look for photo in asked], [photo.facts.look for photo in before])
        same |= {id(photo): before[at] for photo, at in zip(asked, found, strict=True) if at is not None}
    kept, stage = leave_out(
        "near-duplicates",
        photos,
        lambda photo: f"held out, and {same[id(photo)].row.path} shows the same" if id(photo) in same else "",
        "held-out photos that show the same picture as one to learn from",
    )
    doubtful = list(_pictures_of_two_labels(photos, makes_only=makes_only))
    if doubtful:
        words = f"{stage.words}; {counted(len(doubtful), 'picture')} labelled as two cars: look at the details"
        stage = replace(stage, words=words, details=tuple(doubtful))
    return kept, stage


def _pictures_of_two_labels(photos: Sequence[KnownPhoto], *, makes_only: bool) -> Iterator[str]:
    """A line for each picture that comes under labels which contradict each other."""
    by_picture: dict[PictureHash, list[ManifestRow]] = defaultdict(list)
    for photo in photos:
        if photo.facts.look is not None:
            by_picture[photo.facts.look].append(photo.row)
    pictures = list(by_picture)
    rows = [_one_of_each_label(by_picture[picture]) for picture in pictures]
    for same in rows:
        if contradictory(same, makes_only=makes_only):
            yield _shows_the_same(same)
    for one, other in alike(pictures):
        pair = next((
            [mine, its] for mine in rows[one] for its in rows[other] if contradicts(mine, its, makes_only=makes_only)
        ), None)  # fmt: skip
        if pair:
            yield _shows_the_same(pair)


def _one_of_each_label(rows: Iterable[ManifestRow]) -> list[ManifestRow]:
    return list({row.label: row for row in reversed(list(rows))}.values())[::-1]


def _shows_the_same(rows: Sequence[ManifestRow]) -> str:
    return "one picture: " + ", ".join(f"{row.path} ({row.label})" for row in rows)


def without_seen_photos(
    photos: Sequence[KnownPhoto], seen_by: Sequence[SeenByVersion]
) -> tuple[list[KnownPhoto], Stage]:  # fmt: skip
    """Leave out held-out photos that another model knows already.

    As with near-duplicates, a photo to test on must be new to what was calibrated as well.
    """
    held = [photo for photo in photos if split_of(photo.row) != "train"]
    test = [photo for photo in held if split_of(photo.row) == "test"]
    why: dict[int, str] = {}
    for version in seen_by:
        seen_photos = version.seen_photos or SeenPhotos()
        for asked, known, what in (
            (held if version.starts else test, seen_photos.trained, "trained"),
            (test, seen_photos.calibrated, "calibrated"),
        ):
            found = twins([photo.facts.look for photo in asked], known)
            for photo, place in zip(asked, found, strict=True):
                if place is not None:
                    why.setdefault(id(photo), f"held out, and {version.version} was {what} on this picture")
    known_to = " or ".join(version.version for version in seen_by if version.seen_photos is not None)
    kept, stage = leave_out(
        "seen before",
        photos,
        lambda photo: why.get(id(photo), ""),
        f"held-out photos that {known_to} was trained or calibrated on",
    )
    silent = [
        f"nothing says which pictures taught {version.version}, and figures are too good where some come again"
        for version in seen_by
        if version.seen_photos is None
    ]
    return kept, replace(stage, words="; ".join([stage.words, *silent]))
