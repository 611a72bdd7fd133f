"""Labelling in the console: the form, the folders that can be picked, the job's page, and what can be taken from it."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from distillation.contract.sentence import Sentence
from distillation.datasets.writing.output import IMAGES
from distillation.models import AuditEntry, Dataset, InferenceJob
from distillation.tests.admin.people import address
from distillation.tests.console.conftest import picture_file

EN = {"accept-language": "en"}


@pytest.fixture
def shots(home: Path) -> Path:
    folder = home / "uploads" / "夹"
    folder.mkdir(parents=True)
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(picture_file().read())
    return folder.parent


def send(world, task, who="olga", **changes):
    data = {"inputDir": "uploads", "outputDir": "datasets/fresh", "threshold": "0.3", "batchSize": "4",
            "formats": ["yolo", "coco"], "autoImport": "1", **changes}  # fmt: skip
    return world.client(who).post(address("label", task.pk), data, headers=EN)


def new_job(world) -> InferenceJob:
    return InferenceJob.objects.exclude(pk=world.job.pk).get()


def test_the_form_becomes_the_job_of_the_contract(world, detector, shots):
    answer = send(world, detector, **{"class-1": "0.6", "class-0": "", "class-99": "0.1"})
    job = new_job(world)
    assert answer.headers["Location"] == address("labelling", job.inference_id)
    assert (job.task_id, job.input_dir, job.output_dir) == (detector.task_id, "uploads", "datasets/fresh")
    assert (job.threshold, job.batch_size, job.formats) == (0.3, 4, "yolo,coco")
    assert json.loads(job.class_thresholds) == {"狗": 0.6}
    assert (job.create_by, job.imported_dataset, job.status) == ("olga", "fresh", "QUEUED")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"inputDir": "nowhere"}, "There is no folder nowhere"),
        ({"inputDir": "../etc"}, "contains &#x27;..&#x27;"),
        ({"inputDir": "runs"}, "the platform keeps its own files there"),
        ({"inputDir": "trials"}, "the platform keeps its own files there"),
        ({"outputDir": ""}, "outputDir is required"),
        ({"outputDir": "trials/x"}, "the platform keeps its own files there"),
        ({"threshold": "7"}, "threshold"),
        ({"class-0": "x"}, "classThresholds"),
        ({"formats": "masks"}, "cannot"),
        ({"batchSize": "0"}, "batchSize"),
    ],
)
def test_what_is_wrong_stands_in_the_form_and_what_was_written_stays(world, detector, shots, home, changes, words):
    answer = send(world, detector, **changes)
    assert answer.status_code == 400
    page = answer.content.decode()
    assert page.count(words) >= 2  # above the form and at the field
    assert not InferenceJob.objects.exclude(pk=world.job.pk).exists()
    if "threshold" not in changes:
        assert 'value="0.3"' in page


def test_a_model_that_cannot_label_says_why(world):
    page = world.client("olga").get(address("label", world.task.pk), headers=EN).content.decode()
    assert "is none of the students of this platform" in page
    assert '<form method="post" id="label-form"' not in page
    page = world.client("olga").get(address("distillation_trainingtask_change", world.task.pk), headers=EN)
    assert 'popovertarget="why-label"' in page.content.decode()


def test_the_tasks_page_leads_to_both_uses_for_those_who_may(world, detector):
    def page(who):
        return world.client(who).get(address("distillation_trainingtask_change", detector.pk)).content.decode()

    for who in ("olga", "carl", "anna"):
        assert address("try", detector.pk) in page(who)
        assert address("label", detector.pk) in page(who)
    assert address("try", detector.pk) not in page("vera")


def folders(world, where="", who="olga") -> dict:
    return world.client(who).get(address("label_folders"), {"in": where}, headers=EN).json()


def test_folders_are_listed_with_their_pictures_and_nothing_that_is_hidden(world, shots, home):
    top = folders(world)
    assert {one["name"]: one["count"] for one in top["folders"]} == {"datasets": "0 pictures", "uploads": "2 pictures"}
    assert folders(world, "uploads")["folders"] == [{"name": "夹", "path": "uploads/夹", "count": "2 pictures"}]
    Dataset.objects.update(visibility="private")
    assert [one["name"] for one in folders(world, "datasets", "carl")["folders"]] == ["free"]
    assert {one["name"] for one in folders(world, "datasets")["folders"]} >= {"free", "registered"}
    assert folders(world, "datasets/registered", "carl")["path"] == "datasets"


@pytest.mark.parametrize(
    "where", ["../..", "/etc", "runs/TASK_DONE0001", "trials", "uploads/nowhere/deep", "\0", "%00"]
)
def test_other_places_lead_to_the_nearest_folder(world, shots, where):
    found = folders(world, where)
    assert found["path"] in ("", "uploads")
    assert "runs" not in [one["name"] for one in found["folders"]]


def test_a_link_out_of_the_home_is_no_folder(world, shots, tmp_path):
    (tmp_path / "outside").mkdir()
    (shots / "out").symlink_to(tmp_path / "outside")
    assert [one["name"] for one in folders(world, "uploads")["folders"]] == ["夹"]
    assert folders(world, "uploads/out")["path"] == "uploads"


def written(world, home: Path, **changes) -> InferenceJob:
    """The world's job, finished, with labels in its output."""
    output = home / "labels" / "first"
    (output / "labelme" / "夹").mkdir(parents=True)
    (output / "labelme" / "夹" / "a.json").write_text("{}")
    (output / "labels.csv").write_text("a.png,0\n")
    (output / ".draft.tmp").write_text("half")
    InferenceJob.objects.update(status="COMPLETED", total_images=2, processed_images=2, **changes)
    world.job.refresh_from_db()
    return world.job


