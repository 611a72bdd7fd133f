"""Trials as their page reads them: nobody but the person who made one."""

from __future__ import annotations

from distillation.contract.sentence import Sentence, gettext_noop
from distillation.models import JobStatus, TrainingTask, Trial
from distillation.selectors.rights import Rights
from distillation.selectors.waiting import worker_seen


def own_trial(held: Rights, trial_id: str) -> Trial | None:
    """The trial of that id, if it is the person's."""
    trial = Trial.objects.filter(trial_id=trial_id).first()
    # The database's idea of an equal name may be wider than ours.
    return trial if trial is not None and held.owns(trial.create_by) else None


def own_trials(held: Rights, task: TrainingTask, most: int) -> list[Trial]:
    """The person's newest trials of a task's model."""
    return [trial for trial in Trial.objects.of(held.username).filter(task_id=task.task_id)[:most]
            if held.owns(trial.create_by)]  # fmt: skip


def trial_waits_for(trial: Trial) -> Sentence | None:
    """Why it has not begun; None when it does not wait."""
    if trial.status != JobStatus.QUEUED:
        return None
    if not worker_seen():
        return Sentence(gettext_noop("No worker is running. An administrator starts one: manage.py run_worker."))
    ahead = Trial.objects.queued().filter(id__lt=trial.pk).count()
    if not ahead and not Trial.objects.filter(status=JobStatus.RUNNING).exists():
        return Sentence(gettext_noop("A worker takes it within a second."))
    return Sentence(
        gettext_noop("Each worker looks after one trial at a time; {count} are before this one, or under way."),
        {"count": ahead + Trial.objects.filter(status=JobStatus.RUNNING).count()},
    )
