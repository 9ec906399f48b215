"""Reporting a listing or a message."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from marketplace.accounts.access import signed_in
from marketplace.accounts.models import User
from marketplace.trade.access import listing_on_sale, own_thread, thread_message
from marketplace.trade.limits import address_key, person_key
from marketplace.trade.refusals import TradeRefused
from marketplace.trade.reports.forms import ListingReportForm, MessageReportForm
from marketplace.trade.reports.services import listing_report, message_report


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def report_listing(request: HttpRequest, code: str) -> HttpResponse:
    """Report a listing; nobody needs an account for it."""
    listing = listing_on_sale(request, code)
    form = ListingReportForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        reporter = request.user if isinstance(request.user, User) else None
        who = person_key(reporter.pk) if reporter else address_key(request)
        try:
            listing_report(listing=listing, reporter=reporter, who=who, **form.cleaned_data)
        except TradeRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Thank you. A moderator looks at this advertisement before anything else."))
            return redirect(listing)
    context = {"form": form, "listing": listing, "back": listing.get_absolute_url()}
    return render(request, "trade/report.html", context, status=422 if form.is_bound else 200)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def report_message(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Report a message that the other person wrote."""
    thread, side = own_thread(request, code)
    message = thread_message(thread, pk, by=side.other)
    if message.removed_at is not None:
        raise Http404
    form = MessageReportForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            message_report(message=message, reporter=signed_in(request), **form.cleaned_data)
        except TradeRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Thank you. A moderator reads it. You can also block this person."))
            return redirect(thread)
    context = {"form": form, "message": message, "back": thread.get_absolute_url()}
    return render(request, "trade/report.html", context, status=422 if form.is_bound else 200)
