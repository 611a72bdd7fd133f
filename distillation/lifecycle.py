"""The state machine: the only code that writes a task's status.

Every public verb has the same beats: guard, set, stamp, save, announce. The save is a compare-and-set on the
status (and for a worker on its lease), so of two callers exactly one wins and the other gets ``False`` or
Refused; the announcement is a row in the transition log, written in the same transaction.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.models import Executor, Intent, TaskStatus, TaskTransition, TrainingTask
from distillation.models.sentences import stored

S = TaskStatus
LEASE = timedelta(seconds=settings.DISTILLATION_LEASE_SECONDS)
RENEW_SECONDS = min(5.0, LEASE.total_seconds() / 6)
"""How often a worker renews its leases and looks for expired ones."""
EXTERNAL_LEASE = timedelta(minutes=10)
"""A script reports once an epoch; it is out of contact when it has been silent for this long."""
MAX_ATTEMPTS = 3

MOVES: dict[str, tuple[tuple[TaskStatus, ...], tuple[TaskStatus, ...]]] = {
    "start": ((S.PENDING, S.STOPPED, S.FAILED, S.PAUSED), (S.QUEUED,)),
    "resume": ((S.PAUSED,), (S.QUEUED,)),
    "claim": ((S.QUEUED,), (S.RUNNING,)),
    "pause": ((S.QUEUED, S.RUNNING), (S.PAUSED,)),
    "stop": ((S.QUEUED, S.PAUSED, S.RUNNING), (S.STOPPED,)),
    "finish": ((S.RUNNING,), (S.COMPLETED, S.FAILED)),
    "lost": ((S.RUNNING,), (S.QUEUED, S.FAILED)),
    "bind": ((S.PENDING, S.STOPPED, S.FAILED, S.COMPLETED), (S.COMPLETED,)),
}
"""Each verb: from which states, to which. Everything else is refused."""

_WORDS = {
    "start": gettext_noop("start"), "resume": gettext_noop("resume"), "pause": gettext_noop("pause"),
    "stop": gettext_noop("stop"), "bind": gettext_noop("bind a model"),
}  # fmt: skip
_NO_LEASE: dict[str, None] = {"lease_owner": None, "lease_until": None, "lost_contact_at": None}
_QUIET: dict[str, None] = {"intent": None, "estimated_time": None, "samples_per_second": None, "memory_used": None}


def may(verb: str, task: TrainingTask) -> bool:
    """Whether the verb could be carried out on the task as it was read (for buttons)."""
    if verb == "delete":
        return bool(task.del_flag == 0)
    if task.executor == Executor.SAMPLE or task.del_flag:
        return False
    if task.executor == Executor.EXTERNAL and verb in ("pause", "resume"):
        return False
    asked_already = verb in ("pause", "stop") and task.intent == verb
    return bool(task.status in MOVES[verb][0] and not asked_already)


# What people ask for


def require(verb: str, task: TrainingTask) -> None:
    """Raise Refused with the reason when the verb could not be carried out on the task as it was read."""
    _guard(verb, task)


def start(task: TrainingTask, actor: str, *, fresh: bool = False) -> None:
    """Put the task into the queue; it continues from its last checkpoint unless ``fresh``. Raises Refused.

    An external task runs at once: its script has begun.
    """
    _guard("start", task)
    stamps: dict[str, Any] = {
        **_NO_LEASE, **_QUIET, "queued_at": timezone.now(), "lost_count": 0, "end_time": None, "duration": None,
        "error_message": None, "error_detail": None, "update_by": actor, "fresh": fresh,
    }  # fmt: skip
    if fresh:
        stamps.update(current_epoch=0, progress=0, accuracy=None, loss=None, best_accuracy=None, best_epoch=None,
                      best_step=None, phase=None, trained_samples=None, start_time=None)  # fmt: skip
    with transaction.atomic():
        _must(_move(task, S.QUEUED, actor=actor, reason=Sentence(gettext_noop("started")), **stamps), "start", task)
        if task.executor == Executor.EXTERNAL:
            begun: dict[str, Any] = {
                "start_time": timezone.now(),
                "lease_until": timezone.now() + EXTERNAL_LEASE,
                "attempt": task.attempt + 1,
            }
            _move(task, S.RUNNING, actor=actor, reason=Sentence(gettext_noop("an external script runs it")), **begun)


def resume(task: TrainingTask, actor: str) -> None:
    """Put a paused task back into the queue. Raises Refused."""
    _guard("resume", task)
    reason = Sentence(gettext_noop("resumed"))
    moved = _move(task, S.QUEUED, actor=actor, reason=reason, **_NO_LEASE, **_QUIET,
                  queued_at=timezone.now(), lost_count=0, fresh=False, update_by=actor)  # fmt: skip
    _must(moved, "resume", task)


def pause(task: TrainingTask, actor: str) -> None:
    """Pause; a running task keeps running with the intent until its next checkpoint. Raises Refused."""
    _interrupt("pause", task, actor, S.PAUSED, Sentence(gettext_noop("paused")))


def stop(task: TrainingTask, actor: str) -> None:
    """Stop; a running task keeps running with the intent until its next checkpoint. Raises Refused."""
    _interrupt("stop", task, actor, S.STOPPED, Sentence(gettext_noop("stopped")))


def delete(task: TrainingTask, actor: str) -> None:
    """Hide the task; a running one is also asked to stop, in the same transaction. Raises Refused."""
    changes: dict[str, Any] = {"del_flag": 1, "update_by": actor}
    with transaction.atomic():
        current = TrainingTask.objects.select_for_update().filter(pk=task.pk, del_flag=0).first()
        if current is None:
            raise Refused(Sentence(gettext_noop("The task {task} is already deleted."), {"task": task.task_id}))
        if current.status == S.RUNNING and current.executor == Executor.PLATFORM:
            changes["intent"] = Intent.STOP
        elif current.status in (S.QUEUED, S.RUNNING) and current.executor != Executor.SAMPLE:
            _interrupt("stop", current, actor, S.STOPPED, Sentence(gettext_noop("stopped because it was deleted")))
        _change(current, actor, Sentence(gettext_noop("deleted")), **changes)
    task.refresh_from_db()


def restore(task: TrainingTask, actor: str) -> None:
    """Bring a deleted task back, in the state in which it was. Raises Refused."""
    with transaction.atomic():
        current = TrainingTask.objects.select_for_update().filter(pk=task.pk, del_flag=1).first()
        if current is None:
            raise Refused(Sentence(gettext_noop("The task {task} is not deleted."), {"task": task.task_id}))
        _change(current, actor, Sentence(gettext_noop("restored")), del_flag=0, update_by=actor)
    task.refresh_from_db()


def bind_model(task: TrainingTask, actor: str, *, model_path: str, model_sha256: str, model_url: str) -> None:
    """Complete the task with a model that was trained elsewhere; a completed one gets another model. Raises Refused."""
    _guard("bind", task)
    now = timezone.now()
    reason = Sentence(gettext_noop("bound to the model {path}"), {"path": model_path})
    moved = _move(task, S.COMPLETED, actor=actor, reason=reason, guard={"del_flag": 0}, **_NO_LEASE,
                  model_path=model_path, model_sha256=model_sha256, model_url=model_url, progress=100,
                  end_time=task.end_time or now, error_message=None, error_detail=None, update_by=actor)  # fmt: skip
    _must(moved, "bind", task)


def begin_binding(task: TrainingTask, actor: str, model_path: str) -> None:
    """Log that a model is being checked, which may take minutes; the status stays. Raises Refused."""
    task.refresh_from_db()
    _guard("bind", task)
    reason = Sentence(gettext_noop("the model {path} is being checked before it is bound"), {"path": model_path})
    _announce(task, TaskStatus(task.status), actor, reason)


def fail_binding(task: TrainingTask, actor: str, why: Sentence) -> None:
    """Log why a model was not bound; a task that does not run shows it as its error. Status and model stay."""
    with transaction.atomic():
        idle = TrainingTask.objects.filter(pk=task.pk, del_flag=0, status__in=MOVES["bind"][0])
        idle.update(**error_columns(why), update_time=timezone.now())
        task.refresh_from_db()
        _announce(task, TaskStatus(task.status), actor, why)


# What workers and scripts report


def claim(task: TrainingTask, worker: str) -> bool:
    """Take a queued task: True for the one worker whose update changed the row."""
    now = timezone.now()
    return _move(task, S.RUNNING, actor=worker, reason=Sentence(gettext_noop("claimed")), guard={"del_flag": 0},
                 lease_owner=worker, lease_until=now + LEASE, lost_contact_at=None, attempt=task.attempt + 1,
                 start_time=task.start_time or now, intent=None)  # fmt: skip


def renew(task: TrainingTask, worker: str) -> bool:
    """Keep the lease; False when it is no longer this worker's."""
    held = TrainingTask.objects.filter(pk=task.pk, status=S.RUNNING, lease_owner=worker, attempt=task.attempt)
    return bool(held.update(lease_until=timezone.now() + LEASE))


