"""Attacks the uploads of a site of its own, and measures what a seller notices.

    make attack            all of it, about two minutes
    make attack SECONDS=5  as short as that for each part

A seller uploads one photo after the other: first alone, then while ten 58 kB JPEGs of 3,000 scans
come at once again and again, then while twenty addresses send the costliest pictures that are
within the limits. Two web processes serve, as in docker-compose.yml; no worker runs, so the figures
are the web's alone. Ends with 1 if the seller's p95 under attack is more than twice the quiet one.
"""

import argparse
import contextlib
import http.client
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]
from decoder_budget import encode, photo_like, with_scans

HOST = "127.0.0.1"
ADDRESSES = 20
MOST = 2.0  # times the quiet p95
BOUNDARY = "attack-boundary"
# Makes a seller with a draft; prints its code and a session's key.
SELLER = """
from django.contrib.auth import SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from marketplace.accounts.models import User
from marketplace.listings.services import listing_create
user = User.objects.create_user(email="seller@example.com", password=None)
session = SessionStore()
session[SESSION_KEY] = str(user.pk)
session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.save()
print(" ".join(listing_create(seller=user).code for _ in range(9)), session.session_key)
"""


@dataclass
class Site:
    """A site of two web processes, and a seller who is signed in."""

    port: int
    codes: Sequence[str]
    session: str

    def post(self, path: str, photo: bytes, *, name: str, address: str, signed_in: bool = False) -> tuple[int, str]:
        """Status, and how many seconds to wait if the answer says so."""
        token = "t" * 32
        cookies = f"csrftoken={token}" + (f"; sessionid={self.session}" if signed_in else "")
        part = f'Content-Disposition: form-data; name="photo"; filename="{name}"\r\nContent-Type: image/jpeg\r\n\r\n'
        body = f"--{BOUNDARY}\r\n{part}".encode() + photo + f"\r\n--{BOUNDARY}--\r\n".encode()
        headers = {
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            "Accept": "application/json",
            "Cookie": cookies,
            "X-CSRFToken": token,
            "X-Forwarded-For": address,
        }
        connection = http.client.HTTPConnection(HOST, self.port, timeout=90)
        try:
            # Whoever is over the limit is answered before the whole body was sent.
            with contextlib.suppress(BrokenPipeError):
                connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.headers.get("Retry-After", "")
        finally:
            connection.close()


@dataclass
class Seller:
    """Uploads one photo after the other and notes how long each took."""

    site: Site
    photo: bytes
    sent: int = 0
    failed: Counter[int] = field(default_factory=Counter)

    def upload_for(self, seconds: float) -> list[float]:
        """Seconds that each upload took."""
        took, until = [], time.monotonic() + seconds
        while time.monotonic() < until or len(took) < 5:
            self.sent += 1
            code = self.site.codes[self.sent // 25 % len(self.site.codes)]
            # Bytes behind its end make it another upload, and cost nothing.
            photo = self.photo + str(self.sent).encode()
            began = time.monotonic()
            status, _ = self.site.post(f"/sell/{code}/photos/", photo, name="a.jpg", address="10.9.9.9", signed_in=True)
            took.append(time.monotonic() - began)
            if status != http.client.CREATED:
                self.failed[status] += 1
            time.sleep(0.2)
        return took


class Attack:
    """Threads that each send their pictures again and again, from an address of their own."""

    def __init__(self, site: Site, pictures: Sequence[tuple[str, bytes]], *, paths: Sequence[str], many: int) -> None:
        self.answers: Counter[int] = Counter()
        self.untold = 0
        self._site, self._pictures, self._paths = site, pictures, paths
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(many)]

    def __enter__(self) -> "Attack":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _send(self, number: int) -> None:
        count = number
        while not self._over.is_set():
            name, photo = self._pictures[count % len(self._pictures)]
            path = self._paths[count % len(self._paths)]
            try:
                status, wait = self._site.post(path, photo, name=name, address=f"10.0.0.{number + 1}")
            except (OSError, http.client.HTTPException):  # cut off: the site owes an attacker nothing
                status, wait = 0, ""
            self.answers[status] += 1
            self.untold += status in (429, 503) and not wait
            count += 1
            self._over.wait(0.05)


