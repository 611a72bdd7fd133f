"""The engine's cached KD epoch on JPEG photos of 640 × 480 against a bare DataLoader loop without any teacher.

resnet18 at 224 px and yolov8n at 320 px, batch 16, one thread, side by side in turn. The bare loop decodes each photo
each epoch, crops or letterboxes and mirrors it, and trains on labels. The engine's epoch is the product's: augmented
views (standard) of the decoded pack, kept answers of a teacher, validation on 2 photos, events. Decoding into the pack
happens once a data set and is timed apart. The teacher's answers are random numbers of the right shape: only speed is
measured. ``memory`` measures the peak of a process that reads a whole epoch. Exits non-zero when a bound is missed.

    python benchmarks/photos.py [classification|detection|memory …] [--photos N | --full] [--rounds N] [--folder F]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import photos_data
import torch
import torch.nn.functional as F  # noqa: N812
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from distillation.contract.run_dir import RunDir  # noqa: E402
from distillation.contract.spec import (  # noqa: E402
    DataSpec,
    LossSpec,
    RunSpec,
    StudentSpec,
    TeacherSpec,
    TrainSpec,
)
from distillation.engine import run, students, workloads  # noqa: E402
from distillation.engine.answer_cache import TeacherOutputs  # noqa: E402
from distillation.engine.augmentation.labelled import Labelled  # noqa: E402
from distillation.engine.batches import Batch  # noqa: E402
from distillation.engine.checkpoint import Checkpoints  # noqa: E402
from distillation.engine.context import Context  # noqa: E402
from distillation.engine.detection import letterbox, objective  # noqa: E402
from distillation.engine.events import EventWriter  # noqa: E402
from distillation.engine.progress import Progress  # noqa: E402
from distillation.engine.stopping import StopRequest  # noqa: E402
from distillation.engine.trainer import Trainer  # noqa: E402

ALL, VAL, BATCH, RATE = 2000, 2, 16, 1e-3
SIDES = {"classification": 224, "detection": 320}
ARCHS = {"classification": "resnet18", "detection": "yolov8n"}
REQUIRED = {"classification": 0.90, "detection": 0.85}
"""The engine's photos a second over the bare loop's, at least, by processor time."""
GROWTH = 1.05
"""Private memory with 2,000 photos over that with 500, at most."""


class Photos(Dataset[Any]):
    """What a plain script would write: decode, crop or letterbox, mirror."""

    def __init__(self, folder: Path, count: int, kind: str) -> None:
        self._folder, self._count, self._kind, self._side = folder, count, kind, SIDES[kind]
        self._draw = np.random.Generator(np.random.PCG64(0))

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int) -> Any:
        with Image.open(self._folder / f"{number}.jpg") as image:
            image.draft("RGB", (2 * self._side, 2 * self._side))
            mirrored = self._draw.random() < 0.5
            return self._cropped(image, number, mirrored) if self._kind == "classification" else self._boxed(
                image, number, mirrored
            )  # fmt: skip

    def _cropped(self, image: Image.Image, number: int, mirrored: bool) -> tuple[Tensor, int]:
        width, height = image.size
        share = self._draw.uniform(1 / 1.6, 1.0, 2)
        left, top = (1 - share) * self._draw.random(2) * (width, height)
        box = (left, top, left + share[0] * width, top + share[1] * height)
        pixels = np.asarray(image.resize((self._side, self._side), Image.Resampling.BILINEAR, box))
        return _tensor(pixels[:, ::-1] if mirrored else pixels), number % 2

    def _boxed(self, image: Image.Image, number: int, mirrored: bool) -> tuple[Tensor, Labelled]:
        pixels = letterbox.fitted(np.asarray(image), self._side)
        rows = np.loadtxt(self._folder / f"{number}.txt", ndmin=2)
        middle, half = rows[:, 1:3] * photos_data.SIZE, rows[:, 3:5] * photos_data.SIZE / 2
        place = letterbox.Letterbox(*photos_data.SIZE, self._side)
        boxes = place.into(np.concatenate([middle - half, middle + half], axis=1).astype(np.float32))
        if mirrored:
            pixels = pixels[:, ::-1]
            boxes[:, [0, 2]] = self._side - boxes[:, [2, 0]]
        return _tensor(pixels), Labelled(pixels, boxes, rows[:, 0].astype(np.int64))


def _tensor(pixels: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))


def _collated(samples: list[Any]) -> tuple[Tensor, Any]:
    pictures = torch.stack([picture for picture, _ in samples])
    marks = [mark for _, mark in samples]
    return pictures, torch.tensor(marks) if isinstance(marks[0], int) else objective.collate(marks)[0]


def _model(kind: str) -> nn.Module:
    torch.manual_seed(0)
    return students.build(ARCHS[kind], classes=2, channels=3, image_size=SIDES[kind])


def bare(photos: Path, kind: str, count: int) -> tuple[float, float]:
    """One epoch of the bare loop; wall-clock and processor seconds. Detectors have the product's loss of labels."""
    model = _model(kind).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, fused=True)
    loader: DataLoader[Any] = DataLoader(
        Photos(photos, count, kind), BATCH, shuffle=True, num_workers=0, collate_fn=_collated
    )
    labels_only = objective.DetectionObjective(None, None)
    wall, processor = time.perf_counter(), time.process_time()
    for pictures, marks in loader:
        inputs = students.normalise(pictures)
        if kind == "classification":
            loss = F.cross_entropy(model(inputs), marks)
        else:
            loss = labels_only.terms(model, Batch(inputs, marks, None, len(inputs))).hard
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return time.perf_counter() - wall, time.process_time() - processor


