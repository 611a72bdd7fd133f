"""Events on their way into the database: whole lines only, twice is once, absurd figures do no harm."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from distillation import lifecycle
from distillation.contract.run_dir import RunDir
from distillation.jobs.ingest import EventFile, Ingest, earlier_attempts
from distillation.models import LogLine, MetricPoint, TrainingHistory, TrainingTask
from distillation.storage.local import run_dir
from distillation.tests.factories import TaskFactory

EPOCH = {
    "kind": "epoch", "arm": "student", "epoch": 1, "train_loss": 0.5, "train_accuracy": 80.0, "val_loss": 0.6,
    "val_accuracy": 75.5, "distill_loss": 0.5, "soft_loss": 0.4, "hard_loss": 0.6, "epoch_seconds": 1.5,
    "memory_mb": 512.0, "gpu_percent": None, "progress": 40, "best": True,
}  # fmt: skip


@pytest.fixture
def task(db):
    task = TaskFactory()
    lifecycle.start(task, "alice")
    assert lifecycle.claim(task, "w1")
    run_dir(task.task_id).root.mkdir()
    return task


def write(run: RunDir, *events: dict, attempt: int = 1, tail: str = "") -> None:
    with run.events(attempt).open("a", encoding="utf-8") as file:
        file.write("".join(json.dumps(event) + "\n" for event in events) + tail)


def ingest(task: TrainingTask, attempt: int = 1) -> Ingest:
    reader = Ingest(task, run_dir(task.task_id), attempt)
    reader.catch_up()
    task.refresh_from_db()
    return reader


def test_an_epoch_becomes_a_record_and_the_tasks_figures(task):
    write(run_dir(task.task_id), EPOCH)
    ingest(task)
    row = TrainingHistory.objects.get(task=task)
    assert (row.epoch, row.val_accuracy, row.memory_usage, row.gpu_usage) == (1, Decimal("75.5"), Decimal(512), None)
    assert (task.current_epoch, task.progress, task.best_epoch) == (1, 40, 1)
    assert (float(task.accuracy), float(task.best_accuracy), float(task.loss)) == (75.5, 75.5, 0.5)
    assert task.memory_used == 0.5


def test_further_seeds_are_curves_of_their_own_and_not_the_tasks_history(task):
    step = {"kind": "step", "arm": "student", "step": 5, "trained_samples": 40, "loss": 1.0, "progress": 41}
    again = EPOCH | {"arm": "student2", "step": 6, "val_accuracy": 99.0, "progress": 80}
    write(run_dir(task.task_id), EPOCH | {"step": 6}, step, {"kind": "phase", "phase": "student2", "done": 0}, again,
          step | {"arm": "student2", "trained_samples": 8, "progress": 81})  # fmt: skip
    ingest(task)
    assert TrainingHistory.objects.get(task=task).val_accuracy == Decimal("75.5")
    assert (float(task.accuracy), task.best_epoch, task.trained_samples, task.progress) == (75.5, 1, 40, 81)
    assert task.phase == "student2"
    curves = MetricPoint.objects.filter(task=task, name="valAccuracy").order_by("arm").values_list("arm", "value")
    assert list(curves) == [("student", 75.5), ("student2", 99.0)]
    soft = MetricPoint.objects.filter(task=task, name="softLoss")
    assert set(soft.values_list("arm", flat=True)) <= {"student", "student2"}
    line = LogLine.objects.get(task=task, kind="phase")
    assert (line.arm, "seed no. 2" in line.detail or "{number}" in line.detail) == ("student2", True)


def test_reading_a_file_twice_changes_nothing(task):
    worse = EPOCH | {"epoch": 2, "step": 12, "best": False, "val_accuracy": 70}
    write(run_dir(task.task_id), EPOCH | {"step": 6}, worse)
    for _ in range(2):
        ingest(task)
    assert list(TrainingHistory.objects.values_list("epoch", flat=True)) == [1, 2]
    assert (float(task.accuracy), float(task.best_accuracy)) == (70, 75.5)
    assert (task.best_epoch, task.best_step) == (1, 6)


def test_a_torn_line_waits_for_its_end(task):
    run = run_dir(task.task_id)
    write(run, EPOCH, tail='{"kind": "epo')
    reader = ingest(task)
    assert TrainingHistory.objects.count() == 1
    with run.events(1).open("a") as file:
        file.write(json.dumps(EPOCH | {"epoch": 2})[len('{"kind": "epo') :] + "\n")
    reader.catch_up()
    assert TrainingHistory.objects.count() == 2


def test_garbage_is_skipped(task):
    write(run_dir(task.task_id), tail="not json\n[]\n{}\n\x00\n")
    write(run_dir(task.task_id), EPOCH)
    ingest(task)
    assert TrainingHistory.objects.count() == 1


def test_a_long_backlog_is_read_in_parts(task, monkeypatch):
    monkeypatch.setattr("distillation.jobs.ingest.MAX_BYTES", 700)
    write(run_dir(task.task_id), *[EPOCH | {"epoch": number} for number in range(1, 21)])
    ingest(task)
    assert TrainingHistory.objects.count() == 20


def test_figures_that_no_column_can_keep_do_not_stop_the_ingest(task):
    write(run_dir(task.task_id), EPOCH | {"train_loss": None, "val_loss": 1e30, "epoch_seconds": 1e300})
    ingest(task)
    row = TrainingHistory.objects.get()
    assert row.train_loss is None
    assert row.val_loss == Decimal("9999.999999")


def test_the_control_arm_writes_no_history(task):
    write(run_dir(task.task_id), EPOCH | {"arm": "control", "val_accuracy": 99.0})
    ingest(task)
    assert not TrainingHistory.objects.exists()
    assert task.accuracy is None


def test_a_worker_without_the_lease_writes_nothing(task):
    write(run_dir(task.task_id), EPOCH)
    stale = TrainingTask.objects.get(pk=task.pk)
    TrainingTask.objects.update(lease_owner="w2")
    ingest(stale)
    assert not TrainingHistory.objects.exists()
    assert stale.current_epoch == 0


def test_the_sentence_of_a_failure_is_kept(task):
    sentence = {"template": "The disk {name} is full", "params": {"name": "x"}}
    write(run_dir(task.task_id), {"kind": "failed", "sentence": sentence})
    failure = ingest(task).failure
    assert failure is not None
    assert failure.english() == "The disk x is full"


def test_a_checkpoint_forgives_earlier_losses(task):
    TrainingTask.objects.update(lost_count=2)
    write(run_dir(task.task_id), {"kind": "checkpoint", "arm": "student", "file": "x", "epoch": 1, "step": 1})
    ingest(task)
    assert task.lost_count == 0
    assert task.checkpoint_path == f"runs/{task.task_id}/checkpoints"


def test_the_earlier_attempts_that_left_events_are_found_in_their_order(task):
    run = run_dir(task.task_id)
    write(run, EPOCH, attempt=1)
    write(run, EPOCH, attempt=3)
    assert [earlier_attempts(run, before=number) for number in (1, 2, 3, 4)] == [[], [1], [1], [1, 3]]


def test_a_file_that_does_not_exist_yet_is_empty(tmp_path):
    assert EventFile(tmp_path / "none").read() == ([], 0)
