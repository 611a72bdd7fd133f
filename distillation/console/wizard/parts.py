"""The parts of the form as the page lays them out: steps, sections, cells of the grid and decks of cards."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.utils.translation import gettext as _

from distillation.console.wizard.cards import Card
from distillation.console.wizard.steps import AT_ONCE, CARDS, Step, others_field, takes_several
from distillation.contract.option import Option

LONG = frozenset({"taskName", "description", "remark", "valDatasetId", "teacherModelPath", "studentPretrainPath"})
"""Take two columns."""

SEARCHED_FROM = 8
"""Cards; more than fit on a screen."""


@dataclass(frozen=True, slots=True)
class Other:
    """A choice that can be compared with the chosen one."""

    value: str
    label: str
    types: str
    """The types of task that it is for, between spaces; empty for all."""
    ticked: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """A field in the grid."""

    bound: forms.BoundField
    option: Option
    lists: bool
    others: list[Other]
    mark: str
    """Why another value than the default is filled in."""

    @property
    def others_field(self) -> str:
        """The name of the check boxes of the others."""
        return others_field(self.option)

    @property
    def ticked(self) -> int:
        """How many of the others are ticked."""
        return sum(other.ticked for other in self.others)

    @property
    def card(self) -> bool:
        """Whether it is chosen from cards."""
        return self.option.name in CARDS

    @property
    def long(self) -> bool:
        """Whether it takes two columns."""
        return self.option.name in LONG

    @property
    def switch(self) -> bool:
        """Whether it is a check box."""
        return self.option.kind == "boolean"

    @property
    def several(self) -> bool:
        """Whether values between commas make one task each."""
        return self.lists and takes_several(self.option)


@dataclass(frozen=True, slots=True)
class Place:
    """A card where it lies."""

    card: Card
    why: str
    """Why it cannot be chosen now; empty when it can."""
    chosen: bool


@dataclass(frozen=True, slots=True)
class Deck:
    """Cards of one option."""

    cell: Cell
    places: list[Place]

    @property
    def searched(self) -> bool:
        """Whether there are so many that one looks for them by name."""
        return len(self.places) > SEARCHED_FROM


@dataclass(frozen=True, slots=True)
class Section:
    """A group of the catalogue within a step."""

    title: str
    cells: list[Cell]

    @property
    def at_once(self) -> list[Cell]:
        """Shown at once."""
        return [cell for cell in self.cells if cell.option.name in AT_ONCE and not cell.card]

    @property
    def more(self) -> list[Cell]:
        """Behind "More settings"."""
        return [cell for cell in self.cells if cell.option.name not in AT_ONCE]

    @property
    def open(self) -> bool:
        """Whether something behind "More settings" needs to be seen."""
        return any(cell.bound.errors or cell.ticked for cell in self.more)


@dataclass(frozen=True, slots=True)
class Part:
    """A step on the page."""

    number: int
    step: Step
    before: str
    after: str
    """Keys of its neighbours; empty at the ends."""
    decks: dict[str, Deck]
    sections: list[Section]

    @property
    def title(self) -> str:
        """Its heading."""
        return _(self.step.title)

    @property
    def short(self) -> str:
        """In the row of steps."""
        return _(self.step.short)
