"""Measures how long a seller waits for the recognition of five 1,280×960 photos.

Starts its own site as `make run` does, signs in with a real browser, uploads, and watches the page.
The time runs from the last byte of the last upload until the page shows the first and the last
result. Usage: make measure-upload PHOTOS=folder [RUNS=5]
"""

import argparse
import io
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageOps
from playwright.sync_api import Page, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.browser.conftest import CHROMIUM, FLAGS, WholeSite, sign_in

SIZE = (1280, 960)
PHOTOS = 5
FIRST_WITHIN, ALL_WITHIN = 1.5, 4.0  # seconds
WATCH = """
window.lastByte = null; window.seen = [];
const send = XMLHttpRequest.prototype.send;
XMLHttpRequest.prototype.send = function (body) {
  if (body instanceof FormData) this.upload.addEventListener("load", () => { window.lastByte = performance.now(); });
  return send.call(this, body);
};
const look = () => {
  const settled = document.querySelectorAll(".tile__says:not(.tile__says--working)").length;
  while (window.seen.length < settled) window.seen.push(performance.now());
};
document.addEventListener("DOMContentLoaded", () =>
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true }));
"""


def photos_make(folder: Path) -> list[dict[str, object]]:
    """Five photos of the folder, cut to 1,280×960.

    The largest files are taken, which were photos of that size.
    """
    found = sorted(folder.rglob("*.jpg"), key=lambda path: (-path.stat().st_size, path.name))
    if len(found) < PHOTOS:
        raise SystemExit(f"{folder} holds {len(found)} JPEG photos, {PHOTOS} are needed.")
    made: list[dict[str, object]] = []
    for number, path in enumerate(found[:PHOTOS], start=1):
        buffer = io.BytesIO()
        with Image.open(path) as image:
            ImageOps.fit(image.convert("RGB"), SIZE).save(buffer, "JPEG", quality=90)
        made.append({"name": f"photo-{number}.jpg", "mimeType": "image/jpeg", "buffer": buffer.getvalue()})
    return made


def run(page: Page, photos: list[dict[str, object]]) -> tuple[float, float, float]:
    """Upload five photos to a new draft.

    Returns the seconds until the first and until all were recognised, and of the upload.
    """
    page.goto("/sell/")
    if page.url.rstrip("/").endswith("/sell"):
        page.locator("main form[method=post] button").first.click()
        page.wait_for_url("**/sell/*/")
    page.evaluate("window.lastByte = null; window.seen = [];")
    started = page.evaluate("performance.now()")
    page.locator("#id_photo").set_input_files(photos)  # type: ignore[arg-type]
    # Not wait_for_function: the page's security policy forbids it to evaluate its expression.
    settled = page.locator(".tile__says:not(.tile__says--working)")
    expect(settled).to_have_count(PHOTOS, timeout=120_000)
    last, seen = page.evaluate("[window.lastByte, window.seen]")
    return (seen[0] - last) / 1000, (seen[-1] - last) / 1000, (last - started) / 1000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    if CHROMIUM is None:
        raise SystemExit("No Chromium on this machine: install the package chromium.")
    folder = Path(tempfile.mkdtemp(prefix="fc-"))
    site = WholeSite(folder / "var")
    try:
        site.wait_until_it_serves(seconds=300)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            page = browser.new_context(base_url=site.url).new_page()
            page.add_init_script(WATCH)
            sign_in(page, *site.account("seller"))
            photos = photos_make(options.photos)
            runs = []
            for number in range(1, options.runs + 1):
                first, everything, upload = run(page, photos)
                runs.append((first, everything))
                print(f"run {number}: first {first:.2f} s, all {PHOTOS} {everything:.2f} s (upload {upload:.2f} s)")
            browser.close()
    finally:
        site.kill_everything()
        shutil.rmtree(folder, ignore_errors=True)
    first, everything = (statistics.median(values) for values in zip(*runs, strict=True))
    good = first <= FIRST_WITHIN and everything <= ALL_WITHIN
    print(
        f"median of {options.runs}: first {first:.2f} s (limit {FIRST_WITHIN}), all {everything:.2f} s "
        f"(limit {ALL_WITHIN}): {'within' if good else 'TOO SLOW'}"
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
