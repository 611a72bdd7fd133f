"""An upload whose folders are the classes, without ``train/`` around them: so people who are new here zip pictures."""

from __future__ import annotations

from pathlib import Path

from distillation.contract.sentence import Refused
from distillation.datasets import layout
from distillation.datasets.archives import AROUND
from distillation.services import surveys
from distillation.services.surveys import Survey
from distillation.services.uploads import Draft

FEWEST = 2
_OTHERWISE = frozenset({
    layout.TRAIN, layout.VAL, layout.UNLABELED, "training", "valid", "validation", "test", "testing",
    "images", "labels", "masks", "annotations", "jpegimages", "imagesets", "segmentationclass",
})  # fmt: skip
"""Names of folders that mean something else than a class, in small letters."""


def found(draft: Draft, survey: Survey) -> list[str]:
    """The folders that may be classes: no layout is known, and every folder holds a picture; else none."""
    if survey.phase != "ready" or survey.report.get("layout") or not survey.report.get("problem"):
        return []
    try:
        names = layout.sub_folders(draft.root)
        if len(names) < FEWEST or any(name.lower() in _OTHERWISE for name in names):
            return []
        every = all(any(True for _ in layout.walk(draft.root / name, draft.root)) for name in names)
    except (OSError, Refused):
        return []
    return names if every else []


def put_below_train(draft: Draft) -> None:
    """Make everything that was unpacked the content of ``train/``, and forget the survey. Raises OSError."""
    around = _around(draft.root)
    around.mkdir(mode=0o700)
    draft.root.rename(around / layout.TRAIN)
    around.rename(draft.root)
    surveys.again(draft.folder)


def _around(root: Path) -> Path:
    """Hidden beside it, under the name that unpacking uses for the same purpose: it is tidied up with its upload."""
    return root.with_name(f"{root.name}{AROUND}")
