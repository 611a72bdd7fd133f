"""One trial from its claim to its end, with an engine that only pretends; it needs no slot of training."""

from __future__ import annotations

import json
import os
import signal
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from distillation.contract import exit_codes
from distillation.contract.sentence import Sentence
from distillation.contract.trial import TRYING, TrialInput, TrialSpec
from distillation.jobs.launcher import TRY, LocalLauncher
from distillation.jobs.reaper import reap
from distillation.jobs.supervisor import Supervisor
from distillation.jobs.trying import LIMIT_SECONDS, TrialSupervisor
from distillation.jobs.worker import WorkerLoop
from distillation.models import Trial
from distillation.services import trial_states
from distillation.storage.local import trial_dir
from distillation.tests.datasets.annotated import picture
from distillation.tests.engine.labelling.samples import write_student
from distillation.tests.factories import TaskFactory
from distillation.tests.jobs.test_supervision import Launcher


@pytest.fixture
def trial(db) -> Trial:
    trial = Trial.objects.create(task_id="TASK_1", task_type="classification", input_count=1, create_by="alice")
    run = trial_dir(trial.trial_id)
    (run.root / "inputs").mkdir(parents=True)
    (run.root / "inputs" / "1.png").write_bytes(b"x")
    spec = TrialSpec(trial.trial_id, "classification", "runs/x/model", (TrialInput("猫.png", "1.png"),))
    run.spec.write_text(spec.to_json())
    return trial


@pytest.fixture
def launcher() -> Launcher:
    return Launcher()


@pytest.fixture
def supervisor(trial, launcher) -> TrialSupervisor:
    assert trial_states.claim(trial, "w1")
    supervisor = TrialSupervisor(trial, "w1", launcher, threads=2)
    assert supervisor.tend() is False
    return supervisor


def end(supervisor, launcher, code: int) -> Trial:
    launcher.engine.code = code
    assert supervisor.tend() is True
    return Trial.objects.get(pk=supervisor.job.pk)


def english(trial: Trial) -> str:
    return Sentence.from_json(json.loads(trial.error_detail)).english()


def uploads(trial: Trial):
    return trial_dir(trial.trial_id).root / "inputs"


def test_the_engine_is_told_its_threads_and_its_phase_is_kept(trial, supervisor):
    run = trial_dir(trial.trial_id)
    assert TrialSpec.from_json(run.spec.read_text()).threads == 2
    run.events(1).write_text(json.dumps({"kind": TRYING, "phase": "student", "done": 1, "total": 1}) + "\n")
    assert supervisor.tend() is False
    trial.refresh_from_db()
    assert (trial.phase, trial.done, trial.total, trial.status) == ("student", 1, 1, "RUNNING")


def test_answers_complete_it_and_the_uploads_go(trial, supervisor, launcher):
    trial_dir(trial.trial_id).result.write_text('{"trial_id": "x"}')
    row = end(supervisor, launcher, exit_codes.COMPLETED)
    assert (row.status, row.lease_owner) == ("COMPLETED", None)
    assert not uploads(trial).exists()


@pytest.mark.parametrize(("code", "words"), [(-9, "SIGKILL"), (1, "ended with 1"), (0, "ended with 0")])
def test_a_killed_engine_ends_the_trial_with_a_sentence(trial, supervisor, launcher, code, words):
    row = end(supervisor, launcher, code)
    assert row.status == "FAILED"
    assert words in english(row)
    assert english(row).endswith("Try again.")


def test_an_engine_that_has_had_its_time_is_ended(trial, supervisor, launcher):
    supervisor._started_at -= LIMIT_SECONDS
    assert supervisor.tend() is True
    assert launcher.engine.killed
    assert "had 300 s and did not get ready" in english(Trial.objects.get())


@pytest.mark.parametrize("way", ["cancel", "leave", "remove"])
def test_nobody_waits_for_what_is_no_longer_wanted(trial, supervisor, launcher, way):
    if way == "cancel":
        trial_states.stop(trial)
    elif way == "leave":
        Trial.objects.update(seen_at=timezone.now() - timedelta(minutes=2))
    else:
        Trial.objects.all().delete()
    supervisor._looked_at -= 10
    assert supervisor.tend() is False
    assert launcher.engine.killed
    assert supervisor.tend() is True
    assert list(Trial.objects.values_list("status", flat=True)) == ([] if way == "remove" else ["STOPPED"])


def test_a_worker_that_leaves_gives_it_back_with_its_uploads(trial, supervisor, launcher):
    supervisor.leave()
    assert supervisor.tend() is False
    row = end(supervisor, launcher, exit_codes.STOPPED)
    assert (row.status, row.phase) == ("QUEUED", "")
    assert (uploads(trial) / "1.png").exists()
    assert trial_states.claim(row, "w2")
    assert row.attempt == 2


def test_the_reaper_ends_a_trial_whose_worker_is_gone(trial, supervisor):
    assert reap() == 0
    Trial.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert reap() == 1
    row = Trial.objects.get()
    assert row.status == "FAILED"
    assert "lost contact" in english(row)


def test_a_spec_that_is_gone_is_said(trial, launcher):
    trial_dir(trial.trial_id).spec.write_text("{}")
    assert trial_states.claim(trial, "w1")
    assert TrialSupervisor(trial, "w1", launcher, threads=1).tend() is True
    assert "spec.json cannot be read" in english(Trial.objects.get())


@pytest.mark.django_db(transaction=True)  # a round of the worker lets go of old connections
def test_a_trial_runs_beside_training_that_fills_every_slot_and_one_at_a_time(trial, launcher, digits):
    TaskFactory(status="QUEUED", queued_at=timezone.now(), training_mode="direct", teacher_model="")
    other = Trial.objects.create(task_id="TASK_1", task_type="classification", create_by="bob")
    loop = WorkerLoop(1, launcher=launcher)
    loop._tick()
    assert [type(one) for one in loop._running] == [Supervisor]
    assert loop._trial is not None
    assert loop._trial.job.pk == trial.pk
    loop._tick()
    other.refresh_from_db()
    assert other.status == "QUEUED"


@pytest.fixture
def real(trial, home) -> Trial:
    """With a student and a picture that an engine can read."""
    write_student(home / "runs" / "x" / "model")
    picture(uploads(trial) / "1.png")
    return trial


def attempt(trial: Trial, worker: str) -> TrialSupervisor:
    assert trial_states.claim(trial, worker)
    supervisor = TrialSupervisor(trial, worker, LocalLauncher(TRY), threads=1)
    assert supervisor.tend() is False
    return supervisor


def wait(condition) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.slow
def test_a_real_engine_that_is_killed_ends_the_trial_with_a_sentence(real):
    supervisor = attempt(real, "w1")
    assert supervisor._engine.pid is not None
    os.kill(supervisor._engine.pid, signal.SIGKILL)
    wait(supervisor.tend)
    row = Trial.objects.get()
    assert row.status == "FAILED"
    assert "SIGKILL" in english(row)


@pytest.mark.slow
def test_a_worker_that_is_restarted_answers_what_the_first_one_began(real):
    first = attempt(real, "w1")
    first.leave()
    wait(first.tend)
    row = Trial.objects.get()
    assert row.status == "QUEUED"
    second = attempt(row, "w2")
    wait(second.tend)
    row = Trial.objects.get()
    assert (row.status, row.attempt) == ("COMPLETED", 2)
    root = trial_dir(row.trial_id).root
    assert len(json.loads((root / "student.json").read_text())["answers"]) == 1
    assert (root / "shown" / "1.jpg").is_file()
    assert not uploads(row).exists()
