"""A first look at the data that a new task is to learn from."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from distillation.tests.admin.people import World, make_world
from distillation.tests.datasets.annotated import picture, text

pytestmark = pytest.mark.django_db
URL = "/admin/data/preview/"


@pytest.fixture
def world(home: Path) -> World:
    return make_world(home)


def looked_at(world: World, folder: str, who: str = "olga") -> Any:
    """The answer when the survey is over."""
    client = world.client(who)
    for _ in range(300):
        answer = client.get(URL, {"datasetId": folder}, HTTP_ACCEPT_LANGUAGE="en")
        assert answer.status_code == 200
        if answer.context is None or answer.context["over"]:
            return answer
        assert b'hx-trigger="load delay:1s"' in answer.content, "it asks again by itself"
        time.sleep(0.1)
    raise AssertionError("the survey does not end")


def test_some_samples_of_a_registered_set_and_of_a_folder_are_shown_with_their_labels(world, home):
    for folder in ("registered", "free"):
        for number in range(10):
            picture(home / f"datasets/{folder}/train/cat/{number}.png")
            picture(home / f"datasets/{folder}/val/cat/{number}.png")
    for folder, place in (("registered", f"set/{world.dataset.pk}"), ("free", "folder/free")):
        content = looked_at(world, folder).content.decode()
        assert content.count("<img") == 6
        assert content.count("<b>cat</b>") == 6
        assert f"/admin/data/{place}/" in content


def test_texts_are_shown_as_texts(world, home):
    text(home / "datasets/words/train.jsonl", '{"text": "good <day>", "label": "kind"}\n')
    text(home / "datasets/words/val.jsonl", '{"text": "go", "label": "kind"}\n')
    assert "good &lt;day&gt;" in looked_at(world, "words").content.decode()


def test_what_cannot_be_learned_from_says_why(world, home):
    (home / "datasets" / "empty").mkdir()
    answer = looked_at(world, "empty")
    assert b"dd-error" in answer.content
    assert b"<img" not in answer.content


@pytest.mark.parametrize("folder", ["", "nowhere", "../secret", "a/b", "\0", "x" * 300])
def test_what_there_is_not_is_nothing(world, folder):
    assert looked_at(world, folder).content == b""


def test_what_somebody_hides_is_nothing(world, home):
    picture(home / "datasets/registered/train/cat/1.png")
    world.dataset.visibility = "private"
    world.dataset.save()
    assert looked_at(world, "registered", "carl").content == b""
