"""Whose upload it is, and how much work may be done for whom."""

import os
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Any

from django.conf import settings
from django.http import HttpRequest

CORES = max(2, os.cpu_count() or 2)
SIXTY_FOUR = 64


@dataclass(frozen=True)
class Lane:
    """Callers who wait for each other and for nobody else."""

    name: str
    turns: int
    """How many of their uploads are decoded at once on this machine, by all its processes."""
    nice: int
    """Of the process that decodes: sellers' go first where processors are short."""
    wait_s: float
    """After so long a wait the caller is told to come back."""
    threads: float
    """The share of a web process's threads that they may occupy."""

    @property
    def seconds_per_minute(self) -> int:
        """Processor seconds that one caller's uploads may take within a minute."""
        budget: int = getattr(settings, f"{self.name.upper()}_DECODE_SECONDS")
        return budget

    @property
    def most_here(self) -> int:
        """How many of them one web process keeps, waiting or being decoded."""
        return max(2, int(settings.WEB_THREADS * self.threads))


SELLERS = Lane("seller", turns=CORES, nice=0, wait_s=30, threads=0.5)
API = Lane("api", turns=CORES // 2, nice=10, wait_s=10, threads=0.2)
VISITORS = Lane("visitor", turns=CORES // 2, nice=10, wait_s=10, threads=0.2)
LANES = (SELLERS, API, VISITORS)


@dataclass(frozen=True)
class Caller:
    """Somebody who sends photos."""

    lane: Lane
    who: str
    """An account or an address; empty for a program of this site, which has no budget."""


SITE = Caller(SELLERS, "")
"""The site itself: the demo, and measuring photos anew."""


def seller(seller_id: int) -> Caller:
    """Whoever adds photos to an advertisement, by account."""
    return Caller(SELLERS, f"account-{seller_id}")


def visitor(request: HttpRequest) -> Caller:
    """Whoever asks at /identify/."""
    return Caller(VISITORS, _who(request))


def program(request: HttpRequest) -> Caller:
    """Whoever asks through the API."""
    return Caller(API, _who(request))


def address_of(request: HttpRequest) -> str:
    """The visitor's address, found as the API's limits find it (NUM_PROXIES)."""
    forwarded = request.headers.get("X-Forwarded-For", "").split(",") if settings.PROXIES else []
    # Each of our own proxies adds one address at the end; the visitor may have written the others.
    own = forwarded[-settings.PROXIES :]
    return (own[0].strip() if own else "") or str(request.META.get("REMOTE_ADDR", ""))


def network_of(address: str) -> str:
    """The address, or the network that one household has in its place: 64 bits of an IPv6 one."""
    try:
        found = ip_address(address)
    except ValueError:  # a Unix socket's, or nonsense of a proxy
        return address
    if not isinstance(found, IPv6Address):
        return address
    return str(found.ipv4_mapped) if found.ipv4_mapped else f"{int(found) >> SIXTY_FOUR:x}::"


def _who(request: HttpRequest) -> str:
    user: Any = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        return f"account-{user.pk}"
    return f"address-{network_of(address_of(request))}"
