"""What scripts elsewhere may report, and what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from distillation import lifecycle
from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Refused
from distillation.models import TrainingHistory, TrainingTask
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


def test_of_two_reports_at_once_the_better_accuracy_stays(running):
    early, late = (TrainingTask.objects.get(pk=running.pk) for _ in range(2))  # both read before either writes
    reports.report_progress(early, "script", current_epoch=3, accuracy=90)
    reports.report_progress(late, "script", current_epoch=4, accuracy=80)
    running.refresh_from_db()
    assert (running.accuracy, running.current_epoch) == (80, 4)
    assert (running.best_accuracy, running.best_epoch) == (90, 3)


def test_the_answer_to_a_report_is_what_the_database_holds(running):
    reports.report_progress(running, "a script", current_epoch=3, accuracy=88.12345, loss=0.12345678)
    stored = TrainingTask.objects.get(pk=running.pk)
    columns = [field.attname for field in TrainingTask._meta.concrete_fields]
    assert {name: getattr(running, name) for name in columns} == {name: getattr(stored, name) for name in columns}


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


def test_the_largest_figures_are_kept_and_small_ones_come_close_to_zero(running):
    record = {"epoch": 1, "trainLoss": 9999.999999, "gpuUsage": 100, "valLoss": 1e-300, "softLoss": "1e-9"}
    reports.record_history(running, [record])
    row = TrainingHistory.objects.get()
    assert (row.train_loss, row.gpu_usage, row.val_loss, row.soft_loss) == (
        Decimal("9999.999999"), 100, 0, 0,
    )  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [("trainLoss", 10_000), ("gpuUsage", -1000.0), ("memoryUsage", 1e8)])
def test_a_figure_too_large_for_its_column_is_refused_with_the_limit(running, name, value):
    with pytest.raises(InvalidRequest, match="must lie between") as caught:
        reports.record_history(running, [{"epoch": 1, name: value}])
    assert [problem.field for problem in caught.value.problems] == [name]
    assert not TrainingHistory.objects.exists()


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"epoch": "x"},
        {"epoch": 1, "trainLoss": "abc"},
        {"epoch": 1, "taskId": "OTHER"},
        {"epoch": 1, "trainLoss": float("nan")},
        {"epoch": 1, "trainLoss": float("inf")},
        {"epoch": 1, "trainLoss": True},
        {"epoch": 1, "trainLoss": 1e13},
        {"epoch": 1, "trainLoss": -(10**13)},
        {"epoch": 1, "trainLoss": 10**400},
        {"epoch": 1, "trainLoss": [1]},
        {"epoch": 1, "gpuUsage": 1000},
    ],
)
def test_a_bad_record_is_refused_and_nothing_is_written(running, record):
    with pytest.raises(InvalidRequest):
        reports.record_history(running, [{"epoch": 5}, record])
    assert not TrainingHistory.objects.exists()


@pytest.mark.parametrize("name", ["trainAccuracy", "valAccuracy", "gpuUsage"])
@pytest.mark.parametrize("value", [-5000, -0.001, 100.001, "100.5", 250])
def test_a_percentage_outside_0_to_100_is_refused(running, name, value):
    with pytest.raises(InvalidRequest, match="between 0 and 100") as caught:
        reports.record_history(running, [{"epoch": 1, name: value}])
    assert [problem.field for problem in caught.value.problems] == [name]
    reports.record_history(running, [{"epoch": 1, name: 0}, {"epoch": 2, name: 100}, {"epoch": 3, name: "99.5"}])


@pytest.mark.parametrize("data", [{}, {"evalTime": "2026-01-31 13:45:00", "evalSampleCount": 5}, {"precision": None}])
def test_an_evaluation_without_a_figure_is_refused(running, data):
    with pytest.raises(InvalidRequest, match="at least one figure"):
        reports.add_evaluation(running, data, "alice")
    reports.add_evaluation(running, {"precision": 0}, "alice")
    reports.add_evaluation(running, {"detailedResults": {"accuracy": 91}}, "alice")
