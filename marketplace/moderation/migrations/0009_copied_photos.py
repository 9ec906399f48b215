import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("listings", "0008_seller_mail"),
        ("moderation", "0008_decisions_keep_no_person"),
        ("photos", "0008_duplicates_and_quality"),
    ]

    operations = [
        migrations.CreateModel(
            name="CopyCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("submitted_at", models.DateTimeField(help_text="of the listing when it was compared")),
                (
                    "listing",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="copy_check", to="listings.listing"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CopiedPhoto",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("exact", models.BooleanField(help_text="The same file or the same pixels; else alike.")),
                (
                    "listing",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="copied_photos", to="listings.listing"
                    ),
                ),
                (
                    "other",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="photos.photo"),
                ),
                (
                    "photo",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="photos.photo"
                    ),
                ),
            ],
            options={"ordering": ("photo__position", "pk")},
        ),
    ]