def download(world, job, who="olga", **asked):
    return world.client(who).get(address("labelling_archive", job.inference_id), asked, headers=EN)


def members(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    with zipfile.ZipFile(io.BytesIO(b"".join(answer))) as archive:
        assert archive.testzip() is None
        return sorted(archive.namelist())


def test_the_labels_are_taken_as_one_archive_with_or_without_pictures(world, shots, home):
    job = written(world, home)
    assert members(download(world, job)) == ["labelme/夹/a.json", "labels.csv"]
    answer = download(world, job, pictures=1)
    assert job.inference_id in answer.headers["Content-Disposition"]
    assert members(answer) == [f"{IMAGES}/夹/a.png", f"{IMAGES}/夹/b.png", "labelme/夹/a.json", "labels.csv"]


def refused(world, job, **asked) -> str:
    answer = download(world, job, **asked)
    assert answer.status_code == 302
    page = world.client("olga").get(answer.headers["Location"], headers=EN)
    return " ".join(str(message) for message in page.context["messages"])


def test_what_cannot_be_taken_is_said(world, shots, home, monkeypatch):
    assert "still writes labels" in refused(world, world.job)
    InferenceJob.objects.update(status="STOPPED")
    world.job.refresh_from_db()
    assert "The folder of labels labels/first is gone" in refused(world, world.job)
    job = written(world, home)
    monkeypatch.setattr("distillation.services.label_archives.MOST_FILES", 3)
    assert "more than 3 files" in refused(world, job, pictures=1)
    assert members(download(world, job))
    (home / "uploads").rename(home / "elsewhere")
    assert "Download the labels alone" in refused(world, job, pictures=1)


def test_pictures_of_a_data_set_that_somebody_may_not_see_stay_hidden(world, home):
    job = written(world, home, input_dir="datasets/registered/unlabeled")
    Dataset.objects.update(visibility="private")
    assert download(world, job, "carl", pictures=1).status_code == 403
    assert world.client("carl").get(address("labelling_picture", job.inference_id, 1)).status_code == 403
    page = world.client("carl").get(address("labelling", job.inference_id)).content.decode()
    assert address("labelling_picture", job.inference_id, 1) not in page
    assert members(download(world, job, "carl"))
    assert world.client("olga").get(address("labelling_picture", job.inference_id, 1)).status_code == 200


def do(world, verb, who="olga") -> int:
    answer = world.client(who).post(address("labelling_do", world.job.inference_id, verb))
    world.job.refresh_from_db()
    return answer.status_code


def test_the_owner_stops_resumes_and_deletes_and_it_is_noted(world, home):
    assert do(world, "stop") == 302
    assert world.job.status == "STOPPED"
    assert do(world, "resume") == 302
    assert (world.job.status, world.job.end_time) == ("QUEUED", None)
    assert do(world, "resume") == 302
    assert do(world, "delete") == 302
    assert world.job.del_flag == 1
    verbs = list(AuditEntry.objects.filter(kind="inferencejob").order_by("id").values_list("verb", flat=True))
    assert verbs == ["stop", "resume", "delete"]
    assert world.client("olga").get(address("labelling", world.job.inference_id)).status_code == 404


@pytest.mark.parametrize(("who", "status"), [("carl", 403), ("vera", 403), ("sten", 404)])
@pytest.mark.parametrize("verb", ["stop", "resume", "delete"])
def test_others_do_nothing_with_it_and_see_no_button(world, who, status, verb):
    assert do(world, verb, who) == status
    assert (world.job.status, world.job.del_flag) == ("QUEUED", 0)
    page = world.client("carl").get(address("labelling", world.job.inference_id)).content.decode()
    assert address("labelling_do", world.job.inference_id, verb) not in page


def test_a_folder_that_another_job_writes_into_is_waited_for(world):
    assert do(world, "stop") == 302
    InferenceJob.objects.create(task_id="T", model_type="m", task_type="detection", model_path="p", input_dir="i",
                                output_dir=world.job.output_dir, formats="yolo", create_by="olga")  # fmt: skip
    do(world, "resume")
    assert world.job.status == "STOPPED"


def test_the_page_follows_counts_remaining_time_and_failures(world):
    why = Sentence("{x}", {"x": "torn"}).as_json()
    InferenceJob.objects.update(
        status="RUNNING", total_images=1000, processed_images=250, success_count=247, failure_count=3, empty_count=40,
        object_count=900, failures=json.dumps([["<b>短.jpg", why]]),
    )  # fmt: skip
    now = world.client("vera").get(address("labelling_live", world.job.inference_id), headers=EN).json()
    assert now["figures"] == {**now["figures"], "progress": "250 / 1,000", "objects": "900", "labelled": "207",
                              "empty": "40", "failed": "3"}  # fmt: skip
    assert (now["done"], now["total"], now["live"]) == (250, 1000, True)
    page = world.client("vera").get(address("labelling", world.job.inference_id)).content.decode()
    assert "&lt;b&gt;短.jpg" in page
    assert "torn" in page


def test_the_pages_cost_few_queries_however_many_rows_there_are(world, detector, django_assert_max_num_queries):
    rows = [InferenceJob(inference_id=f"INF-{n:08X}", task_id="T", model_type="m", task_type="detection",
                         model_path="p", input_dir="i", output_dir="o", formats="yolo", create_by="olga")
            for n in range(1000)]  # fmt: skip
    InferenceJob.objects.bulk_create(rows)
    client = world.client("olga")
    for name, argument in (("label", detector.pk), ("labelling", world.job.inference_id),
                           ("labelling_live", world.job.inference_id), ("label_choose", None)):  # fmt: skip
        url = address(name, *([] if argument is None else [argument]))
        client.get(url)
        with django_assert_max_num_queries(12):
            assert client.get(url).status_code == 200
