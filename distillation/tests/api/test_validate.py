"""Looking at a create request: what create and start would say, what counts, what it costs, and nothing saved."""

from __future__ import annotations

import pytest

from distillation.contract.options import BY_NAME
from distillation.contract.students import STUDENTS
from distillation.models import LoraPreset, TeacherAlias, TrainingTask
from distillation.tests.api.conftest import ROOT
from distillation.tests.factories import HistoryFactory, TaskFactory

URL = f"{ROOT}/tasks/validate"
TOGETHER = (
    {"hardLabelWeight": 5},
    {"trainingConfig": "{"},
    {"trainingConfig": {"optimizer": "lion"}},
    {"datasetId": "nowhere", "epochs": 0, "trainingMode": "distillation", "teacherModel": "nobody"},
)


def look(api, **values):
    answer = api.post(URL, values, format="json")
    assert answer.status_code == 200, answer.content
    return answer.json()["data"]


def test_a_good_request_is_valid_and_nothing_is_saved(api, request_body):
    data = look(api, **request_body)
    assert (data["valid"], data["errors"], data["problems"], data["unknownKeys"]) == (True, [], [], [])
    assert not TrainingTask.objects.exists()


def test_every_default_is_filled_in(api, request_body):
    effective = look(api, **request_body, valDatasetId="")["effective"]
    usual = STUDENTS["cnn-tiny"].default_image_size
    assert (effective["totalEpochs"], effective["batchSize"], effective["optimizer"]) == (50, 32, "adamw")
    assert (effective["imageSize"], effective["numClasses"], effective["valDatasetId"]) == (usual, 2, "digits")
    assert (effective["datasetName"], effective["executor"], effective["teacherResolved"]) == (
        "digits",
        "platform",
        None,
    )


def test_what_differs_from_the_default_is_listed_with_the_default(api, request_body):
    usual = STUDENTS["cnn-tiny"].default_image_size
    data = look(api, **request_body, epochs=7, batchSize=32, imageSize=8)
    differs = {row["option"]: (row["value"], row["default"]) for row in data["differs"]}
    assert differs == {"trainingMode": ("direct", "distillation"), "totalEpochs": (7, 50), "imageSize": (8, usual)}
    assert data["given"]["batchSize"] == 32


def test_what_create_would_refuse_is_listed_by_field(api, request_body):
    data = look(api, **{**request_body, "taskName": "", "totalEpochs": 0, "optimizer": "magic"})
    assert data["valid"] is False
    assert [row["field"] for row in data["errors"]] == ["totalEpochs", "optimizer", "taskName"]
    assert data["effective"]["optimizer"] is None
    assert data["estimates"]["steps"] is None


def test_create_and_the_preview_refuse_the_same(api, request_body):
    for wrong in ({"datasetId": "nowhere"}, {"taskName": ""}, {"numClasses": "x"}, {"loraPreset": "none"}, *TOGETHER):
        data = look(api, **request_body | wrong)
        refused = api.post(f"{ROOT}/tasks", request_body | wrong, format="json").json()["data"]
        assert {row["field"]: [row["message"]] for row in data["errors"]} == refused


def test_a_wrong_field_hides_neither_what_is_unknown_nor_what_start_would_say(api, request_body, digits):
    distilled = request_body | {"trainingMode": "distillation", "teacherModel": "nobody", "epochs": 0}
    data = look(api, **distilled | {"datasetId": "nowhere"})
    assert [row["field"] for row in data["errors"]] == ["epochs", "datasetId", "teacherModel"]
    assert (data["problems"], data["estimates"]["steps"]) == ([], None)
    for file in (digits / "train" / "1").iterdir():
        file.unlink()
    data = look(api, **distilled | {"numClasses": 2, "seed": -1})
    assert [row["field"] for row in data["errors"]] == ["epochs", "seed", "teacherModel"]
    assert [row["field"] for row in data["problems"]] == ["datasetId"]


def test_estimates_stay_where_data_and_student_are_known(api, request_body):
    right = look(api, **request_body | {"imageSize": 8})["estimates"]
    for wrong in ({"epochs": 0}, {"optimizer": "lion"}, {"seeds": [1, 1]}, {"taskName": ""}, {"batchSize": -1}):
        found = look(api, **request_body | {"imageSize": 8} | wrong)
        assert found["valid"] is False
        assert (found["estimates"]["cacheBytes"], found["effective"]["numClasses"]) == (right["cacheBytes"], 2)
        steps = None if {"epochs", "batchSize", "seeds"} & set(wrong) else right["steps"]
        assert found["estimates"]["steps"] == steps
    for wrong in ({"imageSize": 1}, {"studentModel": "resnet19"}, {"datasetId": "nowhere"}, {"executor": "nobody"}):
        found = look(api, **request_body | {"imageSize": 8} | wrong)
        assert (found["estimates"]["cacheBytes"], found["problems"]) == (None, [])


