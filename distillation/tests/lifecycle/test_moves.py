"""Every verb from every state: what the table allows happens, the rest is refused and changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from django.utils import timezone

from distillation import lifecycle
from distillation.contract.sentence import Refused, Sentence
from distillation.models import Executor, Intent, TaskStatus, TaskTransition, TrainingTask
from distillation.tests.factories import TaskFactory

S = TaskStatus
WHY = Sentence("because")

PEOPLE = {
    "start": lambda task: lifecycle.start(task, "alice"),
    "resume": lambda task: lifecycle.resume(task, "alice"),
    "pause": lambda task: lifecycle.pause(task, "alice"),
    "stop": lambda task: lifecycle.stop(task, "alice"),
    "bind": lambda task: lifecycle.bind_model(
        task, "alice", model_path="models/x.safetensors", model_sha256="0" * 64, model_url="/x"
    ),
}
WORKERS = {
    "claim": lambda task: lifecycle.claim(task, "w1"),
    "finish": lambda task: lifecycle.finish(task, "w1"),
    "fail": lambda task: lifecycle.fail(task, "w1", WHY),
    "interrupted-stop": lambda task: lifecycle.interrupted(task, "w1", Intent.STOP),
    "interrupted-pause": lambda task: lifecycle.interrupted(task, "w1", Intent.PAUSE),
    "give back": lambda task: lifecycle.give_back(task, "w1"),
    "lost": lambda task: lifecycle.lost(task, "reaper", WHY),
}
EXPECTED: dict[tuple[str, TaskStatus], TaskStatus] = {
    ("start", S.PENDING): S.QUEUED,
    ("start", S.STOPPED): S.QUEUED,
    ("start", S.FAILED): S.QUEUED,
    ("start", S.PAUSED): S.QUEUED,
    ("resume", S.PAUSED): S.QUEUED,
    ("pause", S.QUEUED): S.PAUSED,
    ("pause", S.RUNNING): S.RUNNING,
    ("stop", S.QUEUED): S.STOPPED,
    ("stop", S.PAUSED): S.STOPPED,
    ("stop", S.RUNNING): S.RUNNING,
    ("bind", S.PENDING): S.COMPLETED,
    ("bind", S.STOPPED): S.COMPLETED,
    ("bind", S.FAILED): S.COMPLETED,
    ("bind", S.COMPLETED): S.COMPLETED,
    ("claim", S.QUEUED): S.RUNNING,
    ("finish", S.RUNNING): S.COMPLETED,
    ("fail", S.RUNNING): S.FAILED,
    ("interrupted-stop", S.RUNNING): S.STOPPED,
    ("interrupted-pause", S.RUNNING): S.PAUSED,
    ("give back", S.RUNNING): S.QUEUED,
    ("lost", S.RUNNING): S.QUEUED,
}


def a_task(status: TaskStatus, **values) -> TrainingTask:
    if status == S.RUNNING:
        values = {"lease_owner": "w1", "attempt": 1, "start_time": timezone.now(), **values}
    return TaskFactory(status=status, **values)


def snapshot(task: TrainingTask) -> Mapping[str, Any]:
    return TrainingTask.objects.filter(pk=task.pk).values().get()


@pytest.mark.django_db
@pytest.mark.parametrize("status", list(S))
@pytest.mark.parametrize("verb", list(PEOPLE))
def test_what_people_ask_for(verb, status):
    task = a_task(status)
    before = snapshot(task)
    expected = EXPECTED.get((verb, status))
    if expected is None:
        with pytest.raises(Refused) as refused:
            PEOPLE[verb](task)
        assert task.task_id in str(refused.value)
        assert status in str(refused.value)
        assert snapshot(task) == before
        assert not TaskTransition.objects.exists()
        return
    PEOPLE[verb](task)
    row = TaskTransition.objects.get()
    assert task.status == expected == snapshot(task)["status"]
    assert (row.from_status, row.to_status, row.actor) == (status, expected, "alice")
    assert row.reason


@pytest.mark.django_db
@pytest.mark.parametrize("status", list(S))
@pytest.mark.parametrize("verb", list(WORKERS))
def test_what_workers_report(verb, status):
    task = a_task(status)
    if verb not in ("claim",) and status != S.RUNNING:
        # A worker that believes it runs the task, while the row has moved on.
        TrainingTask.objects.filter(pk=task.pk).update(lease_owner="w1")
        task.status = S.RUNNING
    before = snapshot(task)
    expected = EXPECTED.get((verb, status))
    if expected is None and verb == "claim":
        task.status = S.QUEUED
    assert WORKERS[verb](task) is (expected is not None)
    if expected is None:
        assert snapshot(task) == before
        assert not TaskTransition.objects.exists()
    else:
        assert snapshot(task)["status"] == expected
        assert TaskTransition.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("verb", ["start", "resume", "pause", "stop", "bind"])
@pytest.mark.parametrize("status", list(S))
def test_a_sample_is_never_moved(verb, status):
    task = a_task(status, executor=Executor.SAMPLE)
    with pytest.raises(Refused):
        PEOPLE[verb](task)
    assert snapshot(task)["status"] == status


@pytest.mark.django_db
def test_a_sample_can_be_deleted_and_restored():
    task = a_task(S.RUNNING, executor=Executor.SAMPLE)
    lifecycle.delete(task, "alice")
    assert task.del_flag == 1
    lifecycle.restore(task, "alice")
    assert (task.del_flag, task.status, task.intent) == (0, S.RUNNING, None)


@pytest.mark.django_db
def test_stopping_a_running_task_is_a_wish_until_the_worker_confirms_it():
    task = a_task(S.RUNNING)
    lifecycle.stop(task, "alice")
    assert (task.status, task.intent) == (S.RUNNING, Intent.STOP)
    assert lifecycle.wish(task) == Intent.STOP
    assert lifecycle.interrupted(task, "w1", Intent.STOP)
    assert (task.status, task.intent, task.lease_owner) == (S.STOPPED, None, None)
    assert task.end_time is not None
    assert task.duration is not None


@pytest.mark.django_db
def test_the_second_click_is_told_that_the_first_has_won():
    task = a_task(S.RUNNING)
    other = TrainingTask.objects.get(pk=task.pk)
    lifecycle.stop(task, "alice")
    with pytest.raises(Refused, match="already asked to stop"):
        lifecycle.stop(other, "bob")
    assert TaskTransition.objects.count() == 1


@pytest.mark.django_db
def test_a_pause_can_become_a_stop():
    task = a_task(S.RUNNING)
    lifecycle.pause(task, "alice")
    lifecycle.stop(task, "alice")
    assert task.intent == Intent.STOP


@pytest.mark.django_db
def test_a_stop_that_crosses_a_completion_loses():
    task = a_task(S.RUNNING)
    late = TrainingTask.objects.get(pk=task.pk)
    assert lifecycle.finish(task, "w1")
    with pytest.raises(Refused, match="COMPLETED"):
        lifecycle.stop(late, "alice")
    assert snapshot(task)["status"] == S.COMPLETED
    assert snapshot(task)["intent"] is None


@pytest.mark.django_db
def test_a_worker_without_the_lease_cannot_end_the_run():
    task = a_task(S.RUNNING)
    stale = TrainingTask.objects.get(pk=task.pk)
    TrainingTask.objects.filter(pk=task.pk).update(lease_owner="w2", attempt=2)
    assert not lifecycle.renew(stale, "w1")
    assert not lifecycle.finish(stale, "w1")
    assert not lifecycle.fail(stale, "w1", WHY)
    assert not lifecycle.lost(stale, "reaper", WHY)
    assert snapshot(task)["status"] == S.RUNNING


@pytest.mark.django_db
def test_the_third_loss_in_a_row_fails_the_task_with_the_reason():
    task = a_task(S.RUNNING)
    for count in (1, 2):
        assert lifecycle.lost(task, "reaper", WHY)
        assert (task.status, task.lost_count) == (S.QUEUED, count)
        assert lifecycle.claim(task, "w1")
    assert lifecycle.lost(task, "reaper", WHY)
    assert (task.status, task.lost_count) == (S.FAILED, 3)
    assert "because" in task.error_message


@pytest.mark.django_db
def test_a_worker_that_is_shut_down_gives_back_without_counting():
    task = a_task(S.RUNNING, lost_count=2)
    assert lifecycle.give_back(task, "w1")
    assert (task.status, task.lost_count, task.lease_owner) == (S.QUEUED, 2, None)


@pytest.mark.django_db
def test_a_wish_that_a_dead_run_could_not_carry_out_is_carried_out():
    task = a_task(S.RUNNING, intent=Intent.PAUSE)
    assert lifecycle.lost(task, "reaper", WHY)
    assert (task.status, task.intent) == (S.PAUSED, None)


@pytest.mark.django_db
def test_deleting_a_running_task_hides_it_and_asks_it_to_stop():
    task = a_task(S.RUNNING)
    lifecycle.delete(task, "alice")
    assert (task.del_flag, task.status, task.intent) == (1, S.RUNNING, Intent.STOP)
    with pytest.raises(Refused, match="already deleted"):
        lifecycle.delete(task, "alice")


@pytest.mark.django_db
@pytest.mark.parametrize("status", list(S))
def test_every_state_can_be_deleted_and_restored(status):
    task = a_task(status)
    lifecycle.delete(task, "alice")
    expected = {S.QUEUED: S.STOPPED}.get(status, status)
    assert (task.del_flag, task.status) == (1, expected)
    lifecycle.restore(task, "alice")
    assert (task.del_flag, task.status) == (0, expected)


@pytest.mark.django_db
def test_a_deleted_task_is_not_claimed():
    task = a_task(S.QUEUED)
    TrainingTask.objects.filter(pk=task.pk).update(del_flag=1)
    assert not lifecycle.claim(task, "w1")
    assert not TrainingTask.objects.queued().exists()


@pytest.mark.django_db
def test_an_external_task_runs_at_once_and_stops_at_once():
    task = a_task(S.PENDING, executor=Executor.EXTERNAL)
    lifecycle.start(task, "alice")
    assert task.status == S.RUNNING
    assert [(t.from_status, t.to_status) for t in task.transitions.all()] == [
        (S.PENDING, S.QUEUED),
        (S.QUEUED, S.RUNNING),
    ]
    with pytest.raises(Refused, match="external script"):
        lifecycle.pause(task, "alice")
    lifecycle.stop(task, "alice")
    assert task.status == S.STOPPED


@pytest.mark.django_db
def test_a_fresh_start_forgets_the_figures_and_a_plain_one_keeps_them():
    task = a_task(S.STOPPED, current_epoch=3, progress=40, best_accuracy="90", best_step=12)
    lifecycle.start(task, "alice")
    assert (task.current_epoch, task.progress, task.fresh) == (3, 40, False)
    lifecycle.stop(task, "alice")
    lifecycle.start(task, "alice", fresh=True)
    assert (task.current_epoch, task.progress, task.fresh) == (0, 0, True)
    assert (task.best_accuracy, task.best_step) == (None, None)


@pytest.mark.django_db
def test_the_queue_is_ordered_by_priority_then_by_time():
    first, second = a_task(S.PENDING), a_task(S.PENDING)
    urgent = a_task(S.PENDING, priority=5)
    for task in (first, second, urgent):
        lifecycle.start(task, "alice")
    assert list(TrainingTask.objects.queued()) == [urgent, first, second]


@pytest.mark.django_db
def test_only_expired_leases_of_the_platform_are_reaped():
    now = timezone.now()
    old = now - lifecycle.LEASE
    expired = a_task(S.RUNNING, lease_until=old)
    a_task(S.RUNNING, lease_until=now + lifecycle.LEASE)
    a_task(S.RUNNING, lease_until=old, executor=Executor.EXTERNAL)
    a_task(S.RUNNING, executor=Executor.SAMPLE)
    assert lifecycle.expired(now) == [expired]


@pytest.mark.django_db
def test_the_table_names_every_pair_that_the_tests_expect():
    pairs = {(verb.split("-")[0], status) for verb, status in EXPECTED}
    names = {"interrupted": "", "give back": "lost", "fail": "finish"}
    for verb, status in pairs:
        table = names.get(verb, verb)
        if table:
            assert status in lifecycle.MOVES[table][0], (verb, status)
