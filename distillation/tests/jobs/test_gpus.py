"""Which GPUs a worker gives to whom: any one, or those that a task names, all at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from distillation.contract.run_dir import RunDir
from distillation.jobs import worker
from distillation.jobs.devices import Gpu
from distillation.jobs.launcher import Engine, environment
from distillation.jobs.supervisor import Supervisor
from distillation.jobs.worker import WorkerLoop
from distillation.models import TrainingTask, Worker
from distillation.services.run_spec import build_spec
from distillation.services.tasks import create_task
from distillation.services.validation import start_problems
from distillation.services.workers import gpu_problem
from distillation.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db


class Idle:
    """Starts nothing."""

    def busy(self, run: RunDir) -> bool:
        return True

    def start(self, run: RunDir, attempt: int, gpus: tuple[str, ...]) -> Engine:
        raise AssertionError(gpus)


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> WorkerLoop:
    """A worker of a host with three GPUs."""
    monkeypatch.setattr(worker, "gpus", lambda: [Gpu(f"GPU-{number}", "A100", 80_000) for number in range(3)])
    return WorkerLoop(1, launcher=Idle())


@pytest.fixture
def queue() -> Iterator[int]:
    """Numbers that count up."""
    return iter(range(100))


def queued(queue: Iterator[int], gpus: list[int] | None = None) -> TrainingTask:
    moment = timezone.now() + timedelta(seconds=next(queue))
    return TaskFactory(status="QUEUED", queued_at=moment, training_config=json.dumps({"gpuDevices": gpus or []}))


def seen(name: str, devices: int) -> None:
    now = timezone.now()
    names = json.dumps(["A100 (80000 MB)"] * devices)
    Worker.objects.create(name=name, host="h", pid=1, slots=1, devices=names, started_at=now, seen_at=now)


def given(loop: WorkerLoop) -> dict[str, tuple[str, ...]]:
    loop._fill_slots()
    return {one.task.task_id: one.gpus for one in loop._running if isinstance(one, Supervisor)}


def test_a_task_gets_the_gpus_that_it_names_in_that_order_and_others_one_each(loop, queue):
    wide, first, second = queued(queue, [2, 0]), queued(queue), queued(queue)
    assert given(loop) == {wide.task_id: ("GPU-2", "GPU-0"), first.task_id: ("GPU-1",)}
    loop._running.pop(0)
    assert given(loop)[second.task_id] == ("GPU-0",)
    assert environment(("GPU-2", "GPU-0"))["CUDA_VISIBLE_DEVICES"] == "GPU-2,GPU-0"


def test_what_comes_after_a_task_that_waits_for_gpus_does_not_take_them(loop, queue):
    first, wide, last = queued(queue), queued(queue, [0, 1]), queued(queue)
    assert given(loop) == {first.task_id: ("GPU-0",), last.task_id: ("GPU-2",)}
    loop._running.clear()
    assert given(loop) == {wide.task_id: ("GPU-0", "GPU-1")}


def test_a_task_is_left_to_the_worker_that_has_its_gpus(loop, queue):
    task = queued(queue, [5])
    seen("large", 8)
    assert given(loop) == {}
    Worker.objects.all().delete()
    assert given(loop) == {task.task_id: ()}  # nobody has them: taken, and refused when its run is prepared


def test_what_no_worker_has_is_refused_with_what_was_found(digits):
    body = {"taskName": "两块", "trainingMode": "direct", "studentModel": "cnn-tiny", "datasetId": "digits"}
    task = create_task(body | {"gpuDevices": "0,1"}, "alice")
    assert start_problems(task) == []  # no worker lives: who claims it says so
    assert build_spec(task, threads=1, device="cuda").train.world_size == 2
    seen("plain", 0)
    seen("one", 1)
    (problem,) = start_problems(task)
    assert problem.field == "gpuDevices"
    assert "0, 1" in problem.sentence.english()
    assert "plain: –; one: 0 A100 (80000 MB)" in problem.sentence.english()
    seen("two", 2)
    assert start_problems(task) == []
    assert gpu_problem([1]) is None
