"""The state machine of trials: the only code that writes a trial's status.

Every move is a compare-and-set on the status, and for a worker on its lease, as with labelling jobs. A trial is not
continued: whoever waits for it is told what happened and may ask again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from distillation.contract.sentence import Sentence, gettext_noop
from distillation.lifecycle import LEASE
from distillation.models import LEFT_AFTER, Intent, Trial
from distillation.models import JobStatus as S
from distillation.models.sentences import stored

_NO_LEASE: dict[str, Any] = {"lease_owner": None, "lease_until": None, "intent": None}


# What people ask for


def stop(trial: Trial) -> None:
    """End it, at once where it waits; one that has ended stays as it is."""
    if not _move(trial, S.QUEUED, S.STOPPED, end_time=timezone.now(), **_NO_LEASE):
        Trial.objects.filter(pk=trial.pk, status=S.RUNNING, intent=None).update(intent=Intent.STOP)
        trial.refresh_from_db()


def seen(trial: Trial, at: datetime) -> None:
    """Its page has asked, or was left so long ago that nobody will."""
    Trial.objects.filter(pk=trial.pk).update(seen_at=at)


# What workers report


def claim(trial: Trial, worker: str) -> bool:
    """Take a queued trial: True for the one worker whose update changed the row. One whose page is gone ends."""
    now = timezone.now()
    if trial.seen_at < now - LEFT_AFTER:
        _move(trial, S.QUEUED, S.STOPPED, end_time=now, **_NO_LEASE)
        return False
    return _move(trial, S.QUEUED, S.RUNNING, lease_owner=worker, lease_until=now + LEASE, attempt=trial.attempt + 1,
                 start_time=now, intent=None)  # fmt: skip


def renew(trial: Trial, worker: str) -> bool:
    """Keep the lease; False when it is no longer this worker's."""
    held = Trial.objects.filter(pk=trial.pk, status=S.RUNNING, lease_owner=worker, attempt=trial.attempt)
    return bool(held.update(lease_until=timezone.now() + LEASE))


def asked_to_stop(trial: Trial) -> bool:
    """Whether somebody wants it to end, or nobody looks at it any more; also when it was removed."""
    wanted = Trial.objects.filter(pk=trial.pk, intent=None, seen_at__gte=timezone.now() - LEFT_AFTER)
    return not wanted.exists()


def note(trial: Trial, phase: str, done: int, total: int) -> None:
    """Keep how far the engine is."""
    Trial.objects.filter(pk=trial.pk, attempt=trial.attempt).update(phase=phase[:16], done=done, total=total)


def finish(trial: Trial) -> bool:
    """Both models have answered, or a sentence says why one did not."""
    return _end(trial, S.COMPLETED, error_detail=None)


def fail(trial: Trial, why: Sentence) -> bool:
    """It ended badly; ``why`` is what people read."""
    return _end(trial, S.FAILED, error_detail=stored(why, as_template=True))


def stopped(trial: Trial) -> bool:
    """The engine has ended because a person asked for it or left."""
    return _end(trial, S.STOPPED)


def give_back(trial: Trial) -> bool:
    """The worker itself is leaving: back to the queue."""
    return _move(trial, S.RUNNING, S.QUEUED, guard=_lease(trial), phase="", done=0, total=0, **_NO_LEASE)


def lost(trial: Trial, why: Sentence) -> bool:
    """The engine died, or its worker did."""
    if asked_to_stop(trial):
        return stopped(trial)
    return fail(trial, Sentence(gettext_noop("The trial was cut off: {why} Try again."), {"why": why.as_json()}))


def expired(now: datetime) -> list[Trial]:
    """Running trials whose worker has not renewed its lease."""
    return list(Trial.objects.filter(status=S.RUNNING, lease_until__lt=now).order_by("id"))


def _end(trial: Trial, to: S, **stamps: Any) -> bool:
    return _move(trial, S.RUNNING, to, guard=_lease(trial), end_time=timezone.now(), **_NO_LEASE, **stamps)


def _lease(trial: Trial) -> dict[str, Any]:
    """A worker whose lease went to another must not end the other's attempt."""
    return {"lease_owner": trial.lease_owner, "attempt": trial.attempt}


def _move(trial: Trial, before: S, to: S, guard: dict[str, Any] | None = None, **stamps: Any) -> bool:
    rows = Trial.objects.filter(pk=trial.pk, status=before, **(guard or {}))
    if not rows.update(status=to, **stamps):
        return False
    trial.refresh_from_db()
    return True
