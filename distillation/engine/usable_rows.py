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
    """The class of every row of the pack; IGNORED (-100) for unlabelled ones and where a picture has no one class."""


def select(context: Context, data: FrozenData, unreadable: tuple[UnreadableRow, ...]) -> UsableRows:
    """Leave out the unreadable pictures and say so in the log.

    Raises Refused when too many cannot be read.
    """
    usable = np.ones(data.rows, dtype=bool)
    usable[[entry.row for entry in unreadable]] = False
    every = np.arange(data.rows, dtype=np.int64)
    if unreadable:
        _report(context, data, unreadable)
    splits = np.split(every, [data.first_unlabeled, data.first_val])
    train, unlabeled, val = (rows[usable[rows]] for rows in splits)
    for split, rows in (("train", train), ("val", val)):
        if not len(rows):
            raise Refused(
                Sentence(
                    gettext_noop("No picture of {split}/ can be read. Replace the damaged files."), {"split": split}
                )
            )
    classes = [sample.target if isinstance(sample.target, int) else IGNORED for sample in data.samples]
    return UsableRows(train, unlabeled, val, np.array(classes, dtype=np.int64))


def require_every_class(data: FrozenData, rows: UsableRows) -> None:
    """Refuse a data set of which a class has lost all of its pictures. Raises Refused."""
    for split, indices in (("train", rows.train), ("val", rows.val)):
        _require_every_class(data, split, rows.labels[indices])


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
