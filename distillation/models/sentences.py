"""Sentences between the database and people: stored as templates, shown in the reader's language."""

from __future__ import annotations

import json

from django.conf import settings
from django.utils.translation import gettext, override

from distillation.contract.sentence import Sentence

MAX_BYTES = 60_000
"""MySQL's ``text`` holds 65,535."""


def translate(sentence: Sentence) -> str:
    """The sentence in the active language."""
    try:
        return sentence.rendered(gettext)
    except (KeyError, IndexError, ValueError, TypeError):  # a translation must never hide the fact itself
        return sentence.english()


def stored(sentence: Sentence, *, as_template: bool = False) -> str:
    """What a column keeps: the text in the site's language, or a template that any reader can translate."""
    if as_template:
        text = json.dumps(sentence.as_json(), ensure_ascii=False)
        if len(text.encode()) <= MAX_BYTES:
            return text
        return stored(Sentence("{text}", {"text": sentence.english()[: MAX_BYTES // 8]}), as_template=True)
    with override(settings.LANGUAGE_CODE):
        return translate(sentence).encode()[:MAX_BYTES].decode(errors="ignore")


def shown(text: str | None) -> str:
    """A stored template in the active language; text of another origin as it stands."""
    try:
        return translate(Sentence.from_json(json.loads(text or "")))
    except (ValueError, KeyError, TypeError):
        return text or ""
