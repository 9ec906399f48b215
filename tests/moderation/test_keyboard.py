"""One key press per listing, in a real browser."""

import statistics

import pytest
from django.db import connections
from playwright.sync_api import expect, sync_playwright

from marketplace.moderation.labels.doubts import label_ask
from marketplace.moderation.models import Claim, Decision, LabelReview
from marketplace.moderation.services import decision_make
from marketplace.photos.heatmaps.services import heatmap_claim, heatmap_finish
from tests.factories import PASSWORD, DoubtFactory, ModelVersionFactory, UserFactory
from tests.factories.listings import ANOTHER_CAR
from tests.moderation.conftest import verdict
from tests.pictures import jpeg

pytestmark = pytest.mark.django_db(transaction=True)
SEEN = 350  # milliseconds: keys pressed before a person can have seen the page are not heard


@pytest.fixture
def page(chromium, live_server, bob, monkeypatch, transactional_db, shipped_templates):
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright keeps a loop in this thread
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(base_url=live_server.url)
        problems = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: problems.append(line.text) if "Content Security" in line.text else None)
        page.goto("/accounts/login/?next=/moderate/history/")
        page.fill("input[name=login]", bob.email)
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_url("**/moderate/history/")
        yield page
        browser.close()
        # While that loop runs, Django keeps connections of their own for this thread, which nobody
        # else would close.
        connections.close_all()
    assert problems == []


def shown(page):
    """The code of the car that is on the screen."""
    return page.locator("#desk").get_attribute("data-code")


def next_car(page, *keys):
    """Press keys on a car that was looked at for a moment, until another one is on the screen."""
    before = shown(page)
    page.wait_for_timeout(SEEN)
    page.wait_for_function("() => window.deskIsAhead()")  # loaded while a person looks at this one
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_function("(before) => document.getElementById('desk')?.dataset.code !== before", arg=before)


def test_a_moderator_works_through_twenty_cars_with_the_keys_alone(page, waiting, cars, capsys):
    """Each decision, with no reload; prints how long from a key to the next car on the screen."""
    seen = [0.1 + n / 100 for n in range(20)]
    doubts = [waiting("Octavia", said=verdict(("Skoda", "Octavia", one), ("Skoda", "Fabia", 0.05))) for one in seen]
    page.goto("/moderate/")
    page.evaluate("() => { window.neverReloaded = true; }")
    next_car(page, "s")
    next_car(page, "a")
    next_car(page, "2")
    next_car(page, "r", "5", "1", "Enter")
    next_car(page, "u")
    next_car(page, "n")
    page.wait_for_timeout(SEEN)
    page.keyboard.press("/")
    page.keyboard.type("v70")
    expect(page.locator("#mod-found button").first).to_have_text("Volvo V70")
    next_car(page, "Enter")
    page.wait_for_timeout(SEEN)
    page.keyboard.press("c")
    page.locator("#mod-changes").fill("Show it from behind.")
    page.keyboard.press("Tab")
    next_car(page, "Enter")
    for _ in range(10):
        next_car(page, "Enter")  # where seller and photos agree
    ninth = doubts[18]
    assert shown(page) == ninth.code
    page.wait_for_timeout(SEEN)
    page.keyboard.press("z")
    page.wait_for_function("(code) => document.getElementById('desk').dataset.code === code", arg=doubts[17].code)
    next_car(page, "2")
    assert shown(page) == ninth.code  # what was on the screen before the undo
    next_car(page, "a")
    assert page.evaluate("() => window.neverReloaded")
    times = sorted(page.evaluate("() => window.deskPainted"))
    expect(page.locator("#desk-says")).to_contain_text(ninth.code)
    said = {one.listing_id: one for one in Decision.objects.filter(undone_by=None).exclude(action="undo")}
    assert doubts[0].pk not in said  # skipped
    assert [(said[one.pk].action, said[one.pk].templates) for one in doubts[1:9]] == [
        ("accept", []), ("correct", []), ("reject", ["wrong_car", "not_for_sale"]), ("unsure", []),
        ("reject", ["no_car"]), ("correct", []), ("changes", []), ("accept", []),
    ]  # fmt: skip
    assert str(said[doubts[6].pk].car_model) == "V70"
    assert (said[doubts[17].pk].action, str(said[doubts[17].pk].car_model)) == ("correct", "Fabia")
    assert all(0.2 < one.seconds < 60 for one in said.values())
    p95 = times[round(0.95 * (len(times) - 1))]
    with capsys.disabled():
        print(f"\nkey → next car painted: p50 {statistics.median(times):.0f} ms, p95 {p95:.0f} ms ({len(times)} cars)")


