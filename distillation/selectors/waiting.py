"""What a queued task waits for: its place in the queue, and whether a worker lives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Func, IntegerField, Q, Subquery
from django.utils import timezone

from distillation.contract.sentence import Sentence, gettext_noop
from distillation.models import TaskStatus, TrainingTask, Worker

WORKER_SILENCE = timedelta(seconds=30)
"""A worker that has not been seen for this long is taken for absent."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Where a queued task stands."""

    position: int
    """1 for the task that leaves the queue next."""
    worker_seen_at: datetime | None
    """When the newest worker was seen; None where none is known: those that end tidily are forgotten."""

    @property
    def reason(self) -> Sentence:
        """What the task waits for."""
        if self.worker_seen_at is None:
            return Sentence(gettext_noop("No worker is running. Start one: manage.py run_worker."))
        if self.worker_seen_at < timezone.now() - WORKER_SILENCE:
            return Sentence(
                gettext_noop("No worker has been seen since {time}. Start one: manage.py run_worker."),
                {"time": timezone.localtime(self.worker_seen_at).strftime("%Y-%m-%d %H:%M:%S")},
            )
        return Sentence(
            gettext_noop("Number {position} in the queue; every slot of the workers is busy or about to be filled."),
            {"position": self.position},
        )


def waiting(task: TrainingTask) -> Wait | None:
    """The task's wait, by one statement; None when it does not wait."""
    if task.status != TaskStatus.QUEUED:
        return None
    count = Func(F("pk"), function="COUNT", output_field=IntegerField())
    ahead = TrainingTask.objects.queued().filter(_ahead_of(task)).order_by().annotate(n=count).values("n")
    seen = Worker.objects.order_by("-seen_at").values("seen_at")[:1]
    found = TrainingTask.objects.filter(pk=task.pk).values_list(Subquery(ahead), Subquery(seen)).first()
    return None if found is None else Wait(found[0] + 1, found[1])


def queue_position(task: TrainingTask) -> int | None:
    """1 for the task that leaves the queue next; None when it does not wait."""
    wait = waiting(task)
    return None if wait is None else wait.position


def waiting_reason(task: TrainingTask) -> Sentence | None:
    """What a queued task waits for."""
    wait = waiting(task)
    return None if wait is None else wait.reason


def worker_seen() -> bool:
    """Whether a worker lives, as far as is known."""
    return Worker.objects.filter(seen_at__gte=timezone.now() - WORKER_SILENCE).exists()


def newest_worker() -> Worker | None:
    """The worker that was seen last."""
    return Worker.objects.order_by("-seen_at").first()


def _ahead_of(task: TrainingTask) -> Q:
    same = Q(priority=task.priority)
    ahead = Q(priority__gt=task.priority)
    if task.queued_at is None:  # a row that was queued by SQL: it leaves with the first of its priority
        return ahead | same & Q(queued_at=None, id__lt=task.pk)
    ahead |= same & (Q(queued_at=None) | Q(queued_at__lt=task.queued_at))
    return ahead | same & Q(queued_at=task.queued_at, id__lt=task.pk)
