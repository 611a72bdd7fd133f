"""Which teacher teaches what."""

from __future__ import annotations

from typing import get_args

import pytest

from distillation.contract.task_types import METRICS
from distillation.contract.teachers import FAMILIES, TeacherKind, is_zero_shot, pair_problem, teaches

TYPES = set(METRICS)


def test_every_kind_of_the_spec_is_in_the_catalogue_and_teaches_what_exists():
    assert set(FAMILIES) == set(get_args(TeacherKind))
    assert all(set(family.teaches) <= TYPES for family in FAMILIES.values())


@pytest.mark.parametrize("kind", FAMILIES)
@pytest.mark.parametrize("task_type", sorted(TYPES))
def test_a_pair_that_cannot_work_is_refused_naming_both_sides(kind, task_type):
    problem = pair_problem("big", kind, teaches(kind), task_type)
    if task_type in teaches(kind):
        assert problem is None
    else:
        said = problem.english()
        assert "big" in said
        assert FAMILIES[kind].label in said
        assert (f"the task is {task_type}" if teaches(kind) else f"For {task_type} choose") in said


def test_what_is_unknown_teaches_nothing():
    assert teaches("oracle") == ()
    assert not is_zero_shot("oracle")
