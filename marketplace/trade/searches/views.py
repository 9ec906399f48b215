"""Saved searches: save one, see them all, change or delete one, end its mails."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.accounts.access import signed_in
from marketplace.accounts.models import User
from marketplace.sign_in import sign_in_first
from marketplace.trade.models import SavedSearch
from marketplace.trade.refusals import TradeRefused
from marketplace.trade.searches.results import asked_words, query_clean
from marketplace.trade.searches.services import search_often, search_save, search_stop


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def save(request: HttpRequest) -> HttpResponse:
    """Save the search ``?…`` of the browse page; a GET asks how often to mail."""
    query = query_clean(request.POST.get("query", "") if request.method == "POST" else request.GET.urlencode())
    if not isinstance(request.user, User):
        return sign_in_first(request, then=f"{reverse('trade:search_save')}?{query}")
    if request.method == "POST":
        try:
            search_save(person=request.user, query=query, often=_often(request))
        except TradeRefused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, _("The search is saved."))
        return redirect("trade:searches")
    context = {"query": query, "asked": asked_words(query), "choices": SavedSearch.Often.choices}
    return render(request, "trade/search_save.html", context)


@login_required
@never_cache
@require_safe
def searches(request: HttpRequest) -> HttpResponse:
    """A person's saved searches."""
    rows = [(search, asked_words(search.query)) for search in SavedSearch.objects.filter(person=signed_in(request))]
    return render(request, "trade/searches.html", {"rows": rows, "choices": SavedSearch.Often.choices})


@login_required
@require_POST
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Change how often a search mails."""
    search_often(search=_own(request, pk), often=_often(request))
    messages.success(request, _("Changed."))
    return redirect("trade:searches")


@login_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget a search."""
    _own(request, pk).delete()
    messages.success(request, _("The search is deleted."))
    return redirect("trade:searches")


# A mail program posts here by itself, without a cookie or token of ours (RFC 8058).
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """End the mails about a search, without signing in.

    A GET only asks: programs that look at links before people do would end them otherwise.
    """
    search = get_object_or_404(SavedSearch, token=token)
    if request.method == "POST":
        search_stop(token=token)
    context = {"asked": asked_words(search.query), "stopped": request.method == "POST", "token": token}
    return render(request, "trade/search_stop.html", context)


def _own(request: HttpRequest, pk: int) -> SavedSearch:
    """A search of the signed-in person. Raises Http404 for any other."""
    return get_object_or_404(SavedSearch, pk=pk, person=signed_in(request))


def _often(request: HttpRequest) -> str:
    """How often, as posted. Raises Http404 for a value that no page offers."""
    often = request.POST.get("often", SavedSearch.Often.DAILY)
    if often not in SavedSearch.Often.values:
        raise Http404
    return often
