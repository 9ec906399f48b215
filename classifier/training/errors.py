"""Errors of a training, each one clear line. Without torch, so that commands may import them."""


class TrainError(Exception):
    """A training cannot start or continue; the message is one clear line."""


class ReportError(Exception):
    """A report cannot be written; the message is one clear line."""
