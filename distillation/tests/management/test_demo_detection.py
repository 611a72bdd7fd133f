"""The demo of detection: what it asks for, follows and shows; real training is left to people."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from distillation.contract.labelling_request import parse as parse_labelling
from distillation.contract.request import parse
from distillation.management.demo import detection, watching
from distillation.management.demo.detection import Detection, Sizes
from distillation.management.demo.rest import Rest
from distillation.management.demo.watching import Display, TaskFailed, follow_labelling

SIZES = Sizes(scenes=8, val_scenes=3, side=64, epochs=2, teacher="yolov8n")
JOB = {
    "inferenceId": "INF-1", "status": "RUNNING", "queued": True, "processedImages": 0, "totalImages": None,
    "errorMessage": None, "outputDir": "labels/demo-TASK_2", "successCount": 3, "objectCount": 9,
}  # fmt: skip


def figures(map95: float, parameters: int) -> dict[str, float]:
    return {
        "map95": map95,
        "map50": 2 * map95,
        "parameters": parameters,
        "bytes": 12_000_000,
        "images_per_second": 99.5,
    }


class Platform(Rest):
    """Answers as the platform does, everything at once; keeps what it was asked for."""

    def __init__(self, job: dict[str, Any] | None = None) -> None:
        self.sent: list[dict[str, Any]] = []
        self.job = job or JOB | {"status": "COMPLETED"}

    def post(self, path: str, body: Any = None) -> Any:
        if body:
            self.sent.append(body)
        return "INF-1" if path.startswith("/inference") else {"taskId": f"TASK_{len(self.sent)}"}

    def get(self, path: str) -> Any:
        if path.startswith("/inference"):
            return self.job
        if path.endswith("latest"):
            details = figures(31.5, 3_000_000) | {
                "teacher": figures(52.5, 11_000_000),
                "control": figures(33.0, 3_000_000),
            }
            return {"detailedResults": json.dumps(details)}
        done = dict.fromkeys(("phase", "loss", "accuracy", "waitingReason", "errorMessage"))
        counts = {"progress": 100, "currentEpoch": 2, "totalEpochs": 2, "attempt": 1}
        return {"taskId": path, "status": "COMPLETED", **done, **counts}


class Children:
    """Nothing to supervise."""

    def sleep(self, seconds: float) -> None: ...


def tell(platform: Platform) -> tuple[str | None, str]:
    out = io.StringIO()
    return Detection(SIZES).tell(platform, Children(), Display(out), 0.0), out.getvalue()  # type: ignore[arg-type]


def test_the_requests_keep_to_the_catalogue():
    platform = Platform()
    assert tell(platform)[0] is None
    teacher, student, labelling = platform.sent
    assert parse(teacher).direct
    assert parse(student).values["control"] is True
    assert (student["teacherModel"], student["studentModel"], student["imageSize"]) == ("TASK_1", "yolov8n", 64)
    assert parse_labelling(labelling).output_dir == "labels/demo-TASK_2"


def test_a_loss_is_shown_as_one_and_the_end_names_labels_and_drawings(home):
    drawn = home / "inference" / "INF-1" / "pictures"
    drawn.mkdir(parents=True)
    for number in range(1, 7):
        (drawn / f"{number}.jpg").touch()
    problem, said = tell(Platform())
    assert problem is None
    assert "-1.50 points of mAP50-95 on 3 held-out scenes" in said
    assert f"3 pictures, 9 objects with a score of at least 0.1: {home / 'labels' / 'demo-TASK_2'}" in said
    assert said.count(".jpg") == 6
    for file in drawn.iterdir():
        file.unlink()
    assert "Nothing to draw" in tell(Platform())[1]
    content = json.loads((home / "demo-detection-result.json").read_text())
    assert content["gain_points_map95"] == -1.5
    assert [content[name]["map95"] for name in ("teacher", "distilled", "control")] == [52.5, 31.5, 33.0]


@pytest.mark.parametrize(("status", "said"), [("FAILED", "disk full"), ("STOPPED", "somebody stopped it")])
def test_a_labelling_job_that_fails_fails_the_demo(status, said):
    job = JOB | {"status": status, "errorMessage": "disk full" if status == "FAILED" else None}
    problem, _ = tell(Platform(job))
    assert problem is not None
    assert said in problem


def test_a_labelling_job_that_stands_still_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(watching, "STANDSTILL", -1.0)
    with pytest.raises(TaskFailed, match="has not moved"):
        follow_labelling(Platform(JOB), "INF-1", Children(), Display(io.StringIO()))  # type: ignore[arg-type]


def test_both_data_sets_are_made_and_only_the_labels_differ(home):
    Detection(SIZES).make_data(Display(io.StringIO()))
    root = home / "datasets"
    for name, count in ((detection.LABELLED, 8), (detection.FEW, 1)):
        assert len(list((root / name / "labels" / "train").iterdir())) == count
        assert len(list((root / name / "images" / "val").iterdir())) == 3
    with pytest.raises(CommandError, match="exists with other content"):
        Detection(Sizes(scenes=9, val_scenes=3, side=64)).make_data(Display(io.StringIO()))


@pytest.mark.parametrize(("options", "said"), [({"scene_size": 100}, "multiples of 32"), ({"epochs": 0}, "at least 1")])
def test_sizes_that_cannot_be_are_refused(options, said):
    with pytest.raises(CommandError, match=said):
        call_command("demo", task="detection", **options)