def site_start(folder: Path) -> tuple[subprocess.Popen[bytes], Site]:
    """Raises CalledProcessError if it cannot be set up, SystemExit if it does not answer."""
    with socket.socket() as trial:
        trial.bind((HOST, 0))
        port = trial.getsockname()[1]
    environment = {
        **os.environ,
        "VAR_DIR": str(folder / "var"), "DEBUG": "0", "SECRET_KEY": "a" * 50, "ALLOWED_HOSTS": HOST, "PROXIES": "1",
        "BIND": f"{HOST}:{port}", "WEB_CONCURRENCY": "2", "COOKIES_SECURE": "0", "STATIC_COLLECTED": "0",
        "LOG_LEVEL": "CRITICAL", "SELLER_PHOTOS_PER_HOUR": "100000",
    }  # fmt: skip
    run = [sys.executable, "manage.py"]
    subprocess.run([*run, "migrate", "--verbosity=0"], cwd=ROOT, env=environment, check=True)
    made = subprocess.run(
        [*run, "shell", "--verbosity=0", "-c", SELLER], cwd=ROOT, env=environment, check=True, capture_output=True
    )
    *codes, session = made.stdout.decode().split()[-10:]
    command = [sys.executable, "-m", "gunicorn", "-c", "python:marketplace.operations.gunicorn", "marketplace.wsgi"]
    web = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    for _ in range(300):
        with socket.socket() as trial:
            if trial.connect_ex((HOST, port)) == 0:
                return web, Site(port, codes, session)
        time.sleep(0.2)
    web.terminate()
    raise SystemExit("The site did not start.")


def costly() -> list[tuple[str, bytes]]:
    """The most work that is taken: close to every limit, and in few bytes."""
    makers: Sequence[tuple[str, Callable[[], bytes]]] = (
        ("a.png", lambda: encode(Image.new("RGB", (7000, 6800)), "PNG", compress_level=9)),
        ("b.webp", lambda: encode(photo_like(4900, 3900), "WEBP", method=0)),
        ("c.jpg", lambda: with_scans(encode(photo_like(4032, 3024), "JPEG", progressive=True), 80)),
    )
    return [(name, make()) for name, make in makers]


def said(words: str, took: Sequence[float], attack: Attack | None = None) -> float:
    """Print a line; the p95."""
    p95 = statistics.quantiles(took, n=20)[-1] if len(took) > 1 else took[0]
    answers = f"; attackers were answered {dict(sorted(attack.answers.items()))}" if attack else ""
    print(
        f"{words:28} {len(took):4} uploads: p50 {statistics.median(took):.3f} s, p95 {p95:.3f} s{answers}", flush=True
    )
    return p95


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="of the attack from many addresses")
    seconds = parser.parse_args().seconds
    bomb = with_scans(encode(Image.new("RGB", (1500, 1500)), "JPEG", progressive=True), 3000)
    pictures = costly()
    folder = Path(tempfile.mkdtemp(prefix="fc-"))
    web, site = site_start(folder)
    try:
        seller = Seller(site, encode(photo_like(4032, 3024), "JPEG", quality=88))
        seller.upload_for(2)  # warm
        quiet = said("quiet", seller.upload_for(seconds / 2))
        limit = MOST * quiet
        anonymous = ("/identify/", "/api/v1/recognise")
        with Attack(site, [("a.jpg", bomb)], paths=anonymous[:1], many=10) as first:
            one = said(f"ten bombs of {len(bomb) // 1000} kB at once", seller.upload_for(seconds / 2), first)
        with Attack(site, [("a.jpg", bomb), *pictures], paths=anonymous, many=ADDRESSES) as second:
            many = said(f"{ADDRESSES} addresses, all costly", seller.upload_for(seconds), second)
        untold = first.untold + second.untold
    finally:
        web.terminate()
        web.wait(30)
        shutil.rmtree(folder, ignore_errors=True)
    wrong = [
        *([f"the seller was answered {dict(seller.failed)}"] if seller.failed else []),
        *([f"{untold} refusals did not say when to come back"] if untold else []),
        *([f"p95 above {limit:.3f} s, twice the quiet one"] if max(one, many) > limit else []),
    ]
    print("; ".join(wrong) or f"held: p95 stayed below {limit:.3f} s, twice the quiet one")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
