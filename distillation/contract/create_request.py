"""A create request whose shape is right, and what follows from its values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from distillation.contract import feature_losses
from distillation.contract.options import BY_NAME
from distillation.contract.sentence import Problem
from distillation.contract.students import STUDENTS
from distillation.contract.task_types import DENSE

USUAL_VIEWS = 4
"""Augmented views of each picture where the request does not say."""


@dataclass(slots=True)
class CreateRequest:
    """A request whose shape is right."""

    values: dict[str, Any]
    """Every option of the catalogue by its wire name; what was not given has its default."""
    given: set[str] = field(default_factory=set)
    """Names that the client set itself (null and an empty string do not count)."""
    not_applied: list[Problem] = field(default_factory=list)
    """Options that are kept but have no effect in this task, each with the reason."""
    unknown: list[str] = field(default_factory=list)
    """Keys that no option has; they are ignored."""
    refused: set[str] = field(default_factory=set)
    """Options whose value could not be read; they have none here."""

    def assumed(self) -> CreateRequest:
        """The same with the default for what was refused, so that everything else can be looked at."""
        if not self.refused:
            return self
        defaults = {name: BY_NAME[name].default for name in self.refused}
        return replace(self, values=defaults | self.values)

    def take(self, whole: CreateRequest) -> None:
        """Take over what was found out with the assumed values, but none of these."""
        self.values.update({name: whole.values[name] for name in self.values})

    @property
    def direct(self) -> bool:
        """True when there is no teacher."""
        return bool(self.values["trainingMode"] == "direct")

    @property
    def external(self) -> bool:
        """True when a script elsewhere trains; names are labels then."""
        return bool(self.values["executor"] == "external")

    def soft_weight(self) -> float:
        """Weight of the soft loss."""
        given = self.values["softLabelWeight"]
        return float(self.values["alpha"] if given is None else given)

    def hard_weight(self) -> float:
        """Weight of the hard loss."""
        given = self.values["hardLabelWeight"]
        return round(1 - float(self.values["alpha"]), 10) if given is None else float(given)

    def seeds(self) -> tuple[int, ...]:
        """What the run is trained with, one after the other; the first one's student is delivered."""
        return tuple(self.values["seeds"] or (self.values["seed"],))

    def arms(self) -> int:
        """How often a model is trained: the student and perhaps its control, with every seed."""
        return (2 if self.values["control"] and not self.direct else 1) * len(self.seeds())

    def processes(self) -> int:
        """How many share each batch: one a GPU that is named."""
        return len(self.values["gpuDevices"] or (0,))

    def image_size(self) -> int | None:
        """Pixels that the student will see; None for a student that the catalogue does not know."""
        student = STUDENTS.get(self.values["studentModel"])
        usual = student.default_image_size if student else None
        return usual if self.values["imageSize"] is None else int(self.values["imageSize"])

    @property
    def dense(self) -> bool:
        """True when places in a picture matter."""
        return self.values["taskType"] in DENSE

    def augmentation(self) -> str:
        """How strongly pictures are changed."""
        return str(self.values["augmentation"] or ("light" if self.dense else "none"))

    def views(self) -> int:
        """How many views of each picture there are."""
        given = self.values["cacheViews"]
        if given is None:
            return 1 if self.augmentation() == "none" else USUAL_VIEWS
        return int(given)

    def feature_loss(self) -> str:
        """How features are compared."""
        usual = "at" if self.values["attentionDistill"] else feature_losses.usual(self.values["taskType"])
        return str(self.values["featureLossType"] or usual)

    def feature_weight(self) -> float:
        """Weight of the feature loss beside the soft loss."""
        given = self.values["featureWeight"]
        return 1.0 if given is None else float(given)

    def val_dataset(self) -> str | None:
        """The data set whose ``val/`` is held out."""
        chosen: str | None = self.values["valDatasetId"] or self.values["datasetId"]
        return chosen
