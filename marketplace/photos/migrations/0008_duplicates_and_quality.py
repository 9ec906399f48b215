import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("photos", "0007_editing")]

    operations = [
        migrations.AddField(
            model_name="photo",
            name="blur",
            field=models.FloatField(blank=True, help_text="0 sharp … 1 blurred", null=True),
        ),
        migrations.AddField(
            model_name="photo",
            name="brightness",
            field=models.FloatField(blank=True, help_text="of its brightest twentieth, 0…255", null=True),
        ),
        migrations.AddField(
            model_name="photo",
            name="master_sha256",
            field=models.CharField(blank=True, db_index=True, default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="photo",
            name="phash_fine",
            field=models.CharField(
                blank=True, default="", help_text="empty: too plain to be told from others", max_length=64
            ),
            preserve_default=False,
        ),
        migrations.CreateModel(
            name="PhotoBand",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.PositiveIntegerField()),
                (
                    "photo",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="bands",
                        to="photos.photo",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("key", "photo"), name="photo_band_once"),
                    models.UniqueConstraint(fields=("photo", "key"), name="photo_band_of_photo"),
                ],
            },
        ),
    ]
