"""Gives existing listings the search keys that ``Listing.save`` makes from now on."""

from django.db import migrations

from marketplace.listings.models import SEARCH_KEYS, search_key

AT_ONCE = 500


def fill(apps, schema_editor):
    # The table as it is at this point of history: neither save nor bulk_update makes the keys here.
    listings = apps.get_model("listings", "Listing").objects.using(schema_editor.connection.alias)
    last = 0
    while rows := list(listings.filter(pk__gt=last).only(*SEARCH_KEYS).order_by("pk")[:AT_ONCE]):
        for row in rows:
            for text, key in SEARCH_KEYS.items():
                setattr(row, key, search_key(getattr(row, text)))
        listings.bulk_update(rows, list(SEARCH_KEYS.values()))
        last = rows[-1].pk


class Migration(migrations.Migration):

    dependencies = [
        ('listings', '0004_search_keys'),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
