"""A table of exchange rates with its starting values, and every price in euros."""

import tomllib
from decimal import Decimal
from pathlib import Path

import django.core.validators
import django.utils.timezone
from django.db import migrations, models
from django.db.models import F
from django.db.models.functions import Round

import marketplace.listings.limits

RATES_FILE = Path(__file__).parents[1] / "data" / "rates.toml"


def fill(apps, _schema_editor):
    rates = tomllib.loads(RATES_FILE.read_text(encoding="utf-8"))
    listing = apps.get_model("listings", "Listing")
    for currency, text in rates["per_euro"].items():
        rate = Decimal(text)
        apps.get_model("listings", "ExchangeRate").objects.get_or_create(
            currency=currency, since=rates["since"], defaults={"per_euro": rate}
        )
        listing._base_manager.filter(currency=currency).update(price_eur=Round(F("price") / rate, 2))


class Migration(migrations.Migration):

    dependencies = [
        ("listings", "0011_details"),
    ]

    operations = [
        migrations.AddField(
            model_name="listing",
            name="price_eur",
            field=models.DecimalField(blank=True, decimal_places=2, editable=False, max_digits=14, null=True),
        ),
        migrations.CreateModel(
            name="ExchangeRate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("currency", models.CharField(help_text="Its three letters, such as PLN.", max_length=3)),
                ("per_euro", models.DecimalField(decimal_places=6, max_digits=14, validators=[django.core.validators.MinValueValidator(Decimal("0.000001"), "A rate must be above zero.")], verbose_name="for one euro")),
                ("since", models.DateField(default=django.utils.timezone.localdate, validators=[marketplace.listings.limits.not_in_the_future])),
            ],
            options={
                "ordering": ("currency", "-since"),
                "constraints": [
                    models.UniqueConstraint(fields=("currency", "since"), name="listing_one_rate_a_day"),
                    models.CheckConstraint(condition=models.Q(("per_euro__gt", 0)), name="listing_rate_above_zero"),
                ],
            },
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
