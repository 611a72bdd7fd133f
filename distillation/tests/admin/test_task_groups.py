"""Groups in the list: one row that says how many there are, how they stand and what the best has reached."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from distillation.models import TrainingTask
from distillation.services.cloning import clone_task
from distillation.tests.admin.conftest import LIST
from distillation.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db


def sweep(*best: float | None, **more) -> list[TrainingTask]:
    group = uuid.uuid4().hex
    return [
        TaskFactory(task_name=f"sweep · temperature={number}", best_accuracy=value, group_id=group, **more)
        for number, value in enumerate(best)
    ]


def listed(console, query: str = "") -> list[str]:
    return [row["name"] for row in console.get(f"{LIST}?{query}").context["rows"]]


def test_a_group_has_one_row_with_its_number_states_and_best(console):
    sweep(80, 93.5, None, status="COMPLETED")
    TrainingTask.objects.filter(best_accuracy=None).update(status="FAILED")
    TaskFactory(task_name="alone")
    page = console.get(LIST, HTTP_ACCEPT_LANGUAGE="en")
    assert (page.context["total"], page.context["row_count"]) == (4, 2)
    text = page.content.decode()
    for words in ("group of 3 tasks", "Completed 2", "Failed 1", "93.50 %", "best of 3", "4 tasks in 2 rows"):
        assert words in text, words
    assert "temperature=1" not in text.split("<tbody>")[1].split('data-label="Status"')[0]


def test_the_link_of_a_group_shows_its_tasks_under_the_same_filters(console):
    wanted = sweep(80, 90, status="COMPLETED")
    sweep(99, status="COMPLETED")
    TrainingTask.objects.filter(pk=wanted[0].pk).update(status="FAILED")
    row = next(row for row in console.get(LIST).context["rows"] if row["group"])
    page = console.get(f"{LIST}{row['url']}")
    assert {row["pk"] for row in page.context["rows"]} == {task.pk for task in wanted}
    assert "<b>temperature=1</b>" in page.content.decode()  # what differs, not what is the same
    assert listed(console, f"group={wanted[0].group_id}&status=FAILED") == [wanted[0].task_name]


def test_what_the_filter_leaves_of_a_group_is_what_its_row_counts(console):
    tasks = sweep(80, 90, 70, status="COMPLETED")
    TrainingTask.objects.filter(pk=tasks[1].pk).update(status="FAILED")
    page = console.get(f"{LIST}?status=COMPLETED", HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert "group of 2 tasks" in page
    assert "90.00 %" not in page
    assert [row["group"] for row in console.get(f"{LIST}?status=FAILED").context["rows"]] == [None]


def test_sorted_by_best_a_group_stands_where_its_best_task_would_and_nothing_comes_last(console):
    TaskFactory(task_name="good", best_accuracy=92)
    TaskFactory(task_name="none", best_accuracy=None)
    TaskFactory(task_name="bad", best_accuracy=50)
    sweep(10, 91)
    assert listed(console, "o=-best") == ["good", "sweep · temperature=1", "bad", "none"]
    assert listed(console, "o=best") == ["bad", "sweep · temperature=1", "good", "none"]


def test_every_task_has_a_row_when_that_is_asked_for(console):
    sweep(1, 2, 3)
    assert len(listed(console, "fold=no")) == 3


def test_a_stranger_s_tasks_do_not_count_in_a_group(staff):
    tasks = sweep(80, 99, create_by="olga", visibility="everyone")
    TrainingTask.objects.filter(pk=tasks[1].pk).update(visibility="private")
    row = staff("R_VIEWER").get(LIST).context["rows"]
    assert [(line["pk"], line["group"]) for line in row] == [(tasks[0].pk, None)]


def test_groups_and_pages_cost_no_further_queries(console):
    def cost(query: str) -> int:
        console.get(f"{LIST}?{query}")
        with CaptureQueriesContext(connection) as captured:
            assert console.get(f"{LIST}?{query}").status_code == 200
        return len(captured)

    TaskFactory.create_batch(10)
    sweep(1, 2)
    few = cost("o=-best")
    for _ in range(30):
        sweep(*range(10), status="COMPLETED", dataset_id=uuid.uuid4().hex, create_by=uuid.uuid4().hex)
    TrainingTask.objects.bulk_create([TaskFactory.build() for _ in range(700)])
    for query in ("o=-best", "o=-best&p=2", "type=classification&q=sweep", "status=COMPLETED&fold=no"):
        assert cost(query) <= few <= 12


def test_a_clone_with_another_seed_makes_a_group_with_its_original(digits, teacher):
    task = TaskFactory(create_by="alice")
    clones = [clone_task(task, {"seed": seed}, "alice") for seed in (1, 2)]
    task.refresh_from_db()
    assert task.group_id
    assert {clone.group_id for clone in clones} == {task.group_id}


@pytest.mark.parametrize("changes", [{}, {"seed": 3, "temperature": 2}, {"temperature": 5}])
def test_other_clones_make_none(digits, teacher, changes):
    task = TaskFactory(create_by="alice")
    assert clone_task(task, changes, "alice").group_id is None
    task.refresh_from_db()
    assert task.group_id is None


def test_somebody_else_s_task_stays_as_it_is_when_it_is_repeated(digits, teacher):
    task = TaskFactory(create_by="olga")
    clones = [clone_task(task, {"seed": seed}, "carl") for seed in (1, 2)]
    task.refresh_from_db()
    assert task.group_id is None
    assert len({clone.group_id for clone in clones} - {None}) == 1
