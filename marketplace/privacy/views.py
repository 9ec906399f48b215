"""A person's own pages: profile, where they are signed in, their data."""

from allauth.account.decorators import reauthentication_required
from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import activate
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classifier.formats import ACCEPT, NAMES
from marketplace.accounts.access import own_session, signed_in
from marketplace.accounts.forms import ProfileForm
from marketplace.accounts.languages import language_remember
from marketplace.accounts.models import User
from marketplace.photos.file_words import formats_words
from marketplace.photos.forms import upload_read
from marketplace.photos.ingest import PhotoRejected
from marketplace.photos.portraits import portrait_remove, portrait_set
from marketplace.privacy.export import data_export
from marketplace.privacy.forms import DefaultsForm
from marketplace.privacy.services import AccountKept, account_delete


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """The name that others see, and the language; in forms of their own, photo and defaults."""
    user = signed_in(request)
    form = ProfileForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        form.save()
        if user.language:
            activate(user.language)
        answer = _saved(request)
        if user.language:
            language_remember(answer, user.language)
        return answer
    return _profile(request, form=form)


@login_required
@require_POST
def defaults(request: HttpRequest) -> HttpResponse:
    """What the person's next advertisement begins with."""
    form = DefaultsForm(request.POST, instance=signed_in(request))
    if not form.is_valid():
        return _profile(request, defaults=form)
    form.save()
    return _saved(request)


@login_required
@require_POST
def portrait(request: HttpRequest) -> HttpResponse:
    """The photo that others see beside the name: a new one, or none."""
    user = signed_in(request)
    if "remove" in request.POST:
        portrait_remove(user=user)
        return _saved(request)
    upload = request.FILES.get("photo")
    if not isinstance(upload, UploadedFile):
        return _profile(request, refused=_("Choose a photo first."))
    if not ratelimit.consume(request, action="portrait", user=user):
        return _profile(request, refused=_("You changed your photo often just now. Try again in an hour."))
    try:
        portrait_set(user=user, data=upload_read(upload), filename=upload.name or "")
    except PhotoRejected as error:
        return _profile(request, refused=error.message)
    return _saved(request)


def _saved(request: HttpRequest) -> HttpResponse:
    messages.success(request, _("Saved."))
    return redirect("privacy:profile")


def _profile(
    request: HttpRequest, *, form: ProfileForm | None = None, defaults: DefaultsForm | None = None, refused: str = ""
) -> HttpResponse:
    """The page with its forms, of which at most one was posted."""
    # Read anew: a form with errors has written into its own copy.
    person = User.objects.get(pk=signed_in(request).pk)
    form, defaults = form or ProfileForm(instance=person), defaults or DefaultsForm(instance=person)
    context = {
        "person": person,
        "form": form,
        "defaults": defaults,
        "refused": refused,
        "accept": ACCEPT,
        "formats": formats_words(NAMES),
    }
    wrong = bool(refused or form.errors or defaults.errors)
    return render(request, "privacy/profile.html", context, status=422 if wrong else 200)


@login_required
@require_POST
def session_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Signs the person out in another browser. The list of them is allauth's page."""
    session = own_session(request, pk)
    if session.is_current():
        logout(request)
        session.delete()
        return redirect("account_login")
    session.end()
    messages.success(request, _("Signed out there."))
    return redirect("usersessions_list")


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