def test_unknown_keys_of_the_training_config_are_named_with_their_place(api, request_body):
    config = {"x": 1, "optimizer": "sgd", "distillationAdvancedConfig": {"y": 2}}
    data = look(api, **request_body, trainingConfig=config)
    assert data["unknownKeys"] == ["trainingConfig.x", "trainingConfig.distillationAdvancedConfig.y"]
    assert (data["valid"], data["effective"]["optimizer"], data["given"]["optimizer"]) == (True, "sgd", "sgd")


def test_start_and_the_preview_refuse_the_same(api, request_body, digits):
    for file in (digits / "train" / "1").iterdir():
        file.unlink()
    data = look(api, **request_body)
    assert data["valid"] is True
    task = api.post(f"{ROOT}/tasks", request_body, format="json").json()["data"]
    answer = api.post(f"{ROOT}/tasks/{task['taskId']}/start")
    assert answer.status_code == 409
    assert [row["message"] for row in data["problems"]] == [answer.json()["message"]]


def test_a_full_disk_is_a_problem_and_start_says_so_too(api, request_body, monkeypatch):
    task = api.post(f"{ROOT}/tasks", request_body, format="json").json()["data"]
    monkeypatch.setattr("distillation.services.disk_space.free_bytes", lambda: 10**6)
    problems = look(api, **request_body)["problems"]
    assert "1 MB are free" in problems[0]["message"]
    answer = api.post(f"{ROOT}/tasks/{task['taskId']}/start")
    assert (answer.status_code, answer.json()["message"]) == (409, problems[0]["message"])


def test_unknown_keys_are_named_and_cut(api, request_body):
    data = look(api, **request_body, unknownKey=1, **{"x" * 5000: 2})
    assert data["valid"] is True
    assert data["unknownKeys"] == ["unknownKey", "x" * 100]
    assert len(look(api, **request_body, **{f"k{i}": 1 for i in range(500)})["unknownKeys"]) == 100


def test_what_has_no_effect_is_named_with_the_reason(api, request_body):
    data = look(api, **request_body, temperature=5, seed=7, seeds=[1, 2])
    assert {row["field"] for row in data["notApplied"]} == {"temperature", "seed"}
    assert all(row["message"] for row in data["notApplied"])


def test_an_alias_is_resolved_and_shown(api, request_body):
    TaskFactory(task_id="TASK_T", status="RUNNING")
    TeacherAlias.objects.create(alias="qwen-7b", teacher="TASK_T")
    data = look(api, **request_body | {"trainingMode": "distillation", "teacherModel": "qwen-7b"})
    assert (data["effective"]["teacherModel"], data["effective"]["teacherResolved"]) == ("qwen-7b", "TASK_T")
    assert data["valid"] is True
    assert "TASK_T is RUNNING" in data["problems"][0]["message"]


def test_a_preset_fills_the_lora_values(api, request_body):
    LoraPreset.objects.create(preset_name="weit", lora_rank=64)
    TaskFactory(task_id="TASK_T", status="RUNNING")
    data = look(api, **request_body | {"trainingMode": "distillation", "teacherModel": "TASK_T", "loraPreset": "weit"})
    assert data["effective"]["loraRank"] == 64


def test_a_preset_that_somebody_broke_by_sql_is_an_error_of_the_preset(api, request_body):
    LoraPreset.objects.create(preset_name="kaputt", lora_rank=-1)
    data = look(api, **request_body, loraPreset="kaputt")
    assert [row["field"] for row in data["errors"]] == ["loraPreset"]


def test_the_names_of_an_external_task_are_labels(api):
    data = look(api, taskName="x", executor="external", studentModel="yolov5s", teacherModel="qwen-7b")
    assert (data["valid"], data["problems"]) == (True, [])
    assert data["estimates"]["steps"] is None


# What a run costs


def test_the_bytes_are_those_that_start_asks_for(api, request_body, monkeypatch):
    body = request_body | {"imageSize": 8, "epochs": 3, "batchSize": 5}
    estimates = look(api, **body)["estimates"]
    pictures = 16 + 8
    assert estimates["cacheBytes"] == pictures * 8 * 8 * 3
    assert estimates["checkpointBytes"] == STUDENTS["cnn-tiny"].parameters * 4 * 11
    assert estimates["steps"] == 3 * 3  # batches of 5, 5 and 6: a single one joins the batch before it
    needed = estimates["cacheBytes"] + estimates["checkpointBytes"] + 64 * 2**20
    monkeypatch.setattr("distillation.services.disk_space.free_bytes", lambda: needed)
    assert look(api, **body)["problems"] == []
    monkeypatch.setattr("distillation.services.disk_space.free_bytes", lambda: needed - 1)
    assert len(look(api, **body)["problems"]) == 1


