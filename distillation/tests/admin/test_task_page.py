"""The page of one task: summary, evaluation, history, live figures, download."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from distillation.admin import badge, report
from distillation.contract.sentence import Sentence
from distillation.models import TaskStatus, TaskTransition, TrainingTask
from distillation.models.sentences import stored
from distillation.services import points
from distillation.storage.local import run_dir
from distillation.tests.admin.conftest import LIST, page_of
from distillation.tests.factories import EvaluationFactory, HistoryFactory, TaskFactory

pytestmark = pytest.mark.django_db

DETAILS = {
    "accuracy": 92.5,
    "classes": ["猫", "狗"],
    "per_class": [{"class": "猫", "precision": 90.0, "recall": 95.0, "f1": 92.4, "support": 20}],
    "confusion_matrix": [[19, 1], [2, 18]],
    "parameters": 1626,
    "teacher": {"accuracy": 94.61, "parameters": 304_326_632, "size_bytes": 1_217_306_528, "images_per_second": 38.2},
    "control": {"accuracy": 90.07},
}


def live_of(task: TrainingTask) -> str:
    return reverse("admin:distillation_trainingtask_live", args=[task.pk])


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("status", TaskStatus.values)
@pytest.mark.parametrize("executor", ["platform", "external", "sample"])
def test_the_page_of_every_kind_of_task_renders(console, status, executor, language):
    task = TaskFactory(status=status, executor=executor)
    assert console.get(page_of(task), HTTP_ACCEPT_LANGUAGE=language).status_code == 200


@pytest.mark.parametrize(
    ("student", "config", "name"),
    [("yolov8n", "{}", "mAP50"), ("own-net", '{"taskType": "segmentation"}', "mIoU"), ("resnet18", "[", "Accuracy")],
)
def test_what_is_measured_is_called_by_its_name(console, student, config, name):
    task = TaskFactory(student_model=student, training_config=config, status="COMPLETED")
    EvaluationFactory(task=task, detailed_results=json.dumps(DETAILS))
    page = console.get(page_of(task), HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert f"<h3>{name}</h3>" in page
    assert f"<h3>Best: {name}</h3>" in page
    assert f"<th>{name}</th>" in page
    assert name in console.get(LIST, HTTP_ACCEPT_LANGUAGE="en").content.decode()


def test_teacher_distilled_and_control_are_compared(console):
    task = TaskFactory(status="COMPLETED")
    EvaluationFactory(task=task, detailed_results=json.dumps(DETAILS))
    page = console.get(page_of(task), HTTP_ACCEPT_LANGUAGE="en").content.decode()
    for text in ("94.61 %", "90.07 %", "92.50 %", "304 M", "1.22 GB", "38.2 images/s", "student: -2.11 points", "猫"):
        assert text in page
    assert "confusion_matrix" not in page


@pytest.mark.parametrize(
    "details",
    ["", "null", "[]", "{", '{"confusion_matrix": [[1], [2, 3]]}', '{"accuracy": NaN, "per_class": [1, null]}',
     '{"teacher": 94.6, "classAccuracies": {"person": 95.2}, "confusionMatrix": [[450, 30], [25, 460]]}',
     '{"confusion_matrix": [["a", "b"], ["c", "d"]], "classes": 7}', '{"accuracy": 1e999, "parameters": "many"}',
     '{"accuracy": ' + "9" * 400 + "}"],
)  # fmt: skip
def test_results_of_any_shape_do_no_harm(console, details):
    task = TaskFactory(status="COMPLETED")
    EvaluationFactory(task=task, detailed_results=details)
    assert console.get(page_of(task)).status_code == 200


def test_certainty_latency_and_dense_figures_are_shown_where_they_are():
    bins = [{"from": 80.0, "to": 86.7, "count": 12, "accuracy": 75.0, "confidence": 83.1}]
    details = {
        "accuracy": 70.0, "latency_ms": 3.21, "top5": 98.5, "calibration_error": 4.2, "reliability": bins,
        "per_class": [{"class": "a", "iou": 61.5, "dice": None, "support": 3}, {"class": "b", "iou": 0.5, "ap50": 0}],
    }  # fmt: skip
    with override("en"):
        found = report.read(EvaluationFactory(f1_score=None, detailed_results=json.dumps(details)))
    assert found.levels[0].cells[-1] == "3.21 ms"
    assert ("Top-5 accuracy", "98.50 %") in found.averages
    assert ("Calibration error", "4.20 %") in found.averages
    assert found.reliability == [["80 % – 87 %", "12", "83.10 %", "75.00 %"]]
    assert found.class_heads == ["AP50", "IoU", "Samples"]
    assert found.classes == [("a", ["–", "61.50 %", "3"]), ("b", ["0.00 %", "0.50 %", "–"])]


def test_the_last_row_of_a_detectors_confusion_matrix_is_background():
    details = json.dumps({"classes": ["cat", "dog"], "confusion_matrix": [[5, 0, 1], [0, 4, 0], [2, 1, 0]]})
    with override("en"):
        assert report.read(EvaluationFactory(f1_score=None, detailed_results=details)).confusion.names == [
            "cat",
            "dog",
            "Background",
        ]


@pytest.mark.parametrize(("classes", "shown"), [(30, "rows"), (31, "picture"), (100, "picture"), (101, "left_out")])
def test_a_large_confusion_matrix_is_a_picture_and_a_larger_one_left_out_with_a_word(classes, shown):
    details = json.dumps({"confusion_matrix": [[1] * classes] * classes})
    found = report.read(EvaluationFactory(f1_score=None, detailed_results=details)).confusion
    assert [name for name in ("rows", "picture", "left_out") if getattr(found, name)] == [shown]
    assert shown != "left_out" or "101" in found.left_out


def test_what_is_confused_most_is_named_with_its_share():
    details = json.dumps({"classes": ["a", "b", "c"], "confusion_matrix": [[8, 2, 0], [5, 5, 0], [0, 0, -4]]})
    most = report.read(EvaluationFactory(f1_score=None, detailed_results=details)).confusion.most
    assert [(pair.truth, pair.said, pair.count, pair.share) for pair in most] == [
        ("b", "a", "5", "50.0 %"),
        ("a", "b", "2", "20.0 %"),
    ]


@pytest.mark.parametrize(
    ("learned", "accuracies"),
    [({"accuracy_before": 60.0}, [60.0, 94.61, 92.5, 90.07]), (None, [94.61, 92.5, 90.07])],
)
def test_a_teacher_that_learned_is_shown_as_it_was_before_too(learned, accuracies):
    details = json.dumps({**DETAILS, "lora": learned})
    levels = report.read(EvaluationFactory(f1_score=None, detailed_results=details)).levels
    assert [level.accuracy for level in levels] == accuracies
    assert [level.accuracy for level in levels if level.best] == [92.5]


def test_several_seeds_are_a_table_with_mean_deviation_and_paired_difference(console):
    runs = [{"seed": 4, "student": 92.5, "control": 90.0, "difference": 2.5}, {"seed": 9, "student": 91.0,
            "control": 90.5, "difference": 0.5}]  # fmt: skip
    spread = {"student": {"mean": 91.75, "deviation": 1.06}, "control": {"mean": 90.25, "deviation": 0.35},
              "difference": {"mean": 1.5, "deviation": 1.41}}  # fmt: skip
    task = TaskFactory(status="COMPLETED")
    EvaluationFactory(task=task, detailed_results=json.dumps({**DETAILS, "seeds": {"runs": runs, **spread}}))
    response = console.get(page_of(task), HTTP_ACCEPT_LANGUAGE="en")
    found = response.context["newest"].seeds
    assert found.heads == ["Student", "Control arm", "Difference, points"]
    assert found.rows == [["4", "92.50 %", "90.00 %", "+2.50"], ["9", "91.00 %", "90.50 %", "+0.50"]]
    assert found.means == ["91.75 % ± 1.06", "90.25 % ± 0.35", "+1.50 ± 1.41"]
    assert "+1.50 ± 1.41" in response.content.decode()


@pytest.mark.parametrize(
    "seeds", [None, 7, [], {"runs": 7}, {"runs": [{"seed": 1, "student": 9.0}]}, {"runs": [{}, {"seed": "x"}]}], ids=str
)
def test_one_seed_or_what_cannot_be_read_is_no_table(seeds):
    details = json.dumps({**DETAILS, "seeds": seeds})
    assert report.read(EvaluationFactory(f1_score=None, detailed_results=details)).seeds is None


def test_the_phase_of_a_further_seed_says_its_number(console):
    with override("en"):
        for phase, words in (("control", "training the control arm"), ("student3", "training the student, seed no. 3")):
            assert badge.doing(TaskFactory(status="RUNNING", phase=phase)) == words


def test_history_is_capped_and_says_its_total(console):
    task = TaskFactory(status="COMPLETED")
    for epoch in range(1, 121):
        HistoryFactory(task=task, epoch=epoch)
    response = console.get(page_of(task), HTTP_ACCEPT_LANGUAGE="en")
    assert [row[0] for row in response.context["history"]] == [str(n) for n in range(120, 20, -1)]
    assert "newest 100 of 120" in response.content.decode()


def test_the_page_asks_the_database_as_often_for_much_as_for_little(console, django_assert_max_num_queries):
    task = TaskFactory(status="STOPPED")
    with django_assert_max_num_queries(12):
        console.get(page_of(task))
    for epoch in range(1, 60):
        HistoryFactory(task=task, epoch=epoch)
        EvaluationFactory(task=task) if epoch < 10 else None
        TaskTransition.objects.create(task=task, from_status="PENDING", to_status="QUEUED", actor="alice")
    with django_assert_max_num_queries(12):
        console.get(page_of(task))


def test_the_page_says_what_the_run_found_in_the_cache(console, home):
    task = TaskFactory(status="RUNNING")
    run = run_dir(task.task_id)
    run.root.mkdir()
    rows = [("pictures", True, 4_000_000), ("teacher", False, 12_300_000), ("unheard-of", True, 1)]
    run.cache.write_text(json.dumps([{"kind": k, "key": "x", "made": m, "bytes": b} for k, m, b in rows]))
    page = console.get(page_of(task), HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert "<dt>Prepared pictures</dt><dd>made, 4.00 MB</dd>" in page
    assert "<dt>Answers of the teacher</dt><dd>found in the cache, 12.30 MB</dd>" in page
    run.cache.write_text('[{"kind": [], "key": 1, "made": 2, "bytes": 1e999}, 7]')
    assert "Prepared pictures" not in console.get(page_of(task)).content.decode()


def test_an_error_is_told_in_words(console):
    why = Sentence("There is no data set {name}.", {"name": "digits"})
    task = TaskFactory(status="FAILED", error_message="old", error_detail=stored(why, as_template=True))
    assert "There is no data set digits." in console.get(page_of(task), HTTP_ACCEPT_LANGUAGE="en").content.decode()


def test_a_waiting_task_says_what_it_waits_for(console):
    task = TaskFactory(status="QUEUED", queued_at=timezone.now())
    assert "run_worker" in console.get(page_of(task), HTTP_ACCEPT_LANGUAGE="en").content.decode()


def test_a_queued_row_without_its_time_still_has_a_page(console):
    assert console.get(page_of(TaskFactory(status="QUEUED", queued_at=None))).status_code == 200


class TestLiveFigures:
    def test_they_are_text_with_units(self, console):
        task = TaskFactory(status="RUNNING", progress=62, estimated_time=252, accuracy="91.3", phase="student")
        now = console.get(live_of(task), HTTP_ACCEPT_LANGUAGE="en").json()
        assert now["progress"] == 62
        assert now["figures"]["remaining"] == "4 min 12 s"
        assert now["figures"]["accuracy"] == "91.30 %"
        assert now["figures"]["phase"] == "training the student"

    def test_every_figure_has_its_place_on_the_page(self, console):
        task = TaskFactory(status="RUNNING")
        page = console.get(page_of(task)).content.decode()
        for name in console.get(live_of(task)).json()["figures"]:
            assert f'data-figure="{name}"' in page or name == "progress"

    @pytest.mark.parametrize("change", [{"status": "COMPLETED"}, {"intent": "stop"}, {"del_flag": 1}])
    def test_a_change_of_more_than_figures_changes_the_version(self, console, change):
        task = TaskFactory(status="RUNNING")
        before = console.get(live_of(task)).json()["version"]
        assert f'data-version="{before}"' in console.get(page_of(task)).content.decode()
        TrainingTask.objects.filter(pk=task.pk).update(**change)
        assert console.get(live_of(task)).json()["version"] != before

    @pytest.mark.parametrize(
        ("change", "watched"),
        [({}, True), ({"status": "COMPLETED"}, True), ({"executor": "sample"}, False), ({"del_flag": 1}, False)],
    )
    def test_everything_that_can_still_change_is_watched(self, console, change, watched):
        task = TaskFactory(**{"status": "RUNNING", **change})
        assert bool(console.get(page_of(task)).context["following"]["urls"]["stream"]) == watched

    def test_the_stream_begins_where_the_page_ends(self, console):
        task = TaskFactory(status="RUNNING")
        points.store(task, [("loss", "student", 1, 1, 1.8e9, 0.5)])
        place = console.get(page_of(task)).context["following"]["place"]
        stream = reverse("admin:distillation_trainingtask_stream", args=[task.pk])
        assert b"event: metrics" not in console.get(stream, {"after": place}).content
        points.store(task, [("loss", "student", 2, 1, 1.8e9, 0.5)])
        assert b"event: metrics" in console.get(stream, {"after": place}).content

    def test_many_arms_share_the_points_of_a_picture(self, console):
        for config, most in (("{}", 1000), ('{"control": true, "seeds": [1, 2, 3]}', 333)):
            task = TaskFactory(status="RUNNING", training_config=config)
            assert console.get(page_of(task)).context["following"]["maxPoints"] == most

    def test_they_cost_a_constant_few_queries_and_change_nothing(self, console, django_assert_max_num_queries):
        task = TaskFactory(status="RUNNING")
        before = TrainingTask.objects.values().get()
        with django_assert_max_num_queries(4):
            console.get(live_of(task))
        assert console.post(live_of(task)).status_code == 405
        assert TrainingTask.objects.values().get() == before


class TestDownload:
    def url(self, task: TrainingTask) -> str:
        return reverse("admin:distillation_trainingtask_model", args=[task.pk])

    def test_the_model_comes_with_its_description(self, console, home: Path):
        folder = home / "runs" / "T" / "artifacts" / "model"
        folder.mkdir(parents=True)
        (folder / "model.safetensors").write_bytes(b"weights")
        for name in ("config.json", "model.onnx", "other.txt"):
            (folder / name).write_text("{}")
        (folder / "README.md").symlink_to("/etc/passwd")
        task = TaskFactory(status="COMPLETED", model_path="runs/T/artifacts/model/model.safetensors")
        assert self.url(task) in console.get(page_of(task)).content.decode()
        body = b"".join(console.get(self.url(task)).streaming_content)
        names = zipfile.ZipFile(io.BytesIO(body)).namelist()
        assert names == [f"{task.task_id}/{name}" for name in ("model.safetensors", "config.json", "model.onnx")]

    @pytest.mark.parametrize("path", ["", "runs/none", "../../../etc/passwd", "/etc/passwd", "a\x00b"])
    def test_nothing_outside_the_home_is_given_away(self, console, path):
        task = TaskFactory(status="COMPLETED", model_path=path)
        assert console.get(self.url(task)).status_code == 404
        assert self.url(task) not in console.get(page_of(task)).content.decode()


class TestHostileText:
    EVIL = "<script>alert(1)</script>"

    @pytest.mark.parametrize("status", TaskStatus.values)
    def test_no_page_runs_what_a_task_is_called(self, console, status):
        evil = self.EVIL
        task = TaskFactory(
            task_name=evil, description=evil, remark=evil, teacher_model=evil, student_model=evil, dataset_id=evil,
            dataset_name=evil, status=status, error_message=evil, create_by=evil, device=evil[:32], phase=evil[:16],
            lease_owner=evil, model_path=evil, training_config=json.dumps({"optimizer": evil}),
        )  # fmt: skip
        EvaluationFactory(
            task=task, eval_dataset_name=evil,
            detailed_results=json.dumps(
                {"classes": [evil, evil], "confusion_matrix": [[1, 0], [0, 1]], "per_class": [{"class": evil}]}
            ),
        )  # fmt: skip
        TaskTransition.objects.create(task=task, from_status=status, to_status=status, actor=evil, reason=evil)
        confirm = {"action": "stop_tasks", "_selected_action": [task.pk]}
        pages = [
            console.get(page_of(task)), console.get(LIST), console.get("/admin/"), console.post(LIST, confirm),
            console.get(LIST, {"q": evil}), console.post(f"{LIST}add/", {"taskName": evil, "studentModel": evil}),
        ]  # fmt: skip
        for page in pages:
            assert page.status_code == 200
            assert evil not in page.content.decode()

    def test_a_message_with_a_hostile_name_is_text(self, console):
        response = console.post(f"{LIST}add/", {"datasetId": self.EVIL, "taskName": "x"})
        assert self.EVIL not in response.content.decode()
