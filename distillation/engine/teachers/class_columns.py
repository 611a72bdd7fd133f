"""Which output of a teacher stands for which class of the data."""

from __future__ import annotations

from distillation.contract.names import comparable
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import named, shown


def match_classes(name: str, known: tuple[str, ...], wanted: tuple[str, ...]) -> tuple[int, ...]:
    """For each wanted class the teacher's output of that name (compared NFC, stripped, case-insensitively).

    Raises Refused naming the classes that the teacher does not know, or that it knows twice.
    """
    by_name: dict[str, list[int]] = {}
    for index, label in enumerate(known):
        by_name.setdefault(comparable(label), []).append(index)
    found = [by_name.get(comparable(label), []) for label in wanted]
    if missing := [label for label, indices in zip(wanted, found, strict=True) if not indices]:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The teacher {name} does not know these classes of the data set: {missing}. It knows: {known}. "
                    "Choose a teacher that was trained on these classes, or rename the class folders."
                ),
                {"name": shown(name), "missing": named(missing), "known": named(known)},
            )
        )
    if double := [label for label, indices in zip(wanted, found, strict=True) if len(indices) > 1]:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The teacher {name} has more than one output named {classes}; rename them in its config.json."
                ),
                {"name": shown(name), "classes": named(double)},
            )
        )
    columns = tuple(indices[0] for indices in found)
    if len(set(columns)) < len(columns):
        raise Refused(
            Sentence(
                gettext_noop(
                    "Class folders of the data set differ only in upper and lower case or spaces, so they cannot be "
                    "told apart among the teacher's classes: {classes}. Rename them."
                ),
                {
                    "classes": named(
                        label for label, column in zip(wanted, columns, strict=True) if columns.count(column) > 1
                    )
                },
            )
        )
    return columns
