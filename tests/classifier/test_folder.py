"""What counts as a photo in a folder."""

import os

import pytest

from classifier.folder import folder_read, photos_in
from classifier.formats import EXTENSIONS


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"not looked into")
    return path


def names(paths, root):
    return [str(path.relative_to(root)) for path in paths]


@pytest.mark.parametrize("extension", sorted(EXTENSIONS))
def test_every_extension_of_the_table_is_a_photo_in_any_case(tmp_path, extension):
    photos = [touch(tmp_path / f"b{extension}"), touch(tmp_path / f"C{extension.upper()}")]
    assert photos_in(tmp_path) == sorted(photos)


def test_photos_below_are_found_and_sorted_by_path(tmp_path):
    for name in ("b/2.jpg", "a.png", "b/1.webp", "b/c/3.heic"):
        touch(tmp_path / name)
    assert names(photos_in(tmp_path), tmp_path) == ["a.png", "b/1.webp", "b/2.jpg", "b/c/3.heic"]


@pytest.mark.parametrize(
    "name",
    [
        ".ipynb_checkpoints", ".thumbnails", "@eaDir", "__MACOSX", "$RECYCLE.BIN", "System Volume Information", ".git",
        "lost+found", "#recycle", ".Trash-1000",
    ],
)  # fmt: skip
def test_folders_that_tools_leave_behind_hold_no_photos(tmp_path, name):
    touch(tmp_path / name / "1.jpg")
    touch(tmp_path / "audi" / name / "1.jpg" / "SYNOPHOTO_THUMB_M.jpg")
    contents = folder_read(tmp_path)
    assert (contents.photos, contents.not_taken, contents.others) == ([], [], [])


def test_hidden_files_are_no_photos_but_can_be_counted(tmp_path):
    touch(tmp_path / "1.jpg")
    touch(tmp_path / "._1.jpg")  # macOS puts one beside each file on a foreign drive
    for name in (".DS_Store", "Thumbs.db", "desktop.ini"):
        touch(tmp_path / name)
    contents = folder_read(tmp_path)
    assert names(contents.photos, tmp_path) == ["1.jpg"]
    assert [(one.path.name, one.reason) for one in contents.not_taken] == [("._1.jpg", "a hidden file")]
    assert contents.others == []


def test_the_folder_that_was_named_may_itself_be_hidden(tmp_path):
    photo = touch(tmp_path / ".photos" / "1.jpg")
    assert photos_in(tmp_path / ".photos") == [photo]


def test_a_folder_with_a_photos_name_is_a_folder(tmp_path):
    inside = touch(tmp_path / "1.jpg" / "2.jpg")
    assert photos_in(tmp_path) == [inside]


def test_files_of_another_kind_are_listed_apart(tmp_path):
    other = touch(tmp_path / "audi" / "notes.txt")
    touch(tmp_path / "audi" / "1.jpg")
    assert folder_read(tmp_path).others == [other]


def test_links_to_photos_elsewhere_are_taken(tmp_path):
    outside = touch(tmp_path / "pool" / "7.jpg")
    annexed = touch(tmp_path / "set" / ".git" / "annex" / "8.jpg")  # where git-annex keeps what its links lead to
    for name, target in (("7.jpg", outside), ("8.jpg", annexed)):
        (tmp_path / "set" / name).symlink_to(target)
    assert names(photos_in(tmp_path / "set"), tmp_path / "set") == ["7.jpg", "8.jpg"]


def test_links_that_repeat_lead_nowhere_or_run_in_circles_are_not_followed(tmp_path):
    photo = touch(tmp_path / "set" / "1.jpg")
    touch(tmp_path / "pool" / "9.jpg")
    (tmp_path / "set" / "again.jpg").symlink_to(photo)
    (tmp_path / "set" / "gone.jpg").symlink_to("no-such-file.jpg")
    (tmp_path / "set" / "loop.jpg").symlink_to("loop.jpg")
    (tmp_path / "set" / "pool").symlink_to(tmp_path / "pool")
    (tmp_path / "set" / "up").symlink_to("..")
    contents = folder_read(tmp_path / "set")
    assert contents.photos == [photo]
    assert {one.path.name: one.reason for one in contents.not_taken} == {
        "again.jpg": "a link to a photo of the same folder",
        "gone.jpg": "a link to nothing",
        "loop.jpg": "a link to nothing",
        "pool": "a link to a folder",
        "up": "a link to a folder",
    }


def test_what_would_block_its_reader_is_no_photo(tmp_path):
    os.mkfifo(tmp_path / "1.jpg")
    (tmp_path / "2.jpg").symlink_to("1.jpg")
    contents = folder_read(tmp_path)
    assert contents.photos == []
    assert {one.reason for one in contents.not_taken} == {"not a plain file"}


def test_a_file_or_nothing_is_not_a_folder(tmp_path):
    for path in (touch(tmp_path / "1.jpg"), tmp_path / "gone"):
        with pytest.raises(NotADirectoryError, match="Not a folder"):
            photos_in(path)


def test_a_name_that_is_no_text_is_found(tmp_path):
    strange = touch(tmp_path / "citro\udcebn.jpg")
    assert photos_in(tmp_path) == [strange]
