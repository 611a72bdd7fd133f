"""A stated size must be near the true one; what is no size is refused in words."""

from __future__ import annotations

import pytest

from distillation.contract.param_sizes import parameters, shown, size_problem
from distillation.contract.request import InvalidRequest, parse
from distillation.contract.sentence import Refused

REQUEST = {"taskName": "t", "studentModel": "resnet18", "datasetId": "d", "teacherModel": "big"}


@pytest.mark.parametrize(
    ("label", "count"), [("7B", 7e9), ("1.5b", 1.5e9), ("300 M", 3e8), ("86000000", 86e6), ("11.7m", 11.7e6)]
)
def test_labels_are_read_as_people_write_them(label: str, count: float):
    assert parameters("teacherParamSize", label) == pytest.approx(count)


@pytest.mark.parametrize("label", ["large", "7 billion", "-7B", "0", "1e9", "7BB", "9" * 16])
def test_what_is_no_size_is_refused(label: str):
    with pytest.raises(Refused, match="is no number of parameters"):
        parameters("teacherParamSize", label)


def test_a_label_may_leave_out_what_names_leave_out():
    assert size_problem("teacherParamSize", "3B", "qwen", 3_754_622_976) is None
    problem = size_problem("teacherParamSize", "3B", "qwen", 8_292_166_656)
    assert problem is not None
    assert problem.english().startswith("teacherParamSize says 3B, but qwen has 8.29B parameters.")
    assert shown(1_626) == "1.63K"


def test_the_students_size_is_that_of_the_catalogue():
    assert parse(REQUEST | {"studentParamSize": "11M"}).values["studentParamSize"] == "11M"
    with pytest.raises(InvalidRequest, match=r"studentParamSize says 7B, but resnet18 has 11\.7M parameters"):
        parse(REQUEST | {"studentParamSize": "7B"})
    assert parse(REQUEST | {"studentParamSize": 11_689_512}).values["studentParamSize"] == "11689512"


def test_for_a_script_elsewhere_a_size_is_a_label():
    parse(REQUEST | {"studentParamSize": "small", "teacherParamSize": "huge", "executor": "external"})


def test_a_teacher_at_a_place_is_enough():
    assert parse(REQUEST | {"teacherModel": "", "teacherModelPath": "models/big"}).values["teacherModel"] is None
    with pytest.raises(InvalidRequest, match="Distillation needs a teacher"):
        parse(REQUEST | {"teacherModel": ""})
