"""The operator's pages, as anybody reads them."""

from typing import Any

from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.operator_pages.forms import ContactForm
from marketplace.operator_pages.markup import html_of
from marketplace.operator_pages.models import Page, PageText
from marketplace.operator_pages.selectors import text_shown, versions
from marketplace.operator_pages.services import contact_send
from marketplace.outages import MailAway

MOST_VERSIONS = 50


@require_safe
def page(request: HttpRequest, page: str) -> HttpResponse:
    """One page, in the reader's language if there is a text in it."""
    return render(request, "operator_pages/page.html", _context(page))


@require_safe
def version(request: HttpRequest, page: str, pk: int) -> HttpResponse:
    """A text as it was shown before."""
    row = get_object_or_404(PageText, page=page, pk=pk)
    context = {"page": page, "title": Page(page).label, "row": row, "html": html_of(row.text)}
    return render(request, "operator_pages/version.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest) -> HttpResponse:
    """Who runs the site, and a form that writes to them."""
    email = getattr(request.user, "email", "")
    form = ContactForm(request.POST or None, initial={"email": email})
    refused, status = "", 200
    if request.method == "POST" and settings.OPERATOR_EMAIL and form.is_valid():
        if not ratelimit.consume(request, action="contact"):
            refused, status = _("That was many messages in a short time. Try again in an hour."), 429
        else:
            try:
                contact_send(**form.cleaned_data)
            except MailAway:
                refused = _("No e-mail can be sent right now. Try again in a few minutes; your message is still here.")
                status = 503
            else:
                messages.success(request, _("Your message is on its way."))
                return redirect("operator_pages:contact")
    form_shown = form if settings.OPERATOR_EMAIL else None
    context = _context(Page.CONTACT) | {"form": form_shown, "refused": refused}
    return render(request, "operator_pages/contact.html", context, status=422 if form.errors else status)


def _context(page: str) -> dict[str, Any]:
    language = get_language() or settings.LANGUAGE_CODE
    shown = text_shown(page=page, language=language)
    older = versions(page=page, language=shown.language).exclude(pk=shown.version or 0)[:MOST_VERSIONS]
    return {
        "page": page,
        "title": Page(page).label,
        "shown": shown,
        "html": html_of(shown.text),
        "other_language": shown.language.partition("-")[0] != language.partition("-")[0],
        "older": older,
    }
