"""The words by which people name a fuel, a gearbox, a body and bounds, in the site's languages.

Folded as ``name_key`` folds: without case, accents and spaces.
"""

from marketplace.listings.details.columns import Drive
from marketplace.listings.models import Listing

Fuel, Gearbox, Body, Colour = Listing.Fuel, Listing.Gearbox, Listing.Body, Listing.Colour

_WORDS: dict[tuple[str, str], str] = {
    ("fuel", Fuel.PETROL): "petrol gasoline benzin benziner gasolina essence benzina",
    ("fuel", Fuel.DIESEL): "diesel turbodiesel tdi hdi cdi dizel",
    ("fuel", Fuel.HYBRID): "hybrid hybride hibrido",
    ("fuel", Fuel.PLUGIN): "plugin pluginhybrid phev hibridoplugin hibridoenchufable",
    ("fuel", Fuel.ELECTRIC): "electric ev bev elektro elektrisch elektroauto eletrico electrico electrica",
    ("fuel", Fuel.LPG): "lpg autogas glp gpl flussiggas",
    ("fuel", Fuel.CNG): "cng erdgas gnv gnc",
    ("fuel", Fuel.FLEX): "flex ethanol etanol e85",
    ("gearbox", Gearbox.MANUAL): "manual stickshift schaltgetriebe handschaltung schalter",
    ("gearbox", Gearbox.AUTOMATIC): "automatic automatik automatico automatica autom automatikgetriebe dsg",
    ("body", Body.SEDAN): "sedan saloon limousine berlina",
    ("body", Body.HATCHBACK): "hatchback hatch schragheck",
    ("body", Body.WAGON): "estate wagon stationwagon kombi combi touring avant perua familiar",
    ("body", Body.COUPE): "coupe cupe",
    ("body", Body.CONVERTIBLE): "convertible cabrio cabriolet roadster conversivel descapotable kabrio",
    ("body", Body.SUV): "suv gelandewagen offroad todoterreno jipe",
    ("body", Body.PICKUP): "pickup pickuptruck caminhonete picape",
    ("body", Body.MINIVAN): "minivan mpv monovolume grossraumlimousine",
    ("colour", Colour.BLACK): "black schwarz preto preta negro negra",
    ("colour", Colour.WHITE): "white weiss branco branca blanco blanca",
    ("colour", Colour.SILVER): "silver silber prata plata",
    ("colour", Colour.GREY): "grey gray grau cinza gris",
    ("colour", Colour.BLUE): "blue blau azul",
    ("colour", Colour.RED): "red rot vermelho vermelha rojo roja",
    ("colour", Colour.GREEN): "green grun verde",
    ("colour", Colour.BROWN): "brown braun marrom marron castanho",
    ("colour", Colour.BEIGE): "beige bege",
    ("colour", Colour.YELLOW): "yellow gelb amarelo amarela amarillo amarilla gold dourado dorado",
    ("colour", Colour.ORANGE): "orange laranja naranja",
    ("colour", Colour.PURPLE): "purple violet lila violett roxo roxa morado morada",
    ("drive", Drive.ALL): "awd 4wd 4x4 allwheeldrive fourwheeldrive allrad allradantrieb quattro xdrive 4matic"
    " tracaointegral traccionintegral",
    ("drive", Drive.FRONT): "fwd frontwheeldrive frontantrieb vorderradantrieb",
    ("drive", Drive.REAR): "rwd rearwheeldrive heckantrieb hinterradantrieb",
    ("body", Body.VAN): "van transporter furgao furgon furgoneta kastenwagen lieferwagen",
}
VOCABULARY = {word: meaning for meaning, words in _WORDS.items() for word in words.split()}
"""What each word means: the filter and its value."""

WITHOUT_MEANING = frozenset(
    [
        "a",
        "an",
        "and",
        "auto",
        "autos",
        "car",
        "cars",
        "carro",
        "carros",
        "carrinho",
        "coche",
        "coches",
        "pkw",
        "wagen",
        "used",
        "gebraucht",
        "gebrauchte",
        "usado",
        "usados",
        "seminovo",
        "ocasion",
        "buy",
        "sale",
        "for",
        "forsale",
        "with",
        "in",
        "near",
        "from",
        "the",
        "of",
        "or",
        "com",
        "con",
        "mit",
        "und",
        "oder",
        "e",
        "y",
        "o",
        "em",
        "en",
        "de",
        "da",
        "do",
        "del",
        "der",
        "die",
        "das",
        "im",
        "zum",
        "nahe",
        "bei",
        "para",
        "by",
    ]
)
"""Words that narrow nothing down: articles, prepositions, and that it is a car."""

AT_MOST = r"under|below|less than|cheaper than|up to|max(?:imum)?|until|bis(?: zu)?|unter|höchstens|até|abaixo de|" \
    r"menos de|hasta|por debajo de|máximo|<=?|≤"  # fmt: skip
AT_LEAST = r"over|above|more than|at least|min(?:imum)?|from|since|ab|über|mindestens|seit|acima de|mais de|" \
    r"a partir de|desde|más de|mínimo|>=?|≥"  # fmt: skip
BEFORE = r"before|older than|vor|antes de"
AFTER = r"after|newer than|nach|depois de|después de"
YEAR_WORDS = frozenset({"from", "since", "until", "bis", "ab", "seit", "até", "hasta", "desde", "a partir de"})
"""After these a number that may be a year is one."""
