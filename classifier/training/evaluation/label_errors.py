"""Labels that are probably wrong, by what the other photos say of each photo.

A head that was fitted without a photo says what it shows: k folds by vehicle over features of a
frozen backbone. How suspect a label is, cleanlab says (confident learning, arXiv:1911.00068).
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from numpy.typing import NDArray

from classifier.artefact import Artefact, TrainedClass, artefact_only
from classifier.fuse import log_softmax
from classifier.preprocess import FloatArray
from classifier.taxonomy import Candidate
from classifier.training.calibration import temperature_fit
from classifier.training.data.labels import UNKNOWN, classes_of, label_numbers
from classifier.training.data.manifest import ManifestRow, Split
from classifier.training.data.memory.remembered import Memory, memory_read, photo_digest
from classifier.training.data.pictures.crops import UNREADABLE, CropCache
from classifier.training.data.pictures.transforms import CropSet
from classifier.training.data.split import split_of
from classifier.training.errors import TrainError
from classifier.training.evaluation.cached_recogniser import CachedRecogniser
from classifier.training.model.backbones import backbone_create, preprocessing_for
from classifier.training.model.features import FeatureCache
from classifier.training.progress import Progress

IMAGENET = "ImageNet"
BACKBONE, INPUT_SIZE, MARGIN = "tf_efficientnet_lite0", 256, 0.05
"""Of the backbone trained on ImageNet only: its weights come as a package.

It has the starter's size, so that they share their crops."""
FOLDS = 5
KNOWN = -1
"""In place of a fold: a photo whose label nobody asks about."""
MIN_PHOTOS = 5
"""Of a class; with fewer nobody can say what its photos have in common."""
MIN_OTHERS = 3
"""Photos of a photo's class that its head must have seen: else every label there looks wrong."""
ALTERNATIVES = 3
SURE_OTHER, HARDLY_STATED = 0.5, 0.1
"""Probabilities of another car, and of the label, at which the label is contradicted."""
SHRINKAGE = 0.5
"""How much of the covariance is taken for that of a ball: features are many, photos few."""
SPREAD = 5.0
"""Of raw scores, before their temperature is fitted."""
CALIBRATE_ON = 20_000
"""More photos make the one temperature no better."""


@dataclass(frozen=True)
class Suspect:
    """One labelled photo, and what the others say of it."""

    rank: int
    """1 = the most suspect."""
    row: ManifestRow
    sha256: str
    """Of the photo's file."""
    score: float
    """0…1, how good the label looks; low = probably wrong."""
    issue: bool
    """Whether cleanlab takes the label for wrong: one that is only doubtful is ranked, too."""
    stated: float
    """The label's probability, 0…1, by the other cars' photos."""
    others: tuple[Candidate, ...]
    """What it looks like instead, likeliest first, at most ALTERNATIVES."""


@dataclass(frozen=True)
class Ranking:
    """The labelled photos of a manifest, the most suspect first."""

    suspects: list[Suspect]
    not_ranked: int
    """Photos that cannot be read, or of cars with too few photos of other vehicles."""
    by: str
    """The artefact whose backbone looked at the photos, or IMAGENET."""

    @property
    def issues(self) -> list[Suspect]:
        """Those that cleanlab takes for wrong, the most suspect first."""
        return [one for one in self.suspects if one.issue]

    @property
    def contradicted(self) -> list[Suspect]:
        """Those that surely show another car, whatever cleanlab says.

        That does not depend on how many of the other labels are wrong; of honest ones hardly any is
        contradicted (adr/0021).
        """
        return [
            one
            for one in self.suspects
            if one.others and one.others[0].confidence >= SURE_OTHER and one.stated <= HARDLY_STATED
        ]

    @property
    def text(self) -> str:
        """One line."""
        wrong, photos = len(self.issues), len(self.suspects)
        return f"{wrong} of {photos} labels look wrong ({self.not_ranked} photos could not be judged)"


