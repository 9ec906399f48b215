"""The switch of languages."""

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from marketplace.accounts.languages import address_in, is_spoken, language_remember
from marketplace.accounts.models import User
from marketplace.accounts.services import language_keep


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Take the language that was pressed, and go back to the page where that was."""
    chosen = request.POST.get("language", "")
    if not is_spoken(chosen):
        raise BadRequest
    page = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(page, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    answer = HttpResponseRedirect(address_in(page, "") if ours else "/")
    language_remember(answer, chosen)
    if isinstance(request.user, User):
        language_keep(user=request.user, language=chosen)
    return answer
