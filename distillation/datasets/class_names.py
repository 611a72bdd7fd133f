"""From the ids and names in annotation files to the classes of a data set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from distillation.contract.names import comparable
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import named
from distillation.datasets.samples import BACKGROUND, IGNORED

BACKGROUND_NAMES = frozenset({"background", "_background_", "__background__", "背景"})
MAX_CLASSES = 10_000


def is_background(name: str) -> bool:
    """Whether a class stands for everything that no other class does."""
    return comparable(name) in BACKGROUND_NAMES


def of_objects(names: Iterable[str], task_type: str) -> list[str]:
    """The classes that a label can have: in segmentation the background is what no object covers."""
    return [name for name in names if not (task_type == "segmentation" and is_background(name))]


@dataclass(frozen=True, slots=True)
class ClassTable:
    """Names in the order of the labels, and the label of each id that the annotation uses."""

    names: tuple[str, ...]
    labels: Mapping[Any, int]
    """Ids are numbers in YOLO, numbers or texts in COCO, the names themselves elsewhere."""

    @classmethod
    def build(cls, ids: Mapping[Any, str], task_type: str) -> ClassTable:
        """Give labels to ids in their order; ids of equal names share one.

        In segmentation ``background`` is class 0, added where the annotation marks objects only. Raises Refused.
        """
        first = [BACKGROUND] if task_type == "segmentation" else []
        index = {name: number for number, name in enumerate(first)}
        labels = {}
        for key, name in ids.items():
            if first and is_background(name):
                name = BACKGROUND
            labels[key] = index.setdefault(name, len(index))
        _check(len(index), IGNORED if first else MAX_CLASSES)
        return cls(tuple(index), labels)

    @classmethod
    def of_names(cls, names: Iterable[str], task_type: str) -> ClassTable:
        """A table whose ids are the names themselves."""
        return cls.build({name: name for name in names}, task_type)

    def onto(self, classes: tuple[str, ...]) -> ClassTable:
        """This table with the labels of ``classes``, for another part of the same data set.

        Raises Refused for a class that is not among them.
        """
        if unknown := [name for name in self.names if name not in classes]:
            raise Refused(
                Sentence(
                    gettext_noop(
                        "The validation data has classes that the training data does not have: {unknown}. The "
                        "training data has: {known}. Rename or remove them."
                    ),
                    {"unknown": named(unknown), "known": named(classes)},
                )
            )
        index = {name: number for number, name in enumerate(classes)}
        return ClassTable(classes, {key: index[self.names[label]] for key, label in self.labels.items()})


def _check(count: int, limit: int) -> None:
    if count > limit:
        raise Refused(
            Sentence(
                gettext_noop("The annotation has {count} classes; the limit is {limit}. Merge or remove some."),
                {"count": count, "limit": limit},
            )
        )


class NamedClasses:
    """Classes of formats that write names: from a list, or as they are met."""

    def __init__(self, given: Iterable[str] | None, task_type: str) -> None:
        names = list(given or ())
        self._task_type = task_type
        self._table = ClassTable.of_names(names, task_type) if names else None
        self._met: dict[str, int] = {}

    def label(self, name: str) -> int | None:
        """The label of a name, to be translated by :meth:`settle`; None when a list is given that lacks it."""
        if self._table is not None:
            return self._table.labels.get(name)
        return self._met.setdefault(name, len(self._met))

    def settle(self) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """The final names (those that were met: sorted), and the final label of each that :meth:`label` gave."""
        if self._table is not None:
            return self._table.names, tuple(range(len(self._table.names)))
        table = ClassTable.of_names(sorted(self._met), self._task_type)
        return table.names, tuple(table.labels[name] for name in self._met)
