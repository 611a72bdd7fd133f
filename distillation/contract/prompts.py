"""In which words a zero-shot teacher is asked for each class: the defaults, and the table that replaces them.

The table (``prompts.json`` beside the model, or the run spec) maps a class to its words; ``*`` stands for every class
that it does not list, ``?`` for the question to a model that answers. ``{class}`` is replaced by the class's name.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any

from distillation.contract.names import comparable
from distillation.contract.sentence import Refused, Sentence, gettext_noop

FILE = "prompts.json"
EVERY_CLASS, QUESTION = "*", "?"
CLASS, CLASSES = "{class}", "{classes}"

DEFAULT_WORDS = {
    "clip": "a photo of a {class}.",
    "siglip": "a photo of a {class}.",
    "qwen2_5_vl": "{class}",
    "open_vocabulary": "{class}",
    "causal_lm": "{class}",
    "gguf": "{class}",
}
"""Radford et al. 2021 (CLIP), section 3.1.4; a model that answers is asked how likely the bare name is, and a
detector looks for the bare name, as Grounding DINO was trained."""
DEFAULT_QUESTIONS = {
    "qwen2_5_vl": "What does the picture show? Answer with one of: {classes}.",
    "causal_lm": "Category:",
    "gguf": "Category:",
}
"""A language model continues what it reads, so its question ends where the answer begins. It does not list the classes:
that takes a small model's mind off the text (of four groups of news SmolLM2-135M found 33 % with it, 67 % without)."""
ENGLISH_ONLY = frozenset({"clip", "siglip", "open_vocabulary"})
"""Kinds whose text tower may not know other scripts: names in those need words of their own."""

Table = tuple[tuple[str, str], ...]


def parse(content: Any, model: str) -> Table:
    """The table of a ``prompts.json``. Raises Refused for anything but an object of texts."""
    if isinstance(content, dict) and all(isinstance(words, str) and words.strip() for words in content.values()):
        return tuple((str(name), words) for name, words in content.items())
    raise Refused(
        Sentence(
            gettext_noop(
                "The {file} of the teacher {name} is not a JSON object that maps class names to words, such as "
                "{example}. Repair or remove it."
            ),
            {"file": FILE, "name": model, "example": '{"*": "a photo of a {class}.", "猫": "a photo of a cat."}'},
        )
    )


def words_for(model: str, kind: str, classes: tuple[str, ...], *tables: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The words for each class, in the order of ``classes``; later tables win.

    Raises Refused for names in another script than Latin that no table puts into words, and for two classes with
    the same words.
    """
    said = {comparable(name): text for table in tables for name, text in table}
    every = said.get(EVERY_CLASS)
    if kind in ENGLISH_ONLY and every is None:
        unsaid = [name for name in classes if comparable(name) not in said and not _is_latin(name)]
        if unsaid:
            raise _unsaid(model, unsaid)
    template = every or DEFAULT_WORDS[kind]
    words = tuple(said.get(comparable(name), template).replace(CLASS, name.strip()) for name in classes)
    if doubled := sorted({name for name, text in zip(classes, words, strict=True) if words.count(text) > 1}):
        raise Refused(
            Sentence(
                gettext_noop(
                    "The teacher {name} is asked for these classes in the same words, so it cannot tell them apart: "
                    "{classes}. Give each class its own words in {file}."
                ),
                {"name": model, "classes": ", ".join(doubled[:20]), "file": FILE},
            )
        )
    return words


def question(kind: str, words: tuple[str, ...], *tables: Iterable[tuple[str, str]]) -> str:
    """The question to a model that answers, with the answers that it may give."""
    said = {name: text for table in tables for name, text in table}
    return said.get(QUESTION, DEFAULT_QUESTIONS[kind]).replace(CLASSES, ", ".join(words))


def _is_latin(name: str) -> bool:
    return all("LATIN" in unicodedata.name(letter, "") for letter in name if letter.isalpha())


def _unsaid(model: str, names: list[str]) -> Refused:
    return Refused(
        Sentence(
            gettext_noop(
                "The teacher {name} is asked in English words, and these classes have none: {classes}. Write them "
                "into {file} in its directory, such as {example}; for a model that knows the language, an entry "
                '"*" covers every class.'
            ),
            {
                "name": model,
                "classes": ", ".join(names[:20]),
                "file": FILE,
                "example": f'{{"{names[0]}": "a photo of a …"}}',
            },
        )
    )
