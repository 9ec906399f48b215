"""What a training refuses with: one clear line. Free of torch, so that commands may name it."""


class TrainError(Exception):
    """A training cannot start or go on; the message is one clear line."""


class ReportError(Exception):
    """A report cannot be written; the message is one clear line."""
