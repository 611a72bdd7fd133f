"""Several tasks side by side: which of them somebody sees, and what the database holds of all of them at once."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection
from django.db.models import OuterRef, Q, Subquery

from distillation.models import ModelEvaluation, TrainingTask
from distillation.selectors.rights import Rights
from distillation.selectors.tasks import tasks_seen_by

MOST_CURVES = 100
"""Of a task; a script elsewhere may report any number of names."""
_CURVES = """
WITH RECURSIVE curves(task_id, name, depth) AS (
    SELECT t.id, (SELECT MIN(p.name) FROM md_metric_point p WHERE p.task_id = t.id), 1
    FROM md_training_task t WHERE t.id IN ({places})
    UNION ALL
    SELECT c.task_id,
        (SELECT MIN(p.name) FROM md_metric_point p WHERE p.task_id = c.task_id AND p.name > c.name), c.depth + 1
    FROM curves c WHERE c.name IS NOT NULL AND c.depth < {most}
)
SELECT task_id, name FROM curves WHERE name IS NOT NULL ORDER BY task_id, name
"""
"""Goes from name to name in the index: a DISTINCT would read every point of every task."""


def tasks_named(seen_by: Rights, ids: Sequence[str]) -> list[TrainingTask]:
    """The tasks of these ids that may be seen, in the order of the ids; one query."""
    found = {task.task_id: task for task in tasks_seen_by(seen_by).filter(task_id__in=ids)}
    # The database's idea of an equal id may be wider than ours.
    return [found[task_id] for task_id in ids if task_id in found]


def tasks_like(seen_by: Rights, text: str, most: int) -> list[TrainingTask]:
    """The newest tasks whose name, id or models contain the text, the newest of all where it is empty."""
    columns = ("task_name", "task_id", "student_model", "teacher_model")
    wanted = Q()
    for column in columns:
        wanted |= Q(**{f"{column}__icontains": text})
    return list((tasks_seen_by(seen_by).filter(wanted) if text else tasks_seen_by(seen_by))[:most])


def newest_evaluations(tasks: Sequence[TrainingTask]) -> dict[str, ModelEvaluation]:
    """By task id; one query, and no evaluation that an evaluation came after is read."""
    of_the_task = ModelEvaluation.objects.filter(task=OuterRef("task_id")).order_by("-eval_time", "-id")
    rows = ModelEvaluation.objects.filter(task__in=[task.task_id for task in tasks])
    rows = rows.filter(pk=Subquery(of_the_task.values("pk")[:1]))
    return {row.task_id: row for row in rows}


def curve_names(tasks: Sequence[TrainingTask]) -> dict[int, list[str]]:
    """By primary key: the names of the task's curves, sorted, at most MOST_CURVES; one query."""
    names: dict[int, list[str]] = {task.pk: [] for task in tasks}
    if not names:
        return names
    statement = _CURVES.format(places=", ".join(["%s"] * len(names)), most=MOST_CURVES)
    with connection.cursor() as cursor:
        cursor.execute(statement, list(names))
        for task, name in cursor.fetchall():
            names[task].append(name)
    return names
