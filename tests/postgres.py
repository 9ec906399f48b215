"""A PostgreSQL database of its own for a test that starts processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg2


@contextmanager
def new_database(server_url: str, purpose: str) -> Iterator[str]:
    """The address of a new database on this server, dropped afterwards whoever still uses it.

    Raises psycopg2.OperationalError when the server cannot be reached.
    """
    server = psycopg2.connect(urlunsplit(urlsplit(server_url)._replace(path="/postgres")), connect_timeout=5)
    server.autocommit = True  # databases are not made within a transaction
    name = f"forecourt_{purpose}_{uuid4().hex[:8]}"
    try:
        with server.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
            try:
                yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
            finally:
                cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        server.close()
