"""Cars that somebody means by a few letters: "oct", "vw up"."""

from django.db.models import Q
from django.db.models.functions import Concat

from marketplace.catalogue.models import CarModel, Make
from marketplace.catalogue.names import name_key
from marketplace.catalogue.selectors import car_find, make_find

RESULTS = 9
Found = tuple[Make, CarModel | None]


def cars_search(*, text: str) -> list[Found]:
    """Cars whose name contains this text, the best match first.

    Examples of texts: "oct", "vw up", "skoda octavia combi".
    """
    key = name_key(text)
    if not key:
        return []
    found: dict[tuple[int, int | None], Found] = {}

    def add(make: Make, car_model: CarModel | None) -> None:
        found.setdefault((make.pk, car_model.pk if car_model else None), (make, car_model))

    exact = car_find(text)
    if exact is not None:
        add(*exact)
    named = CarModel.objects.select_related("make").annotate(full=Concat("make__key", "key"))
    begins = Q(key__startswith=key) | Q(full__startswith=key) | Q(aliases__key__startswith=key)
    for condition in (begins, Q(full__contains=key)):
        for row in named.filter(condition).order_by("make__key", "key").distinct()[: RESULTS * 2]:
            add(row.make, row)
    for make in Make.objects.filter(Q(key__startswith=key) | Q(aliases__key__startswith=key)).distinct()[:2]:
        add(make, None)
    whole_make = make_find(text)
    meant: Found | None = (whole_make, None) if whole_make else exact if exact and exact[1] else None

    def distance(car: Found) -> tuple[bool, bool, int, str]:
        # First what the text names in full, then models before bare makes, then the shortest name,
        # which is the likeliest meant: "golf" is the Golf before the Golf Sportsvan.
        name = " ".join(str(part) for part in car if part)
        return car != meant, car[1] is None, len(name), name

    return sorted(found.values(), key=distance)[:RESULTS]
