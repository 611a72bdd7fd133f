"""Trials: who may try which model, a trial's row and folder, and their end after a while.

What somebody uploads is seen by nobody else, administrators included. The uploads are removed when the models have
answered, pictures and answers when they are KEPT_HOURS old or KEPT newer ones of the same person exist.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.spec import RunSpec, TeacherSpec
from distillation.contract.task_types import USUAL_TYPE
from distillation.contract.trial import INPUTS, TASK_TYPES, TrialInput, TrialSpec
from distillation.models import LEFT_AFTER, JobStatus, TrainingTask, Trial
from distillation.models.trial import new_trial_id
from distillation.selectors import Rights, tasks_seen_by
from distillation.services import audit, trial_states, trial_uploads
from distillation.services.finished_students import student_of
from distillation.storage.local import TRIALS, folders, home, relative, run_dir, trial_dir
from distillation.storage.opening import Outside, real_path

log = logging.getLogger(__name__)

KEPT, KEPT_HOURS = 20, 24
"""Trials of one person, and hours, that pictures and answers stay."""
MOST_WAITING = 2
"""Unfinished trials of one person: a third one waits for nobody."""
GRACE_SECONDS = 5
"""After a page says that it is left, for the case that it is only loaded again."""
_ORPHAN_SECONDS = 3600


def task_type_of(task: TrainingTask) -> str:
    """The type of task whose model can be tried. Raises Refused for a model that cannot."""
    _file, config = student_of(
        task,
        gettext_noop(
            "The model of {task} is none of the students of this platform; only those can be tried. Distil it into one."
        ),
    )
    task_type = str(config.get("task_type") or USUAL_TYPE)
    if task_type not in TASK_TYPES:
        raise Refused(
            Sentence(
                gettext_noop(
                    "{task} is a model for {task_type}; models for {known} can be tried. Ask it with the script among "
                    "the task's files."
                ),
                {"task": task.task_id, "task_type": task_type, "known": ", ".join(TASK_TYPES)},
            )
        )
    return task_type


def begin(task: TrainingTask, uploads: Sequence[UploadedFile[Any]], said: str, by: Rights) -> Trial:
    """Queue a trial of the task's model. Raises Refused, and InvalidRequest for what was brought."""
    task_type = task_type_of(task)
    inputs = trial_uploads.texts(said) if task_type == "text" else trial_uploads.examined(uploads)
    if Trial.objects.of(by.username).unfinished().count() >= MOST_WAITING:
        raise Refused(
            Sentence(
                gettext_noop("{count} trials of yours are not finished. Wait for their end, or cancel one."),
                {"count": MOST_WAITING},
            )
        )
    trial_id = new_trial_id()
    folder = trial_dir(trial_id).root
    try:
        _prepare(folder, _spec(trial_id, task, task_type, inputs, by), uploads if task_type != "text" else (), inputs)
        with transaction.atomic():
            trial = Trial.objects.create(
                trial_id=trial_id, task_id=task.task_id, task_type=task_type, input_count=len(inputs),
                create_by=by.username,
            )  # fmt: skip
            audit.note("create", trial, by.username)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            why = gettext_noop("The pictures could not be kept: {error}. Check permissions and space of the home.")
            raise Refused(Sentence(why, {"error": error.strerror or str(error)})) from error
        raise
    for old in Trial.objects.of(by.username)[KEPT:]:
        remove(old)
    return trial


def teacher_of(task: TrainingTask, by: Rights) -> TeacherSpec | Sentence:
    """Who taught the task's student, or why that teacher cannot be asked."""
    spec = _run_spec(task)
    if spec is None:
        return Sentence(gettext_noop("No run of this platform trained the model, so its teacher is not known here."))
    if spec.teacher is None:
        return Sentence(gettext_noop("The model was trained without a teacher."))
    params = {"teacher": spec.teacher.name}
    if spec.teacher.kind == "task" and not tasks_seen_by(by).filter(task_id=spec.teacher.name).exists():
        return Sentence(gettext_noop("The teacher {teacher} was deleted, or you may not see it."), params)
    try:
        found = real_path(home() / spec.teacher.path, home()).is_dir()
    except (Outside, OSError, ValueError):
        found = False
    if not found:
        return Sentence(gettext_noop("The files of the teacher {teacher} are gone."), params)
    return spec.teacher


def cancel(trial: Trial, actor: str) -> None:
    """End it; the answers that are there stay."""
    with audit.audited("stop", trial, actor):
        trial_states.stop(trial)
    drop_uploads(trial)


def looked_at(trial: Trial) -> None:
    """Its page is open."""
    trial_states.seen(trial, timezone.now())


def left(trial: Trial) -> None:
    """Its page was closed; a page that is only loaded again asks within the grace."""
    trial_states.seen(trial, timezone.now() - LEFT_AFTER + timedelta(seconds=GRACE_SECONDS))


def drop_uploads(trial: Trial) -> None:
    """Remove what was uploaded, once nobody needs it any more."""
    if Trial.objects.filter(pk=trial.pk).unfinished().exists():
        return
    shutil.rmtree(trial_dir(trial.trial_id).root / INPUTS, ignore_errors=True)


def remove(trial: Trial) -> None:
    """Delete the row and its folder, unless an engine works in it."""
    if Trial.objects.exclude(status=JobStatus.RUNNING).filter(pk=trial.pk).delete()[0]:
        shutil.rmtree(trial_dir(trial.trial_id).root, ignore_errors=True)


def remove_old(now: datetime) -> int:
    """Delete trials that are too old, and folders that no row knows; returns how many there were."""
    old = list(Trial.objects.filter(create_time__lt=now - timedelta(hours=KEPT_HOURS)))
    for trial in old:
        remove(trial)
    orphans = [folder for folder in folders(home() / TRIALS) if _is_orphan(folder, now)]
    for folder in orphans:
        shutil.rmtree(folder, ignore_errors=True)
    return len(old) + len(orphans)


def _is_orphan(folder: Path, now: datetime) -> bool:
    with contextlib.suppress(OSError):
        young = now.timestamp() - folder.stat().st_mtime < _ORPHAN_SECONDS
        return not young and not Trial.objects.filter(trial_id=folder.name).exists()
    return False


def _spec(trial_id: str, task: TrainingTask, task_type: str, inputs: tuple[TrialInput, ...], by: Rights) -> TrialSpec:
    model, _config = student_of(task, "{task}")
    teacher = teacher_of(task, by)
    run = _run_spec(task)
    learned = isinstance(teacher, TeacherSpec) and run is not None and (run.joint or run.adapts_teacher)
    note = gettext_noop("The run adapted the teacher to its labels; these answers are of the teacher before that.")
    return TrialSpec(
        trial_id=trial_id,
        task_type=task_type,
        model_path=relative(model.parent),
        inputs=inputs,
        teacher=teacher if isinstance(teacher, TeacherSpec) else None,
        no_teacher=teacher.as_json() if isinstance(teacher, Sentence) else None,
        teacher_note=Sentence(note).as_json() if learned else None,
    )


def _run_spec(task: TrainingTask) -> RunSpec | None:
    try:
        return RunSpec.from_json(run_dir(task.task_id).spec.read_text(encoding="utf-8"))
    except (OSError, ValueError, Refused):
        return None


def _prepare(
    folder: Path, spec: TrialSpec, uploads: Sequence[UploadedFile[Any]], inputs: tuple[TrialInput, ...]
) -> None:
    folder.mkdir(parents=True)
    if uploads:
        trial_uploads.save(uploads, inputs, folder)
    trial_dir(spec.trial_id).spec.write_text(spec.to_json(), encoding="utf-8")
