"""A page's styles and scripts fit a telephone on a slow line."""

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from tests.security.rows import PUBLIC, ROWS
from tests.security.world import path_of

LIMIT = 60_000
"""Bytes of styles and scripts of a page, compressed."""
LINKED = re.compile(r'<(?:link[^>]*rel="(?:stylesheet|modulepreload)"[^>]*href|script[^>]*src)="/static/([^"?]+)')
FOR_PROGRAMMERS = {"api:docs"}


def weight(text: str) -> dict[str, int]:
    """Compressed bytes by file."""
    return {
        name: len(gzip.compress(Path(finders.find(name)).read_bytes(), compresslevel=6))
        for name in sorted(set(LINKED.findall(text)))
    }


@pytest.mark.database
def test_styles_and_scripts_of_every_public_page_stay_small(world):
    heavy, read = {}, 0
    for row in ROWS:
        if row.method != "GET" or row.letters != PUBLIC.replace(" ", "") or row.name in FOR_PROGRAMMERS:
            continue
        answer = Client().get(path_of(row, world))
        if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"):
            files = weight(answer.content.decode())
            read += bool(files)
            print(f"{row.name}: {sum(files.values())} bytes in {len(files)} files")
            if sum(files.values()) > LIMIT:
                heavy[row.name] = files
    assert heavy == {}
    assert read >= 5
