"""Exchange rates: what one euro costs in each currency, from which day on."""

from decimal import Decimal
from typing import Any, overload

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Round
from django.utils import timezone

from marketplace.listings.limits import RATE, not_in_the_future

CENT = Decimal("0.01")


class ExchangeRate(models.Model):
    """What one euro costs in a currency, from a day on; the newest counts."""

    currency = models.CharField(max_length=3, help_text="Its three letters, such as PLN.")
    per_euro = models.DecimalField("for one euro", max_digits=14, decimal_places=6, validators=RATE)
    since = models.DateField(default=timezone.localdate, validators=[not_in_the_future])

    class Meta:
        app_label = "listings"
        ordering = ("currency", "-since")
        constraints = (
            models.UniqueConstraint(fields=["currency", "since"], name="listing_one_rate_a_day"),
            models.CheckConstraint(condition=Q(per_euro__gt=0), name="listing_rate_above_zero"),
        )

    def __str__(self) -> str:
        return f"1 EUR = {self.per_euro.normalize():f} {self.currency}"


def rates_now() -> dict[str, Decimal]:
    """What one euro costs in each currency of which a rate is known."""
    return dict(ExchangeRate.objects.order_by("since").values_list("currency", "per_euro"))


@overload
def euros(price: Decimal, rate: Decimal) -> Decimal: ...
@overload
def euros(price: F, rate: Decimal) -> Round: ...
def euros(price: Any, rate: Decimal) -> Any:
    """The price in euros and cents; of a column, the expression for it."""
    return Round(price / rate, 2) if isinstance(price, F) else (price / rate).quantize(CENT)
