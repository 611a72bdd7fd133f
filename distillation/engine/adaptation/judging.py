"""How often a loaded teacher is right on the held-out pictures."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from distillation.engine import certainty
from distillation.engine.answer_cache import CHUNK
from distillation.engine.certainty import Ranked
from distillation.engine.stopping import StopRequest
from distillation.engine.teacher_pictures import TeacherPictures
from distillation.engine.teachers import LoadedTeacher
from distillation.engine.usable_rows import UsableRows


@dataclass(frozen=True, slots=True)
class Judged:
    """What a teacher answers to the held-out pictures."""

    answers: Ranked
    """To every held-out picture."""
    accuracy: float
    """In percent."""


def judge(loaded: LoadedTeacher, pictures: TeacherPictures, rows: UsableRows, device: str, stop: StopRequest) -> Judged:
    """Ask for every held-out picture; the teacher is left in evaluation mode. Raises Stopped between batches."""
    loaded.model.eval()
    parts = []
    for begin in range(0, len(rows.val), CHUNK):
        stop.check()
        asked = rows.val[begin : begin + CHUNK]
        logits = loaded.answers(pictures.take(asked.tolist()), device)
        parts.append(certainty.ranked(logits, torch.from_numpy(rows.labels[asked])))
    answers = certainty.joined(parts)
    return Judged(answers, 100.0 * float((answers.rank == 0).mean()))
