"""A listing as schema.org describes a car on offer, for search engines and link previews."""

import json
from typing import Any

from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe

from marketplace.listings.models import Listing

# The words that schema.org, or Google's guide to it, has for ours; others are left out.
_DRIVES = {
    "front": "https://schema.org/FrontWheelDriveConfiguration",
    "rear": "https://schema.org/RearWheelDriveConfiguration",
    "all": "https://schema.org/AllWheelDriveConfiguration",
}
_AVAILABLE = {
    Listing.Status.LIVE: "https://schema.org/InStock",
    Listing.Status.RESERVED: "https://schema.org/LimitedAvailability",
    Listing.Status.SOLD: "https://schema.org/SoldOut",
}
# Inside <script> a text must not end it, whatever a seller wrote; as django.utils.html.json_script.
_ESCAPED = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


def car_data(listing: Listing, *, address: str, pictures: list[str]) -> dict[str, Any]:
    """The car and its offer. address, pictures: absolute URLs."""
    offer = {
        "@type": "Offer",
        "price": None if listing.price is None else str(listing.price),
        "priceCurrency": listing.currency,
        "availability": _AVAILABLE.get(Listing.Status(listing.status)),
        "url": address,
    }
    car = {
        "@context": "https://schema.org",
        "@type": "Car",
        "name": listing.title,
        "url": address,
        "image": pictures,
        "description": listing.description,
        "brand": {"@type": "Brand", "name": listing.make_name} if listing.make_name else None,
        "model": listing.model_name,
        "vehicleModelDate": str(listing.year) if listing.year else None,
        "bodyType": listing.get_body_display(),
        "color": listing.get_colour_display(),
        "fuelType": listing.get_fuel_display(),
        "vehicleTransmission": listing.get_gearbox_display(),
        "driveWheelConfiguration": _DRIVES.get(listing.drive),
        "numberOfDoors": listing.doors,
        "vehicleSeatingCapacity": listing.seats,
        "itemCondition": "https://schema.org/UsedCondition",
        "mileageFromOdometer": None
        if listing.mileage_km is None
        else {"@type": "QuantitativeValue", "value": listing.mileage_km, "unitCode": "KMT"},
        "offers": _known(offer),
    }
    return _known(car)


def as_script(data: dict[str, Any]) -> SafeString:
    """The data as the text of a script element."""
    return mark_safe(json.dumps(data, ensure_ascii=False).translate(_ESCAPED))  # noqa: S308  # escaped above


def _known(data: dict[str, Any]) -> dict[str, Any]:
    """Without what is not known: an empty property says less than none."""
    plain = {name: str(value) if isinstance(value, Promise) else value for name, value in data.items()}
    return {name: value for name, value in plain.items() if value not in (None, "", [])}
