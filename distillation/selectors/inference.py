"""Labelling jobs as lists and pages read them: owner, team and visibility count as with tasks."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User

from distillation.models import InferenceJob
from distillation.models.inference import InferenceQuerySet
from distillation.selectors.rights import Rights, rights, visible
from distillation.selectors.tasks import hidden_datasets


def jobs_seen_by(seen_by: Rights) -> InferenceQuerySet:
    """The jobs that somebody with these rights may see, newest first."""
    return visible(InferenceJob.objects.alive(), seen_by).newest_first()


def visible_jobs(user: User | AnonymousUser) -> InferenceQuerySet:
    """The jobs that the user may see, newest first."""
    return jobs_seen_by(rights(user))


def may_change_job(held: Rights, job: InferenceJob) -> bool:
    """Administrators change every job, whoever labels with models the own ones."""
    return held.administers or (held.may_use_models and held.owns(job.create_by))


def may_see_pictures(held: Rights, job: InferenceJob) -> bool:
    """Whether the pictures that a job labels may be shown: they can be of a data set that is a few people's."""
    root = Path(settings.DATASETS_ROOT).name
    first, _slash, rest = job.input_dir.partition("/")
    dataset = rest.partition("/")[0] if first == root else ""
    return held.may_use_models and dataset not in hidden_datasets(held)
