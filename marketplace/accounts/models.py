"""People: sellers, moderators, operators."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from marketplace.text_fields import LineField


class UserManager(BaseUserManager["User"]):
    """Creates users by e-mail address; there are no user names."""

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """The whole address in lower case, as allauth looks it up at sign-in.

        Django's own method would lower only the domain.
        """
        return (email or "").lower()

    def get_by_natural_key(self, username: str | None) -> "User":
        return super().get_by_natural_key(self.normalize_email(username))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save()
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, is_moderator=True, **fields)


def language_choices() -> list[tuple[str, str]]:
    """A function, so that another language needs no migration."""
    return list(settings.LANGUAGES)


class User(AbstractUser):
    """A person with an account. Only the ``access.py`` modules decide what a user may do."""

    username = None  # type: ignore[assignment]  # the e-mail address takes its place
    email = models.EmailField(_("e-mail address"), unique=True)
    display_name = LineField(max_length=80, blank=True)
    is_moderator = models.BooleanField(default=False, help_text="May review other people's listings.")

    # Empty until they sign in for the first time: mails are in the site's first language then.
    language = models.CharField(_("language"), max_length=10, blank=True, choices=language_choices)
    # Where somebody sells, and in which units they think: how their next advertisement begins.
    # Which codes there are is known above, in listings, so the form checks them.
    country = models.CharField(_("country"), max_length=2, blank=True)
    postcode = LineField(_("postcode"), max_length=12, blank=True)
    place = LineField(_("town"), max_length=80, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    mileage_unit = models.CharField(_("unit of mileage"), max_length=2, blank=True)
    power_unit = models.CharField(_("unit of power"), max_length=2, blank=True)
    # A clean JPEG of photos.portraits, never an upload itself.
    portrait = models.FileField(upload_to="people", max_length=80, blank=True, editable=False)

    suspended_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Nothing of theirs may be offered since then."
    )

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta(AbstractUser.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                Lower("email"),
                name="accounts_user_email_once",
                violation_error_message=_("Somebody has this e-mail address already."),
            ),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        # For rows saved without full_clean as well: an address with a capital could never sign in.
        self.email = User.objects.normalize_email(self.email)
        super().save(*args, **kwargs)

    def __str__(self) -> str:
        return self.display_name or self.email
