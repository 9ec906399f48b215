"""The reasons that were in the code become templates, with the keys that they had."""

from django.conf import settings
from django.db import migrations

SHIPPED = (
    ("wrong_car", "The photos do not show the car that is offered."),
    ("no_usable_photo", "There is no usable photo of the whole car from outside."),
    ("copied", "Photos are copied from elsewhere or carry advertising."),
    ("implausible", "Price, year or mileage cannot be right."),
    ("not_for_sale", "This is not a car for sale."),
    ("no_car", "There is no car on the photos."),
)


def write(apps, schema_editor):
    template = apps.get_model("moderation", "RejectTemplate")
    text = apps.get_model("moderation", "RejectTemplateText")
    for position, (code, words) in enumerate(SHIPPED, start=1):
        row, _ = template.objects.get_or_create(
            code=code, defaults={"position": position * 10, "no_car": code == "no_car"}
        )
        text.objects.get_or_create(template=row, language=settings.LANGUAGE_CODE, defaults={"text": words})


class Migration(migrations.Migration):
    dependencies = [("moderation", "0006_desk")]
    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
