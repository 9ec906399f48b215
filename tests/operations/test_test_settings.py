"""Tests must never touch a site's data."""

from pathlib import Path


def test_the_tests_keep_to_a_folder_of_their_own(settings):
    assert not Path(settings.VAR_DIR).is_relative_to(settings.BASE_DIR)


def test_the_cast_may_do_what_it_is_known_for(alice, bob, charlie):
    assert [user.is_moderator for user in (alice, bob, charlie)] == [False, True, False]


def test_the_catalogue_fixture_loads_all_makes(catalogue):
    assert catalogue["makes"]["added"] > 100
