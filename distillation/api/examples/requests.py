"""Request bodies by operation and name. A test sends each of them and has it accepted."""

from __future__ import annotations

from typing import Any

_NEW_TASK = {
    "taskName": "digits, first try",
    "trainingMode": "direct",
    "studentModel": "cnn-tiny",
    "datasetId": "digits",
    "imageSize": 8,
    "epochs": 5,
    "batchSize": 64,
    "learningRate": 0.003,
}
_RECORD = {
    "epoch": 4, "trainLoss": 0.2143, "trainAccuracy": 92.1, "valLoss": 0.2571, "valAccuracy": 88.5, "epochTime": 142.5,
}  # fmt: skip
_REFRESH = {"From a login": {"refreshToken": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.…"}}
_PRESET = {"presetName": "attention only", "loraRank": 8, "loraAlpha": 16, "targetModules": ["q_proj", "v_proj"]}

REQUESTS: dict[str, dict[str, Any]] = {
    "auth_login": {"A person": {"userName": "alice", "password": "a long password"}},
    "auth_refresh": _REFRESH,
    "auth_logout": _REFRESH,
    "tokens_create": {"To read for a month": {"name": "nightly report", "scope": "read", "expiresInDays": 30}},
    "tasks_token": {"For one machine": {"name": "training machine", "expiresInDays": 7}},
    "tasks_create": {
        "Train a small model alone": _NEW_TASK,
        "Distil": {
            **_NEW_TASK,
            "taskName": "digits, distilled",
            "trainingMode": "distillation",
            "teacherModel": "TASK_1A2B3C4D",
            "temperature": 4,
            "alpha": 0.7,
            "control": True,
        },
        "A script elsewhere trains": {
            "taskName": "trained elsewhere",
            "trainingMode": "direct",
            "studentModel": "resnet50",
            "executor": "external",
            "epochs": 10,
        },
    },
    "tasks_validate": {"Before it is created": _NEW_TASK},
    "tasks_edit": {"Only what changes": {"epochs": 10, "remark": "longer"}},
    "tasks_clone": {
        "One more with another rate": {"learningRate": 0.001},
        "A group, only looked at": {"lists": {"learningRate": [0.001, 0.003], "seed": [0, 1, 2]}, "preview": True},
    },
    "tasks_bulk": {"Stop two": {"action": "stop", "taskIds": ["TASK_1A2B3C4D", "TASK_5E6F7A8B"]}},
    "tasks_progress": {"After the fourth epoch": {"currentEpoch": 4, "accuracy": 88.5, "loss": 0.2143}},
    "tasks_error": {"Why": {"errorMessage": "CUDA out of memory at epoch 5"}},
    "tasks_model_path": {
        "A file of the other machine": {
            "modelPath": "/data/out/student.safetensors",
            "modelUrl": "https://files.example.org/student.safetensors",
        }
    },
    "tasks_bind_model": {"Below the models root": {"modelPath": "my-model/model.safetensors"}},
    "history_record": {"One epoch": _RECORD, "Several": [_RECORD, {**_RECORD, "epoch": 5}]},
    "metrics_report": {
        "Two curves": {
            "series": [
                {"name": "loss", "steps": [100, 200], "values": [0.41, 0.32], "epochs": [1, 2]},
                {"name": "learningRate", "steps": [100, 200], "values": [0.001, 0.0009]},
            ]
        }
    },
    "evaluations_record": {
        "Detection": {
            "precision": 93.5,
            "recall": 91.2,
            "f1Score": 92.33,
            "map50": 89.7,
            "map95": 85.4,
            "evalDatasetName": "held-out pictures",
            "evalSampleCount": 5000,
            "detailedResults": {"classes": {"person": 95.2, "car": 92.1}},
        }
    },
    "inference_submit": {
        "The unlabelled pictures of a data set": {
            "taskId": "TASK_5E6F7A8B",
            "datasetId": "digits",
            "outputDir": "labels/digits",
            "batchSize": 32,
        },
        "Any folder, into a new data set": {
            "taskId": "TASK_5E6F7A8B",
            "inputDir": "uploads/2026-11",
            "outputDir": "datasets/digits-labelled",
            "threshold": 0.4,
            "classThresholds": {"0": 0.6},
        },
    },
    "presets_create": {"For the attention": _PRESET},
    "presets_replace": {"All of it": _PRESET},
    "presets_edit": {"Only what changes": {"loraRank": 4}},
}
