"""A browser's name as its owner knows it, from what it says of itself."""

from django.utils.translation import gettext as _

# In this order: most browsers name the ones that they descend from as well.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def browser_words(user_agent: str) -> str:
    """``"Firefox, Windows"``; what is not known is left out."""
    known = [
        next((words for sign, words in table if sign in user_agent), "") for table in (BROWSERS, SYSTEMS)
    ]  # fmt: skip
    return ", ".join(filter(None, known)) or _("Unknown browser")