class _Timed:
    """A feed that takes the time from epoch to epoch; the other loop has its turn in between."""

    def __init__(self, feed: Any, between: Callable[[], None]) -> None:
        self._feed, self._between = feed, between
        self.steps_per_epoch, self.samples_per_epoch = feed.steps_per_epoch, feed.samples_per_epoch
        self.step, self.close = feed.step, feed.close
        self.seconds: list[tuple[float, float]] = []
        self._began: tuple[float, float] | None = None

    def open_epoch(self, epoch: int) -> None:
        """The epoch before is over, with its validation and events."""
        self.end()
        if epoch:
            self._between()
        self._began = time.perf_counter(), time.process_time()
        self._feed.open_epoch(epoch)

    def end(self) -> None:
        """Note how long the epoch took that is over."""
        if self._began is not None:
            self.seconds.append((time.perf_counter() - self._began[0], time.process_time() - self._began[1]))


class Engine:
    """The product's run on some photos, up to the training of the student."""

    def __init__(self, home: Path, photos: Path, kind: str, count: int) -> None:
        self._kind, self._home = kind, home
        data = home / "datasets" / f"{kind}-{count}"
        lay = photos_data.image_folder if kind == "classification" else photos_data.yolo
        lay(photos, data, count, VAL)
        path = data.relative_to(home).as_posix()
        spec = RunSpec(
            "BENCHMARK", "distillation", kind,  # type: ignore[arg-type]
            DataSpec("photos", path, path), TeacherSpec("task", "teacher", "models/teacher"),
            StudentSpec(ARCHS[kind], SIDES[kind]),
            TrainSpec(100, BATCH, RATE, "adamw", "cosine", 1e-2, 1, 0.0, 0, augmentation="standard", views=1),
            LossSpec(4.0, 0.5, 0.5), control=False, threads=1, device="cpu", checkpoint_seconds=-1.0,
            max_unreadable_share=0.05,
        )  # fmt: skip
        run.settle(spec)
        self._run_dir = RunDir(home / "runs" / f"{kind}-{count}")
        self._run_dir.root.mkdir(parents=True, exist_ok=True)
        events = EventWriter(self._run_dir.events(1))
        self.context = Context(self._run_dir, home, spec, events, StopRequest(), Progress(spec, events))
        self.workload: Any = workloads.of(self.context)
        begin = time.process_time()
        with self.context.progress.phase("prepare", 0, "images"):
            self.workload.prepare()
        self.seconds = time.process_time() - begin
        self.workload.outputs = TeacherOutputs(self._answers(count), "random", {})

    def _answers(self, count: int) -> dict[str, np.ndarray]:
        """On disk, as those of a teacher are."""
        shapes: dict[str, tuple[int, ...]] = {"logits": (2,)}
        if self._kind == "detection":
            anchors = sum((SIDES["detection"] // stride) ** 2 for stride in (8, 16, 32))
            shapes = {"classes": (anchors, 2), "boxes": (anchors, 64)}
        found = {}
        for name, shape in shapes.items():
            file = self._run_dir.root / f"{name}.npy"
            kept = np.lib.format.open_memmap(file, "w+", np.float16, (count, *shape))
            draw = np.random.Generator(np.random.PCG64(0))
            for begin in range(0, count, 64):
                part = kept[begin : begin + 64]
                part[...] = draw.standard_normal(part.shape, np.float32)
            kept.flush()
            del kept
            found[name] = np.load(file, mmap_mode="r")
        return found

    def epochs(self, rounds: int, between: Callable[[], None]) -> list[tuple[float, float]]:
        """Wall-clock and processor seconds of the epochs after the first; calls ``between`` before each of them."""
        model = _model(self._kind)
        feed = _Timed(self.workload.feed(seed=0, with_teacher=True), between)
        goal = self.workload.goal(model, seed=0, with_teacher=True)
        with closing(feed):
            trainer = Trainer(
                self.context, "student", model, feed, self.workload.validation,
                Checkpoints(self.context, "student", None), goal, epochs=1 + rounds,
            )  # fmt: skip
            with self.context.progress.phase("student", trainer.total_steps, "steps"):
                trainer.train()
            feed.end()
        return feed.seconds[1:]

    def read_epoch(self) -> None:
        """Train two steps, then take every other batch of the epoch without a step, which would take an hour."""
        model = _model(self._kind).train()
        feed = self.workload.feed(seed=0, with_teacher=True)
        goal = self.workload.goal(model, seed=0, with_teacher=True)
        with closing(feed):
            feed.open_epoch(0)
            for step in range(feed.steps_per_epoch):
                for batch in feed.step(step):
                    if step < 2:
                        goal.terms(model, batch).hard.backward()


def compared(home: Path, photos: Path, kind: str, count: int, rounds: int) -> bool:
    """Print both loops' medians and whether the bound is met by processor time."""
    photos_data.make(photos, count + VAL)
    engine = Engine(home, photos, kind, count)
    bares: list[tuple[float, float]] = []
    bare(photos, kind, min(BATCH, count))  # warms up, as the engine's first epoch does
    engines = engine.epochs(rounds, lambda: bares.append(bare(photos, kind, count)))
    found = {"bare": bares, "engine": engines}
    bytes_ = statistics.median((photos / f"{number}.jpg").stat().st_size for number in range(count))
    print(
        f"{ARCHS[kind]} at {SIDES[kind]} px, {count} photos (median {bytes_ / 1000:.0f} kB), {rounds} rounds, "
        f"load {os.getloadavg()[0]:.1f}; decoded once: {(count + VAL) / engine.seconds:.0f} a CPU second"
    )
    ratios = []
    for place, clock in enumerate(("wall", "processor")):
        rates = {name: statistics.median(count / one[place] for one in all_) for name, all_ in found.items()}
        ratios.append(statistics.median(b[place] / e[place] for b, e in zip(bares, engines, strict=True)))
        print(f"{clock:>10}  bare {rates['bare']:6.2f} /s  engine {rates['engine']:6.2f} /s  ratio {ratios[-1]:.3f}")
    print(f"  must {REQUIRED[kind]:.2f} by processor time: {'met' if ratios[1] >= REQUIRED[kind] else 'MISSED'}")
    return ratios[1] >= REQUIRED[kind]


def memory(photos: Path) -> bool:
    """Print the peaks of a process with 500 and one with 2,000 photos, and whether the private one grows."""
    photos_data.make(photos, ALL + VAL)
    private = []
    for count in (ALL // 4, ALL):
        command = [sys.executable, __file__, "--peak", str(count), "--folder", str(photos.parent)]
        words = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        private.append(float(words[0]))
        print(
            f"resnet18 at 224 px, {count} photos: peak private memory {words[0]} MB, all resident pages {words[1]} MB"
        )
    return private[1] <= GROWTH * private[0]


def peak(home: Path, photos: Path, count: int) -> None:
    """Print this process's greatest private and whole resident memory in MB."""
    greatest: dict[str, int] = {}

    def look() -> None:
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name in ("RssAnon", "VmRSS"):
                greatest[name] = max(greatest.get(name, 0), int(value.split()[0]))

    engine = Engine(home, photos, "classification", count)
    collate = engine.workload._collate

    def watched(*arguments: Any) -> Any:
        look()
        return collate(*arguments)

    engine.workload._collate = watched
    look()
    engine.read_epoch()
    look()
    print(greatest["RssAnon"] // 1024, greatest["VmRSS"] // 1024)


def main() -> int:
    """Measure what is asked for, and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", help="classification, detection, memory; all of them when none is named")
    parser.add_argument("--photos", type=int, default=64, help="of an epoch (64)")
    parser.add_argument("--full", action="store_true", help=f"{ALL} photos an epoch")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where photos are kept between calls (default: a temporary one)")
    parser.add_argument("--peak", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.folder:
        arguments.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, tempfile.TemporaryDirectory(dir=arguments.folder) as home:
        photos = (arguments.folder or Path(temporary)).absolute() / "photos"
        if arguments.folder is None:
            home = temporary  # files are linked, so photos and home lie on one disk
        if arguments.peak:
            peak(Path(home), photos, arguments.peak)
            return 0
        good = True
        for case in arguments.cases or [*SIDES, "memory"]:
            if case == "memory":
                good = memory(photos) and good
            else:
                count = ALL if arguments.full else arguments.photos
                good = compared(Path(home), photos, case, count, arguments.rounds) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
