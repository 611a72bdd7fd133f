"""Curves over one another: axes, smoothing over all points, thinning, and what is refused."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import numpy as np
import pytest

from distillation.selectors import overlay
from distillation.selectors.comparison import curve_names
from distillation.selectors.smoothing import smoothed
from distillation.tests.console.compared import PAGE, browser, curve, evaluated, together
from distillation.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db


def read(*tasks, **query):
    address = together(*tasks, page=f"{PAGE}curves/")
    return json.loads(browser().get(f"{address}&{urlencode(query)}").content)


def test_each_task_has_its_curve_under_its_letter():
    first, second, none = evaluated(), evaluated(), evaluated()
    curve(first, "loss", [3.0, 2.0, 1.0])
    curve(second, "loss", [1.0, None])
    curve(second, "loss", [9.0], arm="control")
    found = read(second, none, first, name="loss")
    assert [(one["letter"], one["values"]) for one in found["curves"]] == [("A", [1.0, None]), ("C", [3.0, 2.0, 1.0])]
    assert found["without"] == ["B"]
    assert read(second, first, name="loss", arm="control")["curves"][0]["values"] == [9.0]


def test_axes_are_steps_ways_through_epochs_and_seconds_since_the_first_point():
    task = TaskFactory()
    curve(task, "loss", [1.0] * 6, each=4)
    on = {axis: overlay.overlay([task.pk], "loss", "student", x=axis)[task.pk] for axis in overlay.AXES}
    assert on["step"].x == [1, 2, 3, 4, 5, 6]
    assert on["epoch"].x == [0.25, 0.5, 0.75, 1.0, 1.25, 1.5]
    assert on["time"].x == [0, 1, 2, 3, 4, 5]
    assert on["time"].epochs == [1, 1, 1, 1, 2, 2]


def test_points_without_epoch_or_time_have_no_place_there():
    task = TaskFactory()
    task.points.create(name="own", arm="student", step=1, value=1.0)
    for axis in ("epoch", "time"):
        assert overlay.overlay([task.pk], "own", "student", x=axis)[task.pk].x == [None]


def test_a_thousand_of_many_are_drawn_with_the_extremes_and_smoothed_before():
    task = TaskFactory()
    values = np.sin(np.arange(5000) / 300) + np.random.default_rng(1).normal(0, 0.2, 5000)
    values[2345], values[3456] = 50.0, -50.0
    curve(task, "loss", values.tolist())
    found = overlay.overlay([task.pk], "loss", "student", smoothing=0.9)[task.pk]
    whole = smoothed(values.tolist(), 0.9)
    assert found.total == 5000
    assert len(found.values) <= 1000
    assert {50.0, -50.0} <= set(found.values)
    assert found.smooth == pytest.approx([whole[step - 1] for step in found.steps])


def test_smoothing_is_the_debiased_mean_of_the_formula_and_gaps_stay():
    values, weight = [1.0, None, 3.0, 2.0], 0.6
    known = [1.0, 3.0, 2.0]
    expected = []
    for end in range(1, 4):
        weights = np.array([weight ** (end - 1 - at) for at in range(end)])
        expected.append(float((weights * known[:end]).sum() / weights.sum()))
    assert smoothed(values, weight) == [pytest.approx(expected[0]), None, *map(pytest.approx, expected[1:])]


def test_too_many_points_are_refused_in_words(monkeypatch):
    monkeypatch.setattr(overlay, "MOST_READ", 3)
    first, second = evaluated(), evaluated()
    curve(first, "loss", [1.0, 2.0])
    curve(second, "loss", [1.0])
    assert len(read(first, second, name="loss")["curves"]) == 2
    curve(second, "loss2", [1.0])
    second.points.create(name="loss", arm="student", step=9, value=1.0)
    assert "more than" in read(first, second, name="loss")["error"]


def test_names_of_curves_are_found_without_reading_the_points(django_assert_num_queries):
    first, second, third = (TaskFactory() for _ in range(3))
    curve(first, "valLoss", [1.0, 2.0])
    curve(first, "loss", [1.0])
    curve(second, "数据 own", [1.0])
    with django_assert_num_queries(1):
        found = curve_names([first, second, third])
    assert found == {first.pk: ["loss", "valLoss"], second.pk: ["数据 own"], third.pk: []}


def test_a_script_with_endless_names_does_not_fill_the_page():
    task = TaskFactory()
    for number in range(130):
        curve(task, f"name{number:03}", [1.0])
    assert len(curve_names([task])[task.pk]) == 100


def test_the_page_offers_the_known_curves_first_and_further_arms_only_where_there_are_any():
    task = evaluated(control=80.0, config={"seeds": [0, 1]})
    curve(task, "a", [1.0])
    curve(task, "loss", [1.0])
    curve(task, "valAccuracy", [1.0])
    context = browser().get(together(task, evaluated())).context
    assert [name for name, _label in context["curves"]] == ["valAccuracy", "loss", "a"]
    assert [name for name, _label in context["arms"]] == ["student", "control", "student2", "control2"]
