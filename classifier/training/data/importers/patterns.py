"""Regular expressions that operators give."""

from __future__ import annotations

import re

from classifier.training.data.manifest import ManifestError

PATTERNS = {
    # Acura_ILX_2013_28_16_110_15_4_70_55_179_39_FWD_5_4_4dr_aWg.jpg: price, power, size …, and
    # three letters that tell the photos apart. Cars alike in all of that are taken for one car.
    "make_model_year": r"(?P<vehicle>(?P<make>[^_]+)_(?P<model>.+?)_(?P<year>(?:19|20)\d\d)(?:_.*)?)_[^_]*",
    "make_model": r"(?P<make>[^_]+)_(?P<model>[^_]+)_.*",
    "make": r"(?P<make>[^_\d]+?)[_ ]?\d.*",
}
"""Named patterns for file names without their ending, matched whole."""


def compiled(pattern: str, *groups: str) -> re.Pattern[str]:
    """Raises ManifestError for what is no regular expression, or lacks one of the groups."""
    try:
        found = re.compile(pattern)
    except re.error as error:
        raise ManifestError(f"pattern {pattern!r} is no regular expression ({error})") from error
    for name in groups:
        if name not in found.groupindex:
            names = ", ".join(PATTERNS)
            raise ManifestError(f"pattern {pattern!r} has no group (?P<{name}>…), nor is it one of {names}")
    return found


def group(match: re.Match[str], name: str) -> str:
    """The named group; for a vehicle pattern without names its first group, or all of the match."""
    if name in match.re.groupindex:
        return match[name] or ""
    if match.re.groupindex:
        return ""
    return match[1] if match.re.groups else match[0]
