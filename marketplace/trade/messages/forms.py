"""What buyers and sellers write to each other."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.listings.details.number_fields import PriceField
from marketplace.text_fields import ParagraphsFormField


class MessageForm(forms.Form):
    """One message."""

    text = ParagraphsFormField(
        max_length=4000,
        label=_("Your message"),
        error_messages={"required": _("Write something first.")},
        widget=forms.Textarea(attrs={"rows": 3, "class": "area-small"}),
    )


class OfferForm(forms.Form):
    """A sum, in the listing's currency."""

    price = PriceField(label=_("Your offer"), max_digits=12, decimal_places=2)

    def __init__(self, data: Any = None, *, currency: str, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)
        field = cast(PriceField, self.fields["price"])
        field.currency = currency
        field.widget.attrs.update(inputmode="decimal", autocomplete="off")

    def clean_price(self) -> Any:
        price = self.cleaned_data["price"]
        if price is not None and price <= 0:
            raise forms.ValidationError(_("Offer more than nothing."))
        return price


class ContactForm(OfferForm):
    """The first message to a seller; an offer may go with it, or stand alone."""

    text = ParagraphsFormField(
        max_length=4000, required=False, label=_("Your message"), widget=forms.Textarea(attrs={"rows": 4})
    )

    def __init__(self, data: Any = None, *, currency: str, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, currency=currency, initial=initial)
        self.fields["price"].required = False
        self.order_fields(["text", "price"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.errors and not data.get("text") and data.get("price") is None:
            self.add_error("text", _("Write something first."))
        return data
