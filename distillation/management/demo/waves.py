"""Noisy waves of five shapes as a sequence data set: npz files, made from nothing but a seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from distillation.contract import demo_texts

SHAPES = ("sine", "square", "sawtooth", "pulse", "chirp")
LENGTH = 64
COUNTS = {"train": 300, "val": 200, "unlabeled": 600}
NOISE = 0.2
SEED = 1
ABOUT = {
    "name": "波形（合成序列）",
    "description": demo_texts.WAVES.format(shapes=len(SHAPES), length=LENGTH),
    "source": "made by manage.py create_demo_datasets",
    "licence": "CC0-1.0",
}


def write(root: Path) -> dict[str, str]:
    """Write ``train.npz``, ``val.npz`` (x, y, classes) and ``unlabeled.npz`` (x); return what to say about them."""
    root.mkdir(parents=True)
    for number, (split, count) in enumerate(COUNTS.items()):
        random = np.random.Generator(np.random.PCG64((SEED, number)))
        labels = np.arange(count, dtype=np.int64) % len(SHAPES)
        values = np.stack([_wave(SHAPES[label], random) for label in labels]).astype(np.float32)
        if split == "unlabeled":
            np.savez(root / f"{split}.npz", x=values)
        else:
            np.savez(root / f"{split}.npz", x=values, y=labels, classes=np.array(SHAPES))
    return ABOUT


def _wave(shape: str, random: np.random.Generator) -> NDArray[np.float64]:
    """``[LENGTH, 2]``: the wave and a shifted, weaker echo of it."""
    periods, start, delay = random.uniform(1.5, 4), random.uniform(0, 1), random.uniform(0, 0.25)
    time = np.arange(LENGTH) / LENGTH
    clean = [_value(shape, time, periods, start), 0.6 * _value(shape, time, periods, start - delay)]
    return np.stack(clean, axis=-1) * random.uniform(0.7, 1.3) + random.normal(0, NOISE, (LENGTH, 2))


def _value(shape: str, time: NDArray[np.float64], periods: float, start: float) -> NDArray[np.float64]:
    cycles = periods * time * (0.4 + 1.2 * time if shape == "chirp" else 1.0) + start
    phase = cycles % 1
    values = {
        "sine": np.sin(2 * np.pi * cycles),
        "square": np.where(phase < 0.5, 1.0, -1.0),
        "sawtooth": 2 * phase - 1,
        "pulse": np.where(phase < 0.2, 1.0, -0.25),
        "chirp": np.sin(2 * np.pi * cycles),
    }
    return np.asarray(values[shape])
