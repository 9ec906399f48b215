"""Adds search keys to existing listings; ``Listing.save`` sets them from now on."""

from django.db import migrations

from marketplace.listings.models import SEARCH_KEYS, search_key

AT_ONCE = 500


def fill(apps, schema_editor):
    # A historical model: its save and bulk_update do not set the keys.
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
