"""Old curves become thin and keep their shape; what is young or still running stays as it is."""

from __future__ import annotations

import math
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from distillation.contract.sentence import Sentence
from distillation.models import LogLevel, LogLine, LogSource, MetricPoint, ResourceSample, SupersededPoint, TrainingTask
from distillation.services import points, resource_samples, retention, task_log
from distillation.services.resource_samples import Reading
from distillation.services.task_log import Line
from distillation.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db


def aged(days: int, status: str = "COMPLETED", **fields) -> TrainingTask:
    task = TaskFactory(status=status, attempt=1, end_time=timezone.now() - timedelta(days=days), **fields)
    points.store(task, [("loss", "student", n, 1, 1.8e9 + n, math.sin(n)) for n in range(1200)])
    points.store(task, [("valLoss", "student", n, 1, 1.8e9 + n, 0.5) for n in range(5)])
    points.store(task, [("loss", "student", 700, 1, 1.8e9, 42.0)])
    resource_samples.store(task, [Reading(float(n)) for n in range(1100)])
    task_log.store(task, 1, LogSource.ENGINE, [Line(Sentence("everyday"))] * 600)
    task_log.store(
        task, 1, LogSource.ENGINE, [Line(Sentence("bad"), LogLevel.ERROR), Line(Sentence("a"), kind="started")]
    )
    return task


def set_aside(task: TrainingTask, count: int = 600) -> None:
    SupersededPoint.objects.bulk_create(
        SupersededPoint(task=task, attempt=2, name="loss", arm="student", step=n) for n in range(count)
    )


def counts(task):
    return [table.objects.filter(task=task).count() for table in (MetricPoint, ResourceSample, LogLine)]


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("prune_points", *arguments, stdout=out)
    return out.getvalue()


def test_without_yes_it_only_says_what_would_go():
    task = aged(40)
    before = counts(task)
    assert "1 tasks: 1100 points, 1100 resource samples, 600 log lines would go" in run("--older-than=30", "--keep=100")
    assert counts(task) == before


def test_it_thins_curves_to_their_extremes_and_keeps_trouble():
    task = aged(40)
    assert "are gone" in run("--older-than=30", "--keep=100", "--yes")
    kept = MetricPoint.objects.filter(task=task, name="loss").order_by("step")
    assert 50 <= kept.count() <= 100
    assert kept.filter(value=42.0).exists()
    steps = list(kept.values_list("step", flat=True))
    assert (steps[0], steps[-1]) == (0, 1199)
    assert MetricPoint.objects.filter(task=task, name="valLoss").count() == 5
    assert not ResourceSample.objects.filter(task=task).exists()
    assert sorted(LogLine.objects.filter(task=task).values_list("text", flat=True)) == ["a", "bad"]
    assert "0 tasks: 0 points" in run("--older-than=30", "--keep=100", "--yes"), "done twice it does nothing more"


def test_superseded_points_of_old_tasks_go():
    old, young = aged(40), aged(29)
    for task in (old, young):
        set_aside(task)
    assert "1 tasks: 1700 points" in run("--older-than=30", "--keep=100")
    assert SupersededPoint.objects.count() == 1200
    assert "1 tasks: 1700 points" in run("--older-than=30", "--keep=100", "--yes")
    assert {point.task_id for point in SupersededPoint.objects.all()} == {young.pk}
    assert "0 tasks: 0 points" in run("--older-than=30", "--keep=100", "--yes")


def test_zero_keeps_no_point():
    task = aged(40)
    run("--older-than=30", "--keep=0", "--yes")
    assert not MetricPoint.objects.filter(task=task).exists()


@pytest.mark.parametrize(("days", "status"), [(29, "COMPLETED"), (400, "RUNNING"), (400, "PAUSED"), (400, "QUEUED")])
def test_what_is_young_or_goes_on_stays(days, status):
    task = aged(days, status)
    before = counts(task)
    run("--older-than=30", "--yes")
    assert counts(task) == before


def test_a_task_without_an_end_counts_from_its_last_change():
    task = TaskFactory(status="FAILED")
    TrainingTask.objects.update(update_time=timezone.now() - timedelta(days=40))
    points.store(task, [("loss", "student", n, 1, 1.0, 0.5) for n in range(30)])
    assert retention.plan(30, 10).points == 20


@pytest.mark.parametrize(
    "arguments", [["--older-than=-1"], ["--older-than=3", "--keep=5"], ["--older-than=3", "--keep=-1"]]
)
def test_absurd_limits_are_refused(arguments):
    with pytest.raises(CommandError):
        run(*arguments)
