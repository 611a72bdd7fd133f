"""What the demo says of its data sets and tasks: written in English, shown in the reader's language.

Files and rows keep the text itself, which other programs read too; it is known again by its template.
"""

from __future__ import annotations

import re

from distillation.contract.sentence import Sentence, gettext_noop

DIGITS = gettext_noop("Handwritten digits, all {labelled} training pictures labelled; {held_out} held out.")
DIGITS_FEW = gettext_noop(
    "Handwritten digits, {labelled} of {all} training pictures labelled, the others in unlabeled/; the same {held_out} "
    "held out."
)
SCENES = gettext_noop(
    "Scenes of handwritten digits: {labelled} labelled, {unlabelled} without labels, {held_out} held out, made of "
    "digits that no other has."
)
WAVES = gettext_noop("Synthetic waves of {shapes} shapes with noise, {length} steps of two values.")
ITALY_POWER = gettext_noop(
    "Electrical power demand of Italian days, 24 hours each: April to September or October to March."
)
TEACHER = gettext_noop(
    "Demo: stands in for a large model that knows the task already; trained on all {labelled} labels."
)
STUDENT = gettext_noop(
    "Demo: the teacher labels {unlabelled} unlabelled pictures softly; the control arm has no teacher."
)
DETECTOR = gettext_noop("Demo: stands in for a large detector that knows the task already; trained on all labels.")
SMALL_DETECTOR = gettext_noop("Demo: the teacher answers to the unlabelled scenes; the control arm has no teacher.")

TEMPLATES = (DIGITS, DIGITS_FEW, SCENES, WAVES, ITALY_POWER, TEACHER, STUDENT, DETECTOR, SMALL_DETECTOR)
_PATTERNS = tuple((re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>\\d+)", re.escape(one))), one) for one in TEMPLATES)


def known_again(text: str) -> Sentence | None:
    """The sentence that the text is; None for a text of anybody else."""
    for pattern, template in _PATTERNS:
        if found := pattern.fullmatch(text):
            return Sentence(template, found.groupdict())
    return None