def wish(task: TrainingTask) -> Intent | None:
    """What people want of the running task."""
    intent = TrainingTask.objects.filter(pk=task.pk).values_list("intent", flat=True).first()
    return Intent(intent) if intent else None


def finish(task: TrainingTask, worker: str, **results: Any) -> bool:
    """The run ended well. ``results`` are further columns, such as the model's path."""
    return _end(task, S.COMPLETED, worker, Sentence(gettext_noop("completed")), progress=100, **results)


def fail(task: TrainingTask, actor: str, why: Sentence) -> bool:
    """The run ended badly, or could not begin; ``why`` is what people read."""
    return _end(task, S.FAILED, actor, why, **error_columns(why))


def interrupted(task: TrainingTask, worker: str, intent: Intent) -> bool:
    """The engine has written its checkpoint and ended because a person asked for it."""
    to, reason = (
        (S.PAUSED, Sentence(gettext_noop("paused at a checkpoint")))
        if intent == Intent.PAUSE
        else (S.STOPPED, Sentence(gettext_noop("stopped at a checkpoint")))
    )
    ended = {} if to == S.PAUSED else _ending(task)
    return _move(task, to, actor=worker, reason=reason, guard=_lease(task), **_NO_LEASE, **_QUIET, **ended)


def give_back(task: TrainingTask, worker: str) -> bool:
    """The worker itself is leaving: back to the queue, without counting."""
    reason = Sentence(gettext_noop("the worker was shut down; the run will continue"))
    return _requeue(task, worker, reason, task.lost_count)


