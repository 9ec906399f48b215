"""The contact form, which needs no account."""

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.text_fields import LineFormField, ParagraphsFormField


class ContactForm(forms.Form):
    name = LineFormField(
        required=False, max_length=80, label=_("Your name"), widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    email = forms.EmailField(
        max_length=200,
        label=_("Your e-mail address"),
        help_text=_("The answer goes there."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    text = ParagraphsFormField(
        max_length=5000, label=_("Your message"), widget=forms.Textarea(attrs={"rows": 8})
    )  # fmt: skip
