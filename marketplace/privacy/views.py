"""The page about a person's own data."""

from allauth.account.decorators import reauthentication_required
from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import activate
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.accounts.access import signed_in
from marketplace.accounts.forms import ProfileForm
from marketplace.accounts.languages import language_remember
from marketplace.privacy.export import data_export
from marketplace.privacy.services import AccountKept, account_delete


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """The name that others see, and the language."""
    user = signed_in(request)
    form = ProfileForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        form.save()
        answer = redirect("privacy:profile")
        if user.language:
            language_remember(answer, user.language)
            activate(user.language)
        messages.success(request, _("Saved."))
        return answer
    status = 422 if form.errors else 200
    return render(request, "privacy/profile.html", {"form": form}, status=status)


@login_required
@require_safe
def data(request: HttpRequest) -> HttpResponse:
    """What can be had and what can be ended."""
    return render(request, "privacy/data.html")


@login_required
@require_POST
def export(request: HttpRequest) -> HttpResponse | FileResponse:
    """The archive; at most a few an hour, for it reads all of a person's photos."""
    user = signed_in(request)
    if not ratelimit.consume(request, action="export", user=user):
        messages.error(request, _("You had your data just now. Try again in an hour."))
        return redirect("privacy:data")
    name = f"forecourt-{timezone.localdate():%Y-%m-%d}.zip"
    return FileResponse(data_export(user=user), as_attachment=True, filename=name, content_type="application/zip")


@login_required
@reauthentication_required  # type: ignore[untyped-decorator]  # the package has no types
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest) -> HttpResponse:
    """Asks once more, after the password, and deletes."""
    user = signed_in(request)
    if request.method != "POST":
        return render(request, "privacy/delete.html")
    try:
        account_delete(user=user)
    except AccountKept as error:
        messages.error(request, str(error))
        return redirect("privacy:data")
    logout(request)
    messages.success(request, _("Your account is deleted, with your advertisements and photos."))
    return redirect("listings:browse")
