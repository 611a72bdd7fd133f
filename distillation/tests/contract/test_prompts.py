"""The words for each class: defaults, tables, and what is refused."""

from __future__ import annotations

import pytest

from distillation.contract import prompts
from distillation.contract.sentence import Refused


def test_every_class_is_put_into_the_default_words():
    assert prompts.words_for("t", "clip", ("cat", " dog ")) == ("a photo of a cat.", "a photo of a dog.")
    assert prompts.words_for("t", "qwen2_5_vl", ("cat", "狗")) == ("cat", "狗")


def test_names_are_compared_as_people_read_them_and_later_tables_win():
    first, second = (("CAFÉ", "one {class}"), ("*", "every {class}")), (("cafe\u0301", "two {class}"),)
    assert prompts.words_for("t", "clip", ("Café", "tea"), first) == ("one Café", "every tea")
    assert prompts.words_for("t", "clip", ("Café", "tea"), first, second) == ("two Café", "every tea")


@pytest.mark.parametrize("name", ["猫", "кот", "cat猫"])
def test_names_in_another_script_need_words(name):
    with pytest.raises(Refused, match=f'these classes have none: {name}.*"{name}": "a photo of a'):
        prompts.words_for("t", "siglip", ("dog", name))
    assert prompts.words_for("t", "siglip", ("dog", name), (("*", "{class}"),)) == ("dog", name)


def test_letters_with_accents_digits_and_signs_are_latin():
    assert prompts.words_for("t", "clip", ("Žluťoučký", "7", "a-b_c"))


@pytest.mark.parametrize(
    ("kind", "question"),
    [
        ("qwen2_5_vl", "What does the picture show? Answer with one of: cat, dog."),
        ("causal_lm", "Category:"),
    ],
)
def test_the_question_lists_the_answers(kind, question):
    assert prompts.question(kind, ("cat", "dog")) == question
    assert prompts.question(kind, ("cat",), (("?", "{classes}?"),)) == "cat?"
