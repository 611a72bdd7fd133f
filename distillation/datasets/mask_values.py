"""Which classes the values in mask files mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets import class_maps
from distillation.datasets.class_names import BACKGROUND_NAMES
from distillation.datasets.findings import Findings
from distillation.datasets.label_map import LabelMap, read_label_map
from distillation.datasets.layout import named, shown
from distillation.datasets.pictures import Unreadable
from distillation.datasets.samples import BACKGROUND, IGNORED

CHECKED = 2_000
"""Masks decoded when a data set is read, evenly spread; the others are judged when they are used."""
_DECIDED_BY_COLOUR = 1 << 8
_VOID = 0xE0E0C0
"""VOC's colour of borders that belong to nobody."""


@dataclass(slots=True)
class MaskClasses:
    """The values that masks hold and the list of classes beside them, made to agree by :meth:`settle`."""

    listed: LabelMap | None
    values: dict[str, frozenset[int]]
    findings: Findings
    unusable: set[str] = field(default_factory=set)
    """Masks that cannot be used; noted."""

    @classmethod
    def read(cls, root: Path, masks: list[str], findings: Findings) -> MaskClasses:
        """Decode masks: all where no list gives the classes, else at most ``CHECKED``. Raises Refused."""
        listed = read_label_map(root)
        found = cls(listed, {}, findings)
        step = max(1, len(masks) // CHECKED) if listed else 1
        for path in masks[::step]:
            try:
                found.values[path] = frozenset(np.unique(class_maps.read_values(root / path)).tolist())
            except Unreadable:
                findings.note("unreadable_label", path)
                found.unusable.add(path)
        return found

    def settle(self, root: Path, classes: tuple[str, ...] | None) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """The classes, and the value of each where values are not the class indices (``ClassMap.values``).

        Masks with other values are noted as unusable. ``classes``: those of the training data, for validation data.
        Raises Refused.
        """
        names, values = self._names_and_values(root, classes)
        allowed = set(values or range(len(names))) | {
            _VOID if values and max(values) >= _DECIDED_BY_COLOUR else IGNORED
        }
        for path, held in self.values.items():
            if not held <= allowed:
                self.findings.note(
                    "unknown_values", f"{path} ({named(_written(value) for value in sorted(held - allowed))})"
                )
                self.unusable.add(path)
        if classes is not None and names != classes:
            raise _differ(root, names, classes)
        return names, values

    def _names_and_values(self, root: Path, classes: tuple[str, ...] | None) -> tuple[tuple[str, ...], tuple[int, ...]]:
        every = frozenset().union(*self.values.values())
        highest = max(every - {IGNORED}, default=0)
        listed = self.listed
        if listed is not None and listed.colours and highest >= _DECIDED_BY_COLOUR:
            return listed.names, listed.colours
        if highest >= _DECIDED_BY_COLOUR:
            raise _colours_without_names(root)
        names = listed.names if listed is not None else ()
        if classes is not None and names in ((), classes[1:]):  # the highest class may be absent here
            names = classes
        if (
            IGNORED in every and every <= {0, IGNORED} and len(names) <= 2
        ):  # black and white, not classes 0 and "ignored"
            return _two(names), (0, IGNORED)
        if not names:
            return (BACKGROUND, *(str(value) for value in range(1, highest + 1))), ()
        if names[0].lower() not in BACKGROUND_NAMES and highest == len(names):
            return (BACKGROUND, *names), ()  # 0 is what no listed class has
        return names, ()


def _two(names: tuple[str, ...]) -> tuple[str, str]:
    return (names[0], names[1]) if len(names) == 2 else (BACKGROUND, names[0] if names else "object")


def _written(value: int) -> str:
    return str(value) if value < _DECIDED_BY_COLOUR else f"#{value:06x}"


def _colours_without_names(root: Path) -> Refused:
    return Refused(
        Sentence(
            gettext_noop(
                "The masks of the data set {root} hold colours. Add labelmap.txt with a line name:red,green,blue:: for "
                "each class, or export masks of class indices."
            ),
            {"root": shown(root.name)},
        )
    )


def _differ(root: Path, names: tuple[str, ...], classes: tuple[str, ...]) -> Refused:
    return Refused(
        Sentence(
            gettext_noop(
                "The masks of the validation data {root} have the classes {found}, those of the training data "
                "{wanted}. Give both the same classes.txt."
            ),
            {"root": shown(root.name), "found": named(names), "wanted": named(classes)},
        )
    )
