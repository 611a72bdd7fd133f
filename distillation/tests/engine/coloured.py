"""Tiny data sets of coloured squares, of waves and of texts, and specs of short runs on them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from distillation.contract.spec import DataSpec, LossSpec, RunSpec, StudentSpec, TaskType, TeacherSpec, TrainSpec
from distillation.engine import run
from distillation.engine.context import Context
from distillation.engine.events import EventWriter
from distillation.engine.progress import Progress
from distillation.engine.stopping import StopRequest
from distillation.tests.engine.samples import events_of, write_run

SIZE = 64
SQUARES = ("red", "blue")
"""Of detection; segmentation has the background beside them."""
_COLOURS = np.array([(220, 30, 30), (30, 30, 220)], np.uint8)


def square(number: int) -> tuple[np.ndarray, int, tuple[int, int, int, int]]:
    """A grey noisy picture with one square: pixels, class, and left, top, right, bottom."""
    generator = np.random.default_rng(number)
    pixels = generator.integers(90, 120, (SIZE, SIZE, 3)).astype(np.uint8)
    kind = number % 2
    left, top = (int(place) for place in generator.integers(12, 21, 2))
    pixels[top : top + 32, left : left + 32] = _COLOURS[kind]
    return pixels, kind, (left, top, left + 32, top + 32)


def write_boxes(root: Path, *, train: int = 8, unlabeled: int = 4, val: int = 4) -> Path:
    """A YOLO data set."""
    (root / "labels").mkdir(parents=True)
    (root / "data.yaml").write_text(f"train: images/train\nval: images/val\nnames: [{', '.join(SQUARES)}]\n")
    for split, name, number in _numbered(train, unlabeled, val):
        pixels, kind, (left, top, right, bottom) = square(number)
        if split == "unlabeled":
            _save(pixels, root / "unlabeled" / f"{name}.png")
            continue
        _save(pixels, root / "images" / split / f"{name}.png")
        label = root / "labels" / split / f"{name}.txt"
        label.parent.mkdir(exist_ok=True)
        shares = ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
        label.write_text(" ".join([str(kind), *(f"{value / SIZE:.6f}" for value in shares)]) + "\n")
    return root


def write_masks(root: Path, *, train: int = 8, unlabeled: int = 4, val: int = 4) -> Path:
    """Pictures with masks: 0 is the background, then the squares."""
    root.mkdir(parents=True)
    (root / "classes.txt").write_text("\n".join(("background", *SQUARES)) + "\n")
    for split, name, number in _numbered(train, unlabeled, val):
        pixels, kind, (left, top, right, bottom) = square(number)
        if split == "unlabeled":
            _save(pixels, root / "unlabeled" / f"{name}.png")
            continue
        mask = np.zeros((SIZE, SIZE), np.uint8)
        mask[top:bottom, left:right] = kind + 1
        _save(pixels, root / "images" / split / f"{name}.png")
        _save(mask, root / "masks" / split / f"{name}.png")
    return root


def write_waves(root: Path, *, features: int = 2, train: int = 24, unlabeled: int = 16, val: int = 12) -> Path:
    """Series of 12 steps of two frequencies, some of them shorter."""
    root.mkdir(parents=True)
    for split, count, seed in (("train", train, 1), ("val", val, 2), ("unlabeled", unlabeled, 3)):
        generator = np.random.default_rng(seed)
        labels = np.arange(count) % 2
        steps = np.arange(12)[None, :, None] * (0.4 + 0.9 * labels[:, None, None])
        values = np.sin(steps + generator.uniform(0, 3, (count, 1, features))) + generator.normal(
            0, 0.05, (count, 12, features)
        )
        arrays: dict[str, Any] = {"x": values.astype(np.float32), "lengths": generator.integers(9, 13, count)}
        if split != "unlabeled":
            arrays["y"] = np.array(["slow", "fast"])[labels]
        np.savez(root / f"{split}.npz", **arrays)
    return root


WORDS = {
    "sport": (("team", "goal", "match", "coach", "league"), ("球队", "进球", "比赛", "教练", "联赛")),
    "money": (("bank", "share", "market", "loan", "price"), ("银行", "股票", "市场", "贷款", "价格")),
}
"""Of each class in two languages; all texts share the words between."""
_BETWEEN = (("the", "was", "very", "today", "again"), ("今天", "又", "非常", "的", "了"))


def text(kind: str, number: int) -> str:
    """A few words, in English where ``number`` is even, else in Chinese."""
    generator, language = np.random.default_rng(number), number % 2
    words = [
        str(generator.choice(WORDS[kind][language] if place % 3 == 0 else _BETWEEN[language]))
        for place in range(int(generator.integers(6, 13)))
    ]
    return " ".join(words) if language == 0 else "".join(words)


def write_texts(root: Path, *, train: int = 48, unlabeled: int = 32, val: int = 40) -> Path:
    """Texts of two classes in two languages, in JSON lines."""
    root.mkdir(parents=True)
    for split, count, offset in (("train", train, 0), ("unlabeled", unlabeled, 1000), ("val", val, 2000)):
        rows = []
        for number in range(count):
            kind = tuple(WORDS)[number // 2 % 2]
            row = {"text": text(kind, offset + number), "label": kind}
            rows.append(row if split != "unlabeled" else {"text": row["text"]})
        if not rows:
            continue
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (root / f"{split}.jsonl").write_text(lines, encoding="utf-8")
    return root


def short_run(task_type: TaskType, arch: str, image_size: int, **train: Any) -> RunSpec:
    """A direct run on the data set ``datasets/<task type>``."""
    return RunSpec(
        task_id="TASK_00000001",
        mode="direct",
        task_type=task_type,
        data=DataSpec(task_type, f"datasets/{task_type}", f"datasets/{task_type}"),
        teacher=None,
        student=StudentSpec(arch, image_size),
        train=replace(TrainSpec(2, 4, 2e-3, "adamw", "cosine", 1e-4, 1, 10.0, 0), **train),
        loss=None,
        control=False,
        threads=1,
        device="cpu",
        checkpoint_seconds=1000,
        max_unreadable_share=0.05,
    )


DETECTOR = short_run("detection", "yolov8n", SIZE, epochs=18, learning_rate=3e-3, schedule="constant")
"""Long enough for a batch normalisation to know the pictures: until then nothing is found."""


def taught(spec: RunSpec, teacher: str, loss: LossSpec, **train: Any) -> RunSpec:
    """The same with the model of the run ``teacher`` as its teacher, and a control."""
    return replace(
        spec,
        mode="distillation",
        teacher=TeacherSpec("task", teacher, f"runs/{teacher}/artifacts/model"),
        loss=loss,
        control=True,
        train=replace(spec.train, **train),
    )


def context_of(home: Path, spec: RunSpec, name: str, attempt: int = 1) -> Context:
    """An attempt of a run, in the run directory of that name."""
    run_dir = write_run(home, spec, name)
    events = EventWriter(run_dir.events(attempt))
    return Context(run_dir, home, spec, events, StopRequest(), Progress(spec, events))


def performed(home: Path, spec: RunSpec, name: str) -> Context:
    """A run that has been carried to its end."""
    context = context_of(home, spec, name)
    run.perform(context, 1)
    return context


def epochs_of(context: Context, arm: str) -> list[dict[str, Any]]:
    """The epoch events of one arm."""
    return [event for event in events_of(context.run_dir) if event["kind"] == "epoch" and event["arm"] == arm]


def kept_of(context: Context) -> dict[str, tuple[int, ...]]:
    """Shapes of what the caches of the home keep of teachers, by name."""
    arrays = context.home.glob("cache/teacher/*/*/array.npy")
    return {path.parent.name: np.load(path, mmap_mode="r").shape[1:] for path in arrays}


def phases_of(context: Context) -> list[str]:
    """In order, each once."""
    phases = [event["phase"] for event in events_of(context.run_dir) if event["kind"] == "phase"]
    return list(dict.fromkeys(phases))


def result_of(context: Context) -> dict[str, Any]:
    """The content of ``result.json``."""
    result: dict[str, Any] = json.loads(context.run_dir.result.read_text())
    return result


def _numbered(train: int, unlabeled: int, val: int) -> list[tuple[str, str, int]]:
    counts = (("train", train, 0), ("unlabeled", unlabeled, 1000), ("val", val, 2000))
    return [
        (split, f"{split}-{number:02d}", offset + number) for split, count, offset in counts for number in range(count)
    ]


def _save(pixels: np.ndarray, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
