"""What a model's page shows above its cars."""

from marketplace.catalogue.models import ModelAlias
from marketplace.listings.models import Listing

ADDRESS = "/cars/volkswagen/golf/"


def test_it_tells_what_is_on_sale_by_year(client, put_live, put_photo):
    cars = [put_live(year=2012, price=price) for price in (6000, 7000, 8000, 9000)]
    put_photo(cars[-1], with_files=True)
    put_live(year=2015, price=12_000)
    put_live("A3", year=2012, price=99_000)
    page = client.get(ADDRESS)
    glance = page.context["glance"]
    assert (glance.cars, glance.prices) == (5, (6000, 12_000))
    assert [(one.year, one.cars, one.typical) for one in glance.years] == [
        (2015, 1, None),  # one car's price is nothing typical
        (2012, 4, (6800, 8200)),
    ]
    assert 'href="/cars/volkswagen/golf/?year_min=2012&amp;year_max=2012"' in page.content.decode()
    assert cars[-1].photos.get().card.url in page.content.decode()


def test_prices_are_in_the_visitors_currency(client, put_live):
    for _ in range(3):
        put_live(price=1000)
    glance = client.get(f"{ADDRESS}?currency=CZK").context["glance"]
    assert glance.years[0].typical.low > 20_000


def test_it_is_about_the_whole_model_only(client, put_live):
    put_live()
    for address in ("/", "/cars/volkswagen/", f"{ADDRESS}?year_min=2010"):
        assert client.get(address).context["glance"] is None
    assert client.get(f"{ADDRESS}?sort=price").context["glance"]
    Listing.objects.update(status="withdrawn")
    assert client.get(ADDRESS).context["glance"] is None


def test_a_merged_model_forwards_for_good(client, cars, put_live):
    put_live()
    country = cars["Golf"].make.models.create(name="Golf Country")
    assert client.get("/cars/volkswagen/golf-country/").status_code == 200
    country.delete()
    ModelAlias.objects.create(make=cars["Golf"].make, car_model=cars["Golf"], text="Golf Country")
    answer = client.get("/cars/volkswagen/golf-country/?fuel=petrol")
    assert (answer.status_code, answer.url) == (301, f"{ADDRESS}?fuel=petrol")
