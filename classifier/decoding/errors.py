"""Why a file is not opened."""

from __future__ import annotations

from typing import Literal

Size = tuple[int, int]
"""Width and height in pixels."""


class PictureError(Exception):
    """The bytes are no picture that is taken; the message is the decoder's."""

    def __init__(
        self,
        reason: Literal["too_many_pixels", "too_complex", "truncated", "broken"],
        message: str = "",
        *,
        size: Size | None = None,
        most: int | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.size = size
        """Where it has too many pixels and says so."""
        self.most = most
        """How many pixels such a file may have, where that is fewer than asked for."""