def test_every_seed_costs_as_much_as_a_run_but_for_the_cache(api, request_body):
    run = TaskFactory(status="COMPLETED", student_model="cnn-tiny", batch_size=5, device="cpu", trained_samples=1000,
                      training_mode="direct", teacher_model="")  # fmt: skip
    HistoryFactory(task=run, epoch=1, epoch_time="100")
    body = request_body | {"epochs": 3, "batchSize": 5}
    one = look(api, **body, seed=7)
    three = look(api, **body, seed=7, seeds=[1, 2, 3])
    for name, times in {"cacheBytes": 1, "checkpointBytes": 3, "steps": 3, "durationSeconds": 3}.items():
        assert three["estimates"][name] == pytest.approx(times * one["estimates"][name], abs=0.2), name
    assert (three["effective"]["seeds"], three["effective"]["seed"]) == ([1, 2, 3], 1)
    assert (one["effective"]["seeds"], one["effective"]["seed"]) == (None, 7)
    assert [row["field"] for row in three["notApplied"]] == ["seed"]


def test_a_duration_is_unknown_until_it_was_measured(api, request_body):
    estimates = look(api, **request_body)["estimates"]
    assert (estimates["durationSeconds"], estimates["durationBasis"]) == (None, "unknown")


def test_a_duration_comes_from_completed_runs_of_the_same_kind(api, request_body):
    alike = {"student_model": "cnn-tiny", "batch_size": 32, "device": "cpu", "status": "COMPLETED"}
    run = TaskFactory(task_id="TASK_RUN", trained_samples=1000, training_mode="direct", teacher_model="", **alike)
    HistoryFactory(task=run, epoch=1, epoch_time="6")
    HistoryFactory(task=run, epoch=2, epoch_time="4")
    estimates = look(api, **request_body, epochs=10)["estimates"]
    assert (estimates["durationBasis"], estimates["samplesPerSecond"]) == ("measured", 100.0)
    assert estimates["durationSeconds"] == 10 * 16 / 100
    assert estimates["measuredTasks"] == ["TASK_RUN"]
    for other in ({"imageSize": 64}, {"batchSize": 16}, {"studentModel": "resnet18"}):
        assert look(api, **request_body | other)["estimates"]["durationBasis"] == "unknown"


@pytest.mark.parametrize(
    "other",
    [
        {"executor": "sample"}, {"executor": "external"}, {"status": "FAILED"}, {"device": "cuda"}, {"del_flag": 1},
        {"trained_samples": None}, {"create_by": "bob", "visibility": "private"},
    ],
)  # fmt: skip
def test_other_runs_measure_nothing(api, request_body, other):
    alike = {"status": "COMPLETED", "trained_samples": 1000, "device": "cpu", "batch_size": 32}
    HistoryFactory(task=TaskFactory(training_mode="direct", teacher_model="", **alike | other), epoch_time="1")
    assert look(api, **request_body)["estimates"]["durationBasis"] == "unknown"


# Bad input


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"\xff", b'"x"', b"1", b'{"alpha": NaN}', b'{"alpha": Infinity}', b'{"alpha": 1e999}']
)
def test_a_body_that_is_no_object_is_400(api, body):
    answer = api.generic("POST", URL, body, content_type="application/json")
    assert answer.status_code == 400


def test_a_body_that_is_too_large_is_413(api):
    body = b'{"taskName": "' + b"x" * 10_600_000 + b'"}'
    assert api.generic("POST", URL, body, content_type="application/json").status_code == 413


ODD = [None, True, -1, 10**30, "", "x" * 10_000, "1e999", [], [1], {"a": {"b": 1}}, "\U0001f600", "'; --"]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:20])
def test_no_value_of_any_option_breaks_it(api, request_body, odd):
    names = [option.name for option in BY_NAME.values()]
    assert look(api, **dict.fromkeys(names, odd))["valid"] is False
    for name in names[ODD.index(odd) :: 4]:
        data = look(api, **request_body | {name: odd})
        assert data["valid"] == (not data["errors"])


def test_an_engineer_hears_nothing_of_hidden_tasks(api, request_body):
    TaskFactory(task_id="TASK_HIDDEN", create_by="bob", visibility="private", status="COMPLETED")
    data = look(api, **request_body | {"trainingMode": "distillation", "teacherModel": "TASK_HIDDEN"})
    assert [row["field"] for row in data["errors"]] == ["teacherModel"]
    assert "There is no teacher TASK_HIDDEN" in data["errors"][0]["message"]
