"""From a task's row to the run spec that the engine gets."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from distillation.contract.options import MAX_UNREADABLE_SHARE
from distillation.contract.request import parse
from distillation.contract.sentence import Refused
from distillation.contract.spec import DataSpec, LossSpec, RunSpec, StudentSpec, TeacherSpec, TrainSpec
from distillation.contract.students import STUDENTS
from distillation.models import TrainingTask
from distillation.services.flat import flat
from distillation.services.teachers import find_teacher
from distillation.services.validation import start_problems
from distillation.storage.local import relative


def build_spec(task: TrainingTask, *, threads: int, device: str) -> RunSpec:
    """Resolve everything that the run depends on. Raises Refused with the first thing that is missing."""
    problems = start_problems(task)
    if problems:
        raise Refused(problems[0].sentence)
    request = parse(flat(task))
    values = request.values
    student = STUDENTS[values["studentModel"]]
    return RunSpec(
        task_id=task.task_id,
        mode=values["trainingMode"],
        task_type="classification",
        data=DataSpec(
            dataset_id=values["datasetId"],
            path=_dataset_path(values["datasetId"]),
            val_path=_dataset_path(values["valDatasetId"] or values["datasetId"]),
        ),
        teacher=None if request.direct else _teacher(values["teacherModel"]),
        student=StudentSpec(arch=student.name, image_size=values["imageSize"] or student.default_image_size),
        train=TrainSpec(
            epochs=values["totalEpochs"],
            batch_size=values["batchSize"],
            learning_rate=values["learningRate"],
            optimizer=values["optimizer"],
            schedule=values["lrScheduler"],
            weight_decay=values["weightDecay"],
            grad_accum_steps=values["gradAccumSteps"],
            max_grad_norm=values["maxGradNorm"],
            seed=values["seed"],
        ),
        loss=None
        if request.direct
        else LossSpec(
            temperature=values["temperature"],
            soft_weight=request.soft_weight(),
            hard_weight=request.hard_weight(),
        ),
        control=bool(values["control"]),
        threads=threads,
        device=device,
        checkpoint_seconds=settings.DISTILLATION_CHECKPOINT_SECONDS,
        max_unreadable_share=MAX_UNREADABLE_SHARE,
    )


def _dataset_path(dataset_id: str) -> str:
    return relative(Path(settings.DATASETS_ROOT) / dataset_id)


def _teacher(name: str) -> TeacherSpec | None:
    teacher = find_teacher(name)
    return teacher.spec() if teacher else None