def suspects_rank(
    *,
    rows: Sequence[ManifestRow],
    weights: Path,
    work_dir: Path,
    progress: Progress,
    base: Artefact | None,
    splits: Sequence[Split] = ("train",),
    engine_cache: Path | None = None,
) -> Ranking:
    """Rank the rows of these splits by how likely their label is wrong.

    weights: the folder that holds detector/ and usable/. base: whose backbone looks at the photos,
    as the site does; None = one trained on ImageNet only. A model that was trained on these very
    photos has learnt some wrong labels by heart and finds them less suspect; of photos that are new
    to it it knows far more than ImageNet does. What it remembers of other photos is compared with,
    too, so that every car of its vocabulary may be what a photo shows. work_dir: caches of crops
    and features; with a base those of a training with the recipe `quick`. engine_cache: as for
    engines_open. Deterministic. Raises TrainError if there are no two cars to tell apart or no
    ImageNet weights, ArtefactError, EngineError, OSError.
    """
    named = [row for row in rows if row.exterior and row.make and row.model and split_of(row) in splits]
    looking = _Looking(weights, work_dir, progress, engine_cache)
    seen = looking.without_labels(named) if base is None else looking.with_base(base, named)
    everyone = [*seen.rows, *seen.background]
    classes = classes_of(everyone, min_photos=MIN_PHOTOS)
    if len(classes) < 2:
        raise TrainError(
            f"{len(classes)} cars with {MIN_PHOTOS} photos or more on the {' and '.join(splits)} side "
            f"({len(named)} photos from outside): at least 2 are needed to tell wrong labels"
        )
    numbers = np.asarray(label_numbers(everyone, classes), dtype=np.int64)
    known = np.flatnonzero(numbers != UNKNOWN)
    labels, features = numbers[known], seen.features[known]
    folds = folds_of([row.vehicle for row in seen.rows], len(seen.background))[known]
    rankable = np.flatnonzero(can_be_ranked(labels, folds) & (folds != KNOWN))
    if not len(rankable):
        raise TrainError("no car has photos of enough vehicles to tell wrong labels from right ones")
    log_probs = out_of_sample(features, labels, folds, classes=len(classes), progress=progress)[rankable]
    labels, places = labels[rankable], known[rankable]
    score, issue = label_quality(log_probs, labels)
    order = np.argsort(score, kind="stable")
    suspects = [
        Suspect(
            rank=rank,
            row=seen.rows[places[at]],
            sha256=seen.digests[places[at]],
            score=float(score[at]),
            issue=bool(issue[at]),
            stated=float(np.exp(log_probs[at, labels[at]])),
            others=_others(log_probs[at], int(labels[at]), classes),
        )
        for rank, at in enumerate(order, start=1)
    ]
    return Ranking(suspects, not_ranked=len(named) - len(suspects), by=base.version if base else IMAGENET)


def folds_of(vehicles: Sequence[str], background: int = 0) -> NDArray[np.int64]:
    """(N + background,) the fold of each photo, 0…FOLDS-1: a pure function of its vehicle.

    So photos of one car stay together, and a photo keeps its fold when others are added. The
    background, which comes last, is in no fold (KNOWN): nobody asks about it.
    """
    digests = [hashlib.sha256(f"suspects:{vehicle}".encode()).digest() for vehicle in vehicles]
    folds = [int.from_bytes(digest[:8], "big") % FOLDS for digest in digests]
    return np.asarray([*folds, *[KNOWN] * background], dtype=np.int64)


