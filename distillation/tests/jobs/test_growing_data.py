"""Points and log lines out of events: once each, one curve over all attempts, whatever the events hold."""

from __future__ import annotations

import json
import math

import pytest
from django.utils.translation import override

from distillation import lifecycle
from distillation.jobs.ingest import Ingest
from distillation.jobs.preparation import _begin_afresh
from distillation.models import (
    EventPosition,
    LogLevel,
    LogLine,
    MetricPoint,
    ResourceSample,
    SupersededPoint,
    TrainingTask,
)
from distillation.models.sentences import shown
from distillation.selectors.curves import metrics
from distillation.services import points, resource_samples, task_log
from distillation.storage.local import run_dir
from distillation.tests.factories import TaskFactory


def started(attempt: int = 1, step: int | None = None, arm: str | None = None) -> dict:
    return {"kind": "started", "attempt": attempt, "device": "cpu", "resumed_step": step, "resumed_arm": arm}


def phase(name: str, done: int = 0) -> dict:
    return {"kind": "phase", "phase": name, "done": done, "total": 100, "unit": "steps", "progress": 5}


def step(number: int, *, arm: str = "student", **figures) -> dict:
    values = {"loss": 1 / number, "soft_loss": 0.2, "hard_loss": 0.3, "learning_rate": 0.001, "samples_per_second": 9.5}
    return {"kind": "step", "arm": arm, "epoch": 1, "step": number, **values, **figures}


class Run:
    """Writes events as the engine does and reads them as a worker does."""

    def __init__(self, task: TrainingTask) -> None:
        self.task = task
        self.run = run_dir(task.task_id)
        self.run.root.mkdir()
        self._written: dict[int, int] = {}

    def write(self, *events: dict, attempt: int = 1) -> None:
        with self.run.events(attempt).open("a", encoding="utf-8") as file:
            for event in events:
                self._written[attempt] = self._written.get(attempt, 0) + 1
                line = {"seq": self._written[attempt], "time": 1.8e9 + sum(self._written.values()), **event}
                file.write(json.dumps(line) + "\n")

    def ingest(self, *attempts: int) -> None:
        for attempt in attempts or (1,):
            assert Ingest(self.task, self.run, attempt).catch_up()

    def curve(self, name: str = "loss", arm: str = "student") -> list[int]:
        return list(MetricPoint.objects.filter(name=name, arm=arm).order_by("step").values_list("step", flat=True))


@pytest.fixture
def run(db):
    task = TaskFactory(training_mode="distillation")
    lifecycle.start(task, "alice")
    assert lifecycle.claim(task, "w1")
    return Run(task)


def test_a_step_becomes_a_point_of_each_curve(run):
    run.write(started(), phase("student"), step(10))
    run.ingest()
    rows = MetricPoint.objects.values_list("name", "arm", "step", "epoch", "time", "value")
    assert sorted(rows) == [
        (name, "student", 10, 1, 1_800_000_003.0, value)
        for name, value in [("hardLoss", 0.3), ("learningRate", 0.001), ("loss", 0.1), ("samplesPerSecond", 9.5),
                            ("softLoss", 0.2)]
    ]  # fmt: skip


def test_an_epoch_adds_the_validation_to_the_curves_of_its_arm(run):
    epoch = {"kind": "epoch", "arm": "control", "epoch": 2, "step": 20, "val_accuracy": 91.5, "val_loss": 0.25,
             "train_loss": 0.5, "train_accuracy": None, "epoch_seconds": 3.5, "progress": 9}  # fmt: skip
    run.write(epoch)
    run.ingest()
    found = dict(MetricPoint.objects.filter(arm="control", step=20, epoch=2).values_list("name", "value"))
    assert found == {"valAccuracy": 91.5, "valLoss": 0.25, "trainLoss": 0.5, "epochSeconds": 3.5}


def test_a_figure_that_is_not_finite_is_a_point_without_a_value(run):
    run.write(step(10, loss=None, soft_loss=None))
    run.ingest()
    assert MetricPoint.objects.get(name="loss").value is None
    assert MetricPoint.objects.get(name="softLoss").value is None


