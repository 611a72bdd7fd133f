"""The cards of the first three steps: types of task, data sets, students and teachers, with what one needs to choose.

What does not fit stays in sight with the reason; the reasons are the services'.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from distillation.admin import figures, words
from distillation.admin.metric_names import metric
from distillation.contract.options import BY_NAME
from distillation.contract.students import STUDENTS, Student
from distillation.contract.task_types import OF_PICTURES
from distillation.contract.teachers import FAMILIES, draws_masks
from distillation.datasets.outline import Outline
from distillation.models.sentences import as_read, translate
from distillation.services.teacher_fit import Candidate

CLASSES_SHOWN = 6
ABOUT = {
    "classification": (
        gettext_lazy("Say which class a whole picture belongs to."),
        gettext_lazy("Example: a photo of a leaf → healthy, rust or mildew."),
    ),
    "detection": (
        gettext_lazy("Find things in a picture and draw a box around each."),
        gettext_lazy("Example: a street → two cars, one bicycle, and where they are."),
    ),
    "segmentation": (
        gettext_lazy("Give every pixel of a picture a class."),
        gettext_lazy("Example: a satellite picture → which pixels are water, field or road."),
    ),
    "sequence": (
        gettext_lazy("Say which class a series of measurements belongs to."),
        gettext_lazy("Example: ten seconds of vibration → bearing in order or worn."),
    ),
    "text": (
        gettext_lazy("Say which class a text belongs to."),
        gettext_lazy("Example: a customer's message → complaint, question or praise."),
    ),
}
"""One sentence and an example for each type of task."""


@dataclass(frozen=True, slots=True)
class Card:
    """One thing to choose."""

    value: str
    title: str
    facts: tuple[str, ...] = ()
    about: str = ""
    types: tuple[str, ...] = ()
    """The types of task that it is for; empty for all."""
    unfit: str = ""
    """Why it cannot be chosen now, whatever the type of task."""
    other: str = ""
    """What is said of it while another type of task is chosen."""
    first: bool = False
    """Chosen when the type of task changes."""

    def why(self, task_type: str) -> str:
        """Why it cannot be chosen for this type of task; empty when it can."""
        return self.unfit or (self.other if self.types and task_type not in self.types else "")


def type_cards() -> list[Card]:
    """The types of task."""
    cards = []
    for value in BY_NAME["taskType"].choices:
        sentence, example = ABOUT[value]
        cards.append(Card(value, words.value_word(value), (str(example),), str(sentence)))
    return cards


def mode_cards() -> list[Card]:
    """With and without a teacher."""
    about = {
        "distillation": _("A large model, the teacher, shows the small one what it has learned."),
        "direct": _("The small model learns from the labels alone."),
    }
    return [Card(value, words.value_word(value), about=about[value]) for value in BY_NAME["trainingMode"].choices]


def data_cards(datasets: Iterable[Outline], names: dict[str, str], teachers: Iterable[Candidate]) -> list[Card]:
    """The data sets; boxes serve segmentation too where a teacher draws masks into them."""
    masks = any(draws_masks(one.teacher.kind) for one in teachers)
    return [_data_card(found, names.get(found.id) or found.name, masks=masks) for found in datasets]


def data_types(found: Outline, *, masks: bool) -> tuple[str, ...]:
    """The types of task that the data can serve here."""
    extra = ("segmentation",) if masks and "detection" in found.task_types else ()
    return tuple(dict.fromkeys((*found.task_types, *extra)))


def student_cards() -> list[Card]:
    """The catalogue's students, the smallest first; the smallest of its type is suggested."""
    cards: list[Card] = []
    for student in sorted(STUDENTS.values(), key=lambda one: one.parameters):
        smallest = not any(student.task_type in card.types for card in cards)
        cards.append(_student_card(student, first=smallest))
    return cards


def teacher_cards(found: Iterable[Candidate], reasons: dict[str, str]) -> list[Card]:
    """Who might teach, with the reason where somebody cannot."""
    return [replace(_teacher_card(one), unfit=reasons.get(one.teacher.name, "")) for one in found]


def with_chosen(cards: list[Card], value: str) -> list[Card]:
    """The cards and one for the value that is chosen already, where it is gone from the disk or not seen."""
    if not value or any(card.value == value for card in cards):
        return cards
    return [*cards, Card(value, _("%(name)s (not found here)") % {"name": value})]


def _data_card(found: Outline, name: str, *, masks: bool) -> Card:
    unfit = translate(found.problems[0]) if found.problems else ""
    types = data_types(found, masks=masks)
    other = _("It is laid out for another task: %(aim)s.") % {"aim": ", ".join(map(words.value_word, types))}
    return Card(found.id, name, tuple(_data_facts(found)), as_read(found.description), types, unfit, other)


def _data_facts(found: Outline) -> Iterator[str]:
    yield _("%(train)s to learn from, %(val)s held out") % {
        "train": figures.count(found.train),
        "val": figures.count(found.val),
    }
    if found.unlabeled:
        yield _("%(count)s without a label") % {"count": figures.count(found.unlabeled)}
    if found.classes:
        number = ngettext("%(n)s class", "%(n)s classes", len(found.classes)) % {"n": figures.count(len(found.classes))}
        more = " …" if len(found.classes) > CLASSES_SHOWN else ""
        yield f"{number}: {', '.join(found.classes[:CLASSES_SHOWN])}{more}"
    if found.train_per_class:
        fewest, most = min(found.train_per_class), max(found.train_per_class)
        yield _("%(fewest)s to %(most)s of each class") % {
            "fewest": figures.count(fewest),
            "most": figures.count(most),
        }
    yield ", ".join(words.value_word(kind) for kind in found.task_types)


def _student_card(student: Student, *, first: bool) -> Card:
    facts = [_("%(parameters)s parameters") % {"parameters": figures.parameters(student.parameters)}]
    if student.task_type in OF_PICTURES:
        facts.append(_("usually %(size)s pixels") % {"size": student.default_image_size})
    other = _("It learns another task: %(aim)s.") % {"aim": words.value_word(student.task_type)}
    about = _("The smallest one for this aim: a first result comes soonest.") if first else ""
    return Card(student.name, student.name, tuple(facts), about, (student.task_type,), other=other, first=first)


def _teacher_card(one: Candidate) -> Card:
    teacher, task = one.teacher, one.task
    facts = []
    if task is not None:
        facts.append(task.student_model)
        if one.parameters:
            facts.append(_("%(parameters)s parameters") % {"parameters": figures.parameters(one.parameters)})
        if task.accuracy is not None:
            facts.append(f"{metric(task)} {figures.percent(task.accuracy)}")
        facts.append(task.task_id)
    else:
        facts.append(_(FAMILIES[teacher.kind].label))
    if teacher.classes:
        facts.append(ngettext("%(n)s class", "%(n)s classes", len(teacher.classes)) % {"n": len(teacher.classes)})
    return Card(teacher.name, task.task_name if task else teacher.name, tuple(facts))
