"""The sample tasks of the fixture: taken away in one go, with everything that hangs on them."""

from __future__ import annotations

from django.db import transaction

from distillation.models import Executor, ModelEvaluation, TaskTransition, TrainingHistory, TrainingTask
from distillation.services import audit


def remove_samples(actor: str = "") -> int:
    """Delete the sample tasks for good and return how many there were; ``actor`` is the person who asks for it."""
    with transaction.atomic():
        samples = list(TrainingTask.objects.filter(executor=Executor.SAMPLE))
        for sample in samples:
            audit.write("remove", sample, actor, audit.facts(sample), {})
        for model in (TrainingHistory, ModelEvaluation, TaskTransition):
            model._default_manager.filter(task__in=samples).delete()
        TrainingTask.objects.filter(executor=Executor.SAMPLE).delete()
    return len(samples)
