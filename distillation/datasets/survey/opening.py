"""Opens some pictures of every split as a run would: readers of labels judge names and headers only."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from distillation.contract.sentence import Sentence, gettext_noop
from distillation.datasets import layout, pictures
from distillation.datasets.samples import DataSet, Finding, Sample

MOST, SECONDS = 2_000, 60.0
"""Pictures of a split that are opened, evenly spread, and how long that may take."""
SIDE = 64
"""Pixels: a JPEG is decoded at the smallest scale, which still reads all of it."""
KIND = "unopened"


def opened(data: DataSet) -> Iterator[Finding]:
    """At most one finding: pictures that cannot be read."""
    looked_at, broken = 0, []
    for root, samples in ((data.root, data.train), (data.val_root, data.val), (data.root, data.unlabeled)):
        found, count = _unreadable(root, samples, time.monotonic() + SECONDS)
        broken += found
        looked_at += count
    if broken:
        sentence = Sentence(
            gettext_noop(
                "{count} of the {looked_at} pictures that were opened cannot be read: {names}. Replace or remove them; "
                "a task leaves them out."
            ),
            {"count": len(broken), "looked_at": looked_at, "names": layout.named(broken)},
        )
        yield Finding(KIND, len(broken), sentence)


def _unreadable(root: Path, samples: tuple[Sample, ...], until: float) -> tuple[list[str], int]:
    broken, looked_at = [], 0
    for sample in samples[:: max(1, -(-len(samples) // MOST))]:
        if time.monotonic() > until:
            break
        looked_at += 1
        try:
            pictures.open_small(root / sample.path, SIDE)
        except pictures.Unreadable:
            broken.append(sample.path)
    return broken, looked_at
