"""The two create requests of the demo: the reference setting of benchmarks/ on handwritten digits."""

from __future__ import annotations

from typing import Any

from distillation.contract import demo_texts

IMAGE_SIZE = 8
TEACHER: dict[str, Any] = {
    "taskName": "演示：大模型 ResNet-18（全部标注）",
    "description": demo_texts.TEACHER.format(labelled=1257),
    "trainingMode": "direct",
    "executor": "platform",
    "studentModel": "resnet18",
    "datasetId": "digits",
    "imageSize": IMAGE_SIZE,
    "epochs": 8,
    "batchSize": 64,
    "learningRate": 0.0005,
    "optimizer": "adamw",
    "lrScheduler": "cosine",
    "weightDecay": 0.0001,
    "seed": 0,
}


def distillation(teacher_id: str) -> dict[str, Any]:
    """Distil the teacher into cnn-tiny with 100 labelled pictures, and train the same student without it."""
    return {
        "taskName": "演示：蒸馏到 cnn-tiny（100 张标注）",
        "description": demo_texts.STUDENT.format(unlabelled=1157),
        "trainingMode": "distillation",
        "executor": "platform",
        "teacherModel": teacher_id,
        "studentModel": "cnn-tiny",
        "datasetId": "digits-100",
        "imageSize": IMAGE_SIZE,
        "control": True,
        "temperature": 4,
        "alpha": 0.9,
        "epochs": 30,
        "batchSize": 64,
        "learningRate": 0.003,
        "optimizer": "adamw",
        "lrScheduler": "cosine",
        "weightDecay": 0.0001,
        "seed": 0,
    }