def can_be_ranked(labels: NDArray[np.int64], folds: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(N,): whether the other folds hold MIN_OTHERS photos of its class. labels, folds: (N,)."""
    own = np.zeros((int(labels.max(initial=-1)) + 1, FOLDS + 1), dtype=np.int64)  # KNOWN is the last
    np.add.at(own, (labels, folds), 1)
    others: NDArray[np.bool_] = own[labels].sum(1) - own[labels, folds] >= MIN_OTHERS
    return others


def out_of_sample(
    features: FloatArray, labels: NDArray[np.int64], folds: NDArray[np.int64], *, classes: int, progress: Progress
) -> FloatArray:
    """(N, classes) calibrated log-probabilities, each photo's by a head of the other folds.

    features: (N, D). labels, folds: (N,). The head is a linear discriminant: class means and one
    covariance, so that a few wrong labels hardly move it, and it takes seconds. Photos in no fold
    keep -inf.
    """
    scores = np.full((len(labels), classes), -np.inf, dtype=np.float32)
    means, own = _means(features, labels)
    away = features - means[own]  # from means over all folds, which one photo hardly moves
    scatter = away.T @ away
    used = sorted(set(folds[folds != KNOWN].tolist()))
    for fold in progress.track(used, total=len(used), what="suspects"):
        here = folds == fold
        if here.all():
            continue  # nobody left to compare with: see can_be_ranked
        covariance = (scatter - away[here].T @ away[here]) / (len(features) - here.sum())
        known, weight, bias = _discriminant(features[~here], labels[~here], _shrunk(covariance))
        scores[np.ix_(here, known)] = features[here] @ weight + bias
    asked = folds != KNOWN
    finite = np.isfinite(scores)
    scores[asked[:, None] & ~finite] = scores[finite].min(initial=0.0) - 1  # less likely than any that a fold saw
    of_asked = scores[asked]
    of_asked *= SPREAD / max(float(of_asked.std()), 1e-6)  # into the reach of temperature_fit
    sample = np.linspace(0, len(of_asked) - 1, min(len(of_asked), CALIBRATE_ON)).astype(np.intp)
    scores[asked] = log_softmax(of_asked / temperature_fit(of_asked[sample], labels[asked][sample]))
    return scores


def _shrunk(covariance: FloatArray) -> FloatArray:
    """Towards that of a ball by a fixed share."""
    ball = covariance.trace() / len(covariance) + np.finfo(np.float32).tiny
    shrunk: FloatArray = (1 - SHRINKAGE) * covariance + SHRINKAGE * ball * np.eye(len(covariance), dtype=np.float32)
    return shrunk


def _means(features: FloatArray, labels: NDArray[np.int64]) -> tuple[FloatArray, NDArray[np.intp]]:
    """Mean of each class that occurs, (K, D), and which of these each photo's is, (N,)."""
    _, own, photos = np.unique(labels, return_inverse=True, return_counts=True)
    order = np.argsort(own, kind="stable")
    sums = np.add.reduceat(features[order], np.r_[0, np.cumsum(photos)[:-1]], axis=0)
    return (sums / photos[:, None]).astype(np.float32), own


def _discriminant(
    features: FloatArray, labels: NDArray[np.int64], covariance: FloatArray
) -> tuple[NDArray[np.int64], FloatArray, FloatArray]:
    """The classes that occur, (K,), and their linear discriminant: weight (D, K), bias (K,)."""
    known, photos = np.unique(labels, return_counts=True)
    means, _ = _means(features, labels)
    weight = np.linalg.solve(covariance, means.T)
    bias = np.log(photos / len(labels)) - 0.5 * (means * weight.T).sum(1)
    return known, weight.astype(np.float32), bias.astype(np.float32)


def label_quality(
    log_probs: FloatArray, labels: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:  # fmt: skip
    """Per photo its label's quality, 0 = surely wrong … 1, and whether cleanlab calls it wrong.

    log_probs: (N, C), out of sample. labels: (N,); classes without a label here may have columns.
    """
    used, own = np.unique(labels, return_inverse=True)
    probs = np.exp(log_probs.astype(np.float64))
    # cleanlab counts wrong labels per class, and wants each column's class to occur.
    probs = probs[:, used] / np.maximum(probs[:, used].sum(1, keepdims=True), np.finfo(np.float64).tiny)
    if len(used) < 2:  # nothing to mix it up with
        return np.ones(len(labels)), np.zeros(len(labels), dtype=bool)
    score = np.asarray(get_label_quality_scores(own, probs, method="self_confidence"), dtype=np.float64)
    # One process: forks of one that has loaded torch hang.
    with warnings.catch_warnings():
        # Of rare classes it says one by one that it is cautious with them, as it should be.
        warnings.filterwarnings("ignore", message="May not flag all label issues", category=UserWarning)
        issue = np.asarray(find_label_issues(own, probs, n_jobs=1), dtype=bool)
    return score, issue


@dataclass(frozen=True)
class _Seen:
    """Features of photos, those in doubt first."""

    rows: list[ManifestRow]
    digests: list[str]
    """sha256 of the rows' photos."""
    background: list[ManifestRow]
    """What is remembered beside them."""
    features: FloatArray
    """(rows + background, D)."""


@dataclass(frozen=True)
class _Looking:
    """How photos are looked at, see suspects_rank."""

    weights: Path
    work_dir: Path
    progress: Progress
    engine_cache: Path | None

    def with_base(self, base: Artefact, rows: Sequence[ManifestRow]) -> _Seen:
        """By the base's backbone; photos without a car are left out."""
        recogniser = CachedRecogniser(base, memory=self.work_dir, weights=self.weights, cache_dir=self.engine_cache)
        paths = [row.path for row in rows]
        try:
            digests = recogniser.digests(paths)
            sights = list(self.progress.track(recogniser.sights(paths), total=len(rows), what="looking at photos"))
        finally:
            recogniser.close()
        seen = [
            (row, digest, one.outputs.reshape(-1))
            for row, digest, one in zip(rows, digests, sights, strict=True)
            if one.outputs is not None
        ]
        memory = memory_read(base) or Memory.nothing(extractor=recogniser.extractor, width=recogniser.width)
        memory = memory.of("train").without(photo_digest(digest) for digest in digests)
        features = np.asarray([outputs for _, _, outputs in seen], dtype=np.float32).reshape(-1, recogniser.width)
        return _Seen(
            [row for row, _, _ in seen], [digest for _, digest, _ in seen], memory.answered,
            np.concatenate([features, memory.packed.unpacked()]),
        )  # fmt: skip

    def without_labels(self, rows: Sequence[ManifestRow]) -> _Seen:
        """By a backbone that saw no label of a car."""
        detector = artefact_only(self.weights / "detector")
        preprocessing = preprocessing_for(BACKBONE, input_size=INPUT_SIZE, margin=MARGIN)
        cache = CropCache(
            self.work_dir, detector=detector, rule=preprocessing.crop, side=preprocessing.input_size,
            engine_cache=self.engine_cache,
        )  # fmt: skip
        crops = cache.crops(rows, self.progress)
        read = np.flatnonzero(crops.index != UNREADABLE)
        digests = [crops.digests[at] for at in read]
        photos = CropSet(crops.pixels, crops.index[read], np.zeros(len(read), dtype=np.int64), preprocessing)
        kept = FeatureCache(
            self.work_dir, backbone=backbone_create(BACKBONE, outputs=0), cut=f"{detector.version} {preprocessing}"
        )
        features = kept.features(photos, digests, self.progress).features.numpy()
        return _Seen([rows[int(at)] for at in read], digests, [], features)


def _others(log_probs: FloatArray, label: int, classes: Sequence[TrainedClass]) -> tuple[Candidate, ...]:
    best = [at for at in np.argsort(-log_probs, kind="stable")[: ALTERNATIVES + 1] if at != label][:ALTERNATIVES]
    return tuple(
        Candidate(classes[at].make, classes[at].model, classes[at].years, float(np.exp(log_probs[at]))) for at in best
    )
