"""What scripts elsewhere may report, and what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from distillation import lifecycle
from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Refused
from distillation.models import TrainingHistory
from distillation.services import reports
from distillation.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def running():
    task = TaskFactory(executor="external", total_epochs=10)
    lifecycle.start(task, "script")
    return task


def test_progress_is_floored_and_the_best_accuracy_is_kept(running):
    reports.report_progress(running, "script", current_epoch="3", accuracy=80.5, loss=0.25)
    reports.report_progress(running, "script", current_epoch=7, accuracy=79)
    assert (running.current_epoch, running.progress) == (7, 70)
    assert (running.accuracy, running.best_accuracy, running.best_epoch) == (79, Decimal("80.5"), 3)
    assert running.loss == Decimal("0.25")


@pytest.mark.parametrize(
    "report",
    [{"current_epoch": 11}, {"current_epoch": -1}, {"current_epoch": None}, {"current_epoch": 1, "accuracy": 101}],
)
def test_progress_out_of_range_is_refused(running, report):
    with pytest.raises(InvalidRequest):
        reports.report_progress(running, "script", **report)
    running.refresh_from_db()
    assert running.current_epoch == 0


def test_a_task_that_the_platform_runs_takes_no_reports():
    task = TaskFactory(status="RUNNING")
    for report in (
        lambda: reports.report_progress(task, "x", current_epoch=1),
        lambda: reports.report_complete(task, "x"),
        lambda: reports.report_error(task, "x", "no"),
        lambda: reports.record_history(task, [{"epoch": 1}]),
        lambda: reports.add_evaluation(task, {}, "x"),
    ):
        with pytest.raises(Refused, match="not run by an external script"):
            report()


def test_the_script_ends_the_task(running):
    reports.report_complete(running, "script")
    assert (running.status, running.progress) == ("COMPLETED", 100)
    assert running.duration is not None
    with pytest.raises(Refused, match="COMPLETED"):
        reports.report_progress(running, "script", current_epoch=1)


def test_an_error_is_kept_as_it_was_sent(running):
    reports.report_error(running, "script", "显存不足 {x}")
    assert (running.status, running.error_message) == ("FAILED", "显存不足 {x}")


def test_the_same_epoch_again_replaces_it(running):
    reports.record_history(running, [{"epoch": 1, "trainLoss": 0.5}, {"epoch": 2, "trainLoss": 0.4}])
    reports.record_history(running, [{"epoch": 1, "trainLoss": 0.3, "recordTime": "2026-01-02 03:04:05"}])
    rows = TrainingHistory.objects.filter(task=running)
    assert [(row.epoch, row.train_loss) for row in rows] == [(1, Decimal("0.3")), (2, Decimal("0.4"))]


def test_a_figure_too_large_for_its_column_becomes_the_limit(running):
    reports.record_history(running, [{"epoch": 1, "trainLoss": 1e9, "gpuUsage": 1e6}])
    row = TrainingHistory.objects.get()
    assert (row.train_loss, row.gpu_usage) == (Decimal("9999.999999"), Decimal("999.99"))


@pytest.mark.parametrize(
    "record", [{}, {"epoch": "x"}, {"epoch": 1, "trainLoss": "abc"}, {"epoch": 1, "taskId": "OTHER"}]
)
def test_a_bad_record_is_refused_and_nothing_is_written(running, record):
    with pytest.raises(InvalidRequest):
        reports.record_history(running, [{"epoch": 5}, record])
    assert not TrainingHistory.objects.exists()
