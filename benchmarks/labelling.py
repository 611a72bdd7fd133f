"""A labelling job against a bare loop over the same pictures, side by side, on one thread.

Both load the model, label JPEGs of 640 x 480 in batches of 8 and write the same labels. The bare loop opens, turns,
resizes, stacks, asks the network, takes the likeliest class or suppresses boxes, and writes each file by
`write_text`: YOLO of a detector, one CSV of a classifier. The job is the product's own, with everything it does: the
list, reading ahead, files that are whole or absent, the record by which it goes on, counts, previews. Exits with 1
when a job reaches less than 0.90 of the bare loop by processor time.

    python benchmarks/labelling.py [--rounds N] [--pictures N] [--only detection]
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image, ImageOps

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from distillation.contract.labelling import LabellingSpec
from distillation.contract.sentence import Sentence
from distillation.engine import export, students
from distillation.engine.detection import letterbox
from distillation.engine.detection.decode import Decoding, decode
from distillation.engine.detection.letterbox import Letterbox
from distillation.engine.labelling.job import Job
from distillation.engine.labelling.tally import Tally
from distillation.engine.stopping import StopRequest

REQUIRED = 0.90
BATCH = 8
FOUND = 20
"""Boxes of a picture, about, that reach the threshold before suppression: random weights know no objects."""
CLASSES = ("one", "two", "three")
MODELS = {
    "classification": ("cnn-tiny", 32, "csv", 6),
    "detection": ("yolov8n", 320, "yolo", 1),
}
"""Student, size, format, and how many times as many pictures: the fastest of each kind, where the loop counts most."""


class Rates(NamedTuple):
    """Pictures a second."""

    wall: float
    processor: float
    """By processor time of all threads: what another busy process does not distort; waiting for the disk is not in."""


class Silent:
    """Whom a job tells nothing."""

    def labelled(self, tally: Tally) -> None:
        """Nothing."""

    def note(self, level: str, sentence: Sentence) -> None:
        """Nothing."""


def write_pictures(folder: Path, count: int) -> None:
    """Pictures with edges and slopes, as a camera's are decoded."""
    folder.mkdir()
    generator = np.random.default_rng(0)
    for number in range(count):
        coarse = Image.fromarray(generator.integers(0, 256, (12, 16, 3), dtype=np.uint8))
        pixels = np.asarray(coarse.resize((640, 480), Image.Resampling.BICUBIC), np.int16)
        noisy = (pixels + generator.integers(-8, 9, pixels.shape)).clip(0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(folder / f"{number:04}.jpg", quality=85)


def write_model(folder: Path, task_type: str, pictures: Path) -> float:
    """A model directory with random weights; returns the threshold at which it finds something."""
    arch, size, *_ = MODELS[task_type]
    torch.manual_seed(1)
    model = students.build(arch, classes=len(CLASSES), channels=3, image_size=size)
    with torch.no_grad():
        for _ in range(10):  # batch normalisation gets to know what it sees
            model(torch.rand(4, 3, size, size) * 2 - 1)
        model.eval()
        config = export.describe(model, arch=arch, classes=CLASSES, channels=3, image_size=size, task_id="T")
        export.save_student(folder, model.state_dict(), config)
        if task_type != "detection":
            return 0.0
        scores = model(students.normalise(_square(sorted(pictures.iterdir())[:4], size)[0])).classes
        return float(scores.amax(dim=2).flatten().topk(4 * FOUND).values[-1].sigmoid())


def _square(paths: list[Path], size: int) -> tuple[torch.Tensor, list[tuple[int, int]]]:
    pixels, sizes = [], []
    for path in paths:
        with Image.open(path) as opened:
            picture = ImageOps.exif_transpose(opened).convert("RGB")
        pixels.append(letterbox.fitted(np.asarray(picture), size).transpose(2, 0, 1))
        sizes.append(picture.size)
    return torch.from_numpy(np.stack(pixels)), sizes


def _stretched(paths: list[Path], size: int) -> torch.Tensor:
    pixels = []
    for path in paths:
        with Image.open(path) as opened:
            opened.draft(None, (2 * size, 2 * size))
            picture = ImageOps.exif_transpose(opened).convert("RGB")
            pixels.append(np.asarray(picture.resize((size, size), Image.Resampling.BILINEAR)).transpose(2, 0, 1))
    return torch.from_numpy(np.stack(pixels))


def bare_classification(model: torch.nn.Module, batches: list[list[Path]], out: Path, size: int, least: float) -> None:
    """Decode, stretch, forward, softmax, one CSV."""
    lines = ["file,label,probability"]
    for paths in batches:
        best, number = model(students.normalise(_stretched(paths, size))).softmax(dim=1).max(dim=1)
        for path, score, kind in zip(paths, best.tolist(), number.tolist(), strict=True):
            lines.append(f"{path.name},{CLASSES[kind]},{score:.4f}")
    (out / "labels.csv").write_text("\n".join(lines))


def bare_detection(model: torch.nn.Module, batches: list[list[Path]], out: Path, size: int, least: float) -> None:
    """Decode, letterbox, forward, suppression, a text file for each picture."""
    for paths in batches:
        pixels, sizes = _square(paths, size)
        found = decode(model(students.normalise(pixels)), Decoding(confidence=least))
        for path, (width, height), one in zip(paths, sizes, found, strict=True):
            boxes = Letterbox(width, height, size).out_of(one.boxes.numpy().reshape(-1, 4)).tolist()
            lines = [
                f"{kind} {(left + right) / 2 / width:.6f} {(top + bottom) / 2 / height:.6f} "
                f"{(right - left) / width:.6f} {(bottom - top) / height:.6f}\n"
                for kind, (left, top, right, bottom) in zip(one.labels.tolist(), boxes, strict=True)
            ]
            (out / f"{path.stem}.txt").write_text("".join(lines))


BARE: dict[str, Callable[..., None]] = {
    "classification": bare_classification,
    "detection": bare_detection,
}


def timed(work: Callable[[], Any], pictures: int, home: Path) -> Rates:
    """Pictures a second by both clocks; what the last round wrote is removed before."""
    for name in ("bare", "job", "out"):
        shutil.rmtree(home / name, ignore_errors=True)
        (home / name).mkdir()
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return Rates(pictures / (time.perf_counter() - wall), pictures / (time.process_time() - processor))


def bare(home: Path, task_type: str, least: float) -> None:
    """The least that labelling has to do."""
    out = home / "bare"
    model, config = export.load_student(home / "model")
    paths = sorted((home / "in").iterdir())
    batches = [paths[begin : begin + BATCH] for begin in range(0, len(paths), BATCH)]
    with torch.inference_mode():
        BARE[task_type](model, batches, out, config["image_size"], least)


def job(home: Path, task_type: str, least: float) -> None:
    """The product's job."""
    spec = LabellingSpec("INF-1", "model", "", "in", "out", (MODELS[task_type][2],), least, batch_size=BATCH, threads=1)
    Job(home / "job", home, spec, StopRequest(), Silent(), "cpu").perform()


def compare(task_type: str, rounds: int, pictures: int) -> float:
    """Both in turn; prints a line for each clock and returns the ratio by processor time."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        write_pictures(home / "in", pictures)
        least = write_model(home / "model", task_type, home / "in")
        sides: dict[Callable[..., None], list[Rates]] = {bare: [], job: []}
        for number in range(rounds + 1):
            for side in (bare, job) if number % 2 else (job, bare):
                rates = timed(lambda side=side: side(home, task_type, least), pictures, home)  # type: ignore[misc]
                if number:  # the first round warms up
                    sides[side].append(rates)
        os.sync()
    ratio = 0.0
    for clock in Rates._fields:
        before, after = ([getattr(rates, clock) for rates in sides[side]] for side in (bare, job))
        ratio = statistics.median(x / y for x, y in zip(after, before, strict=True))
        figures = f"{statistics.median(before):>9.1f} {statistics.median(after):>9.1f} {ratio:>6.3f}"
        print(f"{task_type:>14} {clock:>10} {figures}", flush=True)
    return ratio


def main() -> int:
    """Compare each kind of model, print the table, and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--pictures", type=int, default=64)
    parser.add_argument("--only", choices=MODELS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(
        f"{'task':>14} {'clock':>10} {'bare/s':>9} {'job/s':>9} {'ratio':>6}   (medians of {arguments.rounds} rounds)"
    )
    wanted = [arguments.only] if arguments.only else list(MODELS)
    ratios = {name: compare(name, arguments.rounds, arguments.pictures * MODELS[name][3]) for name in wanted}
    print(f"required by processor time: {REQUIRED:.2f}")
    return 0 if all(ratio >= REQUIRED for ratio in ratios.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
