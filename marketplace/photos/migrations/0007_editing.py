import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("listings", "0008_seller_mail"),
        ("photos", "0006_colour_and_cars"),
    ]

    operations = [
        migrations.AddField(
            model_name="photo",
            name="chosen_cover",
            field=models.BooleanField(default=False, help_text="The seller made it the first photo."),
        ),
        migrations.AddField(
            model_name="photo",
            name="removed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="photo",
            name="removed_from",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="removed_photos",
                to="listings.listing",
            ),
        ),
        migrations.AddConstraint(
            model_name="photo",
            constraint=models.CheckConstraint(
                condition=models.Q(("removed_at__isnull", True), ("removed_from__isnull", True))
                | models.Q(
                    ("listing__isnull", True), ("removed_at__isnull", False), ("removed_from__isnull", False)
                ),
                name="photo_removed_or_in_listing",
            ),
        ),
    ]
