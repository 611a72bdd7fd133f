"""Which rows a run trains and validates on, after the unreadable pictures are taken out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import NAMED, named, shown
from distillation.engine.context import Context
from distillation.engine.frozen_data import FrozenData
from distillation.engine.losses import IGNORED
from distillation.engine.picture_pack import UnreadableRow


@dataclass(frozen=True, slots=True)
class UsableRows:
    """Rows of the picture pack by split, ascending, int64."""

    train: NDArray[np.int64]
    unlabeled: NDArray[np.int64]
    val: NDArray[np.int64]
    labels: NDArray[np.int64]
    """The label of every row of the pack; IGNORED (-100) for unlabelled ones."""


def select(context: Context, data: FrozenData, unreadable: tuple[UnreadableRow, ...]) -> UsableRows:
    """Leave out the unreadable pictures and say so in the log.

    Raises Refused when too many cannot be read, or when a class loses all of its pictures.
    """
    folder = data.folder
    usable = np.ones(data.rows, dtype=bool)
    usable[[entry.row for entry in unreadable]] = False
    every = np.arange(data.rows, dtype=np.int64)
    first_val = len(folder.train) + len(folder.unlabeled)
    labels = np.full(data.rows, IGNORED, dtype=np.int64)
    labels[: len(folder.train)] = [item.label for item in folder.train]
    labels[first_val:] = [item.label for item in folder.val]
    if unreadable:
        _report(context, data, unreadable)
    rows = UsableRows(
        train=every[: len(folder.train)][usable[: len(folder.train)]],
        unlabeled=every[len(folder.train) : first_val][usable[len(folder.train) : first_val]],
        val=every[first_val:][usable[first_val:]],
        labels=labels,
    )
    for split, indices in (("train", rows.train), ("val", rows.val)):
        _require_every_class(data, split, labels[indices])
    return rows


def _report(context: Context, data: FrozenData, unreadable: tuple[UnreadableRow, ...]) -> None:
    count, total = len(unreadable), data.rows
    names = ", ".join(shown(entry.path) for entry in unreadable[:NAMED])
    limit = context.spec.max_unreadable_share
    params = {"count": count, "total": total, "names": names, "reason": unreadable[0].reason.as_json()}
    if count > limit * total:
        raise Refused(
            Sentence(
                gettext_noop(
                    "{count} of {total} pictures cannot be read, more than the {limit} % that are allowed: {names}. "
                    "The first one: {reason}"
                ),
                {**params, "limit": round(100 * limit, 2)},
            )
        )
    context.events.log(
        "warning",
        Sentence(
            gettext_noop(
                "{count} of {total} pictures cannot be read and are left out: {names}. The first one: {reason}"
            ),
            params,
        ),
    )


def _require_every_class(data: FrozenData, split: str, labels: NDArray[np.int64]) -> None:
    present = set(labels.tolist())
    lost = [name for index, name in enumerate(data.classes) if index not in present]
    if lost:
        raise Refused(
            Sentence(
                gettext_noop(
                    "No picture of these classes can be read in {split}/: {classes}. Replace the damaged files."
                ),
                {"split": split, "classes": named(lost)},
            )
        )
