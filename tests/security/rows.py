"""Who gets in where: one row for each URL and method.

The letters stand for: a visitor without an account, the owner (alice, who sells the car), another
seller, the buyer in a conversation about it, a moderator, the operator.

    Y  let in: the page, a redirect that is not to the sign-in page, or a refusal of what was sent
    S  sent to the sign-in page
    -  404, as if there were nothing
    F  403
    A  401, for programs and parts of pages

Words as arguments name what the world of the test holds under them (test_access_matrix.py).
"""

from typing import NamedTuple


class Row(NamedTuple):
    """What each of the six may do with one URL."""

    name: str
    method: str
    letters: str
    kwargs: dict[str, str]


def row(name, method, letters, /, **kwargs):
    return Row(name, method, letters.replace(" ", ""), kwargs)


def draft_steps(*names):
    return [row(f"listings:{name}", "POST", "S Y - - - -", code="draft") for name in names]


def in_thread(*names, **kwargs):
    """Presses in a conversation: the two in it and nobody else, moderators included."""
    return [row(f"trade:{name}", "POST", "S Y - Y - -", code="thread", **kwargs) for name in names]


PUBLIC, ACCOUNT, STAFF, KEEPERS = "Y Y Y Y Y Y", "S Y Y Y Y Y", "S - - - Y Y", "S - - - - Y"
ASKED = "S S S S S S"  # for the password first

