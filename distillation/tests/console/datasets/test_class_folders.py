"""An archive whose folders are the classes: asked about, put below ``train/`` once, and kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from distillation.models import Dataset
from distillation.tests.admin.people import EVERYBODY, World, letter, make_world
from distillation.tests.console.datasets.archives import address, archive, png, surveyed, upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(home: Path) -> World:
    return make_world(home)


def brought(world: World, *names: str) -> str:
    entries = {f"pets/{name}": png(seed) for seed, name in enumerate(names)}
    return upload(world.client("olga"), archive(entries), "pets.zip")


FLAT = [f"{label}/{number}.png" for label in ("猫", "狗") for number in range(5)]


def test_they_are_put_below_train_and_can_be_learned_from(world, home):
    olga = world.client("olga")
    page = brought(world, *FLAT, "readme.png")
    asked = surveyed(olga, page)
    assert asked.context["report"]["problem"] != ""
    assert asked.context["class_folders"] == "狗, 猫"
    assert f"{page}classes/" in asked.content.decode()
    for _again in range(2):
        assert olga.post(f"{page}classes/").headers["Location"] == page
    looked = surveyed(olga, page)
    assert looked.context["report"]["problem"] == ""
    assert [one["samples"] for one in looked.context["report"]["splits"]] == ["8", "2"]
    assert looked.context["class_folders"] == ""
    olga.post(page, {"datasetId": "pets"})
    assert Dataset.objects.filter(dataset_id="pets").exists()
    assert sorted(path.name for path in (home / "datasets" / "pets").iterdir()) == ["train"]
    assert [path.name for path in (home / "datasets").iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    "names",
    [
        ["猫/a.png"],
        ["猫/a.png", "狗/notes.txt"],
        ["train/a.png", "狗/a.png"],
        ["images/a.png", "Labels/a.png"],
        ["a.png", "b.png"],
    ],
)
def test_nothing_is_asked_or_moved_where_they_may_mean_something_else(world, names):
    olga = world.client("olga")
    page = brought(world, *names)
    before = surveyed(olga, page)
    assert before.context["class_folders"] == ""
    olga.post(f"{page}classes/")
    assert surveyed(olga, page).context["report"]["problem"] == before.context["report"]["problem"]


def test_only_its_owner_is_asked_and_no_folder_of_the_root_is_moved(world, home):
    page = brought(world, *FLAT)
    surveyed(world.client("olga"), page)
    for who in EVERYBODY:
        if who != "olga":
            assert letter(world.client(who).post(f"{page}classes/")) in "-L", who
    for label in "ab":
        (home / "datasets" / "free" / label).mkdir(parents=True)
        (home / "datasets" / "free" / label / "1.png").write_bytes(png(1))
    assert world.client("olga").get(address("page", "folder", "free")).context.get("class_folders") is None
    assert world.client("olga").post(address("classes", "folder", "free")).status_code == 404
    assert surveyed(world.client("olga"), page).context["class_folders"] != ""