def test_an_arm_without_a_teacher_has_no_curve_of_soft_losses(run):
    run.write(step(10, arm="control", soft_loss=None))
    run.ingest()
    assert not MetricPoint.objects.filter(name="softLoss").exists()


def test_reading_from_the_beginning_again_changes_nothing(run):
    run.write(started(), phase("student"), *[step(number) for number in range(1, 30)])
    run.write({"kind": "log", "level": "warning", "sentence": {"template": "hm", "params": {}}})
    run.ingest()
    before = (MetricPoint.objects.count(), LogLine.objects.count())
    EventPosition.objects.all().delete()
    run.ingest()
    assert (MetricPoint.objects.count(), LogLine.objects.count()) == before


def test_a_new_worker_reads_on_where_the_last_one_stored(run, monkeypatch):
    run.write(started(), phase("student"), step(1))
    run.ingest()
    MetricPoint.objects.all().delete()  # if it read the old events again, they would come back
    run.write(step(2))
    run.ingest()
    assert run.curve() == [2]


def test_a_database_that_went_back_gets_what_it_lost(run):
    run.write(started(), phase("student"), *[step(number) for number in range(1, 11)])
    run.write(started(2, 5, "student"), phase("student", 5), *[step(number) for number in range(6, 9)], attempt=2)
    run.ingest(1, 2)
    after = list(MetricPoint.objects.order_by("name", "step").values_list("name", "step", "value"))
    for table in (MetricPoint, LogLine, EventPosition):
        table.objects.all().delete()
    run.ingest(1, 2)
    assert list(MetricPoint.objects.order_by("name", "step").values_list("name", "step", "value")) == after


def test_a_resumed_run_has_one_curve(run):
    run.write(started(), phase("student"), *[step(number) for number in range(1, 11)])
    run.ingest()
    run.write(started(2, 5, "student"), phase("prepare"), attempt=2)
    run.ingest(2)
    assert run.curve() == list(range(1, 11)), "what is superseded stays until the arm goes on"
    run.write(phase("student", 5), step(7, loss=0.7), attempt=2)
    run.ingest(2)
    assert run.curve() == [1, 2, 3, 4, 5, 7]
    assert MetricPoint.objects.get(name="loss", step=7).value == 0.7


def superseded(name: str = "loss", arm: str = "student") -> list[tuple[int, int]]:
    """Attempt and step."""
    rows = SupersededPoint.objects.filter(name=name, arm=arm).order_by("attempt", "step")
    return list(rows.values_list("attempt", "step"))


def twice_resumed(run: Run) -> None:
    """The second attempt goes on behind step 5, further than the first came; the third behind step 8."""
    run.write(started(), phase("student"), *[step(number) for number in range(1, 8)])
    run.write(started(2, 5, "student"), phase("student", 5), *[step(number, loss=0.5) for number in range(6, 11)],
              attempt=2)  # fmt: skip
    run.write(started(3, 8, "student"), phase("student", 8), step(9), attempt=3)


def test_what_a_resumed_run_takes_anew_is_kept_aside_with_all_its_figures(run):
    twice_resumed(run)
    run.ingest(1, 2, 3)
    assert run.curve() == list(range(1, 10))
    assert superseded() == [(2, 6), (2, 7), (3, 9), (3, 10)]
    assert superseded("softLoss") == superseded()
    point = SupersededPoint.objects.get(attempt=2, name="loss", step=6)
    assert (point.task_id, point.arm, point.epoch, point.time, point.value) == (
        run.task.pk, "student", 1, 1_800_000_008.0, 1 / 6,
    )  # fmt: skip
    assert set(SupersededPoint.objects.filter(attempt=3, name="loss").values_list("value", flat=True)) == {0.5}


@pytest.mark.parametrize("lost", [(EventPosition,), (EventPosition, MetricPoint), (EventPosition, SupersededPoint)])
def test_reading_all_attempts_again_supersedes_nothing_twice(run, lost):
    twice_resumed(run)
    run.ingest(1, 2, 3)
    tables = (MetricPoint, SupersededPoint)
    before = [sorted(table.objects.values_list("name", "step", "time", "value")) for table in tables]
    for table in lost:
        table.objects.all().delete()
    run.ingest(1, 2, 3)
    assert [sorted(table.objects.values_list("name", "step", "time", "value")) for table in tables] == before


