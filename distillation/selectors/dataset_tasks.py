"""Which tasks use a data set, as far as the reader may see them."""

from __future__ import annotations

from django.db.models import Q

from distillation.models.task import TaskQuerySet
from distillation.selectors.rights import Rights
from distillation.selectors.tasks import tasks_seen_by


def tasks_using(dataset_id: str, seen_by: Rights) -> TaskQuerySet:
    """Tasks that learn from the folder or are validated on it, the newest first."""
    return tasks_seen_by(seen_by).filter(Q(dataset_id=dataset_id) | Q(val_dataset_id=dataset_id))
