"""The seller changes what identifies a live car, photos included: see photos.revisions."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from marketplace.accounts.access import signed_in
from marketplace.listings.access import own_listing
from marketplace.listings.life.steps import ListingRefused
from marketplace.photos.revisions import revision_discard, revision_start


@login_required
@require_POST
def start(request: HttpRequest, code: str) -> HttpResponse:
    """Begin a change of an approved listing, or go on with the one begun."""
    listing = own_listing(request, code)
    try:
        revision = revision_start(listing=listing, by=signed_in(request))
    except ListingRefused as error:
        messages.error(request, str(error))
        return redirect("listings:mine")
    return redirect("listings:edit", revision.code)


@login_required
@require_POST
def discard(request: HttpRequest, code: str) -> HttpResponse:
    """Drop a change, whether it is begun, waits for review or was sent back."""
    revision = own_listing(request, code)
    try:
        revision_discard(revision=revision)
    except ListingRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The change is dropped; the advertisement stays as it is."))
    return redirect("listings:mine")