def test_a_first_attempt_supersedes_nothing(run):
    run.write(started(), phase("student"), step(1), phase("control"), step(1, arm="control"))
    for _ in range(2):
        run.ingest()
        EventPosition.objects.all().delete()
    assert not SupersededPoint.objects.exists()


def test_a_cut_keeps_no_more_than_its_bound_from_the_checkpoint_on(run, monkeypatch):
    monkeypatch.setattr(points, "MOST_KEPT", 10)
    run.write(started(), phase("student"), *[step(number) for number in range(1, 20)])
    run.write(started(2, 5, "student"), phase("student", 5), attempt=2)
    run.ingest(1, 2)
    assert run.curve() == [1, 2, 3, 4, 5]
    assert set(SupersededPoint.objects.values_list("step", flat=True)) == {6, 7}
    assert SupersededPoint.objects.count() == 10


def test_a_worker_without_the_lease_supersedes_nothing(run):
    twice_resumed(run)
    run.ingest(1)
    stale = TrainingTask.objects.get(pk=run.task.pk)
    TrainingTask.objects.update(lease_owner="w2")
    Ingest(stale, run.run, 2).catch_up()
    assert not SupersededPoint.objects.exists()
    assert run.curve() == list(range(1, 8))


def test_all_attempts_in_one_batch_give_the_same_curve(run):
    run.write(started(), phase("student"), step(1), step(9), started(1, 5, "student"), phase("student", 5), step(6))
    run.ingest()
    assert run.curve() == [1, 6]


def test_a_finished_arm_keeps_its_end_when_the_run_goes_on_with_the_next(run):
    run.write(started(), phase("student"), step(90), step(100), phase("control"), step(3, arm="control"))
    run.write(started(2, 90, "student"), phase("student", 100), phase("control", 0), step(2, arm="control"), attempt=2)
    run.ingest(1, 2)
    assert run.curve() == [90, 100]
    assert run.curve(arm="control") == [2]


def test_who_follows_a_curve_is_told_to_read_it_anew_when_points_were_superseded(run):
    run.write(started(), phase("student"), step(1), step(9))
    run.ingest()
    first = metrics(run.task.pk)
    followed = metrics(run.task.pk, after=_cursor(first))
    assert (followed["reset"], followed["series"]) == (False, [])
    run.write(started(2, 5, "student"), phase("student", 5), step(6), attempt=2)
    run.ingest(2)
    again = metrics(run.task.pk, names=["loss"], after=_cursor(first))
    assert again["reset"] is True
    assert [list(series["steps"]) for series in again["series"]] == [[1, 6]]
    assert metrics(run.task.pk, after=_cursor(again))["reset"] is False


def _cursor(answer: dict):
    from distillation.selectors.following import PointCursor

    return PointCursor(*map(int, answer["cursor"].split("-")))


def test_a_worker_without_the_lease_writes_no_points(run):
    run.write(started(), step(1))
    stale = TrainingTask.objects.get(pk=run.task.pk)
    TrainingTask.objects.update(lease_owner="w2")
    Ingest(stale, run.run, 1).catch_up()
    assert not MetricPoint.objects.exists()
    assert not LogLine.objects.exists()


@pytest.mark.parametrize(
    "bad",
    [
        {"step": -1}, {"step": "7"}, {"step": 1e3}, {"step": 10**30}, {"step": None}, {"step": True}, {"arm": "other"},
        {"arm": None}, {"arm": ["student"]}, {"arm": {}},
    ],
)  # fmt: skip
def test_a_step_at_no_place_is_left_out(run, bad):
    run.write(step(3) | bad, step(4))
    run.ingest()
    assert run.curve() == [4]


@pytest.mark.parametrize("value", [10**400, "7", [1], True, {}, -(10**30)])
def test_a_value_that_is_no_figure_is_a_gap(run, value):
    run.write(step(4, loss=value, samples_per_second=None), step(5))
    run.ingest()
    assert MetricPoint.objects.get(name="loss", step=4).value is None