def lost(task: TrainingTask, actor: str, why: Sentence) -> bool:
    """The run died: back to the queue to continue from its checkpoint, or FAILED after MAX_ATTEMPTS.

    A wish to stop or pause that the dead run could not carry out is carried out now.
    """
    if task.intent:
        return interrupted(task, actor, Intent(task.intent))
    count = task.lost_count + 1
    if count < MAX_ATTEMPTS:
        return _requeue(task, actor, why, count)
    final = Sentence(
        gettext_noop("The run was lost {count} times; the last time: {why} Start it to continue from its checkpoint."),
        {"count": count, "why": why.as_json()},
    )
    return _end(task, S.FAILED, actor, final, lost_count=count, **error_columns(final))


def expired(now: datetime) -> list[TrainingTask]:
    """Running tasks of the platform whose worker has not renewed its lease."""
    return list(
        TrainingTask.objects.filter(status=S.RUNNING, executor=Executor.PLATFORM, lease_until__lt=now).order_by("id")
    )


def error_columns(why: Sentence) -> dict[str, Any]:
    """The columns that keep an error: as text for everybody, and as a template for translation."""
    return {"error_message": stored(why), "error_detail": stored(why, as_template=True)}


# The beats


def _guard(verb: str, task: TrainingTask) -> None:
    if may(verb, task):
        return
    if task.executor == Executor.SAMPLE:
        raise Refused(
            Sentence(
                gettext_noop("{task} is a sample that shows what the pages look like; it cannot be run. Clone it."),
                {"task": task.task_id},
            )
        )
    if task.executor == Executor.EXTERNAL and verb in ("pause", "resume"):
        raise Refused(
            Sentence(
                gettext_noop("{task} is run by an external script, which cannot be paused from here. Stop it instead."),
                {"task": task.task_id},
            )
        )
    _must(False, verb, task)