def test_a_key_pressed_twice_decides_one_listing_and_another_one_waits_until_the_car_can_be_seen(page, waiting):
    first, second, third = (waiting("Octavia", said=verdict(("Skoda", "Octavia", 0.1 + n / 10))) for n in range(3))
    page.goto("/moderate/")
    page.wait_for_timeout(SEEN)
    page.evaluate(
        """() => {
          for (const key of ["a", "a", "u"]) {
            const pressed = { key, code: "", bubbles: true, cancelable: true };
            document.body.dispatchEvent(new KeyboardEvent("keydown", pressed));
          }
        }"""
    )
    page.wait_for_function("(code) => document.getElementById('desk').dataset.code === code", arg=third.code)
    expect(page.locator("#desk-says")).to_contain_text(second.code)
    assert {one.listing_code: one.action for one in Decision.objects.all()} == {
        first.code: "accept", second.code: "unsure"
    }  # fmt: skip


def test_what_contradicts_has_two_equal_buttons_and_no_default(page, waiting, cars):
    said = verdict(("Volvo", "V70", 0.97), ("Skoda", "Octavia", 0.01))
    listing = waiting("Octavia", said=said, contradicts=ANOTHER_CAR)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"/moderate/{listing.code}/")
    page.wait_for_timeout(SEEN)
    page.keyboard.press("Enter")
    expect(page.locator("#desk-says")).to_contain_text("Enter does nothing")
    two = page.locator(".mod-say button")
    assert two.count() == 2
    boxes = (two.nth(0).bounding_box(), two.nth(1).bounding_box())
    assert len({(round(one["width"]), round(one["height"])) for one in boxes}) == 1
    for width, height in ((1280, 800), (820, 1180), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        for one in page.locator(".mod-actions [data-key], .mod-say button").all():
            box = one.bounding_box()
            assert box["y"] >= 0 and box["y"] + box["height"] <= height, (width, one.inner_text())
            assert box["x"] >= 0 and box["x"] + box["width"] <= width, (width, one.inner_text())
    assert not Decision.objects.exists()
    page.keyboard.press("1")
    page.wait_for_url("**/moderate/")
    assert str(Decision.objects.get().car_model) == "V70"


def test_late_decisions_say_so_while_the_next_car_is_on_the_screen(page, waiting, bob):
    first, second = (waiting("Octavia", said=verdict(("Skoda", "Octavia", 0.1 + n / 10))) for n in range(2))
    page.goto("/moderate/")
    page.wait_for_timeout(SEEN)
    Claim.objects.filter(listing=first).delete()
    decision_make(listing=first, moderator=UserFactory(moderator=True, display_name="Dora"), action="accept")
    next_car(page, "a")
    assert shown(page) == second.code
    expect(page.get_by_role("alert")).to_contain_text("Too late: Dora approved this listing")


def test_enter_takes_the_answer_to_what_is_typed_not_the_one_before(page, waiting, cars):
    listing = waiting("Octavia")
    page.goto(f"/moderate/{listing.code}/")
    page.wait_for_timeout(SEEN)
    page.keyboard.press("/")
    page.keyboard.type("fabia")
    expect(page.locator("#mod-found button").first).to_have_text("Škoda Fabia")
    page.keyboard.press("Control+a")
    page.keyboard.type("v70")
    page.keyboard.press("Enter")  # the Fabia still stands there
    page.wait_for_url("**/moderate/")
    assert str(Decision.objects.get().car_model) == "V70"


def test_enter_does_nothing_when_what_is_typed_goes_on(page, waiting, cars):
    listing = waiting("Octavia")
    page.goto(f"/moderate/{listing.code}/")
    page.wait_for_timeout(SEEN)
    early = []

    def hold(route):
        early.append(route)  # its answer comes when the rest is typed

    page.route(lambda url: url.endswith("q=fab"), hold)
    page.keyboard.press("/")
    page.keyboard.type("fab")
    page.keyboard.press("Enter")
    page.keyboard.type("ia")
    for route in early:
        route.continue_()
    expect(page.locator("#mod-found button").first).to_have_text("Škoda Fabia")
    page.wait_for_timeout(SEEN)
    assert not Decision.objects.exists()


def test_a_moderator_looks_at_the_heat_map_and_decides_after_it(page, waiting, cars):
    version = ModelVersionFactory(champion=True)
    listing = waiting("Octavia", said=verdict(("Skoda", "Octavia", 0.5)))
    page.goto(f"/moderate/{listing.code}/")
    page.wait_for_timeout(SEEN)
    page.keyboard.press("h")
    expect(page.get_by_text("Looking at it part by part")).to_be_visible()
    heatmap_finish(heatmap=heatmap_claim(), png=jpeg(), box=(0, 0, 100, 100), car="Škoda Octavia", by=version)
    over = page.locator(".mod-heat-over")
    expect(over).to_be_visible()
    expect(page.get_by_text("Warmer parts spoke most for Škoda Octavia.")).to_be_visible()
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert over.bounding_box() == page.locator(".mod-photo-first .mod-frame svg").bounding_box()
    page.keyboard.press("h")
    expect(over).to_be_hidden()
    page.keyboard.press("a")
    page.wait_for_url("**/moderate/")
    assert Decision.objects.get().action == "accept"


def test_doubtful_labels_are_decided_with_the_keys_alone(page, cars):
    for number in range(6):
        label_ask(doubt=DoubtFactory(sha256=str(number), score=number / 10), picture=jpeg)
    page.goto("/moderate/labels/")

    def after(*keys):
        before = page.url
        page.wait_for_timeout(SEEN)
        for key in keys:
            page.keyboard.press(key)
        page.wait_for_url(lambda url: url != before)
        expect(page.locator("[data-moderate], .mod.empty")).to_be_visible()

    after("a")
    after("1")
    after("x")
    after("n")
    after("s")
    page.wait_for_timeout(SEEN)
    page.keyboard.press("/")
    page.keyboard.type("fabia")
    expect(page.locator("#mod-found button").first).to_have_text("Škoda Fabia")
    after("Enter")
    rows = LabelReview.objects.order_by("sha256").values_list("status", "right_model")
    assert list(rows) == [
        ("kept", ""),
        ("corrected", "V70"),
        ("discarded", ""),
        ("no_car", ""),
        ("open", ""),
        ("corrected", "Fabia"),
    ]


SHIFT = 8  # as the browser's protocol counts modifiers

# What a key says, its place on the keyboard (the name of what a US layout has there), modifiers,
# what it presses.
UNDER_OTHER_LAYOUTS = (
    ("a", "KeyA", 0, "a"), ("A", "KeyA", SHIFT, "a"),
    ("ф", "KeyA", 0, "a"), ("і", "KeyS", 0, "s"), ("к", "KeyR", 0, "r"), ("ы", "KeyS", 0, "s"), ("р", "KeyH", 0, "h"),
    ("α", "KeyA", 0, "a"), ("σ", "KeyS", 0, "s"), ("ش", "KeyA", 0, "a"), ("ק", "KeyE", 0, ""), ("ㅁ", "KeyA", 0, "a"),
    ("Process", "KeyA", 0, "a"),  # an input method is on
    ("a", "KeyQ", 0, "a"), ("q", "KeyA", 0, ""),  # AZERTY
    ("&", "Digit1", 0, "1"), ("é", "Digit2", 0, "2"), ("1", "Digit1", SHIFT, "1"),
    ("ě", "Digit2", 0, "2"), ("Dead", "Digit2", 0, "2"), ("١", "Digit1", 0, "1"), ("۲", "Digit2", 0, "2"),
    ("1", "Numpad1", 0, "1"), ("End", "Numpad1", 0, ""), ("!", "Digit1", SHIFT, ""),
    ("o", "KeyS", 0, ""), ("s", "Semicolon", 0, "s"),  # Dvorak
    ("ı", "KeyR", 0, ""),  # Turkish F has its R elsewhere
    ("/", "Slash", 0, "/"), (".", "Slash", 0, "/"), ("ظ", "Slash", 0, "/"), ("/", "Period", SHIFT, "/"),
)  # fmt: skip


def press(page, key, code, modifiers):
    """Press one key as a keyboard with that layout does; what it presses on the page, which goes no
    further."""
    page.evaluate("""() => { window.pressed = ""; document.activeElement.blur(); }""")
    page.evaluate("() => document.dispatchEvent(new PointerEvent('pointerdown'))")  # else: the same key twice
    protocol = page.context.new_cdp_session(page)
    for type_ in ("keyDown", "keyUp"):
        protocol.send("Input.dispatchKeyEvent", {"type": type_, "key": key, "code": code, "modifiers": modifiers})
    protocol.detach()
    return page.evaluate("() => document.activeElement.matches('[data-search]') ? '/' : window.pressed")


def catch_presses(page):
    page.wait_for_timeout(SEEN)
    page.evaluate(
        """() => document.addEventListener("click", (event) => {
          window.pressed += event.target.closest("[data-key]")?.dataset.key ?? "?";
          event.preventDefault();
          event.stopImmediatePropagation();
        }, true)"""
    )


def test_the_keys_are_the_same_under_every_layout(page, waiting):
    listing = waiting("Octavia", said=verdict(("Skoda", "Octavia", 0.5), ("Skoda", "Fabia", 0.3)))
    page.goto(f"/moderate/{listing.code}/")
    catch_presses(page)
    wrong = {row: said for row in UNDER_OTHER_LAYOUTS if (said := press(page, *row[:3])) != row[3]}
    assert wrong == {}
    label_ask(doubt=DoubtFactory(), picture=jpeg)
    page.goto("/moderate/labels/")
    catch_presses(page)
    assert [press(page, key, "KeyX", 0) for key in ("x", "ч", "χ", "ء")] == ["x"] * 4


def test_enter_that_ends_a_composition_decides_nothing(page, waiting, cars):
    listing = waiting("Octavia")
    page.goto(f"/moderate/{listing.code}/")
    page.wait_for_timeout(SEEN)
    page.keyboard.press("/")
    page.keyboard.type("v70")
    expect(page.locator("#mod-found button").first).to_have_text("Volvo V70")
    catch_presses(page)
    left_alone = page.locator("[data-search]").evaluate(
        """(search) => search.dispatchEvent(
          new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true, cancelable: true })
        )"""
    )
    assert left_alone
    assert page.evaluate("() => window.pressed ?? ''") == ""


def test_the_figures_fit_a_telephone(page, waiting):
    waiting("Octavia", said=verdict(("Skoda", "Octavia", 0.5)))
    page.goto("/moderate/")
    page.wait_for_timeout(SEEN)
    page.keyboard.press("a")
    page.wait_for_url("**/moderate/")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/moderate/figures/")
    expect(page.get_by_role("table")).to_be_attached()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
