"""The form, made from the catalogue of options: types, limits, help and defaults are there and nowhere else.

It checks nothing itself; what the services refuse is shown at the field that is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from distillation.admin import words
from distillation.console.wizard.answers import as_typed, ticked
from distillation.console.wizard.cards import Card, with_chosen
from distillation.console.wizard.enough import Advised
from distillation.console.wizard.parts import Cell, Deck, Other, Part, Place, Section
from distillation.console.wizard.steps import CARDS, STEP_OF, STEPS, takes_others, takes_several
from distillation.contract.option import Option
from distillation.contract.options import GROUPS, OPTIONS
from distillation.contract.request import ALIASES
from distillation.contract.sentence import Problem
from distillation.models.sentences import translate

Choices = list[tuple[str, str]]


class WizardForm(forms.Form):
    """One field an option; the field's name is the option's name on the wire."""

    def __init__(
        self, initial: dict[str, Any], cards: Mapping[str, list[Card]], places: Mapping[str, Choices], data: Any = None,
        *, lists: bool = True, steps: Advised | None = None,
    ) -> None:  # fmt: skip
        super().__init__(data, initial=initial)
        self.cards = {name: with_chosen(cards[name], self.now(name)) for name in CARDS}
        self._lists = lists
        self._steps = steps or Advised()
        for option in OPTIONS:
            self.fields[option.name] = _field(option, self._choices(option, places), lists=lists)

    def now(self, name: str) -> str:
        """What is filled in, as text."""
        return str(self.data.get(name, "") if self.is_bound else self.initial.get(name) or "")

    def refuse(self, problems: Iterable[Problem]) -> None:
        """Show the services' sentences at the fields that they mean."""
        self.full_clean()
        for problem in problems:
            name = ALIASES.get(problem.field, problem.field)
            self.add_error(name if name in self.fields else None, translate(problem.sentence))

    def steps(self) -> Iterator[Part]:
        """The six steps with their fields."""
        for number, step in enumerate(STEPS, 1):
            cells = [self._cell(one) for one in OPTIONS if STEP_OF[one.name] == step.key]
            sections = [
                Section(_(GROUPS[key]) if len(step.groups) > 1 else "", [c for c in cells if c.option.group == key])
                for key in step.groups
            ]
            after = STEPS[number].key if number < len(STEPS) else ""
            before = STEPS[number - 2].key if number > 1 else ""
            yield Part(number, step, before, after, {c.option.name: self._deck(c) for c in cells if c.card}, sections)

    def _cell(self, option: Option) -> Cell:
        others = list(self._others(option)) if self._lists else []
        mark = self._steps.mark_of(option.name, self.now(option.name))
        return Cell(self[option.name], option, self._lists, others, mark)

    def _others(self, option: Option) -> Iterator[Other]:
        """What can be ticked beside the chosen value; that one too, since it may be changed without scripts."""
        if not takes_others(option):
            return
        now = ticked(self.data, option) if self.is_bound else []
        for value in option.choices:
            yield Other(value, words.value_word(value), "", value in now)
        if not option.choices:
            for card in self.cards[option.name]:
                yield Other(card.value, card.title, " ".join(card.types), card.value in now)

    def _deck(self, cell: Cell) -> Deck:
        kind, now = self.now("taskType"), self.now(cell.option.name)
        return Deck(cell, [Place(card, card.why(kind), card.value == now) for card in self.cards[cell.option.name]])

    def _choices(self, option: Option, places: Mapping[str, Choices]) -> Choices | None:
        """What can be chosen, with the value that is chosen already even where it is gone."""
        choices = places.get(option.name)
        if choices is None:
            if not option.choices:
                return None
            choices = [(value, words.value_word(value)) for value in option.choices]
            if option.default is None and option.name != "executor":
                choices = [("", "—"), *choices]
        now = self.now(option.name)
        if now and now not in {value for value, _label in choices}:
            choices = [*choices, (now, _("%(name)s (not found here)") % {"name": now})]
        return choices


def _field(option: Option, choices: Choices | None, *, lists: bool) -> forms.Field:
    shared: dict[str, Any] = {"label": _(option.label), "help_text": _help(option), "required": False}
    if option.kind == "boolean":
        return forms.BooleanField(**shared, widget=UnfoldBooleanSwitchWidget())
    if choices is not None:
        return forms.CharField(**shared, strip=False, widget=UnfoldAdminSelectWidget(choices=choices))
    return forms.CharField(**shared, strip=False, widget=_input(option, lists=lists))


def _input(option: Option, *, lists: bool) -> Any:
    attrs: dict[str, Any] = {"autocomplete": "off"}
    if option.kind in ("text", "list", "integers"):
        if option.max_length:
            attrs["maxlength"] = option.max_length
        if option.name in ("description", "remark"):
            return UnfoldAdminTextareaWidget(attrs={**attrs, "rows": 2})
        return UnfoldAdminTextInputWidget(attrs=attrs)
    if not (lists and takes_several(option)):  # the keyboards for numbers have no comma
        attrs["inputmode"] = "numeric" if option.kind == "integer" else "decimal"
    attrs["class"] = "dd-number"
    if option.default is not None:
        attrs["placeholder"] = as_typed(option.default)
    return UnfoldAdminTextInputWidget(attrs=attrs)


def _help(option: Option) -> str:
    """What it does and what is allowed: limits and default of the catalogue."""
    text = _(option.help) if option.help else ""
    if option.minimum is None or option.maximum is None:
        return text
    limits = _("%(minimum)s to %(maximum)s") % {
        "minimum": as_typed(option.minimum),
        "maximum": as_typed(option.maximum),
    }
    if option.default is not None:
        limits += " · " + _("default %(value)s") % {"value": as_typed(option.default)}
    return f"{text} {limits}"
