"""What a finished run says of its own files: ``result.json`` and the index of its examples, read as data.

The engine wrote both, but a disk can hold anything: what has another shape than expected is left out.
"""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any

from django.conf import settings

from distillation.storage.artifacts import open_artifact
from distillation.storage.local import run_dir
from distillation.storage.opening import NotAFile, OpenFile, Outside, open_inside

EXAMPLES = "pictures/examples"
MOST_BYTES = 64 * 1024 * 1024
"""A result with the confusion matrix of a few thousand classes."""
_ARTIFACTS = "artifacts/"


def delivered(task_id: str) -> list[dict[str, Any]]:
    """The files of the student as the run listed them: name, kind, made, then path, bytes, sha256 or the reason, …"""
    return _entries(_result(task_id), "files")


def checksums(task_id: str) -> dict[str, str]:
    """SHA-256 of files, by name below the artifacts folder, as far as the run tells them."""
    result, examples = _result(task_id), examples_of(task_id)
    arms = [result, result.get("control")]
    stated = [(entry.get("path"), entry.get("sha256")) for entry in _entries(result, "files")]
    stated += [(arm.get("model_path"), arm.get("model_sha256")) for arm in arms if isinstance(arm, dict)]
    stated += [(f"{_ARTIFACTS}{EXAMPLES}/{entry.get('file')}", entry.get("sha256")) for entry in _shown(examples)]
    return {
        PurePosixPath(path).relative_to(_ARTIFACTS).as_posix(): sha256
        for path, sha256 in stated
        if isinstance(path, str) and path.startswith(_ARTIFACTS) and isinstance(sha256, str)
    }


def examples_of(task_id: str) -> dict[str, Any]:
    """The index of the pictures with the student's answers: ``rule`` and ``examples``; empty where there is none."""
    index = _parsed(open_artifact(task_id, f"{EXAMPLES}/index.json"))
    return index | {"examples": _shown(index)} if index else {}


def _shown(index: dict[str, Any]) -> list[dict[str, Any]]:
    entries = index.get("examples")
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _result(task_id: str) -> dict[str, Any]:
    path = run_dir(task_id).result
    try:
        return _parsed(open_inside(path, settings.RUNS_ROOT / task_id))
    except (Outside, NotAFile, OSError, ValueError):
        return {}


def _entries(result: dict[str, Any], name: str) -> list[dict[str, Any]]:
    evaluation = result.get("evaluation")
    entries = evaluation.get(name) if isinstance(evaluation, dict) else None
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _parsed(file: OpenFile | None) -> dict[str, Any]:
    if file is None:
        return {}
    with file:
        try:
            content = json.loads(file.read(MOST_BYTES, 0)) if file.size <= MOST_BYTES else None
        except (OSError, ValueError, RecursionError):
            return {}
    return content if isinstance(content, dict) else {}
