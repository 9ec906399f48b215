"""An artefact says which pictures it has seen; one that does not say is no clean record."""

from dataclasses import replace

import pytest
from PIL import Image

from classifier.artefact import SEEN_PHOTOS_FILE, artefact_copy, artefact_open
from classifier.training.data.cleaning.near_duplicates import picture_hash
from classifier.training.data.cleaning.seen_photos import SeenPhotos, main, seen_photos_of, seen_photos_read
from classifier.training.errors import TrainError
from tests.classifier.test_artefact import SPEC, write
from tests.classifier.training.pictures import picture, picture_row

RED, GREEN, BLUE = (picture_hash(picture(seed)) for seed in range(3))


def test_a_record_comes_back_as_it_was_and_travels_with_the_artefact(tmp_path):
    artefact = write(tmp_path)
    assert seen_photos_read(artefact.folder) is None
    record = SeenPhotos((RED,), ()) + SeenPhotos((RED, GREEN), (BLUE,))
    assert (set(record.trained), len(record.trained), record.calibrated) == ({RED, GREEN}, 2, (BLUE,))
    (artefact.folder / SEEN_PHOTOS_FILE).write_bytes(record.as_bytes())
    assert seen_photos_read(artefact_copy(artefact, parent=tmp_path / "copies").folder) == record
    (artefact.folder / SEEN_PHOTOS_FILE).write_bytes(SeenPhotos().as_bytes())
    assert seen_photos_read(artefact.folder) == SeenPhotos()


def test_an_artefact_from_before_there_were_records_gets_one_and_keeps_it(tmp_path):
    """An upgrade of the program brings the record of a model that the site has copied long ago."""
    new = write(tmp_path / "program")
    old = artefact_copy(new, parent=tmp_path / "site")
    (new.folder / SEEN_PHOTOS_FILE).write_bytes(SeenPhotos((RED,)).as_bytes())
    assert artefact_copy(new, parent=tmp_path / "site") == old
    assert seen_photos_read(old.folder) == SeenPhotos((RED,))
    (new.folder / SEEN_PHOTOS_FILE).write_bytes(SeenPhotos((GREEN,)).as_bytes())
    artefact_copy(new, parent=tmp_path / "site")
    assert seen_photos_read(old.folder) == SeenPhotos((RED,))


def test_the_test_side_teaches_nothing_and_a_plain_picture_is_not_known_again(tmp_path):
    rows = [picture_row(tmp_path / f"{split}.jpg", picture(0), split=split) for split in ("train", "val", "test")]
    assert seen_photos_of([*rows, rows[0]], [RED, GREEN, BLUE, None]) == SeenPhotos((RED,), (GREEN,))


@pytest.mark.parametrize("content", [b"", b"no safetensors", SeenPhotos((RED,)).as_bytes()[:-8]])
def test_a_damaged_record_is_one_line_that_says_what_to_do(tmp_path, content):
    artefact = write(tmp_path)
    (artefact.folder / SEEN_PHOTOS_FILE).write_bytes(content)
    with pytest.raises(
        TrainError, match=r"safetensors is damaged \(.*\): bring it back, or delete it to go on without"
    ):
        seen_photos_read(artefact.folder)
    assert artefact_open(artefact.folder) == artefact  # it serves all the same


def test_the_command_writes_the_record_of_an_artefact_that_has_none(tmp_path, capsys):
    artefact = write(tmp_path / "artefacts")
    lines = ["file,make,model,kind,split"]
    for seed, (kind, split) in enumerate(
        [("exterior", "train"), ("exterior", "val"), ("exterior", "test"), ("interior", "train"), ("", "train")]
    ):
        picture_row(tmp_path / "lot" / f"{seed}.jpg", picture(seed))
        lines.append(f"{seed}.jpg,Audi,A4,{kind},{split}")
    (tmp_path / "lot/manifest.csv").write_text("\n".join(lines))
    asked = ["--manifest", str(tmp_path / "lot"), "--work", str(tmp_path / "work")]
    assert main([str(artefact.folder), *asked]) == 0
    record = seen_photos_read(artefact.folder)
    known = {seed: picture_hash(Image.open(tmp_path / "lot" / f"{seed}.jpg")) for seed in range(5)}
    assert set(record.trained) == {known[0], known[4]}
    assert record.calibrated == (known[1],)

    (tmp_path / "lot/4.jpg").write_bytes(b"no photo")
    assert main([str(artefact.folder), *asked]) == 2
    assert "lot/4.jpg: " in capsys.readouterr().err
    assert seen_photos_read(artefact.folder) == record

    extended = write(tmp_path / "artefacts", replace(SPEC, recipe={"extends": "tiny-1"}))
    assert main([str(extended.folder), *asked]) == 2
    assert "goes on from another artefact, which other photos taught" in capsys.readouterr().err
    assert seen_photos_read(extended.folder) is None

    picture_row(tmp_path / "lot/4.jpg", picture(9))
    assert main([str(extended.folder), *asked, "--before", str(artefact.folder)]) == 0
    added = picture_hash(Image.open(tmp_path / "lot/4.jpg"))
    assert set(seen_photos_read(extended.folder).trained) == {*record.trained, added}
    third = write(tmp_path / "artefacts", replace(SPEC, recipe={"extends": "other"}))
    assert main([str(third.folder), *asked, "--before", str(third.folder)]) == 2
    assert "has no record of what it has seen either" in capsys.readouterr().err
