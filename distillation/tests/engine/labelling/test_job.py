"""A job labels every picture once, whatever happens to it, and says what it could not label."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from distillation.contract.sentence import Refused
from distillation.engine.labelling.job import RECORD
from distillation.engine.stopping import Stopped, StopRequest
from distillation.tests.datasets.annotated import picture
from distillation.tests.engine.labelling.samples import CLASSES, Listener, make_job, write_pictures, write_student


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_student(tmp_path / "model")
    write_pictures(tmp_path / "in")
    return tmp_path


def outputs(home: Path) -> dict[str, bytes]:
    return {str(p.relative_to(home / "out")): p.read_bytes() for p in (home / "out").rglob("*") if p.is_file()}


def test_every_picture_is_labelled_or_named(home):
    listener = Listener()
    result = make_job(home, listener).perform()
    counts = {name: result[name] for name in ("total", "processed", "succeeded", "failed", "objects", "empty")}
    assert counts == {"total": 10, "processed": 10, "succeeded": 9, "failed": 1, "objects": 9, "empty": 0}
    assert result["failures"][0][0] == "短.jpg"
    assert json.loads((home / "job" / "result.json").read_text()) == result
    names = {name for name in outputs(home) if name.endswith(".json")}
    nested = {f"labelme/夹/子/图{number}.json" for number in range(6)}
    assert names == nested | {"labelme/rot.json", "labelme/a.png.json", "labelme/a.jpg.json"}
    assert listener.notes == [
        "warning: 2 pictures have the name of another one but for the suffix; their labels keep the suffix in the "
        "name: a.jpg, a.png."
    ]


@pytest.mark.parametrize("after", range(1, 6))
def test_a_job_that_was_stopped_goes_on_and_ends_as_an_undisturbed_one(home, after):
    make_job(home).perform()
    expected, record = outputs(home), (home / "job" / RECORD).read_bytes()
    for path in [home / "job" / RECORD, *(p for p in (home / "out").rglob("*") if p.is_file())]:
        path.unlink()
    stop = StopRequest()

    def stop_then(tally):
        stop.requested = len(listener.seen) > after

    listener = Listener(stop_then)
    if after < 5:
        with pytest.raises(Stopped):
            make_job(home, listener, stop).perform()
        assert 0 < listener.seen[-1] < 10
    result = make_job(home).perform()
    assert result["labelled_in_this_attempt"] == 10 - (listener.seen[-1] if after < 5 else 0)
    assert (result["succeeded"], result["failed"], result["objects"]) == (9, 1, 9)
    assert outputs(home) == expected
    assert (home / "job" / RECORD).read_bytes() == record


def test_what_a_kill_tore_is_done_again(home):
    make_job(home).perform()
    expected = outputs(home)
    record = home / "job" / RECORD
    lines = record.read_bytes().splitlines(keepends=True)
    record.write_bytes(b"".join(lines[:5]) + lines[5][:20])
    result = make_job(home).perform()
    assert (result["processed"], result["labelled_in_this_attempt"]) == (10, 6)
    assert outputs(home) == expected
    assert record.read_bytes().splitlines(keepends=True) == lines


def test_another_threshold_begins_anew(home):
    make_job(home).perform()
    result = make_job(home, threshold=0.9).perform()
    assert (result["labelled_in_this_attempt"], result["empty"], result["objects"]) == (10, 9, 0)


def test_a_picture_that_comes_or_goes_meanwhile_keeps_the_counts_right(home):
    make_job(home).perform()
    (home / "in" / "rot.jpg").unlink()
    picture(home / "in" / "new.png")
    result = make_job(home).perform()
    assert (result["total"], result["processed"], result["succeeded"], result["failed"]) == (11, 11, 10, 1)


def test_a_name_that_is_no_text_is_counted_and_the_rest_is_labelled(home):
    whole = picture(home / "in" / "x.png")
    whole.rename(home / "in" / os.fsdecode(b"\xff.png"))
    result = make_job(home).perform()
    assert (result["succeeded"], result["failed"]) == (9, 2)
    assert "?.png" in {path for path, _ in result["failures"]}


def test_another_model_does_not_finish_what_one_began(home):
    with pytest.raises(Refused, match="not the one that the job was submitted for"):
        make_job(home, model_sha256="0" * 64).perform()


def test_a_classifier_writes_no_boxes(home):
    with pytest.raises(Refused, match="A model for classification cannot write yolo; it can write labelme, csv"):
        make_job(home, formats=("yolo",)).perform()


def test_a_folder_without_pictures_is_refused(home):
    (home / "empty").mkdir()
    with pytest.raises(Refused, match="No picture lies in the folder empty"):
        make_job(home, input_path="empty").perform()


def test_memory_that_runs_out_is_answered_with_the_batch_size(home, monkeypatch):
    def fails(*_):
        raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes")

    monkeypatch.setattr("distillation.engine.labelling.predictors.Classifier.predict", fails)
    with pytest.raises(Refused, match="Memory ran out with 2 pictures at a time"):
        make_job(home).perform()


def test_class_thresholds_count(home):
    make_job(home).perform()
    used = {name for name in CLASSES if f",{name}," in (home / "out" / "labels.csv").read_text()}
    result = make_job(home, class_thresholds=[(name, 1.0) for name in used]).perform()
    assert result["empty"] == 9
