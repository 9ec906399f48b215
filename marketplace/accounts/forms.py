"""What sign-up asks for besides e-mail address and password."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.text_fields import LineFormField


class SignupForm(forms.Form):
    """Extends allauth's sign-up form; set as ACCOUNT_SIGNUP_FORM_CLASS."""

    display_name = LineFormField(
        required=False,
        max_length=80,
        label=_("Your name, as buyers see it"),
        help_text=_("May stay empty. Your e-mail address is never shown."),
        widget=forms.TextInput(attrs={"autocomplete": "nickname"}),
    )

    def signup(self, request: HttpRequest, user: Any) -> None:
        """Store the name. allauth calls this with the new user."""
        user.display_name = self.cleaned_data["display_name"]
        user.language = get_language() or ""
        user.save(update_fields=["display_name", "language"])


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # no generics at run time
    """What others see of a person."""

    class Meta:
        model = User
        fields = ("display_name", "language")
        labels = {  # noqa: RUF012
            "display_name": _("Your name, as buyers see it"),
            "language": _("Language"),
        }
        help_texts = {  # noqa: RUF012
            "display_name": _("May stay empty. Your e-mail address is never shown."),
            "language": _("Of the pages, and of the mails that we send you."),
        }
