"""Why a listing is with the moderators: one registry, to which each file of this room adds.

A reason is a code with values; its words are made when a page shows it. To add one, write a
``Reason`` in a file of this room and name it in ``__init__``: the desk, the queue's order, the
policy's form and what decisions record follow from it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.utils.functional import Promise

from marketplace.listings.models import Listing
from marketplace.listings.verdicts import one_of

Values = Mapping[str, Any]
"""What fills the words, and is stored with a decision: JSON's types only."""


@dataclass(frozen=True)
class Reason:
    """One reason for which a person looks at a listing."""

    code: str
    words: str | Promise
    """For moderators, translatable; ``%(name)s`` is the value of that name."""
    find: Callable[[Listing], Values | None]
    """The values if the reason applies, {} if it has none; None if it does not apply."""
    warns: bool = False
    """Whether something may be wrong, rather than merely not be known."""
    holds: bool = True
    """Whether a policy may let a person look for this reason. False: it never goes live by itself,
    or the reason is only for people."""
    by_default: bool = True
    """Whether a policy does so unless an operator unticks it."""
    first: Callable[[], Q] | None = None
    """The listings that come before all others in the queue for it; it may hold an ``Exists``."""


@dataclass(frozen=True)
class Found:
    """A reason that applies to a listing."""

    reason: Reason
    values: Values = field(default_factory=dict)

    @property
    def code(self) -> str:
        return self.reason.code

    @property
    def words(self) -> str:
        values = self.values.items()
        return str(self.reason.words) % {
            name: one_of(value, most=3) if isinstance(value, list) else value for name, value in values
        }

    @property
    def stored(self) -> dict[str, Any]:
        """As a decision keeps it."""
        return {"code": self.reason.code, **self.values}
