"""The endpoints of labelling jobs: keys and texts as clients know them, and who may do what."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone

from distillation.models import AuditEntry, Dataset, InferenceJob
from distillation.tests.api.conftest import ROOT, client_of, person
from distillation.tests.factories import InferenceFactory, TaskFactory
from distillation.tests.finished import finished_task

SUBMIT, LIST = f"{ROOT}/inference/submit", f"{ROOT}/inference/list"
TASK = "TASK_5E6F7A8B"


@pytest.fixture
def body(db, home) -> dict[str, Any]:
    finished_task(TASK)
    (home / "uploads").mkdir()
    return {"taskId": TASK, "inputDir": "uploads", "outputDir": "labels/first"}


def path(job: InferenceJob) -> str:
    return f"{ROOT}/inference/{job.inference_id}"


def test_a_job_is_submitted_and_waits(api, body):
    answer = api.post(SUBMIT, body, format="json")
    assert answer.status_code == 200, answer.content
    assert re.fullmatch(r"INF-[0-9A-F]{8}", answer.json()["data"])
    job = api.get(f"{ROOT}/inference/{answer.json()['data']}").json()["data"]
    assert (job["status"], job["queued"], job["processedImages"]) == ("RUNNING", True, 0)
    assert (job["taskId"], job["modelType"], job["batchSize"], job["autoImport"]) == (TASK, "cnn-tiny", 8, True)
    assert (job["startTime"], job["endTime"], job["duration"], job["errorMessage"]) == (None,) * 4
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.kind, entry.object_id) == ("create", "inferencejob", job["inferenceId"])


def test_the_message_says_when_the_labels_become_no_data_set(api, body):
    assert "does not lie directly below datasets" in api.post(SUBMIT, body, format="json").json()["message"]
    body["outputDir"] = "datasets/labelled"
    assert api.post(SUBMIT, body, format="json").json()["message"] == "OK"
    assert api.post(SUBMIT, {**body, "outputDir": "x", "autoImport": False}, format="json").json()["message"] == "OK"


def test_the_data_set_belongs_to_the_owner_before_anything_lies_in_it(api, body, home):
    sent = {**body, "outputDir": "datasets/labelled"}
    job = api.post(SUBMIT, sent, format="json").json()["data"]
    dataset = Dataset.objects.get()
    assert (dataset.dataset_id, dataset.create_by, dataset.visibility) == ("labelled", "alice", "team")
    assert list((home / "datasets" / "labelled").iterdir()) == []
    shown = api.get(f"{ROOT}/inference/{job}").json()["data"]
    assert (shown["importedDataset"], shown["importNote"], shown["formats"]) == ("labelled", None, ["csv"])
    api.delete(f"{ROOT}/inference/{job}")
    assert api.post(SUBMIT, sent, format="json").status_code == 200  # once more into the own data set


def test_a_data_set_of_somebody_else_is_not_taken(api, body, home):
    Dataset.objects.create(dataset_id="theirs", create_by="bob")
    answer = api.post(SUBMIT, {**body, "outputDir": "datasets/theirs"}, format="json")
    assert answer.status_code == 400
    assert answer.json()["data"] == {"outputDir": ["The folder theirs is registered already."]}
    assert not (home / "datasets" / "theirs").exists()
    assert not InferenceJob.objects.exists()


def test_labels_of_an_annotator_become_no_data_set(body):
    client = client_of(person("dora", "R_ANNOTATOR"))
    answer = client.post(SUBMIT, {**body, "outputDir": "datasets/new"}, format="json").json()
    assert "needs the role engineer" in answer["message"]
    assert InferenceJob.objects.get().imported_dataset is None
    assert not Dataset.objects.exists()


def test_times_are_iso_and_the_list_is_newest_first(api, db):
    started = timezone.make_aware(datetime(2026, 1, 31, 13, 45, 7))  # noqa: DTZ001 - in the site's zone
    first = InferenceFactory(status="COMPLETED", start_time=started, end_time=started, duration=5)
    second = InferenceFactory(status="STOPPED")
    answer = api.get(LIST)
    assert answer.headers["X-Total-Count"] == "2"
    rows = answer.json()["data"]
    assert [row["inferenceId"] for row in rows] == [second.inference_id, first.inference_id]
    assert [row["status"] for row in rows] == ["STOPPED", "COMPLETED"]
    assert (rows[1]["startTime"], rows[1]["duration"]) == ("2026-01-31T13:45:07", 5)


def test_a_failure_and_an_error_are_told_in_the_readers_language(api, db):
    why = '{"template": "No picture lies in the folder {folder}. Pictures end in {extensions}.", "params": '
    why += '{"folder": "x", "extensions": ".png"}}'
    job = InferenceFactory(status="FAILED", error_message="…", error_detail=why, failures=f'[["a.png", {why}]]')
    data = api.get(path(job)).json()["data"]
    assert data["errorMessage"] == "No picture lies in the folder x. Pictures end in .png."
    assert data["failures"] == [{"file": "a.png", "reason": data["errorMessage"]}]


def test_a_waiting_job_is_stopped_and_gone_after_delete(api, db):
    job = InferenceFactory()
    assert api.delete(path(job)).json() == {"code": 200, "message": "OK", "data": None}
    job.refresh_from_db()
    assert (job.status, job.del_flag) == ("STOPPED", 1)
    assert api.get(path(job)).status_code == api.delete(path(job)).status_code == 404
    assert api.get(LIST).json()["data"] == []


def test_a_running_job_is_asked_to_stop_by_delete(api, db):
    job = InferenceFactory(status="RUNNING", lease_owner="w1", attempt=1)
    assert api.delete(path(job)).status_code == 200
    job.refresh_from_db()
    assert (job.status, job.intent, job.del_flag) == ("RUNNING", "stop", 1)


@pytest.mark.parametrize(("role", "status"), [("R_VIEWER", 403), ("R_ANNOTATOR", 200), ("R_ENGINEER", 200)])
def test_who_may_submit(body, role, status):
    assert client_of(person("dora", role)).post(SUBMIT, body, format="json").status_code == status


def test_an_annotator_deletes_own_jobs_only(db):
    own, other = InferenceFactory(create_by="dora"), InferenceFactory(create_by="emil")
    client = client_of(person("dora", "R_ANNOTATOR"))
    assert client.delete(path(own)).status_code == 200
    assert client.delete(path(other)).status_code == 403
    assert client_of(person("boss", "R_ADMIN")).delete(path(other)).status_code == 200


def test_a_task_that_one_may_not_see_does_not_exist(body):
    person("alice", "R_ENGINEER", "红队")
    answer = client_of(person("charlie", "R_ENGINEER", "蓝队")).post(SUBMIT, body, format="json")
    assert answer.status_code == 404
    assert not InferenceJob.objects.exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": "RUNNING"}, "its model is not finished"),
        ({"executor": "sample"}, "is a sample"),
        ({"model_path": None}, "has no model file"),
        ({"config": {"task_type": "sequence"}}, "a model for sequence; pictures are labelled by models for"),
        ({"config": {"format": "other"}}, "none of the students of this platform"),
    ],
)
def test_a_model_that_cannot_label_is_a_conflict(api, home, fields, words):
    finished_task("TASK_BAD", **fields)
    (home / "uploads").mkdir()
    answer = api.post(SUBMIT, {"taskId": "TASK_BAD", "inputDir": "uploads", "outputDir": "x"}, format="json")
    assert answer.status_code == 409
    assert words in answer.json()["message"]


def test_a_segmentation_model_labels(api, home):
    finished_task("TASK_SEG", config={"task_type": "segmentation", "classes": ["background", "cell"]})
    (home / "uploads").mkdir()
    sent = {"taskId": "TASK_SEG", "inputDir": "uploads", "outputDir": "x", "classThresholds": {"cell": 0.6}}
    job = api.post(SUBMIT, {**sent, "outputDir": "datasets/seg"}, format="json").json()["data"]
    assert api.get(f"{ROOT}/inference/{job}").json()["data"]["formats"] == ["labelme", "yolo"]
    assert api.post(SUBMIT, {**sent, "formats": "masks,coco"}, format="json").status_code == 200
    refused = {"formats": ["voc"]}, {"classThresholds": {"background": 0.5}}
    answers = [api.post(SUBMIT, {**sent, **change, "outputDir": "y"}, format="json") for change in refused]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert "cannot write voc; available: labelme, yolo, coco, masks" in answers[0].json()["message"]
    assert "names background; the model's classes are cell" in answers[1].json()["message"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"taskId": ""}, "taskId is required"),
        ({"taskId": 7}, "taskId must be a text"),
        ({"inputDir": None}, "inputDir is required"),
        ({"outputDir": ""}, "outputDir is required"),
        ({"inputDir": "nowhere"}, "There is no folder nowhere"),
        ({"inputDir": "../uploads"}, "contains '..'"),
        ({"inputDir": "/etc"}, "/etc does not lie below DISTILLATION_HOME"),
        ({"inputDir": "runs"}, "keeps its own files there"),
        ({"inputDir": "."}, "keeps its own files there"),
        ({"inputDir": "uploads\x07"}, "control characters"),
        ({"inputDir": ["uploads"]}, "inputDir must be a text"),
        ({"outputDir": "cache/x"}, "keeps its own files there"),
        ({"outputDir": "models/x"}, "keeps its own files there"),
        ({"outputDir": "inference/x"}, "keeps its own files there"),
        ({"outputDir": "uploads/labels"}, "lies in the folder of pictures or around it"),
        ({"outputDir": "datasets/digits/train"}, "lies in a data set"),
        ({"outputDir": "datasets/digits"}, "is not empty"),
        ({"outputDir": "full"}, "The folder full is not empty"),
        ({"outputDir": "file.txt"}, "is a file, not a folder"),
        ({"outputDir": "out/link"}, "a link that leads out"),
        ({"outputDir": "dangling/x"}, "a link that leads out"),
        ({"inputDir": "out/link"}, "a link that leads out"),
        ({"batchSize": 0}, "batchSize is 0; it must lie between 1 and 1024"),
        ({"batchSize": 1025}, "between 1 and 1024"),
        ({"batchSize": 1.5}, "must be a whole number"),
        ({"threshold": 1.01}, "between 0 and 1"),
        ({"formats": ["pdf"]}, "formats must be a list of some of these words: labelme, csv, yolo, coco, voc"),
        ({"formats": "yolo,labelme"}, "A model for classification cannot write yolo; available: labelme, csv"),
        ({"formats": 7}, "formats must be a list"),
        ({"formats": ["labelme"], "outputDir": "datasets/new"}, "A data set for classification cannot be registered"),
        ({"classThresholds": {"2": 0.5}}, "classThresholds names 2; the model's classes are 0, 1"),
        ({"classThresholds": {"1": 2}}, "between 0 and 1"),
        ({"classThresholds": [1]}, "must be an object"),
        ({"datasetId": "digits"}, "inputDir is uploads, but of the data set digits the folder"),
        ({"datasetId": "digits", "inputDir": ""}, "There is no folder datasets/digits/unlabeled"),
        ({"datasetId": "../x", "inputDir": ""}, "There is no data set"),
        ({"autoImport": "perhaps"}, "autoImport must be true or false"),
    ],
)
def test_what_is_refused(api, body, home, digits, tmp_path, change, words):
    outside = tmp_path / "outside"
    outside.mkdir()
    (home / "full").mkdir()
    (home / "full" / "x").write_text("x")
    (home / "file.txt").write_text("x")
    (home / "out").mkdir()
    (home / "out" / "link").symlink_to(outside)
    (home / "dangling").symlink_to(tmp_path / "gone")
    answer = api.post(SUBMIT, {**body, **change}, format="json")
    assert answer.status_code == 400, answer.content
    assert words in answer.json()["message"], answer.json()["message"]
    assert not InferenceJob.objects.exists()
    assert list(outside.iterdir()) == []


def test_pictures_of_a_data_set_that_is_hidden_do_not_exist(api, body, digits):
    (digits / "unlabeled").mkdir()
    ways = ({"inputDir": "datasets/digits/unlabeled"}, {"inputDir": "", "datasetId": "digits"})
    for number, way in enumerate(ways):
        assert api.post(SUBMIT, {**body, **way, "outputDir": f"seen{number}"}, format="json").status_code == 200
    Dataset.objects.create(dataset_id="digits", create_by="charlie", visibility="private")
    for way in ways:
        answer = api.post(SUBMIT, {**body, **way, "outputDir": "hidden"}, format="json")
        assert answer.status_code == 400
        assert "There is no folder" in answer.json()["message"]


def test_a_link_in_the_pictures_does_not_open_a_hidden_data_set(api, body, digits, home):
    Dataset.objects.create(dataset_id="digits", create_by="charlie", visibility="private")
    (home / "uploads" / "link").symlink_to(digits)
    assert api.post(SUBMIT, {**body, "inputDir": "uploads/link"}, format="json").status_code == 400


def test_two_jobs_do_not_write_into_one_folder_at_once(api, body, home):
    first = api.post(SUBMIT, body, format="json").json()["data"]
    assert f"The job {first} writes into labels/first" in api.post(SUBMIT, body, format="json").json()["message"]
    api.delete(f"{ROOT}/inference/{first}")
    (home / "labels" / "first").mkdir(parents=True)
    (home / "labels" / "first" / "x.json").write_text("{}")
    assert api.post(SUBMIT, body, format="json").status_code == 200  # the own job's folder may be filled again


def test_nobody_fills_the_folder_of_somebody_elses_job(api, body, home):
    InferenceFactory(create_by="bob", status="COMPLETED", output_dir="labels/first")
    (home / "labels" / "first").mkdir(parents=True)
    (home / "labels" / "first" / "x.json").write_text("{}")
    assert "is not empty" in api.post(SUBMIT, body, format="json").json()["message"]


def test_an_absolute_path_below_the_home_is_taken(api, body, home):
    sent = {**body, "inputDir": str(home / "uploads"), "outputDir": str(home / "labels" / "x")}
    assert api.post(SUBMIT, sent, format="json").status_code == 200
    job = InferenceJob.objects.get()
    assert (job.input_dir, job.output_dir) == ("uploads", "labels/x")


def test_the_legacy_style_shows_the_sentence_in_data(api, body, settings):
    settings.DISTILLATION_ERROR_STYLE = "legacy"
    answer = api.post(SUBMIT, {**body, "batchSize": 0}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (200, 500)
    assert answer.json()["data"] == answer.json()["message"]


def test_the_list_asks_as_often_for_many_jobs_as_for_one(api, django_assert_num_queries):
    for _ in range(5):
        InferenceFactory()
    TaskFactory()
    with django_assert_num_queries(3):
        api.get(LIST)
