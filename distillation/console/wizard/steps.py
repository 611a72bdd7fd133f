"""Which option is asked in which step, and which are shown at once; the others are behind "More settings"."""

from __future__ import annotations

from dataclasses import dataclass

from distillation.contract.option import Option
from distillation.contract.options import OPTIONS
from distillation.contract.sentence import gettext_noop


@dataclass(frozen=True, slots=True)
class Step:
    """One step."""

    key: str
    title: str
    short: str
    """In the row of steps."""
    groups: tuple[str, ...]
    """Of the catalogue."""


STEPS = (
    Step("learn", gettext_noop("What should it learn?"), gettext_noop("Aim"), ()),
    Step("data", gettext_noop("Which data does it learn from?"), gettext_noop("Data"), ("data",)),
    Step("models", gettext_noop("Who learns, and who teaches?"), gettext_noop("Teacher and student"), ("models",)),
    Step("method", gettext_noop("How is it taught?"), gettext_noop("Method"), ("method", "lora")),
    Step("training", gettext_noop("How is it trained?"), gettext_noop("Training"), ("training",)),
    Step("start", gettext_noop("Check and start"), gettext_noop("Check and start"), ("basics",)),
)
LAST = STEPS[-1].key

ELSEWHERE = {"taskType": "learn", "trainingMode": "models"}
"""Options that are asked in another step than their group."""
CARDS = ("taskType", "datasetId", "trainingMode", "studentModel", "teacherModel")
"""Chosen from cards that say more than a name."""

AT_ONCE = frozenset({
    *CARDS, "taskName", "description", "visibility",
    "distillationType", "method", "distillLossType", "temperature", "alpha", "control",
    "loraTarget", "loraPreset", "loraRank", "loraAlpha", "loraDropout",
    "totalEpochs", "batchSize", "learningRate", "optimizer",
})  # fmt: skip


def step_of(option: Option) -> str:
    """The key of the step in which the option is asked."""
    found = next((step.key for step in STEPS if option.group in step.groups), LAST)
    return ELSEWHERE.get(option.name, found)


STEP_OF = {option.name: step_of(option) for option in OPTIONS}

NOT_LISTED = frozenset({"priority", "visibility", "executor", "taskType", "trainingMode", "studentModelType"})
"""Options of which several would mean nothing: where, when and for whom a task runs, and what others follow from."""


def takes_several(option: Option) -> bool:
    """Whether several values between commas make one task each."""
    return option.kind in ("integer", "number") and option.name not in NOT_LISTED


def takes_others(option: Option) -> bool:
    """Whether other choices can be ticked beside the chosen one, and make one task each."""
    return (bool(option.choices) or option.name == "studentModel") and option.name not in NOT_LISTED


def others_field(option: Option) -> str:
    """The name of the check boxes in the form."""
    return f"{option.name}_others"
