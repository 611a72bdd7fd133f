"""Reads a data set as a run would, and writes what it holds and what is wrong with it.

``report.json`` is written last and at once, so that it is whole where it is there.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from distillation.contract.sentence import Refused, Sentence
from distillation.datasets import class_maps, pictures, recognition
from distillation.datasets.recognition import AnyData
from distillation.datasets.samples import ClassMap, DataSet, Sample
from distillation.datasets.sequences import SequenceData
from distillation.datasets.survey import index
from distillation.datasets.survey.entries import SPLITS, entries
from distillation.datasets.survey.index import SplitCount
from distillation.datasets.survey.opening import opened
from distillation.datasets.survey.signature import signature

FILE = "report.json"
VERSION = 1
"""Raised when an older report says too little or says it otherwise; it is then made anew."""
MASKS = 300
"""Masks that are decoded for the balance of classes, evenly spread over the split."""


def survey(root: Path, out: Path, name: str, more: Mapping[str, Any] | None = None) -> None:
    """Write the report and the index of the data set at ``root`` into ``out``; sentences call it ``name``."""
    began = time.monotonic()
    seen = signature(root)  # before reading: what changes meanwhile makes the report an old one
    files, size = _extent(root)
    found: dict[str, Any] = {
        "version": VERSION, "signature": seen, "files": files, "bytes": size, "problem": None, **(more or {}),
    }  # fmt: skip
    try:
        recognised = recognition.recognise(root)
        if recognised is not None:
            found |= {"layout": recognised.layout, "task_types": recognised.task_types}
        data = recognition.read(root, None, recognised.task_type if recognised else None)
        found |= _of_data(data, out)
    except Refused as refusal:
        found["problem"] = refusal.sentence.as_json()
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        found["problem"] = recognition.cannot_be_listed(root, error).as_json()
    _call(found, root.name, name)
    found["seconds"] = round(time.monotonic() - began, 2)
    found["at"] = time.time()
    write(out, found)


def write(out: Path, found: Mapping[str, Any]) -> None:
    """Put the report into its place, whole."""
    draft = out / f"{FILE}.{os.getpid()}"
    draft.write_text(json.dumps(found, ensure_ascii=True), "ascii")
    draft.replace(out / FILE)


def refused(out: Path, sentence: Sentence) -> None:
    """The report of an archive of which nothing was kept."""
    write(out, {"version": VERSION, "refused": sentence.as_json(), "at": time.time()})


def _call(found: dict[str, Any], folder: str, name: str) -> None:
    """A folder that is a draft has a name that nobody gave: say the one that people know."""
    for sentence in [found["problem"], *(one["sentence"] for one in found.get("findings", ()))]:
        if sentence is not None:
            params = sentence["params"]
            params |= {key: name for key, value in params.items() if value == folder}


def _of_data(data: AnyData, out: Path) -> dict[str, Any]:
    draft = out / f"{index.FILE}.{os.getpid()}"
    draft.unlink(missing_ok=True)
    counts = index.write(draft, ((split, entries(data, split)) for split in SPLITS))
    draft.replace(out / index.FILE)
    task_type = (
        data.task_type if isinstance(data, DataSet) else "sequence" if isinstance(data, SequenceData) else "text"
    )
    return {
        "task_type": task_type,
        "classes": data.classes,
        "splits": [{"name": name, **_split(data, name, counts[name])} for name in SPLITS],
        "split": data.split,
        "digest": data.digest,
        "findings": [
            {"kind": one.kind, "count": one.count, "sentence": one.sentence.as_json()}
            for one in (*data.findings, *(opened(data) if isinstance(data, DataSet) else ()))
        ],
        **({"features": data.features, "length": data.length} if isinstance(data, SequenceData) else {}),
    }


def _split(data: AnyData, name: str, count: SplitCount) -> dict[str, Any]:
    per_class, objects, looked_at = count.per_class, count.objects, None
    if isinstance(data, DataSet) and name != "unlabeled":
        samples: tuple[Sample, ...] = getattr(data, name)
        if samples and isinstance(samples[0].target, ClassMap):
            per_class, looked_at = _in_masks(data, data.val_root if name == "val" else data.root, samples)
            objects = Counter()
    numbers = range(len(data.classes))
    return {
        "samples": count.samples,
        "kept": count.kept,
        "per_class": [per_class[number] for number in numbers],
        "objects": [objects[number] for number in numbers] if objects and objects != per_class else None,
        "looked_at": looked_at,
    }


def _in_masks(data: DataSet, root: Path, samples: tuple[Sample, ...]) -> tuple[Counter[int], int]:
    """Pictures in which each class has a pixel, of ``MASKS`` at most."""
    found: Counter[int] = Counter()
    step = max(1, -(-len(samples) // MASKS))
    looked_at = 0
    for sample in samples[::step]:
        try:
            size = pictures.upright_size(root / sample.path)
            held = np.unique(class_maps.class_map(root, sample, size, len(data.classes)))
        except Refused:
            continue
        looked_at += 1
        found.update(int(value) for value in held if value < len(data.classes))
    return found, looked_at


def _extent(root: Path) -> tuple[int, int]:
    """Files and their bytes; links are not followed, what vanishes is not counted."""
    files, size = 0, 0
    for parent, _folders, names in os.walk(root):
        for name in names:
            try:
                size += (Path(parent) / name).lstat().st_size
            except OSError:
                continue
            files += 1
    return files, size
