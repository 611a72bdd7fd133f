"""From a task's row to the run spec that the engine gets."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from distillation.contract.create_request import CreateRequest
from distillation.contract.feature_losses import read_layers
from distillation.contract.options import MAX_UNREADABLE_SHARE
from distillation.contract.request import parse
from distillation.contract.request_lora import lora_spec
from distillation.contract.sentence import Refused
from distillation.contract.spec import DataSpec, LossSpec, RunSpec, StudentSpec, TeacherSpec, TrainSpec
from distillation.models import TrainingTask
from distillation.services.first_weights import first_weights
from distillation.services.flat import flat
from distillation.services.surroundings import Surroundings
from distillation.services.validation import start_problems
from distillation.storage.local import relative


def build_spec(task: TrainingTask, *, threads: int, device: str) -> RunSpec:
    """Resolve everything that the run depends on. Raises Refused with the first thing that is missing."""
    problems = start_problems(task)
    if problems:
        raise Refused(problems[0].sentence)
    request = parse(flat(task))
    values, around = request.values, Surroundings(task.create_by)
    return RunSpec(
        task_id=task.task_id,
        mode=values["trainingMode"],
        task_type=values["taskType"],
        data=DataSpec(
            dataset_id=values["datasetId"],
            path=_dataset_path(values["datasetId"]),
            val_path=_dataset_path(request.val_dataset() or ""),
        ),
        teacher=None if request.direct else _teacher(request, around),
        student=StudentSpec(
            arch=values["studentModel"],
            image_size=request.image_size() or 0,
            init=values["studentInitMethod"],
            init_path=first_weights(request, around),
        ),
        train=TrainSpec(
            epochs=values["totalEpochs"],
            batch_size=values["batchSize"],
            learning_rate=values["learningRate"],
            optimizer=values["optimizer"],
            schedule=values["lrScheduler"],
            weight_decay=values["weightDecay"],
            grad_accum_steps=values["gradAccumSteps"],
            max_grad_norm=values["maxGradNorm"],
            seed=request.seeds()[0],
            augmentation=request.augmentation(),
            views=request.views(),
            select_best=bool(values["selectBest"]),
            warmup_ratio=values["warmupRatio"],
            amp=bool(values["amp"]),
            ema=bool(values["ema"]),
            deterministic=bool(values["deterministic"]),
            early_stopping=values["earlyStopping"],
            more_seeds=request.seeds()[1:],
            world_size=request.processes(),
        ),
        loss=None
        if request.direct
        else LossSpec(
            temperature=values["temperature"],
            soft_weight=request.soft_weight(),
            hard_weight=request.hard_weight(),
            kind=values["distillationType"],
            feature_loss=request.feature_loss(),
            feature_weight=request.feature_weight(),
            method=values["method"],
            comparison=values["distillLossType"],
            layers=read_layers(values["intermediateLayers"]),
            align=bool(values["alignFeature"]),
        ),
        control=bool(values["control"]),
        threads=threads,
        device=device,
        checkpoint_seconds=settings.DISTILLATION_CHECKPOINT_SECONDS if values["autoSaveCheckpoint"] else -1,
        checkpoint_epochs=values["checkpointInterval"] if values["autoSaveCheckpoint"] else 0,
        max_unreadable_share=MAX_UNREADABLE_SHARE,
        lora=lora_spec(request),
        collaboration="none" if request.direct else values["collaboration"],
    )


def _dataset_path(dataset_id: str) -> str:
    return relative(Path(settings.DATASETS_ROOT) / dataset_id)


def _teacher(request: CreateRequest, around: Surroundings) -> TeacherSpec | None:
    teacher = around.teacher_of(request)
    asked = request.values["teacherQuantization"]
    return teacher.spec("int8" if asked == "8bit" else asked) if teacher else None
