"""What search engines and link previews read of a car."""

import json
import re

from marketplace.listings.models import Listing

DATA = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.S)


def test_a_car_on_sale_is_described_as_schema_org_has_it(client, put_live):
    car = put_live(price=9000, description="</script><b>& good", fuel="diesel", colour="red", drive="all", mileage_km=5)
    page = client.get(car.get_absolute_url()).content.decode()
    (text,) = DATA.findall(page)
    said = json.loads(text)
    address = f"http://testserver{car.get_absolute_url()}"
    assert said["@context"] == "https://schema.org"
    assert (said["@type"], said["name"], said["url"]) == ("Car", car.title, address)
    assert (said["brand"], said["model"]) == ({"@type": "Brand", "name": "Volkswagen"}, "Golf")
    assert (said["fuelType"], said["color"], said["vehicleModelDate"]) == ("Diesel", "Red", "2012")
    assert said["mileageFromOdometer"] == {"@type": "QuantitativeValue", "value": 5, "unitCode": "KMT"}
    assert said["offers"] == {
        "@type": "Offer", "price": "9000.00", "priceCurrency": "EUR", "url": address,
        "availability": "https://schema.org/InStock",
    }  # fmt: skip
    assert said["description"] == "</script><b>& good"
    assert f'<link rel="canonical" href="{address}">' in page
    Listing.objects.update(status="sold")
    sold = json.loads(DATA.findall(client.get(car.get_absolute_url()).content.decode())[0])
    assert sold["offers"]["availability"] == "https://schema.org/SoldOut"


def test_a_draft_is_not_described(seller, draft):
    assert DATA.findall(seller.get(draft.get_absolute_url()).content.decode()) == []


def test_search_engines_find_what_is_on_sale_and_nothing_else(client, put_live, draft):
    car = put_live()
    robots = client.get("/robots.txt").content.decode()
    assert "Disallow: /moderate/" in robots
    index = client.get(re.search(r"Sitemap: http://testserver(\S+)", robots)[1]).content.decode()
    parts = re.findall(r"<loc>http://testserver([^<]+)</loc>", index)
    assert parts == ["/sitemap-cars.xml", "/sitemap-models.xml"]
    pages = [one for part in parts for one in re.findall(r"<loc>([^<]+)</loc>", client.get(part).content.decode())]
    assert pages == [f"http://testserver{car.get_absolute_url()}", "http://testserver/cars/volkswagen/golf/"]
    assert all(client.get(page).status_code == 200 for page in pages)
