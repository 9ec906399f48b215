"""A first start says how far it is."""

import time
from pathlib import Path

from classifier.artefact import artefact_only
from marketplace.operations import engine_progress, setup
from marketplace.operations.engine_progress import progress_words


def test_it_tells_how_long_the_rest_takes_if_it_goes_on_like_this():
    assert progress_words(0, 3, 12) == "0 of 3 networks ready after 12 s, loading libraries"
    assert progress_words(1, 3, 11) == "1 of 3 networks ready after 11 s, about 10 s to go"
    assert progress_words(1, 3, 110) == "1 of 3 networks ready after 110 s, about 100 s to go"


def test_it_counts_what_is_written_and_is_silent_where_nothing_is_converted(tmp_path, monkeypatch):
    monkeypatch.setattr(engine_progress, "SECONDS", 0.01)
    said = []
    with engine_progress.engine_progress(cache=tmp_path, networks=0, say=said.append):
        pass
    assert said == []
    (tmp_path / ".ir-x" / "detector").mkdir(parents=True)
    (tmp_path / ".ir-x" / "detector" / "model.bin").touch()
    with engine_progress.engine_progress(cache=tmp_path, networks=3, say=said.append):
        deadline = time.monotonic() + 10
        while len(said) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert "converting 3 networks" in said[0]
    assert "1 of 3 networks ready" in said[1]


def test_on_a_first_start_every_shipped_network_is_still_to_be_converted(settings, tmp_path):
    settings.RECOGNISER_ENGINE, settings.RECOGNISER_DEVICE = "openvino", "cpu"
    weights = Path(settings.STARTER_WEIGHTS_DIR)
    missing = setup._networks_missing(artefact_only(weights / "classifier").folder, tmp_path)
    assert missing == len([part for part in weights.iterdir() if part.is_dir()])
