"""Photos whose file names are their labels."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from classifier.training.data.importers.makes import KnownMakes
from classifier.training.data.importers.patterns import group
from classifier.training.data.importers.reading import Reading, label_text, row_of
from classifier.training.data.importers.tree import tree_read


def filenames_read(root: Path, makes: KnownMakes, pattern: re.Pattern[str]) -> Reading:
    """Read photos anywhere below `root`. pattern: matched with the name without its ending."""
    tree, found = tree_read(root), Reading()
    found.notes += tree.notes
    found.unread += tree.others
    for photo in tree.photos:
        said = pattern.fullmatch(unicodedata.normalize("NFC", photo.stem))
        make, model = makes.clean(group(said, "make"), group(said, "model")) if said else ("", "")
        if said is None or not make:
            found.leave(photo.relative_to(root), "the pattern does not fit")
            continue
        label = (make, model, group(said, "year"))
        row = row_of(root, photo, label, vehicle=group(said, "vehicle"))
        found.take(row, said=label_text(group(said, "make"), group(said, "model"), label[2]))
    return found
