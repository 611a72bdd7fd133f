"""Verbs of the console: allowed, refused, in bulk, and never by GET."""

from __future__ import annotations

import pytest
from django.urls import reverse

from distillation.admin.verbs import VERBS
from distillation.models import ModelEvaluation, TaskStatus, TaskTransition, TrainingHistory, TrainingTask
from distillation.tests.admin.conftest import LIST, page_of, said, verb_of
from distillation.tests.factories import EvaluationFactory, HistoryFactory, TaskFactory

pytestmark = pytest.mark.django_db

ALLOWED = [
    ("start", "PENDING", "QUEUED"),
    ("start", "STOPPED", "QUEUED"),
    ("start", "FAILED", "QUEUED"),
    ("resume", "PAUSED", "QUEUED"),
    ("pause", "QUEUED", "PAUSED"),
    ("stop", "QUEUED", "STOPPED"),
    ("stop", "PAUSED", "STOPPED"),
    ("fresh", "STOPPED", "QUEUED"),
]
REFUSED = [
    ("start", "RUNNING"),
    ("start", "COMPLETED"),
    ("resume", "STOPPED"),
    ("pause", "PENDING"),
    ("pause", "COMPLETED"),
    ("stop", "PENDING"),
    ("stop", "COMPLETED"),
    ("stop", "FAILED"),
    ("fresh", "QUEUED"),
]


@pytest.mark.parametrize(("verb", "before", "after"), ALLOWED)
def test_an_allowed_verb_moves_the_task_and_names_the_person(console, digits, teacher, verb, before, after):
    task = TaskFactory(status=before)
    console.post(verb_of(task, verb))
    task.refresh_from_db()
    assert task.status == after
    assert TaskTransition.objects.get(task=task).actor == "alice"


@pytest.mark.parametrize(("verb", "before"), REFUSED)
def test_a_refused_verb_leaves_the_task_and_says_why(console, digits, teacher, verb, before):
    task = TaskFactory(status=before)
    response = console.post(verb_of(task, verb), follow=True)
    task.refresh_from_db()
    assert task.status == before
    assert task.task_id in said(response)


@pytest.mark.parametrize("verb", ["stop", "pause"])
def test_a_running_task_gets_the_intent(console, verb):
    task = TaskFactory(status="RUNNING")
    console.post(verb_of(task, verb))
    task.refresh_from_db()
    assert (task.status, task.intent) == ("RUNNING", verb)


def test_a_task_without_its_teacher_does_not_start_and_says_so(console, digits):
    task = TaskFactory(teacher_model="nowhere")
    assert "nowhere" in said(console.post(verb_of(task, "start"), follow=True))
    task.refresh_from_db()
    assert task.status == "PENDING"


def test_a_sample_cannot_be_run(console):
    task = TaskFactory(executor="sample", status="STOPPED")
    assert task.task_id in said(console.post(verb_of(task, "start"), follow=True))
    task.refresh_from_db()
    assert task.status == "STOPPED"


def test_delete_hides_and_restore_brings_back(console):
    task = TaskFactory()
    console.post(verb_of(task, "delete"))
    task.refresh_from_db()
    assert task.del_flag == 1
    console.post(verb_of(task, "restore"))
    task.refresh_from_db()
    assert task.del_flag == 0


@pytest.mark.parametrize("verb", [*VERBS, "explode"])
def test_a_get_never_changes_anything(console, verb):
    task = TaskFactory(status="QUEUED")
    before = TrainingTask.objects.values().get()
    assert console.get(verb_of(task, verb)).status_code == 405
    assert TrainingTask.objects.values().get() == before
    assert not TaskTransition.objects.exists()


def test_an_unknown_verb_does_not_exist(console):
    assert console.post(verb_of(TaskFactory(), "explode")).status_code == 404


def test_a_form_without_token_is_refused(alice):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    task = TaskFactory(status="QUEUED")
    assert client.post(verb_of(task, "stop")).status_code == 403
    task.refresh_from_db()
    assert task.status == "QUEUED"


@pytest.mark.parametrize("status", TaskStatus.values)
def test_the_page_offers_only_what_is_possible(console, status):
    task = TaskFactory(status=status, attempt=1)
    page = console.get(page_of(task)).content.decode()
    possible = {
        "PENDING": {"start", "fresh"},
        "QUEUED": {"pause", "stop"},
        "RUNNING": {"pause", "stop"},
        "PAUSED": {"resume", "stop", "fresh"},
        "COMPLETED": set(),
        "FAILED": {"start", "fresh"},
        "STOPPED": {"start", "fresh"},
    }[status]
    offered = {verb for verb in VERBS if f'action="{verb_of(task, verb)}"' in page}
    assert offered == possible | {"delete"}
    links = {name for name in ("edit", "clone") if f'href="/admin/distillation/trainingtask/{task.pk}/{name}/"' in page}
    assert links == ({"edit", "clone"} if status == "PENDING" else {"clone"})


