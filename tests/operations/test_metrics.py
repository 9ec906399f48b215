"""/metrics"""

from tests.factories import UserFactory


def test_this_machine_may_see_them(client, db):
    response = client.get("/metrics")
    assert response.status_code == 200
    assert b"django_http_requests_total" in response.content


def test_other_machines_may_not_not_even_through_a_proxy_here(client, db, alice):
    assert client.get("/metrics", REMOTE_ADDR="10.1.2.3").status_code == 404
    assert client.get("/metrics", headers={"x-forwarded-for": "127.0.0.1"}).status_code == 404
    client.force_login(alice)
    assert client.get("/metrics", REMOTE_ADDR="10.1.2.3").status_code == 404


def test_staff_may_see_them_from_anywhere(client, db):
    client.force_login(UserFactory(staff=True))
    assert client.get("/metrics", REMOTE_ADDR="10.1.2.3").status_code == 200


def test_with_a_token_only_its_bearer_may(client, db, settings):
    settings.METRICS_TOKEN = "let me see"
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"authorization": "Bearer something else"}).status_code == 404
    ok = client.get("/metrics", headers={"authorization": "Bearer let me see"}, REMOTE_ADDR="10.1.2.3")
    assert ok.status_code == 200
