"""Conversations between a buyer and a seller."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.listings.models import Listing, new_code
from marketplace.mail_queue import QueuedMail
from marketplace.text_fields import LineField, ParagraphsField


class Side(models.TextChoices):
    """Which of the two in a thread."""

    BUYER = "buyer", _("buyer")
    SELLER = "seller", _("seller")

    @property
    def other(self) -> "Side":
        return Side.SELLER if self is Side.BUYER else Side.BUYER


class Thread(models.Model):
    """All that one buyer and a listing's seller say to each other about it.

    It outlives the listing and either account: who stays can still read what was said. Columns
    that exist for each side end in its name. Messages are named there by their ids, which grow
    within a thread, because each is written under a lock on the thread's row.
    """

    code = models.CharField(max_length=12, unique=True, default=new_code, editable=False)
    listing = models.ForeignKey(Listing, on_delete=models.SET_NULL, null=True, related_name="threads")
    listing_title = LineField(max_length=200, help_text="As the buyer last saw it: a draft's title is not public.")
    seller = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="threads_selling"
    )
    buyer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="threads_buying"
    )
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now, help_text="When the last message was written.")
    answered_at = models.DateTimeField(null=True, blank=True, help_text="When the seller first answered.")

    last_by_buyer = models.PositiveBigIntegerField(default=0)
    last_by_seller = models.PositiveBigIntegerField(default=0)
    # The newest message that was shown to this side.
    seen_by_buyer = models.PositiveBigIntegerField(default=0)
    seen_by_seller = models.PositiveBigIntegerField(default=0)
    # The message that this side was last mailed about. No other mail until it was seen.
    noticed_buyer = models.PositiveBigIntegerField(default=0)
    noticed_seller = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ("-changed_at", "-pk")
        indexes = (
            models.Index(fields=["buyer", "-changed_at"], name="trade_thread_buyer"),
            models.Index(fields=["seller", "-changed_at"], name="trade_thread_seller"),
        )
        constraints = (
            models.UniqueConstraint(fields=["listing", "buyer"], name="trade_thread_once"),
            models.CheckConstraint(condition=~Q(buyer=F("seller")), name="trade_thread_of_two"),
        )

    def __str__(self) -> str:
        return f"{self.code}: {self.listing_title}"

    def get_absolute_url(self) -> str:
        return reverse("trade:thread", args=[self.code])

    def side_of(self, person: User) -> Side:
        """The side of one of the two. Raises ValueError for anybody else."""
        if person.pk == self.seller_id:
            return Side.SELLER
        if person.pk == self.buyer_id:
            return Side.BUYER
        raise ValueError("not in this thread")

    def party(self, side: Side) -> User | None:
        """The person on this side; None if their account is gone."""
        return self.seller if side is Side.SELLER else self.buyer

    def seen_by(self, side: Side) -> int:
        return int(getattr(self, f"seen_by_{side}"))


class Message(models.Model):
    """Something that one side wrote, or a step of an offer that it took."""

    class Kind(models.TextChoices):
        TEXT = "text", _("message")
        OFFER = "offer", _("offer")
        ACCEPTED = "accepted", _("offer accepted")
        DECLINED = "declined", _("offer declined")
        WITHDRAWN = "withdrawn", _("offer withdrawn")

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="messages")
    by = models.CharField(max_length=6, choices=Side)
    kind = models.CharField(max_length=9, choices=Kind, default=Kind.TEXT)
    text = ParagraphsField(max_length=4000, blank=True)
    offer = models.ForeignKey("trade.Offer", on_delete=models.CASCADE, null=True, blank=True, related_name="messages")
    created_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True, blank=True, help_text="When a moderator hid its words.")

    class Meta:
        ordering = ("pk",)
        indexes = (models.Index(fields=["thread", "id"], name="trade_message_thread"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(kind="text", offer__isnull=True) & ~Q(text="")
                | ~Q(kind="text") & Q(offer__isnull=False, text=""),
                name="trade_message_words_or_offer",
            ),
            models.CheckConstraint(condition=Q(by__in=Side.values), name="trade_message_side_known"),
        )

    def __str__(self) -> str:
        return f"{self.thread_id}: {self.get_kind_display()} by the {self.by}"


class Block(models.Model):
    """Somebody does not want to hear from somebody."""

    blocker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="blocks")
    blocked = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="blocked_by")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["blocker", "blocked"], name="trade_block_once"),
            models.CheckConstraint(condition=~Q(blocker=F("blocked")), name="trade_block_another"),
        )

    def __str__(self) -> str:
        return f"{self.blocker_id} blocks {self.blocked_id}"


class Notice(QueuedMail):
    """A mail that tells one side of a thread that something was written there."""

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="notices")
    to = models.CharField(max_length=6, choices=Side)

    class Meta:
        ordering = ("-created_at", "-pk")
        indexes = (models.Index(fields=["next_try_at"], condition=Q(sent_at=None), name="trade_notice_waiting"),)

    def __str__(self) -> str:
        return f"{self.thread_id} to the {self.to}"


def of_side(name: str, side: Side, value: Any) -> dict[str, Any]:
    """A lookup or update of one of the thread's columns that exist for each side."""
    return {name.format(side=side): value}
