"""Sentences for people that can be shown in more than one language.

A sentence is made where the fact is known (often in the engine, which knows no Django), and is translated
where it is read. It therefore travels as a template, the message id of the translation, with parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


def gettext_noop(message: str) -> str:
    """Mark a message for extraction by ``makemessages``; the name is what xgettext looks for."""
    return message


@dataclass(frozen=True, slots=True)
class Sentence:
    """A template in English with ``{named}`` places and the values that fill them.

    Values are texts and numbers, or another sentence in the form of :meth:`as_json`.
    """

    template: str
    params: dict[str, Any] = field(default_factory=dict)

    def english(self) -> str:
        """The sentence as the engine and log files write it."""
        return self.rendered(lambda template: template)

    def rendered(self, translate: Callable[[str], str]) -> str:
        """The sentence with its template, and those of sentences inside it, translated."""
        filled = {
            name: Sentence.from_json(value).rendered(translate) if isinstance(value, dict) else value
            for name, value in self.params.items()
        }
        return translate(self.template).format(**filled)

    def as_json(self) -> dict[str, Any]:
        """``{"template": …, "params": …}``, the form in events and database columns."""
        return {"template": self.template, "params": self.params}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Sentence:
        """Read what :meth:`as_json` wrote. Raises KeyError or TypeError on anything else."""
        return cls(str(value["template"]), dict(value["params"]))


class Refused(Exception):  # noqa: N818 - it is an answer, not an error of the program
    """Something cannot be done as asked; ``sentence`` says what, why and what would help."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence.english())
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field of a request; ``field`` is its name on the wire, or ``""`` for the whole."""

    field: str
    sentence: Sentence
