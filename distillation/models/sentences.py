"""Sentences between the database and people: stored as templates, shown in the reader's language."""

from __future__ import annotations

import json

from django.conf import settings
from django.utils.translation import gettext, override

from distillation.contract.demo_texts import known_again
from distillation.contract.sentence import Sentence

MAX_BYTES = 60_000
"""MySQL's ``text`` holds 65,535."""


def translate(sentence: Sentence) -> str:
    """The sentence in the active language."""
    # A translation must never hide the fact itself, nor a template that does not fit its values.
    for words in (gettext, str):
        try:
            return sentence.rendered(words)
        except (KeyError, IndexError, ValueError, TypeError, AttributeError):
            continue
    return sentence.template


def stored(sentence: Sentence, *, as_template: bool = False) -> str:
    """What a column keeps: the text in the site's language, or a template that any reader can translate."""
    if as_template:
        text = _storable(json.dumps(sentence.as_json(), ensure_ascii=False))
        if len(text.encode()) <= MAX_BYTES:
            return text
        return stored(Sentence("{text}", {"text": translate(sentence)[: MAX_BYTES // 8]}), as_template=True)
    with override(settings.LANGUAGE_CODE):
        return _storable(translate(sentence)).encode()[:MAX_BYTES].decode(errors="ignore")


def _storable(text: str) -> str:
    """Without NUL and halves of surrogate pairs, which come from damaged files and which no database takes."""
    return text.replace("\0", "").encode(errors="replace").decode()


def shown(text: str | None) -> str:
    """A stored template in the active language; text of another origin as it stands."""
    try:
        return translate(Sentence.from_json(json.loads(text or "")))
    except (ValueError, KeyError, TypeError):
        return text or ""


def as_read(text: str | None) -> str:
    """What the demo wrote in the active language; what people wrote as it stands."""
    found = known_again(text) if text else None
    return translate(found) if found else text or ""
