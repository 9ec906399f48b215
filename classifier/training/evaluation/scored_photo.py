"""One labelled photo, what was recognised on it, and whether that was right."""

from __future__ import annotations

from dataclasses import dataclass

from classifier.recognition import Recognition
from classifier.training.data.manifest import ManifestRow


@dataclass(frozen=True)
class ScoredPhoto:
    """What was said of one labelled photo, and whether it was right."""

    row: ManifestRow
    recognition: Recognition
    """Without log_probs where no listing needs them: for 100,000 photos they would be 400 MB."""
    known: bool
    """An exterior photo with a make, of a model that the artefact knows."""
    make_known: bool
    """As known, for the make."""
    truth: int = -1
    """Index of the photo's trained class; -1 if the model is unknown.

    Of several that fit (see `TrainedNames.fitting`) the predicted one, else the first."""
    predicted: int = -1
    """Index of the likeliest trained class; -1 if there was no answer."""
    top1: bool = False
    top5: bool = False
    make_right: bool = False
    model_right: bool = False
    group_right: bool = False
    """Whether the model is the top candidate or one that photos cannot tell from it."""

    @property
    def labelled(self) -> bool:
        """Whether make and model are measured: it shows a car from outside and has a label."""
        return self.row.exterior and bool(self.row.make)

    @property
    def confidence(self) -> float:
        """Of the top candidate (make and model, years summed), 0…1; 0 if there was no answer."""
        return self.recognition.candidates[0].confidence if self.recognition.candidates else 0.0

    @property
    def look_alikes(self) -> bool:
        """Whether the answer is a group of cars that photos cannot tell apart."""
        return bool(self.recognition.candidates and self.recognition.candidates[0].alike)

    def filled_in(self, threshold: float) -> bool:
        """Whether a form would have filled in the model."""
        return bool(self.recognition.candidates) and self.recognition.candidates[0].sure(threshold)

    @property
    def make_confidence(self) -> float:
        """Of the likeliest make, 0…1; 0 if there was no answer."""
        return self.recognition.make.confidence if self.recognition.make else 0.0
