"""The dashboard's figures, worked out by hand for a handful of decisions."""

import pytest

from marketplace.moderation.decisions.undo import decision_undo
from marketplace.moderation.figures.advice import advice
from marketplace.moderation.figures.charts import Series, line_chart
from marketplace.moderation.figures.selectors import Gained, labels_gained, queue_age, weeks
from marketplace.moderation.models import Audit, PolicyVersion
from marketplace.moderation.policy.services import review_submitted
from marketplace.moderation.services import Circumstances, decision_make, queue_next
from tests.factories import ModelVersionFactory
from tests.moderation.conftest import verdict

SURE = verdict(("Skoda", "Octavia", 0.97))
UNSURE = verdict(("Skoda", "Octavia", 0.5))


@pytest.fixture
def decided(waiting, bob, cars):
    """Two accepted (one sure), one corrected though sure, one rejected, one undone; one live by
    itself and found wrong by its audit."""
    ModelVersionFactory(version=SURE["version"], champion=True)
    fabia = {"make": cars["Fabia"].make, "car_model": cars["Fabia"]}

    def decide(said, action, seconds, **more):
        listing = waiting("Octavia", said=said)
        decision_make(listing=listing, moderator=bob, action=action, around=Circumstances(seconds=seconds), **more)

    decide(SURE, "accept", 2)
    decide(UNSURE, "accept", 4)
    decide(SURE, "correct", 6, **fabia)
    decide(SURE, "reject", 9, reason="No.")
    decide(SURE, "accept", 1)
    decision_undo(moderator=bob)
    PolicyVersion.objects.create(note="All are checked.", audit_share=1)
    waiting("Octavia", said=SURE)
    assert review_submitted() == 1
    audited = Audit.objects.get().listing
    decision_make(listing=audited, moderator=bob, action="correct", around=Circumstances(seconds=3), **fabia)


def test_a_week_of_a_version(decided):
    (week,), confusions = weeks()
    assert week.version == SURE["version"]
    assert (week.decided, week.named, week.overridden) == (5, 4, 2)
    assert week.override_rate == 0.5
    assert (week.verdicts, week.sure) == (5, 4)  # the undone one and the audit are not counted again
    assert week.strata == ([True, False], [False])
    assert week.error[0] == pytest.approx(2 / 3 * 1 / 2 + 1 / 3 * 1)
    assert week.median_seconds == 4
    assert [(one.seen, one.car, one.times) for one in confusions] == [("Skoda Octavia", "Škoda Fabia", 2)]


def test_what_was_gained_and_whether_that_is_worth_a_training(decided):
    gained = labels_gained()
    assert (gained.listings, gained.corrected) == (4, 2)
    said = advice(weeks=[], gained=gained)
    assert (said.worth, "something to learn" in said.words) == (False, True)
    many = Gained(gained.champion, 400, 800, 10)
    assert advice(weeks=[], gained=many).worth
    few = Gained(gained.champion, 60, 120, 10)
    assert not advice(weeks=[], gained=few).worth
    (week,), _ = weeks()
    week.strata = ([True] * 80 + [False] * 20, [])
    told = advice(weeks=[week], gained=few)
    assert told.worth
    assert "3 % is promised" in told.words


def test_the_page_shows_them_and_leads_to_the_photos(decided, bobs, waiting, charlie, client):
    waiting("Fabia", said=UNSURE)
    page = bobs.get("/moderate/figures/").content.decode()
    assert "Not worth retraining yet:" in page
    assert "50.0 %" in page
    assert page.count('<svg class="chart"') == 4
    assert "style=" not in page
    (_, (one,)) = weeks()
    found = bobs.get("/moderate/history/", {"make": one.make, "model": one.model, "car": one.car_id}).content.decode()
    assert found.count("mod-history-what") == 2
    assert 'class="mod-strip"' in found
    assert queue_age().waiting == 2  # the undone one, too
    client.force_login(charlie)
    assert client.get("/moderate/figures/").status_code == 404


def test_an_empty_site_has_a_page_too(bobs, bob):
    assert queue_next(moderator=bob) is None
    assert "Nothing was decided" in bobs.get("/moderate/figures/").content.decode()


def test_a_chart_keeps_holes_open_and_marks_up_no_names():
    svg = line_chart(title="<b>", labels=["1", "2", "3"], series=[Series("a", [1.0, None, 3.0])], unit="%")
    assert "<b>" not in svg
    assert svg.count("<circle") == 2
    assert "5%" in svg  # the axis ends at a round number


def test_a_chart_of_nothing_but_zeros_still_has_an_axis_that_people_can_read():
    drawn = line_chart(title="Coverage", labels=["23 Nov"], series=[Series("starter", [0.0])], unit="%")
    assert [text for text in ("0%", "0.5%", "1%") if f">{text}</text>" in drawn] == ["0%", "0.5%", "1%"]
