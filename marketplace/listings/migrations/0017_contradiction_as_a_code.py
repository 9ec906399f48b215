"""What photos and sellers disagree about becomes a code with names: pages make the sentence."""

import re

from django.db import migrations, models

TWO_CARS = re.compile(r"One of the photos looks like another car: (?P<other>.*?)\.?")
OTHER_CAR = re.compile(r"The photos look like (?P<seen>.*?)(?:, not (?P<said>.*?))?\.?")


def as_code(words):
    """The code of a sentence, which may have been cut off after 200 characters."""
    if found := TWO_CARS.fullmatch(words):
        return {"code": "two_cars", "other": found["other"]}
    found = OTHER_CAR.fullmatch(words)
    seen = re.split(r", | or ", found["seen"]) if found else [words]
    return {"code": "other_car", "seen": seen, "said": (found and found["said"]) or "…"}


def forwards(apps, schema_editor):
    listing = apps.get_model("listings", "Listing")
    for row in listing.objects.exclude(contradiction="").only("contradiction").iterator():
        listing.objects.filter(pk=row.pk).update(contradicts=as_code(row.contradiction))


def backwards(apps, schema_editor):
    listing = apps.get_model("listings", "Listing")
    for row in listing.objects.filter(contradicts__isnull=False).only("contradicts").iterator():
        stored = row.contradicts
        if stored["code"] == "two_cars":
            words = f"One of the photos looks like another car: {stored['other']}."
        else:
            words = f"The photos look like {' or '.join(stored['seen'])}, not {stored['said']}."
        listing.objects.filter(pk=row.pk).update(contradiction=words[:200])


class Migration(migrations.Migration):
    dependencies = [("listings", "0016_taken_down")]
    operations = [
        migrations.AddField(
            model_name="listing",
            name="contradicts",
            field=models.JSONField(
                blank=True,
                null=True,
                help_text="What the photos show instead of what the seller says: see contradictions.py.",
            ),
        ),
        migrations.RunPython(forwards, backwards),
        migrations.RemoveField(model_name="listing", name="contradiction"),
    ]
