"""What a proof of an option says, and the tests that prove several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Where = Literal["request", "database", "start", "worker", "engine"]


@dataclass(frozen=True, slots=True)
class Proof:
    """Of one option."""

    where: Where
    """request: judged or completed when it is read. start: compared with data and models before a run begins."""
    compared_with: str
    tests: tuple[str, ...]
    """``<file below tests>::<function>``."""
    choices: Mapping[str, str] = field(default_factory=dict)
    """Choice → the test that fails when it does what another one does."""


def each(names: str, test: str) -> dict[str, str]:
    """The same test for several choices, with blanks between."""
    return dict.fromkeys(names.split(), test)


SPEC = "services/test_every_option.py::test_an_option_changes_its_own_part_of_the_spec_alone"
CHOICES = "services/test_every_option.py::test_every_choice_reaches_the_spec_as_itself"
EACH = "engine/test_each_choice.py"
RUNS = "engine/test_training_options.py"
SUM = "engine/test_objective.py::test_the_gradient_is_that_of_the_weighted_sum"
ADAPTED = "engine/lora/test_teacher_adaptation.py::test_the_teacher_is_right_more_often_and_teaches_so"
