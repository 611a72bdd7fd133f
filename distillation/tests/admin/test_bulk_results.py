"""What is done to ticked tasks, a result for each, and how it is undone."""

from __future__ import annotations

import pytest

from distillation.contract.limits import BULK_TASKS
from distillation.models import TrainingTask
from distillation.tests.admin.conftest import LIST, page_of, said
from distillation.tests.admin.people import EVERYBODY, address, make_world
from distillation.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db


def post(console, action, *tasks, query="", **more):
    data = {"action": action, "_selected_action": [task.pk for task in tasks], "confirmed": "1", **more}
    return console.post(f"{LIST}?{query}", data, follow=True, HTTP_ACCEPT_LANGUAGE="en")


def test_each_task_has_its_result_and_a_reload_does_nothing_again(console):
    good, bad = TaskFactory(status="QUEUED"), TaskFactory(status="COMPLETED")
    page = post(console, "stop_tasks", good, bad, query="owner=alice")
    results = {row["id"]: row for row in page.context["rows"]}
    assert (results[good.task_id]["done"], results[bad.task_id]["done"]) == (True, False)
    assert bad.task_id in results[bad.task_id]["text"]
    assert (page.context["done"], page.context["refused"]) == (1, 1)
    assert f'href="{LIST}?owner=alice"' in page.content.decode()
    TrainingTask.objects.filter(pk=good.pk).update(status="QUEUED")
    assert console.get(page.redirect_chain[-1][0]).status_code == 200
    good.refresh_from_db()
    assert good.status == "QUEUED"


def test_a_deletion_is_undone_by_one_button(console):
    tasks = TaskFactory.create_batch(2)
    page = post(console, "delete_tasks", *tasks)
    assert sorted(page.context["undo"]) == [task.pk for task in tasks]
    assert "Undo" in page.content.decode()
    post(console, "restore_tasks", *tasks)
    assert TrainingTask.objects.alive().count() == 2


def test_tasks_are_cloned_and_the_results_lead_to_the_copies(console, digits, teacher):
    good, bad = TaskFactory(status="COMPLETED"), TaskFactory(dataset_id="gone")
    page = post(console, "clone_tasks", good, bad)
    copy = TrainingTask.objects.get(cloned_from=good.task_id)
    results = {row["id"]: row for row in page.context["rows"]}
    assert results[good.task_id]["url"] == page_of(copy)
    assert "gone" in results[bad.task_id]["text"]
    assert TrainingTask.objects.count() == 3


def test_everything_that_the_filter_finds_can_be_ticked_at_once(console):
    TaskFactory.create_batch(60, status="QUEUED")
    other = TaskFactory(status="QUEUED", create_by="bob")
    page = post(console, "stop_tasks", query="owner=alice", select_across="1")
    assert page.context["done"] == 60
    other.refresh_from_db()
    assert other.status == "QUEUED"


def test_more_than_the_limit_is_refused_as_a_whole(console):
    TrainingTask.objects.bulk_create([TaskFactory.build(status="QUEUED") for _ in range(BULK_TASKS + 1)])
    assert str(BULK_TASKS) in said(post(console, "stop_tasks", select_across="1"))
    assert not TrainingTask.objects.filter(status="STOPPED").exists()


@pytest.mark.parametrize(("number", "compared"), [(1, False), (2, True), (20, True), (21, False)])
def test_two_to_twenty_tasks_are_compared(console, number, compared):
    tasks = TaskFactory.create_batch(number)
    data = {"action": "compare", "_selected_action": [task.pk for task in tasks]}
    there = console.post(LIST, data).headers["Location"]
    assert there.startswith("/admin/compare/?tasks=") == compared
    if compared:
        assert sorted(there.partition("=")[2].split(",")) == sorted(task.task_id for task in tasks)


@pytest.mark.parametrize("action", ["", "explode", "take_over_tasks", "fresh_tasks", "stop"])
def test_what_is_no_action_changes_nothing(console, action):
    task = TaskFactory(status="QUEUED")
    post(console, action, task) if action != "stop" else None
    task.refresh_from_db()
    assert task.status == "QUEUED"


@pytest.mark.parametrize("ticked", [["x"], ["9" * 40], ["-1"], ["²"], ["1", "\0"], [], [""] * 900])
def test_hostile_ticks_find_nothing(console, ticked):
    TaskFactory(status="QUEUED", pk=77)
    answer = console.post(LIST, {"action": "stop_tasks", "_selected_action": ticked, "confirmed": "1"}, follow=True)
    assert answer.status_code == 200
    assert not TrainingTask.objects.filter(status="STOPPED").exists()


def test_results_are_one_s_own(console, staff):
    page = post(console, "stop_tasks", TaskFactory(status="QUEUED"))
    assert staff("R_ADMIN").get(page.redirect_chain[-1][0]).status_code == 404


@pytest.mark.parametrize("who", EVERYBODY[:7])
def test_nobody_is_offered_what_would_be_refused(home, who):
    world = make_world(home)
    client = world.client(who)
    page = client.get(address("distillation_trainingtask_changelist"))
    offered = {button["action"] for button in page.context["bar"]}
    assert bool(offered) == (who in ("root", "adam", "olga", "carl", "sten"))
    data = {"action": "stop_tasks", "_selected_action": [world.queued.pk], "confirmed": "1"}
    status = client.post(address("distillation_trainingtask_changelist"), data).status_code
    assert (status == 403) == (not offered)
