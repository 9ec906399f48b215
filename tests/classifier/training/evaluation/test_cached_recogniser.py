"""A recogniser with a memory says what the Recogniser says, and looks once."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from classifier.artefact import artefact_open, artefact_write
from classifier.recognise import Recogniser
from classifier.training.evaluation import cached_recogniser
from classifier.training.evaluation.cached_recogniser import CachedRecogniser


@pytest.fixture
def photos(tmp_path, shipped_photo):
    """A good photo twice over, two that cannot be read, and bytes."""
    picture = Image.open(shipped_photo)
    picture.crop((0, 100, 810, 900)).save(tmp_path / "cut.jpg")
    (tmp_path / "broken.jpg").write_bytes(shipped_photo.read_bytes()[:20_000])
    (tmp_path / "copy.jpg").write_bytes(shipped_photo.read_bytes())
    return [shipped_photo, tmp_path / "cut.jpg", tmp_path / "broken.jpg", tmp_path / "gone.jpg", tmp_path / "copy.jpg"]


@pytest.fixture
def cached(classifier, weights_of, ir_cache, tmp_path):
    """cached(artefact=…, spec=…): all of them share a memory."""
    opened = []

    def make(*, artefact=classifier, weights=None, **more):
        one = CachedRecogniser(
            artefact, memory=tmp_path / "memory", weights=weights or weights_of(), cache_dir=ir_cache, **more
        )
        opened.append(one)
        return one

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def blind(monkeypatch):
    """From now on, whoever wants to look at a photo fails."""

    def look(*_, **__):
        raise AssertionError("it looked again")

    return lambda: monkeypatch.setattr(cached_recogniser.Recogniser, "open", look)


def same(ours, theirs):
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert (one.status, one.kind, one.box, one.image_size, one.view, one.error) == (
            other.status, other.kind, other.box, other.image_size, other.view, other.error,
        )  # fmt: skip
        assert [(guess.make, guess.model) for guess in one.candidates] == [(g.make, g.model) for g in other.candidates]
        if other.log_probs is None:
            assert one.log_probs is None
        else:
            assert np.abs(np.exp(one.log_probs) - np.exp(other.log_probs)).max() < 1e-3


def test_it_says_what_the_recogniser_says(cached, classifier, weights_of, ir_cache, photos):
    recogniser = Recogniser.open(
        classifier=classifier.folder, weights=weights_of(), engine="openvino", cache_dir=ir_cache
    )
    theirs = recogniser.recognise(photos)
    recogniser.close()
    assert [one.status for one in theirs] == ["ok", "ok", "unreadable", "unreadable", "ok"]
    same(list(cached().stream(photos)), theirs)
    same(list(cached().stream(photos)), theirs)  # from memory
    assert cached().verdict(theirs).make == recogniser.verdict(theirs).make
    assert cached().body_threshold == recogniser.body_threshold


def test_it_looks_at_a_photo_once_whatever_its_name(cached, photos, blind):
    first = list(cached().stream(photos[:4]))
    blind()
    same(list(cached().stream([photos[4], photos[1].read_bytes()])), first[:2])
    for unreadable in photos[2:4]:
        with pytest.raises(AssertionError, match="looked again"):  # its share may be back
            list(cached().stream([unreadable]))


def test_what_differs_in_its_last_layer_only_need_not_look(cached, classifier, photos, blind, tmp_path):
    ours = list(cached().stream(photos[:1]))
    state = classifier.state_dict()
    head = [name for name in state if name.startswith("classifier.")]
    other = artefact_write(
        parent=tmp_path / "other", name="other", spec=replace(classifier.spec, temperature=3.0),
        state_dict={name: value.flip(0) if name in head else value for name, value in state.items()},
    )  # fmt: skip
    blind()
    theirs = list(cached(artefact=other).stream(photos[:1]))
    turned = list(cached(artefact=other, spec=classifier.spec).stream(photos[:1]))
    assert np.allclose(turned[0].log_probs[::-1], ours[0].log_probs, atol=1e-4)
    assert theirs[0].log_probs.max() < turned[0].log_probs.max()  # by its own temperature


def test_another_backbone_or_attribute_classifier_looks_again(cached, classifier, weights_of, photos, blind, tmp_path):
    list(cached().stream(photos[:1]))
    state = classifier.state_dict()
    first = next(name for name, value in state.items() if value.dim() == 4)
    other = artefact_write(
        parent=tmp_path / "other", name="other", spec=classifier.spec,
        state_dict={name: value * 2 if name == first else value for name, value in state.items()},
    )  # fmt: skip
    blind()
    for stranger in (cached(artefact=artefact_open(other.folder)), cached(weights=weights_of("interior"))):
        with pytest.raises(AssertionError, match="looked again"):
            list(stranger.stream(photos[:1]))


def test_a_run_that_is_stopped_has_not_looked_in_vain(cached, photos, blind, monkeypatch):
    monkeypatch.setattr(cached_recogniser, "KEEP_AT_ONCE", 1)
    watching = cached().stream(photos[:2])
    next(watching)
    watching.close()
    blind()
    assert next(cached().stream(photos[:1])).status == "ok"