LISTINGS = [
    row("listings:browse", "GET", PUBLIC),
    row("listings:detail", "GET", PUBLIC, code="live"),
    row("search:model", "GET", PUBLIC, make="make", model="model"),
    row("search:robots", "GET", PUBLIC),
    row("search:sitemaps", "GET", PUBLIC),
    row("search:sitemap", "GET", PUBLIC, section="section"),
    row("listings:detail", "GET", "- Y - - Y Y", code="draft"),
    row("listings:telephone", "POST", PUBLIC, code="live"),
    row("listings:telephone", "POST", "- Y - - Y Y", code="draft"),
    row("listings:mine", "GET", ACCOUNT),
    row("listings:sell", "GET", ACCOUNT),
    row("listings:edit", "GET", "S Y - - - -", code="draft"),
    row("listings:edit", "GET", "S Y - - - -", code="live"),
    row("listings:find", "GET", "S Y - - - -", code="draft"),
    row("listings:sent", "GET", "S Y - - - -", code="draft"),
    *draft_steps("save", "submit", "take_back", "reserve", "unreserve", "sold", "unsell"),
    *draft_steps("withdraw", "put_back", "renew", "delete", "duplicate"),
    row("listings:restore", "POST", "S Y - - - -", code="deleted"),
    *draft_steps("appeal"),
]
PHOTOS = [
    row("photos:upload", "POST", "S Y - - - -", code="draft"),
    row("photos:tiles", "GET", "S Y - - - -", code="draft"),
    row("photos:order", "POST", "S Y - - - -", code="draft"),
    row("photos:delete", "POST", "S Y - - - -", code="draft", photo_id="photo"),
    row("photos:rotate", "POST", "S Y - - - -", code="draft", photo_id="photo"),
    row("photos:restore", "POST", "S Y - - - -", code="draft", photo_id="removed_photo"),
    row("photos:move", "POST", "S Y - - - -", code="draft", photo_id="photo"),
    row("photos:revise", "POST", "S Y - - - -", code="live"),
    row("photos:revise_discard", "POST", "S Y - - - -", code="live"),
    row("photos:identify", "GET", PUBLIC),
    row("photos:identify_result", "GET", PUBLIC, question_id="question"),
    row("photos:identify_result", "GET", "- - - - - -", question_id="photo"),
    row("photos:identify_cars", "GET", PUBLIC, question_id="question"),
    row("photos:identify_cars", "GET", "- - - - - -", question_id="photo"),
    row("photos:identify_donate", "POST", PUBLIC, question_id="question"),
    row("photos:identify_donate", "POST", "- - - - - -", question_id="photo"),
    row("photos:identify_car", "POST", PUBLIC, question_id="question", photo_id="asked_photo"),
    row("photos:identify_car", "POST", "- - - - - -", question_id="question", photo_id="photo"),
    row("photos:media", "GET", PUBLIC, name="file"),
]
TRADE = [
    row("trade:contact", "GET", "S - Y Y Y Y", code="live"),
    row("trade:contact", "POST", "- - - - - -", code="draft"),
    row("trade:report", "GET", "Y - Y Y Y Y", code="live"),
    row("trade:report", "GET", "- - - - - -", code="draft"),
    row("trade:save", "POST", "Y - Y Y Y Y", code="live"),
    row("trade:save", "POST", "- - - - - -", code="draft"),
    row("trade:forget", "POST", PUBLIC, code="live"),
    row("trade:seen", "POST", "Y - Y Y Y Y", code="live"),
    row("trade:seen", "POST", "- - - - - -", code="draft"),
    row("trade:saved", "GET", PUBLIC),
    row("trade:forget_gone", "POST", PUBLIC),
    row("trade:searches", "GET", ACCOUNT),
    row("trade:search_save", "GET", ACCOUNT),
    row("trade:search_change", "POST", "S - - Y - -", pk="search"),
    row("trade:search_delete", "POST", "S - - Y - -", pk="search"),
    row("trade:search_stop", "GET", PUBLIC, token="token"),
    row("trade:seller", "GET", PUBLIC, pk="seller"),
    row("trade:inbox", "GET", ACCOUNT),
    row("trade:thread", "GET", "S Y - Y - -", code="thread"),
    row("trade:news", "GET", "A Y - Y - -", code="thread"),
    row("trade:report_message", "GET", "S Y - - - -", code="thread", pk="message"),
    *in_thread("send", "block", "unblock", "offer", "reserve"),
    *in_thread("offer_accept", "offer_decline", "offer_withdraw", pk="offer"),
]
MODERATION = [
    row("moderation:next", "GET", STAFF),
    row("moderation:history", "GET", STAFF),
    row("moderation:search", "GET", STAFF),
    row("moderation:labels", "GET", STAFF),
    row("moderation:label", "GET", STAFF, pk="label"),
    row("moderation:label_decide", "POST", STAFF, pk="label"),
    row("moderation:label_skip", "POST", STAFF, pk="label"),
    row("moderation:label_picture", "GET", STAFF, pk="label"),
    row("moderation:reports", "GET", STAFF),
    row("moderation:reports_all", "GET", STAFF),
    row("moderation:report", "GET", STAFF, pk="report"),
    row("moderation:report_decide", "POST", STAFF, pk="report"),
    row("moderation:report_skip", "POST", STAFF, pk="report"),
    row("moderation:review", "GET", STAFF, code="submitted"),
    row("moderation:review", "GET", "S - - - - -", code="draft"),
    row("moderation:decide", "POST", STAFF, code="submitted"),
    row("moderation:skip", "POST", STAFF, code="submitted"),
    row("moderation:ahead", "GET", STAFF),
    row("moderation:figures", "GET", STAFF),
    row("moderation:undo", "POST", STAFF),
    row("moderation:propose", "GET", STAFF),
    row("moderation:catalogue", "GET", KEEPERS),
    row("moderation:merge", "POST", KEEPERS),
    row("moderation:merge_undo", "POST", KEEPERS, pk="merge"),
    row("moderation:rename", "POST", KEEPERS),
    row("moderation:proposal", "POST", KEEPERS, pk="proposal"),
    row("moderation:kinds", "GET", STAFF),
    row("moderation:kinds_draw", "POST", STAFF),
    row("moderation:kind_undo", "POST", STAFF),
    row("moderation:kind_label", "POST", STAFF, pk="kind"),
    row("moderation:grid", "GET", STAFF),
    row("moderation:grid_accept", "POST", STAFF),
    row("moderation:hold", "POST", STAFF, code="submitted"),
    row("moderation:release", "POST", STAFF, code="submitted"),
    row("moderation:take_down", "POST", STAFF, code="live"),
    row("moderation:put_back", "POST", STAFF, code="live"),
    row("moderation:suspend", "POST", STAFF, code="live"),
    row("moderation:end_suspension", "POST", STAFF, code="live"),
    row("moderation:heat", "POST", STAFF, code="submitted", photo_id="waiting_photo"),
    row("moderation:heat_picture", "GET", "S - - - - -", code="submitted", photo_id="waiting_photo"),  # none is drawn
]
ACCOUNTS = [
    row("account_login", "GET", PUBLIC),
    row("account_signup", "GET", PUBLIC),
    row("account_logout", "POST", PUBLIC),
    row("account_inactive", "GET", PUBLIC),
    row("account_reauthenticate", "GET", ACCOUNT),
    row("account_email", "GET", ACCOUNT),
    row("account_email_verification_sent", "GET", PUBLIC),
    row("account_change_password", "GET", ACCOUNT),
    row("account_set_password", "GET", ACCOUNT),
    row("account_reset_password", "GET", PUBLIC),
    row("account_confirm_login_code", "GET", "S Y Y Y Y Y"),
    row("account_confirm_email", "GET", PUBLIC, key="key"),
    row("account_reset_password_from_key", "GET", PUBLIC, uidb36="key", key="key"),
    row("account_reset_password_from_key_done", "GET", PUBLIC),
    row("account_reset_password_done", "GET", PUBLIC),
    row("mfa_index", "GET", ACCOUNT),
    row("mfa_authenticate", "GET", "S Y Y Y Y Y"),
    row("mfa_reauthenticate", "GET", ASKED),
    row("mfa_activate_totp", "GET", ASKED),
    row("mfa_deactivate_totp", "GET", "S - - - - -"),
    row("mfa_view_recovery_codes", "GET", "S - - - - -"),
    row("mfa_generate_recovery_codes", "GET", ASKED),
    row("mfa_download_recovery_codes", "GET", "S - - - - -"),
    row("usersessions_list", "GET", ACCOUNT),
]
PRIVACY = [
    row("accounts:language", "POST", PUBLIC),
    row("privacy:profile", "GET", ACCOUNT),
    row("privacy:data", "GET", ACCOUNT),
    row("privacy:export", "POST", ACCOUNT),
    row("privacy:delete", "GET", ASKED),
    row("privacy:defaults", "POST", ACCOUNT),
    row("privacy:portrait", "POST", ACCOUNT),
    row("privacy:session_end", "POST", "S Y - - - -", pk="session"),
]
OPERATOR_PAGES = [
    *(row(f"operator_pages:{page}", "GET", PUBLIC) for page in ("privacy", "terms", "imprint", "help", "contact")),
    *(
        row(f"operator_pages:{page}_version", "GET", PUBLIC if page == "privacy" else "- - - - - -", pk="page_text")
        for page in ("privacy", "terms", "imprint", "help", "contact")
    ),
]
API = [
    row("api/", "GET", PUBLIC),
    row("api/v1/", "GET", PUBLIC),
    row("api:recognise", "POST", PUBLIC),
    row("api:recognition", "GET", PUBLIC, photo_id="asked_photo"),
    row("api:recognition", "GET", "- - - - - -", photo_id="photo"),
    row("api:makes", "GET", PUBLIC),
    row("api:models", "GET", PUBLIC),
    row("api:listings", "GET", PUBLIC),
    row("api:listing", "GET", PUBLIC, code="live"),
    row("api:listing", "GET", "- Y - - Y Y", code="draft"),
    row("api:schema", "GET", PUBLIC),
    row("api:docs", "GET", PUBLIC),
]
OPERATIONS = [
    row("healthz", "GET", PUBLIC),
    row("readyz", "GET", PUBLIC),
    row("metrics", "GET", PUBLIC),
]


