"""Finding runs whose worker is gone, by the age of the lease and by nothing else."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from distillation import lifecycle
from distillation.contract.labelling import LABELLED
from distillation.contract.sentence import Sentence, gettext_noop
from distillation.jobs.ingest import Ingest
from distillation.jobs.job_supervisor import Events
from distillation.models import Executor, TaskStatus, TrainingTask
from distillation.services import inference_states, trial_states
from distillation.storage.local import inference_dir, run_dir

log = logging.getLogger(__name__)


def reap() -> int:
    """Requeue (or fail) tasks, jobs and trials with an expired lease, mark silent external tasks; returns how many."""
    now = timezone.now()
    why = Sentence(gettext_noop("lost contact: the worker has not reported for {seconds} s."),
                   {"seconds": int(lifecycle.LEASE.total_seconds())})  # fmt: skip
    count = 0
    for task in lifecycle.expired(now):
        Ingest(task, run_dir(task.task_id), task.attempt).catch_up()
        task.refresh_from_db()
        if task.lease_until is not None and task.lease_until < now and lifecycle.lost(task, "reaper", why):
            log.warning("%s: lost contact with %s", task.task_id, task.lease_owner or "its worker")
            count += 1
    count += _reap_jobs(now, why)
    count += sum(trial_states.lost(trial, why) for trial in trial_states.expired(now))
    silent = TrainingTask.objects.filter(
        Q(lease_until__lt=now), status=TaskStatus.RUNNING, executor=Executor.EXTERNAL, lost_contact_at=None
    )
    return count + silent.update(lost_contact_at=now)


def _reap_jobs(now: datetime, why: Sentence) -> int:
    count = 0
    for job in inference_states.expired(now):
        if (facts := Events(inference_dir(job.inference_id), job.attempt, LABELLED).newest()) is not None:
            inference_states.count(job, facts)
        job.refresh_from_db()
        if job.lease_until is not None and job.lease_until < now and inference_states.lost(job, why):
            log.warning("%s: lost contact with its worker", job.inference_id)
            count += 1
    return count
