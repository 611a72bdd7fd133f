"""Models with random weights, and folders of pictures with everything that happens to pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch

from distillation.contract.labelling import LabellingSpec
from distillation.contract.sentence import Sentence
from distillation.engine import export, students
from distillation.engine.labelling.job import Job
from distillation.engine.labelling.tally import Tally
from distillation.engine.stopping import StopRequest
from distillation.tests.datasets.annotated import SIDEWAYS, picture

CLASSES = ("猫", "狗", "鸟")


def write_student(folder: Path, arch: str = "cnn-tiny", size: int = 8, channels: int = 1) -> Path:
    """A model directory."""
    torch.manual_seed(3)
    model = students.build(arch, classes=len(CLASSES), channels=channels, image_size=size)
    config = export.describe(model, arch=arch, classes=CLASSES, channels=channels, image_size=size, task_id="T")
    export.save_student(folder, model.state_dict(), config)
    return folder


def write_pictures(root: Path, count: int = 6) -> Path:
    """``count`` good ones in a nested folder, one turned by EXIF, one truncated, and two of one name."""
    for number in range(count):
        picture(root / "夹" / "子" / f"图{number}.jpg")
    picture(root / "rot.jpg", orientation=SIDEWAYS)
    whole = picture(root / "短.jpg").read_bytes()
    (root / "短.jpg").write_bytes(whole[: len(whole) // 2])
    picture(root / "a.png")
    picture(root / "a.jpg")
    return root


@dataclass
class Listener:
    """A reporter that keeps what it is told, and may do something after a batch."""

    after_batch: Callable[[Tally], None] = lambda tally: None
    seen: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def labelled(self, tally: Tally) -> None:
        self.seen.append(tally.processed)
        self.after_batch(tally)

    def note(self, level: str, sentence: Sentence) -> None:
        self.notes.append(f"{level}: {sentence.english()}")


def make_job(home: Path, listener: Listener | None = None, stop: StopRequest | None = None, **changes: object) -> Job:
    """A job on ``home/in`` with the model ``home/model``."""
    values = {
        "job_id": "INF-1", "model_path": "model", "model_sha256": "", "input_path": "in", "output_path": "out",
        "formats": ("labelme", "csv"), "batch_size": 2, "threshold": 0.0, **changes,
    }  # fmt: skip
    folder = home / "job"
    folder.mkdir(exist_ok=True)
    spec = LabellingSpec(**values)  # type: ignore[arg-type]
    return Job(folder, home, spec, stop or StopRequest(), listener or Listener(), "cpu")