class RoleRow(NamedTuple):
    """What the ready-made roles may do with one address: Y, - (404), F (403) or S, as above."""

    path: str
    letters: str
    """seller, moderator, operator, admin"""


DESK_ALONE, OPERATED = "- Y - Y", "S S Y Y"
ROLE_ROWS = [
    RoleRow("/moderate/", DESK_ALONE),
    RoleRow("/moderate/grid/", DESK_ALONE),
    RoleRow("/moderate/labels/", DESK_ALONE),
    RoleRow("/moderate/history/", DESK_ALONE),
    RoleRow("/moderate/figures/", "- Y Y Y"),
    RoleRow("/moderate/catalogue/", "- - Y Y"),
    RoleRow("/admin/", OPERATED),
    RoleRow("/admin/catalogue/carmodel/add/", OPERATED),
    RoleRow("/admin/moderation/policyversion/add/", OPERATED),
    RoleRow("/admin/moderation/rejecttemplate/add/", OPERATED),
    RoleRow("/admin/moderation/decision/", OPERATED),
    RoleRow("/admin/registry/modelversion/", OPERATED),
    RoleRow("/admin/training/trainingrun/", OPERATED),
    RoleRow("/admin/listings/exchangerate/add/", OPERATED),
    RoleRow("/admin/operator_pages/pagetext/add/", OPERATED),
    RoleRow("/admin/mfa/authenticator/", "S S F Y"),
    RoleRow("/admin/accounts/user/", "S S F Y"),
    RoleRow("/admin/accounts/user/add/", "S S F Y"),
    RoleRow("/admin/trade/thread/", "S S F Y"),
    RoleRow("/admin/trade/writingban/", "S S F Y"),
    RoleRow("/admin/moderation/decision/add/", "S S F F"),  # nobody writes decisions there
    RoleRow("/admin/registry/modelversion/add/", "S S F F"),
]
ROWS = [*LISTINGS, *PHOTOS, *TRADE, *MODERATION, *ACCOUNTS, *PRIVACY, *OPERATOR_PAGES, *API, *OPERATIONS]
