"""The pictures of accuracy against cost: who is on the front, and that labels can be read."""

from __future__ import annotations

import itertools

import pytest
from django.utils import translation

from distillation.admin import figures
from distillation.console.compare import picture, tradeoff
from distillation.console.compare.picture import Point
from distillation.tests.console.compared import browser, evaluated, together


def point(x: float, y: float, letter: str = "A", label: str = "A") -> Point:
    return Point(x, y, letter, "a task", label, 0, "solid")


def test_on_the_front_is_what_nothing_beats():
    places = {
        "A": (1, 80),
        "B": (2, 90),
        "C": (3, 85),
        "D": (2, 85),
        "E": (4, 95),
        "F": (4, 95),
        "G": (1, 79),
        "H": (9, 95),
    }
    marked = tradeoff.with_front([point(x, y, letter) for letter, (x, y) in places.items()])
    assert "".join(sorted(each.letter for each in marked if each.front)) == "ABEF"
    assert [each.x for each in marked] == sorted(each.x for each in marked)


@pytest.mark.parametrize("same", [False, True])
def test_twenty_labels_do_not_cover_one_another_and_stay_inside(same):
    points = [point(1000 + (0 if same else number * 37), 90 + number / 4, "A", "A") for number in range(20)]
    drawn = picture.drawn(points, figures.size)
    boxes = []
    for each in drawn.points:
        left = each.label_x - {"start": 0, "middle": 3.5, "end": 7}[each.anchor]
        assert 0 <= left <= drawn.width - 7
        assert 8 <= each.label_y <= drawn.bottom
        boxes.append((left, each.label_y - 4, left + 7, each.label_y + 4))
    for one, other in itertools.combinations(boxes, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


@pytest.mark.parametrize("xs", [(5.0,), (5.0, 5.0), (1.0, 1.1), (1e-3, 1e12), (0.4, 9.8)])
def test_axes_have_ticks_whatever_the_range(xs):
    drawn = picture.drawn([point(x, 90.0) for x in xs], figures.milliseconds)
    assert len(drawn.across) >= 1
    assert len(drawn.up) >= 2
    assert all(drawn.left <= tick.at <= drawn.right for tick in drawn.across)
    assert drawn.logarithmic == (max(xs) / min(xs) > 8)


def test_the_front_goes_along_before_it_goes_up():
    drawn = picture.drawn(tradeoff.with_front([point(1, 80), point(2, 90)]), figures.size)
    (x1, y1), (x2, y2) = ((each.x, each.y) for each in drawn.points)
    assert drawn.front == f"{x1},{y1} {x2},{y1} {x2},{y2}"


@pytest.mark.django_db
def test_the_page_draws_both_pictures_with_the_teacher_once_and_says_who_is_left_out():
    tasks = [evaluated(90.0, size=1000), evaluated(92.0, size=9000, latency=None), evaluated(91.0, size=None)]
    with translation.override("en"):
        pictures = browser().get(together(*tasks)).context["pictures"]
    assert [each.title for each in pictures] == ["Accuracy against size", "Accuracy against latency"]
    assert [sentence.partition(":")[0] for sentence in pictures[0].told] == [
        f"A {tasks[0].task_name}", f"B {tasks[1].task_name}", "Teacher big",
    ]  # fmt: skip
    assert pictures[0].told[0].endswith("1.00 KB; on the front")
    assert "C" in pictures[0].left_out
    assert "B" in pictures[1].left_out


@pytest.mark.django_db
def test_other_data_has_pictures_of_its_own_and_a_lonely_point_none():
    tasks = [evaluated(), evaluated(data="photos"), evaluated(data="photos")]
    assert len(browser().get(together(*tasks)).context["pictures"]) == 4
