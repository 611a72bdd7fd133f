"""How a run's end becomes the task's end, with an engine that is a plain object."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal

import pytest

from distillation import lifecycle
from distillation.contract import exit_codes
from distillation.contract.run_dir import RunDir
from distillation.jobs.reaper import reap
from distillation.jobs.supervisor import Supervisor
from distillation.models import Intent, ModelEvaluation, TaskStatus, TrainingTask
from distillation.services.reports import report_progress
from distillation.services.tasks import create_task
from distillation.storage.local import run_dir
from distillation.tests.factories import TaskFactory

DIRECT = {"taskName": "x", "trainingMode": "direct", "studentModel": "cnn-tiny", "datasetId": "digits", "imageSize": 8}
EVALUATION = {
    "accuracy": 90.0, "precision": 89.0, "recall": 88.0, "f1": 88.5, "sample_count": 8, "classes": ["0", "1"],
    "per_class": [], "confusion_matrix": [[4, 0], [1, 3]], "teacher": None, "control": None,
}  # fmt: skip


class Engine:
    """Ends with the code that the test says."""

    pid: int | None = None

    def __init__(self) -> None:
        self.code: int | None = None
        self.stops = 0
        self.killed = False

    def exit_code(self) -> int | None:
        return self.code

    def request_stop(self) -> None:
        self.stops += 1

    def kill(self) -> None:
        self.killed = True
        self.code = -9


class Launcher:
    def __init__(self) -> None:
        self.engine = Engine()
        self.starts: list[int] = []
        self.held = False

    def busy(self, run: RunDir) -> bool:
        return self.held

    def start(self, run: RunDir, attempt: int, gpus: tuple[str, ...]) -> Engine:
        self.starts.append(attempt)
        self.engine = Engine()
        return self.engine


@pytest.fixture
def launcher() -> Launcher:
    return Launcher()


@pytest.fixture
def task(db, digits) -> TrainingTask:
    task = create_task(DIRECT, "alice")
    lifecycle.start(task, "alice")
    assert lifecycle.claim(task, "w1")
    return task


@pytest.fixture
def supervisor(task, launcher) -> Supervisor:
    supervisor = Supervisor(task, "w1", launcher, threads=1, gpus=())
    assert supervisor.tend() is False
    return supervisor


def write_result(run: RunDir) -> None:
    run.model.mkdir(parents=True)
    weights = run.model / "model.safetensors"
    weights.write_bytes(b"weights")
    content = {
        "model_path": "artifacts/model/model.safetensors",
        "model_sha256": hashlib.sha256(b"weights").hexdigest(),
        "best_val_accuracy": 91.0,
        "best_epoch": 2,
        "evaluation": EVALUATION,
    }
    run.result.write_text(json.dumps(content))


def row(task: TrainingTask) -> TrainingTask:
    return TrainingTask.objects.get(pk=task.pk)


def test_the_spec_is_frozen_before_the_engine_starts(task, supervisor, launcher):
    spec = json.loads(run_dir(task.task_id).spec.read_text())
    assert (spec["task_id"], spec["data"]["path"], spec["threads"]) == (task.task_id, "datasets/digits", 1)
    assert launcher.starts == [1]


def test_a_valid_result_completes_the_task_with_its_evaluation(task, supervisor, launcher):
    write_result(run_dir(task.task_id))
    launcher.engine.code = exit_codes.COMPLETED
    assert supervisor.tend()
    done = row(task)
    assert (done.status, done.progress, done.accuracy, done.best_epoch) == ("COMPLETED", 100, Decimal(90), 2)
    assert done.model_path == f"runs/{task.task_id}/artifacts/model/model.safetensors"
    evaluation = ModelEvaluation.objects.get()
    assert (evaluation.f1_score, evaluation.eval_sample_count) == (Decimal("88.5"), 8)
    assert json.loads(evaluation.detailed_results or "")["accuracy"] == 90.0


def test_a_result_whose_model_is_another_file_is_none(task, supervisor, launcher):
    write_result(run_dir(task.task_id))
    (run_dir(task.task_id).model / "model.safetensors").write_bytes(b"half")
    launcher.engine.code = exit_codes.COMPLETED
    assert supervisor.tend()
    assert row(task).status == "QUEUED"


def test_an_earlier_attempt_that_had_finished_completes_the_task_without_training(task, launcher):
    run = run_dir(task.task_id)
    run.root.mkdir()
    write_result(run)
    assert Supervisor(task, "w1", launcher, threads=1, gpus=()).tend()
    assert row(task).status == "COMPLETED"
    assert launcher.starts == []


def test_a_failure_carries_the_engines_sentence(task, supervisor, launcher):
    sentence = {"template": "{count} pictures cannot be read", "params": {"count": 7}}
    run_dir(task.task_id).events(1).write_text(json.dumps({"kind": "failed", "sentence": sentence}) + "\n")
    launcher.engine.code = exit_codes.FAILED
    assert supervisor.tend()
    assert row(task).status == "FAILED"
    assert json.loads(row(task).error_detail or "") == sentence


def test_a_full_disk_is_told_even_when_no_event_could_be_written(task, supervisor, launcher):
    launcher.engine.code = exit_codes.DISK_FULL
    assert supervisor.tend()
    assert "full" in row(task).error_detail


def test_a_crash_goes_back_to_the_queue_with_the_last_line_of_the_log(task, supervisor, launcher):
    run_dir(task.task_id).engine_log(1).write_text("…\nMemoryError: no\n")
    launcher.engine.code = 1
    assert supervisor.tend()
    assert (row(task).status, row(task).lost_count) == ("QUEUED", 1)
    assert "MemoryError: no" in task.transitions.last().reason


def test_a_held_directory_is_waited_for(task, launcher):
    launcher.held = True
    supervisor = Supervisor(task, "w1", launcher, threads=1, gpus=())
    assert not supervisor.tend()
    assert launcher.starts == []
    launcher.held = False
    assert not supervisor.tend()
    launcher.engine.code = exit_codes.LOCKED
    assert not supervisor.tend()
    assert not supervisor.tend()
    assert launcher.starts == [1, 1]


def test_a_wish_becomes_one_signal_and_then_the_state(task, supervisor, launcher, monkeypatch):
    monkeypatch.setattr("distillation.jobs.supervisor.LOOK_SECONDS", 0)
    lifecycle.pause(TrainingTask.objects.get(pk=task.pk), "alice")
    for _ in range(3):
        assert not supervisor.tend()
    assert launcher.engine.stops == 1
    launcher.engine.code = exit_codes.STOPPED
    assert supervisor.tend()
    assert row(task).status == TaskStatus.PAUSED


def test_an_engine_that_does_not_end_is_killed_after_the_grace(task, supervisor, launcher, monkeypatch):
    monkeypatch.setattr("distillation.jobs.supervisor.LOOK_SECONDS", 0)
    monkeypatch.setattr("distillation.jobs.supervisor.STOP_GRACE_SECONDS", -1)
    lifecycle.stop(TrainingTask.objects.get(pk=task.pk), "alice")
    supervisor.tend()
    supervisor.tend()
    assert launcher.engine.killed
    assert supervisor.tend()
    assert row(task).status == TaskStatus.STOPPED


def test_a_lost_lease_ends_the_engine_and_leaves_the_row_alone(task, supervisor, launcher, monkeypatch):
    monkeypatch.setattr("distillation.lifecycle.RENEW_SECONDS", 0)
    TrainingTask.objects.update(lease_owner="w2")
    assert supervisor.tend()
    assert launcher.engine.killed
    assert (row(task).status, row(task).lease_owner) == ("RUNNING", "w2")


def test_a_data_set_that_disappeared_fails_the_task_in_words(task, launcher, digits):
    digits.rename(digits.with_name("gone"))
    assert Supervisor(task, "w1", launcher, threads=1, gpus=()).tend()
    assert row(task).status == "FAILED"
    assert "There is no data set" in row(task).error_detail
    assert not run_dir(task.task_id).spec.exists()


def test_a_disk_without_room_is_told_before_anything_is_trained(task, launcher, monkeypatch):
    monkeypatch.setattr("distillation.services.disk_space.RESERVE", 10**18)
    assert Supervisor(task, "w1", launcher, threads=1, gpus=()).tend()
    assert row(task).status == "FAILED"
    assert "MB of disk" in row(task).error_detail
    assert launcher.starts == []


def test_a_fresh_start_puts_the_old_run_aside(task, supervisor, launcher):
    run = run_dir(task.task_id)
    (run.root / "old").touch()
    launcher.engine.code = exit_codes.FAILED
    assert supervisor.tend()
    again = row(task)
    lifecycle.start(again, "alice", fresh=True)
    assert lifecycle.claim(again, "w1")
    assert not Supervisor(again, "w1", launcher, threads=1, gpus=()).tend()
    assert not (run.root / "old").exists()
    assert run.spec.exists()
    assert not row(task).fresh
    assert [path.name for path in run.root.parent.iterdir()] == [task.task_id]


def test_the_reaper_requeues_by_the_age_of_the_lease_alone(task):
    assert reap() == 0
    TrainingTask.objects.update(lease_until="2020-01-01T00:00:00Z")
    assert reap() == 1
    assert (row(task).status, row(task).lost_count, row(task).lease_owner) == ("QUEUED", 1, None)


def test_the_reaper_carries_out_a_wish_that_was_left(task):
    TrainingTask.objects.update(lease_until="2020-01-01T00:00:00Z", intent=Intent.STOP)
    reap()
    assert row(task).status == TaskStatus.STOPPED


@pytest.mark.django_db
def test_a_silent_script_is_marked_and_its_next_report_clears_the_mark():
    task = TaskFactory(executor="external")
    lifecycle.start(task, "script")
    TrainingTask.objects.update(lease_until="2020-01-01T00:00:00Z")
    reap()
    assert row(task).lost_contact_at is not None
    assert row(task).status == "RUNNING"
    report_progress(row(task), "script", current_epoch=1)
    assert row(task).lost_contact_at is None
