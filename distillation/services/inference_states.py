"""The state machine of labelling jobs: the only code that writes a job's status.

Every move is a compare-and-set on the status, and for a worker on its lease, so of two callers exactly one wins.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.lifecycle import LEASE
from distillation.models import InferenceJob, Intent
from distillation.models import JobStatus as S
from distillation.models.sentences import MAX_BYTES, stored

MAX_ATTEMPTS = 3
STOPPABLE = (S.QUEUED, S.RUNNING)
RESUMABLE = (S.STOPPED, S.FAILED)

_NO_LEASE: dict[str, Any] = {"lease_owner": None, "lease_until": None, "intent": None}


# What people ask for


def may_stop(job: InferenceJob) -> bool:
    """Whether the job as it was read could be stopped (for buttons)."""
    return job.status in STOPPABLE and job.intent is None and not job.del_flag


def stop(job: InferenceJob) -> None:
    """Stop a waiting job; a running one is asked to, and ends after the pictures in hand. Raises Refused."""
    if _move(job, S.QUEUED, S.STOPPED, **_ending(job), **_NO_LEASE):
        return
    running = InferenceJob.objects.filter(pk=job.pk, status=S.RUNNING, intent=None)
    asked = running.update(intent=Intent.STOP)
    job.refresh_from_db()
    if not asked:
        template = (
            gettext_noop("{job} is already asked to stop.")
            if job.intent
            else gettext_noop("{job} is {status}; only a job that waits or runs can be stopped.")
        )
        raise Refused(Sentence(template, {"job": job.inference_id, "status": job.status}))


def delete(job: InferenceJob) -> None:
    """Hide the job; one that has not ended is stopped first. Its labels stay where they are."""
    with transaction.atomic():
        current = InferenceJob.objects.select_for_update().get(pk=job.pk)
        if may_stop(current):
            stop(current)
        InferenceJob.objects.filter(pk=job.pk).update(del_flag=1)
    job.refresh_from_db()


def may_resume(job: InferenceJob) -> bool:
    """Whether the job as it was read could go on (for buttons)."""
    return job.status in RESUMABLE and not job.del_flag


def resume(job: InferenceJob) -> None:
    """Queue a stopped or failed job again; the engine goes on behind the pictures that are done. Raises Refused."""
    before = S(job.status)
    fresh: dict[str, Any] = {"queued_at": timezone.now(), "lost_count": 0, "end_time": None, "duration": None,
                             "error_message": None, "error_detail": None}  # fmt: skip
    if before not in RESUMABLE or not _move(job, before, S.QUEUED, {"del_flag": 0}, **fresh, **_NO_LEASE):
        job.refresh_from_db()
        template = gettext_noop("{job} is {status}; only a job that was stopped or failed goes on.")
        raise Refused(Sentence(template, {"job": job.inference_id, "status": job.status}))


# What workers report


def claim(job: InferenceJob, worker: str) -> bool:
    """Take a queued job: True for the one worker whose update changed the row."""
    now = timezone.now()
    return _move(job, S.QUEUED, S.RUNNING, guard={"del_flag": 0}, lease_owner=worker, lease_until=now + LEASE,
                 attempt=job.attempt + 1, start_time=job.start_time or now, intent=None)  # fmt: skip


def renew(job: InferenceJob, worker: str) -> bool:
    """Keep the lease; False when it is no longer this worker's."""
    held = InferenceJob.objects.filter(pk=job.pk, status=S.RUNNING, lease_owner=worker, attempt=job.attempt)
    return bool(held.update(lease_until=timezone.now() + LEASE))


def asked_to_stop(job: InferenceJob) -> bool:
    """Whether somebody wants the running job to end."""
    return InferenceJob.objects.filter(pk=job.pk).exclude(intent=None).exists()


def count(job: InferenceJob, facts: dict[str, Any]) -> None:
    """Keep the engine's counts; they cover the whole job, so the newest ones are all that matters."""
    columns = {
        "total_images": "total", "processed_images": "processed", "success_count": "succeeded",
        "failure_count": "failed", "empty_count": "empty", "object_count": "objects",
    }  # fmt: skip
    values: dict[str, Any] = {column: facts[name] for column, name in columns.items() if type(facts.get(name)) is int}
    failures = json.dumps(facts.get("failures") or [], ensure_ascii=False)
    if len(failures.encode(errors="replace")) <= MAX_BYTES:
        values["failures"] = failures.encode(errors="replace").decode()
    InferenceJob.objects.filter(pk=job.pk, attempt=job.attempt).update(**values)


def finish(job: InferenceJob) -> bool:
    """Every picture was labelled, or failed by name."""
    return _end(job, S.COMPLETED, error_message=None, error_detail=None)


def fail(job: InferenceJob, why: Sentence) -> bool:
    """The job ended badly; ``why`` is what people read."""
    return _end(job, S.FAILED, error_message=stored(why), error_detail=stored(why, as_template=True))


def stopped(job: InferenceJob) -> bool:
    """The engine has ended because a person asked for it."""
    return _end(job, S.STOPPED)


def give_back(job: InferenceJob) -> bool:
    """The worker itself is leaving: back to the queue, without counting."""
    return _move(job, S.RUNNING, S.QUEUED, guard=_lease(job), **_NO_LEASE)


def lost(job: InferenceJob, why: Sentence) -> bool:
    """The attempt died: back to the queue to go on, or FAILED after MAX_ATTEMPTS; a wish to stop is carried out."""
    if asked_to_stop(job):
        return stopped(job)
    lost_count = job.lost_count + 1
    if lost_count < MAX_ATTEMPTS:
        return _move(job, S.RUNNING, S.QUEUED, guard=_lease(job), **_NO_LEASE, lost_count=lost_count)
    final = Sentence(
        gettext_noop("The job was lost {count} times; the last time: {why}"),
        {"count": lost_count, "why": why.as_json()},
    )
    return fail(job, final)


def expired(now: datetime) -> list[InferenceJob]:
    """Running jobs whose worker has not renewed its lease."""
    return list(InferenceJob.objects.filter(status=S.RUNNING, lease_until__lt=now).order_by("id"))


def _end(job: InferenceJob, to: S, **stamps: Any) -> bool:
    return _move(job, S.RUNNING, to, guard=_lease(job), **{**_NO_LEASE, **_ending(job), **stamps})


def _lease(job: InferenceJob) -> dict[str, Any]:
    """A worker whose lease went to another must not end the other's attempt."""
    return {"lease_owner": job.lease_owner, "attempt": job.attempt}


def _ending(job: InferenceJob) -> dict[str, Any]:
    now = timezone.now()
    return {"end_time": now, "duration": int((now - job.start_time).total_seconds()) if job.start_time else None}


def _move(job: InferenceJob, before: S, to: S, guard: dict[str, Any] | None = None, **stamps: Any) -> bool:
    rows = InferenceJob.objects.filter(pk=job.pk, status=before, **(guard or {}))
    if not rows.update(status=to, **stamps):
        return False
    job.refresh_from_db()
    return True
