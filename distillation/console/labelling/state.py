"""How far a labelling job is, as text by the name of its place on the page."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from distillation import selectors
from distillation.admin import figures
from distillation.admin.badge import badge
from distillation.admin.visibility import visibility_word
from distillation.admin.words import VALUES
from distillation.console.labelling.form import TITLES, stated_thresholds
from distillation.contract.labelling import NAMED_FAILURES
from distillation.contract.sentence import Sentence
from distillation.models import InferenceJob, Intent, JobStatus, TaskStatus
from distillation.models.sentences import shown, translate
from distillation.storage.labelled import previews_of

ACTIVE = (JobStatus.QUEUED, JobStatus.RUNNING)
_SURE_AFTER = 3.0
"""Seconds after which the speed says something."""


def page(job: InferenceJob) -> dict[str, Any]:
    """Everything that is shown."""
    return {
        "active": job.status in ACTIVE,
        "version": version(job),
        "figures": _figures(job),
        "done": job.processed_images,
        "total": job.total_images or 0,
        "badge": _badge(job),
        "waiting": _waiting(job),
        "error": shown(job.error_detail) or job.error_message or "",
        "failures": [(path, translate(Sentence.from_json(why))) for path, why in job.named_failures],
        "more_failures": max(0, job.failure_count - NAMED_FAILURES),
        "facts": _facts(job),
        "created": figures.moment(job.create_time),
        "created_ago": figures.ago(job.create_time),
        "seen_by": visibility_word(job.visibility),
    }


def live(job: InferenceJob) -> dict[str, Any]:
    """The small JSON view. A changed ``version`` tells the page that more than figures has changed."""
    return {
        "version": version(job),
        "live": job.status in ACTIVE,
        "figures": _figures(job),
        "done": job.processed_images,
        "total": job.total_images or 0,
        "waiting": _waiting(job),
    }


def version(job: InferenceJob) -> str:
    """Differs whenever buttons, badge or sections would."""
    return f"{job.status}:{job.intent or ''}:{job.attempt}:{min(job.failure_count, NAMED_FAILURES + 1)}"


def previews(job: InferenceJob) -> list[int]:
    """Numbers of the drawn pictures."""
    return previews_of(job.inference_id)


def _figures(job: InferenceJob) -> dict[str, str]:
    return {
        "progress": f"{figures.count(job.processed_images)} / {figures.count(job.total_images)}",
        "remaining": figures.duration(_remaining(job)) if job.status == JobStatus.RUNNING else figures.DASH,
        "elapsed": figures.duration(_elapsed(job)),
        "objects": figures.count(job.object_count),
        "labelled": figures.count(job.success_count - job.empty_count),
        "empty": figures.count(job.empty_count),
        "failed": figures.count(job.failure_count),
        "as_of": _("as of %(time)s") % {"time": timezone.localtime().strftime("%H:%M:%S")},
    }


def _elapsed(job: InferenceJob) -> float | None:
    if job.duration is not None:
        return job.duration
    if job.start_time is None or job.status != JobStatus.RUNNING:
        return None
    return (timezone.now() - job.start_time).total_seconds()


def _remaining(job: InferenceJob) -> float | None:
    """By the speed since the job began, waits between attempts among them."""
    elapsed = _elapsed(job)
    if not job.total_images or not job.processed_images or elapsed is None or elapsed < _SURE_AFTER:
        return None
    return elapsed / job.processed_images * (job.total_images - job.processed_images)


def _badge(job: InferenceJob) -> str:
    status = TaskStatus(job.status)
    if status == TaskStatus.RUNNING and job.intent:
        return badge(status, str(Intent(job.intent).label), "warning", moving=True)
    return badge(status, moving=status == TaskStatus.RUNNING)


def _waiting(job: InferenceJob) -> str:
    if job.status != JobStatus.QUEUED:
        return ""
    if not selectors.worker_seen():
        return _("No worker is running. An administrator starts one: manage.py run_worker.")
    return _("Waits for a slot of a worker; what has waited longest comes first, training among it.")


def _facts(job: InferenceJob) -> list[tuple[str, str]]:
    thresholds = ", ".join(f"{name} {least:g}" for name, least in stated_thresholds(job.class_thresholds))
    rows = [
        (_("Kind of task"), str(VALUES.get(job.task_type, job.task_type))),
        (_("Folder of pictures"), job.input_dir),
        (_("Output folder"), job.output_dir),
        (_("Formats"), ", ".join(TITLES.get(name, name) for name in job.formats.split(","))),
        (_("Threshold"), f"{job.threshold:g}"),
        (_("Thresholds by class"), thresholds or figures.DASH),
        (_("Pictures at a time"), figures.count(job.batch_size)),
        (_("Registered as data set"), job.imported_dataset or shown(job.import_note) or figures.DASH),
        (_("Attempts"), figures.count(job.attempt) if job.attempt else figures.DASH),
        (_("Started at"), figures.moment(job.start_time)),
        (_("Ended at"), figures.moment(job.end_time)),
    ]
    return [(label, value) for label, value in rows if value]
