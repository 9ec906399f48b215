"""GET /api/v1/makes/ and /models/"""


def test_it_lists_makes_by_name(client, catalogue):
    page = client.get("/api/v1/makes/?page_size=500").json()
    names = [make["name"] for make in page["results"]]
    assert page["count"] == len(names) == catalogue["makes"]["added"]
    assert {"name": "Volkswagen", "slug": "volkswagen"} in page["results"]


def test_it_finds_the_models_of_a_make_by_any_of_its_names(client, catalogue):
    by_alias = client.get("/api/v1/models/", {"make": "vw", "page_size": 500}).json()
    assert by_alias == client.get("/api/v1/models/", {"make": "VOLKSWAGEN", "page_size": 500}).json()
    assert "Golf" in [model["name"] for model in by_alias["results"]]
    assert {model["make"] for model in by_alias["results"]} == {"Volkswagen"}


def test_it_says_when_there_is_no_such_make(client, db):
    answer = client.get("/api/v1/models/", {"make": "Horse"})
    assert (answer.status_code, list(answer.json())) == (400, ["make"])
