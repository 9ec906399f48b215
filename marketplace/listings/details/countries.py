"""The countries in which cars can be offered, by their ISO 3166 code."""

from django.utils.translation import gettext_lazy as _

COUNTRIES = (
    ("AL", _("Albania")), ("AD", _("Andorra")), ("AR", _("Argentina")), ("AU", _("Australia")), ("AT", _("Austria")),
    ("BE", _("Belgium")), ("BA", _("Bosnia and Herzegovina")), ("BR", _("Brazil")), ("BG", _("Bulgaria")),
    ("CA", _("Canada")), ("CL", _("Chile")), ("HR", _("Croatia")), ("CY", _("Cyprus")), ("CZ", _("Czechia")),
    ("DK", _("Denmark")), ("EE", _("Estonia")), ("FI", _("Finland")), ("FR", _("France")), ("GE", _("Georgia")),
    ("DE", _("Germany")), ("GR", _("Greece")), ("HU", _("Hungary")), ("IS", _("Iceland")), ("IE", _("Ireland")),
    ("IT", _("Italy")), ("XK", _("Kosovo")), ("LV", _("Latvia")), ("LI", _("Liechtenstein")), ("LT", _("Lithuania")),
    ("LU", _("Luxembourg")), ("MT", _("Malta")), ("MX", _("Mexico")), ("MD", _("Moldova")), ("MC", _("Monaco")),
    ("ME", _("Montenegro")), ("NL", _("Netherlands")), ("NZ", _("New Zealand")), ("MK", _("North Macedonia")),
    ("NO", _("Norway")), ("PL", _("Poland")), ("PT", _("Portugal")), ("RO", _("Romania")), ("RS", _("Serbia")),
    ("SK", _("Slovakia")), ("SI", _("Slovenia")), ("ES", _("Spain")), ("SE", _("Sweden")), ("CH", _("Switzerland")),
    ("TR", _("Türkiye")), ("UA", _("Ukraine")), ("GB", _("United Kingdom")), ("US", _("United States")),
    ("UY", _("Uruguay")),
)  # fmt: skip
NAMES = dict(COUNTRIES)


def place_words(*, postcode: str, place: str, country: str) -> str:
    """``"602 00 Brno, Czechia"``, of the parts that are known."""
    town = " ".join(filter(None, (postcode, place)))
    return ", ".join(filter(None, (town, str(NAMES.get(country, "")))))
