"""Sentences inside sentences, and their way through JSON."""

from __future__ import annotations

from distillation.contract.sentence import Sentence

INNER = Sentence("the {thing} is full", {"thing": "disk"})
OUTER = Sentence("It failed: {why} ({count})", {"why": INNER.as_json(), "count": 3})


def test_a_sentence_inside_another_is_rendered_with_it():
    assert OUTER.english() == "It failed: the disk is full (3)"
    german = {"the {thing} is full": "{thing} voll", "It failed: {why} ({count})": "{count}-mal: {why}"}
    assert OUTER.rendered(german.__getitem__) == "3-mal: disk voll"


def test_a_sentence_comes_back_as_it_was():
    assert Sentence.from_json(OUTER.as_json()) == OUTER
