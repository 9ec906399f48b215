"""A seller's public page."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from marketplace.trade.sellers.selectors import answer_time, cars_of, sellers

PER_PAGE = 24


@require_safe
def seller(request: HttpRequest, pk: int) -> HttpResponse:
    """All cars that somebody sells here, since when, and how fast they answer."""
    person = get_object_or_404(sellers(), pk=pk)
    page = Paginator(cars_of(seller=person), PER_PAGE).get_page(request.GET.get("page"))
    context = {"seller": person, "page": page, "answers": answer_time(seller=person)}
    return render(request, "trade/seller.html", context)
