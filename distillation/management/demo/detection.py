"""The demo of detection: a larger YOLO teaches yolov8n on scenes of digits, which then labels a folder.

Its figures are shown as they come out; nothing is demanded of them, since a few minutes from random weights are short.
"""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command

from distillation.contract import demo_texts
from distillation.management.demo import report
from distillation.management.demo.rest import Rest, RestError
from distillation.management.demo.scene_files import SHARE_LABELLED
from distillation.management.demo.story import carry_out
from distillation.management.demo.watching import Display, TaskFailed, follow_labelling
from distillation.management.supervisor import Supervisor

TEACHERS = ("yolov8n", "yolov8s", "yolov8m")
MULTIPLE = 32
"""Of a detector's picture size."""
LABELLED, FEW = "digit-scenes", "digit-scenes-10"
LEAST_SCORE = 0.1
"""Of what is labelled: after minutes of training a model is rarely sure."""
_FIGURES = ("parameters", "map95", "map50", "bytes", "images_per_second")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is trained."""

    scenes: int = 400
    """To learn from; the student is given the labels of a tenth."""
    val_scenes: int = 100
    side: int = 128
    """Pixels of a scene."""
    epochs: int = 12
    teacher: str = "yolov8s"


class Detection:
    """A larger YOLO teaches yolov8n."""

    steps = 7

    def __init__(self, sizes: Sizes) -> None:
        self._sizes = sizes
        self._few = max(1, round(SHARE_LABELLED * sizes.scenes))

    def make_data(self, display: Display) -> None:
        """Scenes with all labels, and the same with a tenth of them. Raises CommandError."""
        sizes = self._sizes
        display.say(
            f"3/7 Data sets: {sizes.scenes} scenes of handwritten digits, {sizes.side} pixels a side, and "
            f"{sizes.val_scenes} held-out ones …"
        )
        call_command(
            "create_demo_datasets",
            LABELLED,
            FEW,
            scenes=sizes.scenes,
            val_scenes=sizes.val_scenes,
            unlabeled_scenes=0,
            scene_size=sizes.side,
            stdout=io.StringIO(),
        )

    def tell(self, rest: Rest, children: Supervisor, display: Display, began: float) -> str | None:
        """Train, compare and label; return what went wrong, or None."""
        sizes = self._sizes
        try:
            display.say(f"5/7 The large model: {sizes.teacher} learns from all {sizes.scenes} labelled scenes.")
            display.say(
                "    It stands in for a large model that knows the task already; yours would come from models/."
            )
            teacher = carry_out(rest, teacher_request(sizes), "teacher  ", children, display)
            display.say(
                f"6/7 Distillation: yolov8n learns from {self._few} labelled scenes and the teacher's answers to"
            )
            display.say(f"    {sizes.scenes - self._few} more; then the same model without the teacher, as a control.")
            distilled = carry_out(rest, student_request(sizes, teacher), "distilled", children, display)
            evaluation = rest.get(f"/tasks/{distilled}/evaluations/latest")
            display.say("7/7 Labelling: the small model labels a folder of pictures that it has never seen.")
            job = _label(rest, distilled, children, display)
        except (RestError, TaskFailed) as error:
            return f"The demo failed: {error}"
        return self._conclude(evaluation, {"teacher": teacher, "distilled": distilled}, job, display, began)

    def _conclude(
        self,
        evaluation: dict[str, Any] | None,
        ids: dict[str, str],
        job: dict[str, Any],
        display: Display,
        began: float,
    ) -> str | None:
        try:
            found = report.figures(evaluation or {}, _FIGURES)
        except (KeyError, ValueError, TypeError) as error:
            return f"The demo failed: the evaluation of {ids['distilled']} is incomplete ({error})."
        home = Path(settings.DISTILLATION_HOME)
        content = {
            "tasks": ids,
            **found,
            "gain_points_map95": round(found["distilled"]["map95"] - found["control"]["map95"], 4),
            "scenes": self._sizes.scenes,
            "labelled_scenes": self._few,
            "held_out_scenes": self._sizes.val_scenes,
            "scene_size": self._sizes.side,
            "epochs": self._sizes.epochs,
            "labels": str(home / job["outputDir"]),
            "drawn": [
                str(path) for path in sorted((home / "inference" / job["inferenceId"] / "pictures").glob("*.jpg"))
            ],
            "labelled_pictures": job["successCount"],
            "objects": job["objectCount"],
            "seconds": round(time.monotonic() - began, 1),
        }
        file = home / "demo-detection-result.json"
        report.write(file, content)
        display.say()
        for text in table(content):
            display.say(text)
        display.say(f"  {content['seconds']:.0f} s in all. The same figures: {file}")
        return None


def teacher_request(sizes: Sizes) -> dict[str, Any]:
    """The large model on all labels."""
    return {
        **_training(sizes),
        "taskName": f"演示：大模型 {sizes.teacher}（全部标注）",
        "description": demo_texts.DETECTOR,
        "trainingMode": "direct",
        "studentModel": sizes.teacher,
        "datasetId": LABELLED,
    }


def student_request(sizes: Sizes, teacher: str) -> dict[str, Any]:
    """Distil the teacher into yolov8n with a tenth of the labels, and train the same student without it."""
    return {
        **_training(sizes),
        "taskName": "演示：蒸馏到 yolov8n（10% 标注）",
        "description": demo_texts.SMALL_DETECTOR,
        "trainingMode": "distillation",
        "teacherModel": teacher,
        "studentModel": "yolov8n",
        "datasetId": FEW,
        "control": True,
    }


def _training(sizes: Sizes) -> dict[str, Any]:
    return {
        "taskType": "detection",
        "executor": "platform",
        "imageSize": sizes.side,
        "epochs": sizes.epochs,
        "batchSize": 8,  # few scenes: more steps count for more than steadier ones
        "learningRate": 0.002,
        "optimizer": "adamw",
        "lrScheduler": "cosine",
        "weightDecay": 0.0005,
        "seed": 0,
    }


def _label(rest: Rest, task_id: str, children: Supervisor, display: Display) -> dict[str, Any]:
    request = {
        "taskId": task_id,
        "inputDir": f"datasets/{LABELLED}/images/val",
        "outputDir": f"labels/demo-{task_id}",
        "formats": ["labelme", "yolo"],
        "threshold": LEAST_SCORE,
    }
    job_id: str = rest.post("/inference/submit", request)
    return follow_labelling(rest, job_id, children, display)


def table(content: dict[str, Any]) -> list[str]:
    """Lines for a terminal."""
    head = f"  {'':10} {'parameters':>12} {'mAP50-95':>10} {'mAP50':>10} {'on disk':>10} {'images/s':>10}"
    rows = [
        f"  {name:10} {part['parameters']:12,d} {part['map95']:8.2f} % {part['map50']:8.2f} % "
        f"{report.size(part['bytes']):>10} {part['images_per_second']:10,.1f}"
        for name in report.MODELS
        for part in (content[name],)
    ]
    return [
        head,
        *rows,
        "",
        f"  Difference by distillation: {content['gain_points_map95']:+.2f} points of mAP50-95 on "
        f"{content['held_out_scenes']} held-out scenes, against",
        f"  the same small model trained as long on the same {content['labelled_scenes']} labelled scenes without the "
        "teacher.",
        "  One seed, random first weights, few epochs: a demonstration of the way, no measure of what is possible.",
        "",
        f"  Labelled: {content['labelled_pictures']} pictures, {content['objects']} objects with a score of at least "
        f"{LEAST_SCORE}: {content['labels']}",
        "  (LabelMe in labelme/, YOLO in labels/.) " + _about_drawings(len(content["drawn"])),
        *(f"    {path}" for path in content["drawn"]),
    ]


def _about_drawings(count: int) -> str:
    if count:
        return f"{count} of them with the boxes drawn:"
    return "Nothing to draw: trained so little, the model is sure of nothing."
