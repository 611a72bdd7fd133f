"""Proof that the engine teaches: what teacher, distilled student and control reach on data that can be had offline.

Each case is a few whole runs of ``python -m distillation.engine run`` in a folder that is kept: the same command goes
on with what an interrupted one began and repeats what is finished in no time. Figures are those of the runs' own
evaluations on held-out samples. Exits non-zero when a case misses what it must reach.

    python benchmarks/teaching.py CASE [CASE …] [--folder F] [--threads N]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import teaching_data
import teaching_photos
import teaching_scenes
from teaching_runs import Runs, distilled, labels_only

from distillation.contract.spec import TeacherSpec  # teaching_data has put the project on the path

SEEDS = range(5)
DIGITS: dict[str, Any] = {"epochs": 30, "batch_size": 64, "learning_rate": 0.003}
"""The reference setting of the digits."""
SCENE_SIDE = 96


def digits_100(runs: Runs) -> bool:
    """100 labels and a pool; the teacher learned from the same 100 labels. Must +3 points, aim +3.5."""
    teaching_data.demo(runs.home, "digits-100")
    rows = []
    for seed in SEEDS:
        teacher = runs.run(
            f"digits-teacher-{seed}",
            labels_only("resnet18", 8, "digits-100", seed=seed, epochs=150, batch_size=32, learning_rate=0.001,
                        augmentation="light", views=0, ema=True),
        )  # fmt: skip
        rows.append(
            runs.run(
                f"digits-student-{seed}",
                distilled("cnn-tiny", 8, "digits-100", teacher, seed=seed, temperature=4.0, alpha=0.9, **DIGITS),
            )
        )
    return judge("digits, 100 labels", rows, "accuracy", gain=3.0)


def italy_power(runs: Runs) -> bool:
    """A recurrent student on ItalyPowerDemand (67 series to learn from, 1,029 held out). Must 95 %."""
    teaching_data.italy_power(runs.home)
    found = runs.run(
        "italy",
        labels_only("lstm-small", 0, "italy-power", task_type="sequence", epochs=60, batch_size=16,
                    learning_rate=0.002, weight_decay=0.01, warmup_ratio=0.1, max_grad_norm=1.0),
    )  # fmt: skip
    return judge("ItalyPowerDemand, lstm-small", [found], "accuracy", level=95.0)


def unet(runs: Runs) -> bool:
    """A small U-Net on scenes of digits, seen at their own 96 px. Must mIoU 0.90."""
    teaching_data.scenes(runs.home, SCENE_SIDE)
    found = runs.run(
        "unet",
        labels_only("unet-small", SCENE_SIDE, "digit-scenes-masks", task_type="segmentation", epochs=30, batch_size=8,
                    learning_rate=0.002, augmentation="light", views=0, warmup_ratio=0.05),
    )  # fmt: skip
    return judge("digit scenes, unet-small, mIoU", [found], "accuracy", level=90.0)


def detection(runs: Runs) -> bool:
    """yolov8n from a larger YOLO on scenes of digits, all labels. Must mAP50-95 0.70 within 10 minutes of training."""
    teaching_data.scenes(runs.home, SCENE_SIDE)
    found = _detector(runs, "detector", "digit-scenes")
    within = found["seconds"]["student"] <= 600
    print(f"  the student's arm took {found['seconds']['student']:.0f} s")
    return judge("digit scenes, yolov8n, mAP50-95", [found], "map95", level=70.0) and within


def detection_10(runs: Runs) -> bool:
    """The same with a tenth of the labels; the teacher answers to the rest. Must +3 points over the control."""
    teaching_data.scenes(runs.home, SCENE_SIDE)
    found = _detector(runs, "detector", "digit-scenes", few=True)
    return judge("digit scenes, 10 % of the labels, mAP50-95", [found], "map95", gain=3.0)


def detection_photos(runs: Runs) -> bool:
    """Both on scenes of photo cut-outs. With all labels no bound; with a tenth must +3 points over the control."""
    teaching_scenes.photo_scenes(runs.home)
    few = _detector(runs, "photo-detector", "photo-scenes", few=True)
    good = judge("photo scenes, 10 % of the labels, mAP50-95", [few], "map95", gain=3.0)
    found = _detector(runs, "photo-detector", "photo-scenes")
    print(f"  the student's arm took {found['seconds']['student']:.0f} s")
    return judge("photo scenes, yolov8n, mAP50-95", [found], "map95") and good


def fashion(runs: Runs) -> bool:
    """resnet18 on Fashion-MNIST with 1,000 labels and a pool. Must +2 points over the control, 5 seeds."""
    teaching_data.fashion(runs.home)
    setting: dict[str, Any] = {"epochs": 6, "batch_size": 32, "learning_rate": 0.001}
    side = 16  # a third of the work of 28
    teacher = runs.run("fashion-teacher", labels_only("resnet18", side, "fashion", **setting | {"epochs": 12}))
    rows = [
        runs.run(f"fashion-student-{seed}", distilled("resnet18", side, "fashion-1000", teacher, seed=seed, **setting))
        for seed in SEEDS
    ]
    return judge("Fashion-MNIST, 1,000 labels", rows, "accuracy", gain=2.0)


def newsgroups(runs: Runs) -> bool:
    """textcnn-small from SmolLM2-135M, which has seen none of the labels, with 80 labels and a pool. No bound."""
    folder = teaching_data.newsgroups(runs.home)
    teacher = TeacherSpec("gguf", "smollm2", folder)
    rows = [
        runs.run(
            f"newsgroups-{seed}",
            distilled("textcnn-small", 0, "newsgroups", teacher, task_type="text", seed=seed, alpha=0.9,
                      temperature=2.0, epochs=60, batch_size=32, learning_rate=0.003),
        )
        for seed in SEEDS
    ]  # fmt: skip
    return judge("newsgroups, 80 labels, SmolLM2 as teacher", rows, "accuracy", gain=0.0)


def efficientnet(runs: Runs) -> bool:
    """cnn-tiny from EfficientNet-lite0 of ImageNet, its head fitted on the same 72 labels; and a pool. No bound."""
    teaching_photos.photos(runs.home)
    teacher = TeacherSpec("onnx", "efficientnet", teaching_photos.efficientnet(runs.home))
    rows = [
        runs.run(
            f"photos-{seed}",
            distilled("cnn-tiny", 48, "photos", teacher, seed=seed, alpha=0.9, temperature=2.0, epochs=40,
                      batch_size=32, learning_rate=0.005),
        )
        for seed in SEEDS
    ]  # fmt: skip
    return judge("photos, 72 labels, EfficientNet-lite0 as teacher", rows, "accuracy", gain=0.0)


def _detector(runs: Runs, name: str, scenes: str, *, few: bool = False) -> dict[str, Any]:
    """yolov8n from a yolov8s that learned all labels of the scenes; with a tenth of them and a control for ``few``."""
    setting: dict[str, Any] = {
        "task_type": "detection", "batch_size": 8, "learning_rate": 0.002, "weight_decay": 0.0005,
        "augmentation": "light", "views": 0, "ema": True, "warmup_ratio": 0.05,
    }  # fmt: skip
    teacher = runs.run(f"{name}-teacher", labels_only("yolov8s", SCENE_SIDE, scenes, epochs=40, **setting))
    learning = setting | {"views": 4, "epochs": 30}
    part = "-10" if few else ""
    spec = distilled("yolov8n", SCENE_SIDE, scenes + part, teacher, control=few, alpha=0.5, **learning)
    return runs.run(name + part, spec)


CASES: dict[str, Callable[[Runs], bool]] = {
    "digits-100": digits_100,
    "italy-power": italy_power,
    "unet": unet,
    "detection": detection,
    "detection-10": detection_10,
    "detection-photos": detection_photos,
    "fashion": fashion,
    "newsgroups": newsgroups,
    "efficientnet": efficientnet,
}


def judge(
    name: str, results: Sequence[dict[str, Any]], figure: str, *, level: float | None = None, gain: float | None = None
) -> bool:
    """Print the figures of the arms, in percent, and say whether the bound is kept."""
    arms = {arm: [found for result in results if (found := _figure(result, arm, figure)) is not None]
            for arm in ("teacher", "student", "control")}  # fmt: skip
    print(f"{name}, {len(results)} seed(s)")
    for arm, values in arms.items():
        if values:
            print(f"  {arm:8} {_spread(values)}   {' '.join(f'{value:.2f}' for value in values)}")
    if level is not None:
        mean = statistics.mean(arms["student"])
        print(f"  must {level}: {'met' if mean >= level else 'MISSED'}")
        return mean >= level
    if gain is None:
        return True
    differences = [ours - theirs for ours, theirs in zip(arms["student"], arms["control"], strict=True)]
    mean = statistics.mean(differences)
    print(f"  paired difference {_spread(differences)}; must +{gain}: {'met' if mean >= gain else 'MISSED'}")
    return mean >= gain


def _figure(result: dict[str, Any], arm: str, figure: str) -> float | None:
    figures = result["evaluation"] if arm == "student" else result["evaluation"].get(arm)
    return None if figures is None else float(figures[figure])


def _spread(values: Sequence[float]) -> str:
    deviation = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.2f}{deviation}"


def main() -> int:
    """Run the cases and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="+", choices=CASES, metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--folder", type=Path, default=Path("var/teaching"), help="kept between calls (var/teaching)")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    runs = Runs(arguments.folder.absolute(), arguments.threads)
    good = True
    for case in arguments.cases:
        begun = time.monotonic()
        print(f"load before: {os.getloadavg()}", flush=True)
        try:
            good = CASES[case](runs) and good
        except subprocess.CalledProcessError as error:
            print(f"{case}: {error}\n{error.stderr[-2000:]}")
            good = False
        print(f"  {time.monotonic() - begun:.0f} s of this call", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
