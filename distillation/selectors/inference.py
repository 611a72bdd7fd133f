"""Labelling jobs as lists and pages read them: owner, team and visibility count as with tasks."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, User

from distillation.models import InferenceJob
from distillation.models.inference import InferenceQuerySet
from distillation.selectors.rights import Rights, rights, visible


def jobs_seen_by(seen_by: Rights) -> InferenceQuerySet:
    """The jobs that somebody with these rights may see, newest first."""
    return visible(InferenceJob.objects.alive(), seen_by).newest_first()


def visible_jobs(user: User | AnonymousUser) -> InferenceQuerySet:
    """The jobs that the user may see, newest first."""
    return jobs_seen_by(rights(user))


def may_change_job(held: Rights, job: InferenceJob) -> bool:
    """Administrators change every job, whoever labels with models the own ones."""
    return held.administers or (held.may_use_models and held.owns(job.create_by))
