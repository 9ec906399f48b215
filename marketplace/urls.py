"""URLs of the whole site."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

# The admin's own sign-in page does not limit attempts at passwords; allauth's does.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

handler500 = "marketplace.outages.server_error"

urlpatterns = [
    path("", include("marketplace.listings.urls")),
    path("", include("marketplace.photos.urls")),
    path("", include("marketplace.trade.urls")),
    path("moderate/", include("marketplace.moderation.urls")),
    path("accounts/", include("allauth.urls")),
    path("account/", include("marketplace.privacy.urls")),
    path("", include("marketplace.operator_pages.urls")),
    path("language/", include("marketplace.accounts.urls")),
    path("admin/", admin.site.urls),
    path("api/", include("marketplace.api.urls")),
    path("", include("marketplace.operations.urls")),
    path("", include("marketplace.listings.search.urls")),
]
