"""Collects what is wrong with single files and objects of a data set, so that a person can repair it.

One sentence a kind: how many, the first of them by name, what was done with them, and the remedy.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from distillation.contract.sentence import Sentence, gettext_noop
from distillation.datasets import layout
from distillation.datasets.samples import Finding

TEMPLATES = {
    "missing_picture": gettext_noop(
        "{count} annotated pictures were not found and left out: {names}. Copy them into the data set, or remove "
        "their annotation."
    ),
    "missing_label": gettext_noop(
        "{count} pictures have no annotation and were left out: {names}. Annotate them, or move them to unlabeled/ "
        "so that a teacher can use them."
    ),
    "unreadable_picture": gettext_noop(
        "{count} pictures cannot be read and were left out: {names}. Replace or remove them."
    ),
    "unreadable_label": gettext_noop(
        "{count} label files cannot be read and were left out with their pictures: {names}. Export them again."
    ),
    "empty_picture": gettext_noop("{count} picture files are empty and were left out: {names}. Copy them again."),
    "empty": gettext_noop(
        "{count} pictures are annotated as holding no object: {names}. They are used as such; annotate them if they "
        "do hold one."
    ),
    "nothing_left": gettext_noop(
        "{count} pictures were left out because none of their marked objects can be used: {names}. The other "
        "findings say why."
    ),
    "malformed": gettext_noop(
        "{count} objects are not written as their format asks and were left out: {names}. Export the annotation "
        "again, or correct them."
    ),
    "not_a_number": gettext_noop(
        "{count} objects have a coordinate that is no finite number and were left out: {names}. Mark them again."
    ),
    "out_of_range": gettext_noop(
        "{count} objects lie outside their picture and were left out: {names}. Mark them again; perhaps pixels were "
        "written where shares of the picture's sides are expected, or the picture was replaced."
    ),
    "clipped": gettext_noop(
        "{count} objects reach over the edge of their picture and were cut there: {names}. Nothing needs to be done "
        "where the object really goes on outside."
    ),
    "zero_area": gettext_noop(
        "{count} objects have no area and were left out: {names}. Remove them or mark them again."
    ),
    "unknown_class": gettext_noop(
        "{count} objects are of a class that the data set's list of classes does not have, and were left out: "
        "{names}. Add the class to the list, or correct them."
    ),
    "two_suffixes": gettext_noop(
        "{count} pictures were left out because their annotation cannot be told from that of a picture of the same "
        "name with another suffix: {names}. Rename or remove one of each."
    ),
    "ambiguous": gettext_noop(
        "{count} annotations were left out because several pictures have the name that they give: {names}. Give the "
        "folder too, or rename the pictures."
    ),
    "twice": gettext_noop(
        "{count} annotations were left out because another one is of the same picture: {names}. Keep one of each."
    ),
    "unlisted": gettext_noop(
        "{count} annotated pictures are in none of the lists of the data set (ImageSets) and were left out: {names}. "
        "Add them to a list."
    ),
    "duplicate": gettext_noop(
        "{count} training pictures are also held out for validation, and were left out of training: {names}. Keep "
        "each picture in one of the two."
    ),
    "same_split": gettext_noop(
        "Training and validation name the same {count} pictures: {names}. A part of them was held out instead."
    ),
    "size_differs": gettext_noop(
        "{count} pictures do not have the width and height that their annotation gives, and were left out: {names}. "
        "Annotate the pictures as they are, upright, or put the annotated ones back."
    ),
    "crowd": gettext_noop(
        "{count} marked objects are crowds and were left out: {names}. Mark single objects where they matter."
    ),
    "unsupported_shape": gettext_noop(
        "{count} shapes are neither a box nor an area and were left out: {names}. Mark them as rectangles or polygons."
    ),
    "rectangle": gettext_noop(
        "{count} objects are marked by a rectangle only, which counts as their outline: {names}. Draw polygons where "
        "that is too coarse."
    ),
    "unknown_values": gettext_noop(
        "{count} masks hold values or colours that no class has, and were left out: {names}. Add the classes to the "
        "list, or write 255 where nobody knows the class."
    ),
}
"""By kind. Places: ``count`` and ``names``."""


@dataclass(slots=True)
class _Kind:
    count: int = 0
    names: list[str] = field(default_factory=list)


class Findings:
    """Counts by kind; keeps as many names as a sentence shows."""

    def __init__(self) -> None:
        self._kinds: dict[str, _Kind] = {}

    def note(self, kind: str, name: str) -> None:
        """Count one thing of a kind of ``TEMPLATES``; ``name`` is its file, perhaps with a place in it."""
        found = self._kinds.setdefault(kind, _Kind())
        found.count += 1
        if len(found.names) <= layout.NAMED:  # one more than shown, so that the list is seen to be cut
            found.names.append(name)

    def count(self, kind: str) -> int:
        """How many of a kind were noted."""
        return self._kinds[kind].count if kind in self._kinds else 0

    def as_tuple(self) -> tuple[Finding, ...]:
        """One finding a kind, in the order of ``TEMPLATES``."""
        return tuple(
            Finding(
                kind,
                self._kinds[kind].count,
                Sentence(template, {"count": self._kinds[kind].count, "names": layout.named(self._kinds[kind].names)}),
            )
            for kind, template in TEMPLATES.items()
            if kind in self._kinds
        )
