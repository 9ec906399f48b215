"""The words of every listing, and the full-text index over them: GIN, or FTS5 on SQLite."""

import django.db.models.deletion
from django.db import migrations, models

from marketplace.listings.search.text import words_stored

ROWS = 2_000
POSTGRES = """
    CREATE INDEX listing_text_lexemes ON listings_listingtext
    USING gin (array_to_tsvector(string_to_array(words, ' '))) WITH (fastupdate = off)
"""
# The table of words is SQLite's content: FTS5 keeps no second copy of it. Triggers, so that no way
# of writing leaves the two apart; they hang on the table of words, which no other migration remakes.
SQLITE = (
    """
    CREATE VIRTUAL TABLE listings_listingtext_fts USING fts5 (
        words, content='listings_listingtext', content_rowid='listing_id', detail='none', columnsize=0,
        tokenize='unicode61 remove_diacritics 0'
    )
    """,
    """
    CREATE TRIGGER listings_listingtext_insert AFTER INSERT ON listings_listingtext BEGIN
        INSERT INTO listings_listingtext_fts (rowid, words) VALUES (new.listing_id, new.words);
    END
    """,
    """
    CREATE TRIGGER listings_listingtext_delete AFTER DELETE ON listings_listingtext BEGIN
        INSERT INTO listings_listingtext_fts (listings_listingtext_fts, rowid, words)
        VALUES ('delete', old.listing_id, old.words);
    END
    """,
    """
    CREATE TRIGGER listings_listingtext_update AFTER UPDATE OF words ON listings_listingtext
    WHEN old.words <> new.words BEGIN
        INSERT INTO listings_listingtext_fts (listings_listingtext_fts, rowid, words)
        VALUES ('delete', old.listing_id, old.words);
        INSERT INTO listings_listingtext_fts (rowid, words) VALUES (new.listing_id, new.words);
    END
    """,
)


def index(_apps, schema_editor):
    for statement in (POSTGRES,) if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def unindex(_apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":  # the triggers go with their table
        schema_editor.execute("DROP TABLE listings_listingtext_fts")


def fill(apps, _schema_editor):
    text = apps.get_model("listings", "ListingText")
    listings = apps.get_model("listings", "Listing")._base_manager.select_related("make", "car_model").order_by("pk")
    last = 0
    while rows := list(listings.filter(pk__gt=last)[:ROWS]):
        text.objects.bulk_create([text(listing_id=row.pk, words=words_stored(_parts(row))) for row in rows])
        last = rows[-1].pk


def _parts(row):
    """As Listing.search_parts."""
    named = [row.make.name if row.make else row.other_make, row.car_model.name if row.car_model else row.other_model]
    keys = [row.other_make_key, row.other_model_key, row.place_key]
    return [*named, str(row.year or ""), row.place, row.postcode, *keys, row.description]


class Migration(migrations.Migration):

    dependencies = [
        ("listings", "0012_prices_in_euros"),
    ]

    operations = [
        migrations.CreateModel(
            name="ListingText",
            fields=[
                ("listing", models.OneToOneField(db_index=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="text", serialize=False, to="listings.listing")),
                ("words", models.TextField()),
            ],
        ),
        migrations.RunPython(index, unindex),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
