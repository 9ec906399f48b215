"""How right answers are that name a group of look-alikes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from classifier.look_alikes import look_alikes
from classifier.taxonomy import Candidate
from classifier.training.evaluation.scored_photo import ScoredPhoto
from classifier.training.evaluation.trained_names import TrainedNames


def in_group(label: tuple[str, str], best: Candidate, names: TrainedNames) -> bool:
    """Whether a label (make, model) is a car of the group of look-alikes that a candidate is of."""
    table = look_alikes()
    place = table.place(best.make, best.model) if best.alike and label[1] else None
    if place is None:
        return False
    own = table.place(*label)
    if own is not None and own[0] == place[0]:
        return True
    return any(names.same_model(car, label) for car in table.groups[place[0]].cars)  # by the catalogue's other names


def look_alikes_summarise(labelled: Sequence[ScoredPhoto]) -> dict[str, Any]:
    """The figures of photos whose first answer is a group.

    photos: how many these are. model_top1: of them the share with the right model first.
    group_top1: the share whose model is in the group. Shares are None where there is no photo.
    """
    mine = [one for one in labelled if one.look_alikes]
    return {
        "photos": len(mine),
        "model_top1": sum(one.model_right for one in mine) / len(mine) if mine else None,
        "group_top1": sum(one.group_right for one in mine) / len(mine) if mine else None,
    }
