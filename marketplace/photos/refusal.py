"""Why an upload is not taken."""


class PhotoRejected(Exception):  # an expected answer to a person, not a fault of the program
    """This upload is not taken. ``message`` tells the person what is wrong and what to do."""

    def __init__(self, reason_code: str, message: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.reason_code = reason_code
        self.message = message
        self._retry_after_s = retry_after_s

    @property
    def retry_after_s(self) -> int | None:
        """Seconds after which the same upload may be taken; None if the fault is the file's."""
        if self._retry_after_s is not None:
            return self._retry_after_s
        return 60 if self.reason_code in ("busy", "not_stored") else None

    @property
    def status(self) -> int:
        """The HTTP status of a page that answers with it."""
        if self.reason_code in ("too_often", "too_much_work"):
            return 429
        return 503 if self.retry_after_s else 422
