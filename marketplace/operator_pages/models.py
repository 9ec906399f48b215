"""What the operator wrote, every version of it."""

from typing import Any, NoReturn

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.text_fields import ParagraphsField


class Page(models.TextChoices):
    """Each is an address: ``/privacy/``."""

    PRIVACY = "privacy", _("Privacy")
    TERMS = "terms", _("Terms")
    IMPRINT = "imprint", _("Imprint")
    HELP = "help", _("Help")
    CONTACT = "contact", _("Contact")


class PageText(models.Model):
    """A page's text in one language, from a moment on. The newest counts, the others stay."""

    page = models.CharField(max_length=10, choices=Page)
    # A code of settings.LANGUAGES; the admin's form checks it, so that a new language needs no
    # migration.
    language = models.CharField(max_length=10)
    text = ParagraphsField(
        max_length=50_000,
        help_text=_("Markdown: # heading, **bold**, - list, [words](https://address). HTML is not taken."),
    )
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("page", "language", "-pk")
        indexes = (models.Index(fields=["page", "language", "-id"], name="page_text_newest"),)

    def __str__(self) -> str:
        return f"{self.get_page_display()} ({self.language})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise ValidationError("Versions of a page are kept as they were shown.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise ValidationError("Versions of a page are kept as they were shown.")
