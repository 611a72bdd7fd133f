"""The files of a trial as pages read them: what was brought, what was answered, the pictures for browsers."""

from __future__ import annotations

from typing import Any

from distillation.contract.sentence import Refused
from distillation.contract.trial import SHOWN, TrialSpec
from distillation.storage.local import json_object, trial_dir
from distillation.storage.opening import NotAFile, OpenFile, Outside, open_inside


def inputs_of(trial_id: str) -> list[dict[str, Any]]:
    """Name and text of each input; empty where the trial's folder is gone."""
    try:
        spec = TrialSpec.from_json(trial_dir(trial_id).spec.read_text(encoding="utf-8"))
    except (OSError, ValueError, Refused):
        return []
    return [{"name": one.name, "text": one.text} for one in spec.inputs]


def answers_of(trial_id: str, side: str) -> dict[str, Any]:
    """What the student or the teacher said; empty as long as it has not."""
    return json_object(trial_dir(trial_id).root / f"{side}.json")


def open_shown(trial_id: str, number: int) -> OpenFile | None:
    """One of the pictures; None when there is none. Close it."""
    folder = trial_dir(trial_id).root / SHOWN
    try:
        return open_inside(folder / f"{number}.jpg", folder)
    except (Outside, NotAFile, OSError):
        return None
