from typing import Any, ClassVar

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from marketplace.accounts.access import signed_in
from marketplace.accounts.models import User
from marketplace.accounts.roles import ROLES, RoleRefused, role_give


def _action(role: str) -> Any:
    """The admin's action that gives a role."""

    def give(model_admin: Any, request: HttpRequest, users: QuerySet[User]) -> None:
        by = signed_in(request)
        for user in users:
            try:
                role_give(user=user, role=role, by=by)
            except RoleRefused as refused:
                model_admin.message_user(request, str(refused), messages.ERROR)

    give.__name__ = f"make_{role}"
    return admin.action(description=format_lazy("{}: {}", _("Give the role"), role))(give)


class NewUserForm(UserCreationForm):
    """Asks for an e-mail address instead of Django's user name, which accounts here do not have."""

    class Meta:
        model = User
        fields = ("email",)
        field_classes: ClassVar[dict[str, Any]] = {}


class ChangeUserForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"
        field_classes: ClassVar[dict[str, Any]] = {}


@admin.register(User)
class UserAdmin(BaseUserAdmin, ModelAdmin):  # type: ignore[type-arg]
    form = ChangeUserForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    ordering = ("email",)
    list_display = ("email", "display_name", "is_moderator", "is_staff", "is_active", "date_joined")
    list_filter = ("is_moderator", "is_staff", "is_superuser", "is_active")
    search_fields = ("email", "display_name")
    fieldsets = (
        (None, {"fields": ("email", "password", "display_name")}),
        ("May do", {"fields": ("is_active", "is_moderator", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    actions = tuple(_action(role) for role in ROLES)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """One action for each role, for whoever may change accounts."""
        found: dict[str, Any] = super().get_actions(request)
        if not self.has_change_permission(request):
            return {name: action for name, action in found.items() if not name.startswith("make_")}
        return found

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> tuple[str, ...]:
        """Rights are given as roles; only a superuser gives single ones, or makes a superuser."""
        rights = ("is_moderator", "is_staff", "is_superuser", "groups", "user_permissions")
        return () if request.user.is_superuser else rights

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return not above and bool(super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return not above and bool(super().has_delete_permission(request, obj))

    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("email", "usable_password", "password1", "password2")}),
    )  # fmt: skip


# allauth's own pages show the secrets of second factors, and ask for a user name.
admin.site.unregister(Authenticator)
admin.site.unregister(UserSession)


@admin.register(Authenticator)
class AuthenticatorAdmin(ModelAdmin):
    """Who has a second factor. An operator can take it off, for somebody who lost theirs."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    list_select_related = ("user",)
    search_fields = ("user__email",)
    fields = ("user", "type", "created_at", "last_used_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False
