"""What is wrong with a listing or a message."""

from typing import Any, ClassVar, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.text_fields import ParagraphsFormField
from marketplace.trade.models import Report


class ReportForm(forms.Form):
    """A reason, and words if one likes."""

    reason = forms.ChoiceField(
        label=_("What is wrong?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what is wrong.")},
    )
    words = ParagraphsFormField(
        required=False,
        max_length=1000,
        label=_("What should we know?"),
        widget=forms.Textarea(attrs={"rows": 3, "class": "area-small"}),
    )
    reasons: ClassVar[tuple[Report.Reason, ...]]

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        field = cast(forms.ChoiceField, self.fields["reason"])
        field.choices = [(reason.value, reason.label) for reason in self.reasons]


class ListingReportForm(ReportForm):
    """About a listing."""

    reasons = Report.OF_LISTINGS


class MessageReportForm(ReportForm):
    """About a message."""

    reasons = Report.OF_MESSAGES
