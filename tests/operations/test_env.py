"""What is made of the environment."""

from pathlib import Path

from marketplace import env


def test_what_a_database_url_asks_of_the_connection_is_not_dropped(monkeypatch):
    """Managed servers hand out addresses with it; going on without encryption instead would be nobody's wish."""
    url = "postgres://me:p%40ss@db.example:6543/cars?sslmode=require&connect_timeout=3"
    monkeypatch.setenv("DATABASE_URL", url)
    found = env.database("DATABASE_URL", default_sqlite=Path("x.sqlite3"))
    assert found["OPTIONS"] == {"sslmode": "require", "connect_timeout": "3"}
    assert [found[name] for name in ("HOST", "PORT", "NAME", "USER", "PASSWORD")] == [
        "db.example", 6543, "cars", "me", "p@ss"
    ]  # fmt: skip
