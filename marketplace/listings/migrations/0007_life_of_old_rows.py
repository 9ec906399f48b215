"""Gives listings from before a term, and a history that begins with what is known of them."""

from datetime import timedelta

from django.db import migrations
from django.utils import timezone

AT_ONCE = 500
TERM = timedelta(days=60)
GRACE = timedelta(days=14)  # what is live longer than its term already: time for a reminder, and to renew


def begin(apps, schema_editor):
    alias = schema_editor.connection.alias
    listings = apps.get_model("listings", "Listing").objects.using(alias)
    changes = apps.get_model("listings", "StatusChange")
    prices = apps.get_model("listings", "PriceAsked")
    now = timezone.now()
    last = 0
    while rows := list(listings.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        for row in rows:
            if row.published_at is not None:
                row.expires_at = row.published_at + TERM
                if row.status == "live":
                    row.expires_at = max(row.expires_at, now + GRACE)
        listings.bulk_update(rows, ["expires_at"])
        changes.objects.using(alias).bulk_create(
            changes(listing=row, at=at, **known) for row in rows for at, known in history(row)
        )
        prices.objects.using(alias).bulk_create(
            prices(listing=row, price=row.price, currency=row.currency, since=row.published_at)
            for row in rows
            if row.published_at is not None and row.price is not None
        )
        last = rows[-1].pk


def history(row):
    """(moment, columns of a StatusChange) for each step that the row itself tells of."""
    seller = row.seller_id
    steps = [(row.created_at, {"step": "create", "after": "draft", "actor_id": seller})]
    if row.submitted_at is not None:
        submitted = {"step": "submit", "before": "draft", "after": "submitted", "actor_id": seller}
        steps.append((row.submitted_at, submitted))
    if row.published_at is not None:
        steps.append((row.published_at, {"step": "publish", "before": "submitted", "after": "live"}))
    steps.sort(key=lambda step: step[0])
    here = steps[-1][1]["after"]
    if row.status != here:
        # Such a row was changed last by the step that led to its status, as far as it tells.
        step, actor = {
            "draft": ("take_back", seller), "sold": ("sell", seller), "withdrawn": ("withdraw", seller),
            "rejected": ("reject", None), "live": ("publish", None), "submitted": ("submit", seller),
        }[row.status]  # fmt: skip
        words = row.reject_reason if row.status == "rejected" else ""
        known = {"step": step, "before": here, "after": row.status, "actor_id": actor, "words": words}
        steps.append((row.updated_at, known))
    return steps


class Migration(migrations.Migration):

    dependencies = [
        ('listings', '0006_life'),
    ]

    operations = [
        migrations.RunPython(begin, migrations.RunPython.noop),
    ]
