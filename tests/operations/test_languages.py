"""Visitors get the language that their browser asks for, if the site has it."""


def test_a_language_that_the_site_lacks_is_answered_in_english(client, db, settings):
    settings.LANGUAGES = [("en-gb", "English")]
    page = client.get("/", headers={"accept-language": "it"})
    assert '<html lang="en-gb">' in page.content.decode()


def test_a_language_that_is_listed_is_spoken(client, db, settings):
    settings.LANGUAGES = [("en-gb", "English"), ("it", "Italiano")]
    page = client.get("/", headers={"accept-language": "it"})
    assert '<html lang="it">' in page.content.decode()
