"""What the demo wrote is known again, whatever its numbers, and nothing that people wrote."""

from __future__ import annotations

import pytest

from distillation.contract import demo_texts
from distillation.contract.demo_texts import TEMPLATES, known_again
from distillation.management.demo import detection, tasks, ts_files, waves


@pytest.mark.parametrize("template", TEMPLATES)
def test_each_text_is_known_by_its_numbers(template):
    numbers = {"labelled": 7, "held_out": 8, "all": 90, "unlabelled": 0, "shapes": 5, "length": 64}
    found = known_again(template.format(**numbers))
    assert found is not None
    assert (found.template, found.english()) == (template, template.format(**numbers))


@pytest.mark.parametrize("text", ["", "Demo", "Handwritten digits, all many training pictures labelled; 540 held out.",
                                  demo_texts.DETECTOR + " And more.", "手写数字"])  # fmt: skip
def test_a_text_of_somebody_else_is_not(text):
    assert known_again(text) is None


def test_the_demo_writes_these_texts():
    requests = (
        tasks.TEACHER,
        tasks.distillation("TASK"),
        detection.teacher_request(detection.Sizes()),
        detection.student_request(detection.Sizes(), "TASK"),
        waves.ABOUT,
        ts_files.ABOUT,
    )
    assert all(known_again(one["description"]) for one in requests)