def bulk(console, action, *tasks, **more):
    data = {"action": action, "_selected_action": [task.pk for task in tasks], **more}
    return console.post(f"{LIST}?deleted=all", data, follow=True)


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("start_tasks", "PENDING", "QUEUED"),
        ("resume_tasks", "PAUSED", "QUEUED"),
        ("pause_tasks", "QUEUED", "PAUSED"),
        ("stop_tasks", "QUEUED", "STOPPED"),
    ],
)
def test_a_bulk_action_does_what_it_can_and_says_who_was_refused(console, digits, teacher, action, before, after):
    good, bad = TaskFactory(status=before), TaskFactory(status="COMPLETED")
    response = bulk(console, action, good, bad, confirmed="1")
    good.refresh_from_db()
    bad.refresh_from_db()
    assert (good.status, bad.status) == (after, "COMPLETED")
    assert {row["id"]: row["done"] for row in response.context["rows"]} == {good.task_id: True, bad.task_id: False}
    assert bad.task_id in next(row["text"] for row in response.context["rows"] if not row["done"])


def test_tasks_are_deleted_and_restored_in_bulk(console):
    tasks = TaskFactory.create_batch(2)
    bulk(console, "delete_tasks", *tasks, confirmed="1")
    assert TrainingTask.objects.filter(del_flag=1).count() == 2
    bulk(console, "restore_tasks", *tasks)
    assert TrainingTask.objects.filter(del_flag=0).count() == 2


@pytest.mark.parametrize("action", ["stop_tasks", "delete_tasks", "take_samples_away"])
def test_what_interrupts_or_hides_is_asked_first(console, action):
    task = TaskFactory(status="QUEUED", executor="sample" if action.startswith("take") else "platform")
    response = bulk(console, action, task)
    task.refresh_from_db()
    assert (task.status, task.del_flag) == ("QUEUED", 0)
    assert 'name="confirmed"' in response.content.decode()


def test_the_samples_can_be_taken_away(console):
    sample, mine = TaskFactory(executor="sample"), TaskFactory()
    bulk(console, "take_samples_away", mine, confirmed="1")
    assert list(TrainingTask.objects.all()) == [mine]
    assert sample.pk is not None


def test_nothing_is_deleted_physically(console):
    task = EvaluationFactory(task=HistoryFactory().task).task
    url = reverse("admin:distillation_trainingtask_delete", args=[task.pk])
    assert console.post(url, {"post": "yes"}).status_code == 403
    bulk(console, "delete_selected", task, post="yes")
    assert TrainingTask.objects.filter(pk=task.pk).exists()
    assert TrainingHistory.objects.exists()
    assert ModelEvaluation.objects.exists()


class TestWithoutRights:
    def test_a_stranger_to_tasks_sees_none(self, staff):
        task = TaskFactory()
        for url in (LIST, page_of(task), reverse("admin:distillation_trainingtask_live", args=[task.pk])):
            assert staff().get(url).status_code == 403

    def test_a_viewer_sees_but_changes_nothing(self, staff):
        viewer, task = staff("R_VIEWER"), TaskFactory(status="QUEUED")
        page = viewer.get(page_of(task)).content.decode()
        assert task.task_id in page
        for verb in VERBS:
            assert verb_of(task, verb) not in page
            assert viewer.post(verb_of(task, verb)).status_code == 403
        assert viewer.get(f"{LIST}add/").status_code == 403
        bulk(viewer, "stop_tasks", task, confirmed="1")
        task.refresh_from_db()
        assert task.status == "QUEUED"

    def test_a_viewer_looks_at_a_pending_task_instead_of_editing_it(self, staff):
        task = TaskFactory()
        viewer = staff("R_VIEWER")
        assert 'id="task-form"' not in viewer.get(page_of(task)).content.decode()
        viewer.post(page_of(task), {"taskName": "mine now"})
        task.refresh_from_db()
        assert task.task_name != "mine now"

    def test_nobody_gets_in_without_login(self, client):
        assert client.get(LIST).status_code == 302
        assert client.post(verb_of(TaskFactory(status="QUEUED"), "stop")).status_code == 302
        assert TrainingTask.objects.get().status == "QUEUED"
