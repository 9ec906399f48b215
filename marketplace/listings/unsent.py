"""What a seller typed when their session had ended: back on the form once they signed in again."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.listings.models import Listing
from marketplace.pages import is_htmx
from marketplace.sign_in import sign_in_first, typed_before

Form = TypeVar("Form", bound=forms.Form)


def keeps_what_was_typed(view: Callable[[HttpRequest, str], HttpResponse]) -> Callable[..., HttpResponse]:
    """As ``login_required``, for a form that took long to fill in: the session may have ended."""

    @wraps(view)
    def guarded(request: HttpRequest, code: str) -> HttpResponse:
        if request.user.is_authenticated or request.method != "POST" or is_htmx(request):
            return login_required(view)(request, code)  # a script keeps its page as it is
        messages.warning(request, _("Your session has ended. Sign in and go on: what you typed is kept."))
        typed = {name: values for name, values in request.POST.lists() if name != "csrfmiddlewaretoken"}
        return sign_in_first(request, then=reverse("listings:edit", args=[code]), name=kept_as(code), typed=typed)

    return guarded


def kept_as(code: str) -> str:
    """Under which name a listing's form is kept."""
    return f"sell:{code}"


def form_again(request: HttpRequest, form: type[Form], listing: Listing) -> Form:
    """The form as it is stored; with what was typed and could not be stored, if there is such."""
    unbound = form(listing=listing)  # type: ignore[call-arg]  # as every form of a listing
    typed = typed_before(request, kept_as(listing.code))
    if not typed:
        return unbound
    messages.warning(request, _("What you typed is here again. It is not saved yet."))
    data = posted_of(unbound)
    for name in unbound.fields:
        if name in typed:
            data.setlist(name, typed[name])
    return form(data, listing=listing)  # type: ignore[call-arg]


def posted_of(form: forms.Form) -> QueryDict:
    """A form's values as it would post them."""
    data = QueryDict(mutable=True)
    for name in form.fields:
        data.setlist(name, _as_posted(form[name].value()))
    return data


def _as_posted(value: Any) -> list[str]:
    if isinstance(value, list):
        return [str(one) for one in value]
    return ["" if value is None or value is False else str(value)]
