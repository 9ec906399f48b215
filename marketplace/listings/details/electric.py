"""Models of the catalogue that were sold with a battery as their only source of power, too.

Only of models that began before ``SINCE``: among newer ones it is no surprise. What is missing here
costs a seller one press, so the list need not be complete.
"""

from marketplace.catalogue.names import name_key

SINCE = 2015

_BY_MAKE = {
    "Abarth": "500, 600e",
    "Audi": "A6, R8, TT",
    "BMW": "1 Series, 3 Series, 5 Series, 7 Series, i3, X1, X2, X3",
    "BYD": "e6",
    "Chevrolet": "Blazer, Bolt, Equinox, S10, Spark",
    "Citroën": "AX, Berlingo, C-Zero, C3, C3 Aircross, C4, C5 Aircross, Jumper, Jumpy, Saxo, SpaceTourer",
    "DS": "3",
    "Fiat": "500, 600, Doblo, Ducato, Panda, Scudo, Seicento, Ulysse",
    "Ford": "Capri, Courier, Explorer, F-150, Focus, Puma, Ranger, Tourneo, Tourneo Connect, Tourneo Courier, "
    "Tourneo Custom, Transit, Transit Connect, Transit Courier, Transit Custom",
    "Honda": "Clarity, Fit, Jazz",
    "Hyundai": "i10, Ioniq, Kona, Inster",
    "Iveco": "Daily",
    "Jeep": "Compass, Wagoneer",
    "Kia": "Niro, Soul",
    "Lancia": "Ypsilon",
    "Maserati": "GranCabrio, GranTurismo",
    "Mazda": "Demio",
    "Mercedes-Benz": "A-Class, B-Class, C-Class, Citan, E-Class, EQV, G-Class, S-Class, SLS AMG, Sprinter, "
    "T-Class, V-Class, Viano, Vito",
    "MG": "4, 5, ZS",
    "MINI": "Cabrio, Clubman, Cooper, Countryman, Aceman",
    "Mitsubishi": "Colt, i-MiEV",
    "Nissan": "e-NV200, Juke, Leaf, Micra, NV200",
    "Opel": "Astra, Ampera, Ampera-e, Combo, Corsa, Frontera, Mokka, Movano, Vivaro, Zafira, Zafira Life",
    "Peugeot": "106, 208, 2008, 3008, 308, 408, 5008, Boxer, Expert, Ion, Partner, Rifter, Traveller",
    "Porsche": "Boxster, 718, Cayenne, Macan",
    "RAM": "1500, ProMaster",
    "Renault": "4, 5, Clio, Fluence, Kangoo, Master, Mégane, Scénic, Trafic, Twingo, Twizy, Zoé",
    "Rolls-Royce": "Phantom",
    "SEAT": "Mii",
    "Škoda": "Citigo",
    "smart": "forfour, fortwo, roadster, #1, #3",
    "Tesla": "Model 3, Model S, Model X, Model Y, Roadster, Cybertruck",
    "Toyota": "Hilux, Proace, Proace City, Proace Verso, RAV4",
    "Vauxhall": "Astra, Corsa, Mokka, Zafira",
    "Volkswagen": "Caddy, Crafter, e-Golf, e-up!, Golf, Polo, Transporter, up!",
    "Volvo": "C30, C40, XC40",
}
_KNOWN = frozenset(
    (name_key(make), name_key(model)) for make, models in _BY_MAKE.items() for model in models.split(", ")
)


def surprises_as_electric(*, make_key: str, model_key: str, first_year: int | None) -> bool:
    """Whether an electric car of this model calls for a question."""
    return first_year is not None and first_year < SINCE and (make_key, model_key) not in _KNOWN