def _must(moved: bool, verb: str, task: TrainingTask) -> None:
    if moved:
        return
    task.refresh_from_db()
    params = {"verb": _word(verb), "task": task.task_id, "status": task.status}
    if task.intent and task.status == S.RUNNING:
        raise Refused(
            Sentence(
                gettext_noop("{task} is {status} and already asked to {intent}."),
                {**params, "intent": _word(task.intent)},
            )
        )
    allowed = ", ".join(MOVES[verb][0])
    raise Refused(
        Sentence(
            gettext_noop("{task} is {status}; {verb} is possible when it is {allowed}."), {**params, "allowed": allowed}
        )
    )


def _word(verb: str) -> dict[str, Any]:
    return Sentence(_WORDS[verb]).as_json()


def _interrupt(verb: str, task: TrainingTask, actor: str, to: TaskStatus, reason: Sentence) -> None:
    _guard(verb, task)
    if task.status == S.RUNNING and task.executor == Executor.PLATFORM:
        with transaction.atomic():
            rows = TrainingTask.objects.filter(pk=task.pk, status=S.RUNNING, del_flag=0).exclude(intent=verb)
            moved = rows.update(intent=verb, update_by=actor, update_time=timezone.now())
            _must(bool(moved), verb, task)
            _announce(task, S.RUNNING, actor, Sentence(gettext_noop("asked to {verb}"), {"verb": _word(verb)}))
        task.refresh_from_db()
        return
    ended = _ending(task) if to == S.STOPPED and task.start_time else {}
    _must(_move(task, to, actor=actor, reason=reason, **_NO_LEASE, **_QUIET, **ended, update_by=actor), verb, task)


def _end(task: TrainingTask, to: TaskStatus, actor: str, reason: Sentence, **stamps: Any) -> bool:
    return _move(task, to, actor=actor, reason=reason, guard=_lease(task),
                 **{**_NO_LEASE, **_QUIET, **_ending(task), **stamps})  # fmt: skip


def _requeue(task: TrainingTask, actor: str, reason: Sentence, lost_count: int) -> bool:
    return _move(task, S.QUEUED, actor=actor, reason=reason, guard=_lease(task), **_NO_LEASE, **_QUIET,
                 queued_at=task.queued_at or timezone.now(), lost_count=lost_count)  # fmt: skip


def _lease(task: TrainingTask) -> dict[str, Any]:
    """A worker whose lease went to another must not end the other's run."""
    return {"lease_owner": task.lease_owner, "attempt": task.attempt}


def _ending(task: TrainingTask) -> dict[str, Any]:
    now = timezone.now()
    return {"end_time": now, "duration": int((now - task.start_time).total_seconds()) if task.start_time else None}


def _move(
    task: TrainingTask,
    to: TaskStatus,
    *,
    actor: str,
    reason: Sentence,
    guard: dict[str, Any] | None = None,
    **stamps: Any,
) -> bool:
    """Compare and set: True when this call changed the row; the task object then shows the new row."""
    before = TaskStatus(task.status)
    with transaction.atomic():
        rows = TrainingTask.objects.filter(pk=task.pk, status=before, **(guard or {}))
        if not rows.update(status=to, update_time=timezone.now(), **stamps):
            return False
        task.refresh_from_db()
        _announce(task, before, actor, reason)
    return True


def _change(task: TrainingTask, actor: str, reason: Sentence, **stamps: Any) -> None:
    before = TaskStatus(task.status)
    TrainingTask.objects.filter(pk=task.pk).update(update_time=timezone.now(), **stamps)
    _announce(task, before, actor, reason)


def _announce(task: TrainingTask, before: TaskStatus, actor: str, reason: Sentence) -> None:
    TaskTransition.objects.create(
        task_id=task.task_id,
        from_status=before,
        to_status=task.status,
        actor=actor,
        reason=stored(reason, as_template=True),
        attempt=task.attempt,
    )
