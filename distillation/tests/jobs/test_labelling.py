"""One labelling job from its claim to its end, with an engine that only pretends."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from distillation.contract import exit_codes
from distillation.contract.labelling import LABELLED, LabellingSpec
from distillation.contract.sentence import Refused, Sentence
from distillation.jobs import purge
from distillation.jobs.labelling import LabellingSupervisor
from distillation.jobs.reaper import reap
from distillation.jobs.supervisor import Supervisor
from distillation.jobs.worker import WorkerLoop
from distillation.models import InferenceJob
from distillation.services import inference_states
from distillation.storage.local import inference_dir
from distillation.tests.factories import InferenceFactory, TaskFactory
from distillation.tests.jobs.test_supervision import Engine, Launcher

FACTS = {"total": 10, "processed": 4, "succeeded": 3, "failed": 1, "objects": 7, "empty": 1,
         "failures": [["短.jpg", Sentence("{x}", {"x": "torn"}).as_json()]]}  # fmt: skip


@pytest.fixture
def job(db) -> InferenceJob:
    job = InferenceFactory(batch_size=16, class_thresholds='{"猫": 0.5}')
    assert inference_states.claim(job, "w1")
    return job


@pytest.fixture
def launcher() -> Launcher:
    return Launcher()


@pytest.fixture
def supervisor(job, launcher) -> LabellingSupervisor:
    supervisor = LabellingSupervisor(job, "w1", launcher, threads=2, gpus=())
    assert supervisor.tend() is False
    return supervisor


def english(stored: str) -> str:
    return Sentence.from_json(json.loads(stored)).english()


def emit(job: InferenceJob, *events: dict[str, Any], tail: bytes = b"") -> None:
    with inference_dir(job.inference_id).events(job.attempt).open("ab") as file:
        for event in events:
            file.write(json.dumps(event).encode() + b"\n")
        file.write(tail)


def end(supervisor: LabellingSupervisor, launcher: Launcher, code: int) -> InferenceJob:
    launcher.engine.code = code
    assert supervisor.tend() is True
    return InferenceJob.objects.get(pk=supervisor.job.pk)


def write_result(job: InferenceJob) -> None:
    facts = FACTS | {"processed": 10, "succeeded": 9}
    inference_dir(job.inference_id).result.write_text(json.dumps(facts))


def test_the_engine_gets_the_whole_job(job, supervisor, launcher):
    spec = LabellingSpec.from_json(inference_dir(job.inference_id).spec.read_text())
    assert (spec.input_path, spec.output_path, spec.formats) == ("uploads", "labels/first", ("labelme", "csv"))
    assert (spec.batch_size, spec.class_thresholds, spec.threads) == (16, (("猫", 0.5),), 2)
    assert not spec.with_pictures
    assert launcher.starts == [1]


def test_counts_are_kept_while_it_runs_and_half_a_line_waits(job, supervisor):
    emit(job, {"kind": LABELLED, **FACTS}, tail=b'{"kind": "labelled", "processed": 9')
    assert supervisor.tend() is False
    job.refresh_from_db()
    assert (job.total_images, job.processed_images, job.success_count, job.failure_count) == (10, 4, 3, 1)
    assert (job.object_count, job.empty_count, job.named_failures[0][0]) == (7, 1, "短.jpg")
    emit(job, tail=b"}\n")
    supervisor.tend()
    job.refresh_from_db()
    assert job.processed_images == 9


def test_a_result_completes_the_job(job, supervisor, launcher):
    write_result(job)
    row = end(supervisor, launcher, exit_codes.COMPLETED)
    assert (row.status, row.processed_images, row.success_count, row.lease_owner) == ("COMPLETED", 10, 9, None)
    assert row.end_time is not None
    assert row.duration is not None


def test_an_end_without_a_result_is_a_lost_attempt(job, supervisor, launcher):
    assert end(supervisor, launcher, exit_codes.COMPLETED).status == "QUEUED"


def test_a_failure_is_told_in_the_engines_words(job, supervisor, launcher):
    emit(job, {"kind": "failed", "sentence": Sentence("No {what}", {"what": "picture"}).as_json()})
    row = end(supervisor, launcher, exit_codes.FAILED)
    assert (row.status, english(row.error_detail)) == ("FAILED", "No picture")


@pytest.mark.parametrize("code", [-9, 1])
def test_a_killed_engine_is_tried_three_times(job, launcher, code):
    for attempt in (1, 2, 3):
        supervisor = LabellingSupervisor(job, "w1", launcher, threads=1, gpus=())
        assert supervisor.tend() is False
        row = end(supervisor, launcher, code)
        assert (row.status, row.attempt, row.lost_count) == (
            ("QUEUED", attempt, attempt) if attempt < 3 else ("FAILED", 3, 2)
        )
        if attempt < 3:
            assert inference_states.claim(row, "w1")
            job = row
    assert "lost 3 times" in english(row.error_detail)


def test_a_wish_to_stop_reaches_the_engine_and_ends_the_job(job, supervisor, launcher):
    inference_states.stop(job)
    supervisor._looked_at -= 10
    assert supervisor.tend() is False
    assert launcher.engine.stops == 1
    assert end(supervisor, launcher, exit_codes.STOPPED).status == "STOPPED"


def test_a_worker_that_leaves_gives_the_job_back_without_counting(job, supervisor, launcher):
    supervisor.leave()
    assert supervisor.tend() is False
    row = end(supervisor, launcher, exit_codes.STOPPED)
    assert (row.status, row.lost_count, row.lease_owner) == ("QUEUED", 0, None)


def test_a_lost_lease_ends_the_engine_and_leaves_the_row(job, supervisor, launcher):
    InferenceJob.objects.filter(pk=job.pk).update(lease_owner="w2", attempt=2)
    supervisor._renewed_at -= 10
    assert supervisor.tend() is True
    assert launcher.engine.killed
    assert InferenceJob.objects.get().lease_owner == "w2"


def test_the_reaper_requeues_a_job_whose_worker_is_gone(job, supervisor):
    emit(job, {"kind": LABELLED, **FACTS})
    assert reap() == 0
    InferenceJob.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert reap() == 1
    job.refresh_from_db()
    assert (job.status, job.lost_count, job.processed_images) == ("QUEUED", 1, 4)


def test_a_worker_that_comes_back_late_does_not_end_the_next_attempt(job):
    stale = InferenceJob.objects.get()
    InferenceJob.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    reap()
    assert not inference_states.finish(stale)
    assert inference_states.claim(InferenceJob.objects.get(), "w2")
    assert not inference_states.fail(stale, Sentence("late"))
    assert not inference_states.renew(stale, "w1")
    inference_states.count(stale, FACTS)
    row = InferenceJob.objects.get()
    assert (row.status, row.lease_owner, row.attempt, row.processed_images) == ("RUNNING", "w2", 2, 0)


def test_a_deleted_job_whose_worker_is_gone_is_stopped(job):
    inference_states.delete(job)
    InferenceJob.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    reap()
    job.refresh_from_db()
    assert job.status == "STOPPED"


def test_one_of_two_claims_wins(db):
    job = InferenceFactory()
    twin = InferenceJob.objects.get()
    assert [inference_states.claim(job, "w1"), inference_states.claim(twin, "w2")] == [True, False]
    assert InferenceJob.objects.get().lease_owner == "w1"


@pytest.mark.parametrize("status", ["COMPLETED", "FAILED", "STOPPED"])
def test_a_job_that_has_ended_is_neither_stopped_nor_claimed(db, status):
    job = InferenceFactory(status=status)
    assert not inference_states.may_stop(job)
    with pytest.raises(Refused, match=f"is {status}; only a job that waits or runs"):
        inference_states.stop(job)
    assert not inference_states.claim(job, "w1")


def test_pictures_go_along_when_the_labels_become_a_data_set(db, launcher):
    job = InferenceFactory(output_dir="datasets/new", formats="csv", imported_dataset="new")
    assert inference_states.claim(job, "w1")
    LabellingSupervisor(job, "w1", launcher, threads=1, gpus=()).tend()
    assert LabellingSpec.from_json(inference_dir(job.inference_id).spec.read_text()).with_pictures


def test_purge_frees_the_notes_of_deleted_jobs_only(db, home):
    gone, stays = InferenceFactory(del_flag=1, status="STOPPED"), InferenceFactory(status="COMPLETED")
    for job in (gone, stays):
        inference_dir(job.inference_id).root.mkdir(parents=True)
    assert [entry.path.name for entry in purge.plan()] == [gone.inference_id]
    InferenceFactory(status="RUNNING")
    with pytest.raises(Refused, match="is running"):
        purge.plan()


def test_an_engine_that_is_still_there_is_waited_for(job, launcher):
    launcher.held = True
    supervisor = LabellingSupervisor(job, "w1", launcher, threads=1, gpus=())
    assert supervisor.tend() is False
    assert launcher.starts == []
    launcher.held = False
    supervisor.tend()
    assert launcher.starts == [1]
    assert isinstance(launcher.engine, Engine)


@pytest.mark.parametrize(
    ("job_waits", "task_waits", "first"), [(2, 1, "job"), (1, 2, "task"), (None, 1, "task"), (1, None, "job")]
)
def test_a_free_slot_gets_what_has_waited_longest(db, digits, job_waits, task_waits, first):
    now = timezone.now()
    if job_waits:
        InferenceFactory(queued_at=now - timedelta(minutes=job_waits))
    if task_waits:
        TaskFactory(status="QUEUED", queued_at=now - timedelta(minutes=task_waits))
    worker = WorkerLoop(1, launcher=Launcher())
    worker._fill_slots()
    (claimed,) = worker._running
    assert isinstance(claimed, LabellingSupervisor if first == "job" else Supervisor)