def test_absurd_epochs_and_times_do_no_harm(run):
    run.write(step(4, epoch=10**12, time="soon"), step(5, epoch=-1, time=1e300))
    run.ingest()
    assert run.curve() == [4, 5]
    assert set(MetricPoint.objects.values_list("epoch", flat=True)) == {None}


def test_log_lines_are_shown_in_the_readers_language(run):
    run.write(started(), phase("prepare"), phase("prepare", 50), phase("student"))
    run.ingest()
    with override("en"):
        lines = [shown(line.detail) for line in LogLine.objects.order_by("id")]
    assert lines == ["Attempt 1 begins on cpu.", "Phase: preparing data", "Phase: training the student"]


def test_a_phase_that_goes_on_in_the_next_batch_is_one_line(run):
    reader = Ingest(run.task, run.run, 1)
    for done in (0, 10, 20):
        run.write(phase("student", done))
        reader.catch_up()
    run.write(phase("student", 30))
    run.ingest()  # and in the next worker
    assert LogLine.objects.filter(kind="phase").count() == 1


def test_levels_sources_and_places_are_kept(run):
    run.write(
        {"kind": "log", "level": "warning", "sentence": {"template": "A {x}", "params": {"x": 1}}},
        {"kind": "checkpoint", "arm": "student", "epoch": 1, "step": 40, "file": "x", "bytes": 12_000_000},
        {"kind": "failed", "sentence": {"template": "broken", "params": {}}},
        {"kind": "finished", "outcome": "stopped"},
    )
    run.ingest()
    rows = LogLine.objects.order_by("id").values_list("level", "source", "kind", "arm", "step", "sequence")
    assert list(rows) == [
        (LogLevel.WARNING, "engine", "message", "", None, 1),
        (LogLevel.DEBUG, "engine", "checkpoint", "student", 40, 2),
        (LogLevel.ERROR, "engine", "failed", "", None, 3),
        (LogLevel.INFO, "engine", "finished", "", None, 4),
    ]


LONG = {"template": "x" * 100_000, "params": {"y": "语" * 100_000}}
BROKEN = {"template": "a\x00b\ud800", "params": {}}


@pytest.mark.parametrize(
    "sentence",
    [
        *("plain", None, 7, []),
        {"template": "{x"},
        {"template": "{x}", "params": {}},
        {"template": "{a.b}", "params": {"a": 1}},
        BROKEN,
        LONG,
    ],
)
def test_no_sentence_stops_the_ingest(run, sentence):
    run.write({"kind": "log", "level": 3, "sentence": sentence}, step(1))
    run.ingest()
    line = LogLine.objects.get()
    assert len(line.text) <= task_log.MAX_TEXT
    assert len(line.detail.encode()) <= 65_000
    assert isinstance(shown(line.detail), str)
    assert run.curve() == [1]


def test_a_backlog_is_read_in_portions(run, monkeypatch):
    monkeypatch.setattr("distillation.jobs.ingest.MAX_BYTES", 300)
    run.write(*[step(number) for number in range(1, 8)])
    reader = Ingest(run.task, run.run, 1)
    assert reader.catch_up(seconds=0) is False
    while not reader.catch_up(seconds=0):
        pass
    assert run.curve() == list(range(1, 8))


def test_a_line_longer_than_a_portion_is_read(run, monkeypatch):
    monkeypatch.setattr("distillation.jobs.ingest.MAX_BYTES", 50)
    run.write(step(1), step(2))
    run.ingest()
    assert run.curve() == [1, 2]


def test_an_events_file_that_became_shorter_is_another_one(run):
    run.write(*[step(number) for number in range(1, 9)])
    run.ingest()
    run.run.events(1).unlink()
    run.write(step(50))
    run.ingest()
    assert 50 in run.curve()


def test_a_fresh_start_forgets_everything_that_grew(run):
    other = TaskFactory()
    MetricPoint.objects.create(task=other, name="loss", arm="student", step=1)
    twice_resumed(run)
    run.ingest(1, 2, 3)
    resource_samples.store(run.task, [resource_samples.Reading(1.0, cpu_percent=math.nan)])
    _begin_afresh(run.task, run.run)
    for table in (LogLine, EventPosition, ResourceSample, SupersededPoint):
        assert not table.objects.exists()
    assert MetricPoint.objects.get().task_id == other.pk
