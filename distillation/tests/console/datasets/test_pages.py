"""The page of a data set: every kind of data, hostile pictures, pages of samples, and what it costs."""

from __future__ import annotations

import io
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from distillation.datasets.survey import report as reports
from distillation.models import Dataset
from distillation.services import surveys
from distillation.storage.drafts import survey_dir
from distillation.tests.admin.people import World, make_world
from distillation.tests.console.datasets.archives import address, png, surveyed
from distillation.tests.datasets.annotated import mask, picture, text
from distillation.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db
ORIENTATION = 0x112


@pytest.fixture
def world(home: Path) -> World:
    return make_world(home)


@pytest.fixture
def root(world: World, home: Path) -> Path:
    return home / "datasets" / "registered"


def page(world: World, who: str = "olga") -> str:
    return address("page", "set", world.dataset.pk)


def look(world: World, query: str = "") -> Any:
    surveyed(world.client("olga"), page(world))
    return world.client("olga").get(page(world) + query)


def pictures(world: World, found: Any) -> list[Any]:
    return [world.client("olga").get(item["url"]) for item in found.context["gallery"]["items"]]


def opened(response: Any) -> Image.Image:
    assert response.headers["Content-Type"] == "image/jpeg"
    return Image.open(io.BytesIO(response.content))


def folders(root: Path, count: int = 3) -> None:
    for number, (split, label) in enumerate((split, label) for split in ("train", "val") for label in "ab"):
        for index in range(count):
            path = root / split / label / f"{index}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(100 * number + index))


class TestEveryKindOfData:
    def test_boxes_are_drawn_where_they_are(self, world, root):
        for split in ("train", "val"):
            Image.new("RGB", (200, 100), "black" if split == "train" else "grey").save(
                picture(root / f"images/{split}/1.png")
            )
            text(root / f"labels/{split}/1.txt", "1 0.75 0.5 0.3 0.6\n")
        text(root / "data.yaml", "names: [猫, 狗]\ntrain: images/train\nval: images/val\n")
        found = look(world)
        assert found.context["report"]["layout"] == "YOLO"
        assert [row["bars"][0]["count"] for row in found.context["report"]["balance"]] == [0, 1]
        assert found.context["report"]["balance"][0]["none"]
        assert found.context["gallery"]["items"][0]["labels"] == "狗"
        pixels = np.asarray(opened(pictures(world, found)[0])).astype(int).sum(2)
        height, width = pixels.shape
        assert pixels[height // 2, round(0.6 * width) - 3 : round(0.6 * width) + 4].max() > 200  # its left side
        assert pixels[height // 2, : width // 2].max() < 60

    def test_masks_are_tinted_and_counted(self, world, root):
        for split in ("train", "val"):
            picture(root / f"images/{split}/1.png", 40, 20)
            values = np.zeros((20, 40))
            values[5:15, 20:] = 1
            mask(root / f"masks/{split}/1.png", values)
        text(root / "classes.txt", "background\nroad\nnever\n")
        found = look(world)
        assert [row["bars"][0]["count"] for row in found.context["report"]["balance"]] == [1, 1, 0]
        plain = Image.open(root / "images/train/1.png").convert("RGB")
        drawn = np.asarray(opened(pictures(world, found)[0]).resize((40, 20), Image.Resampling.BOX)).astype(int)
        changed = np.abs(drawn - np.asarray(plain)).sum(2)
        assert changed[8:14, 22:].mean() > 3 * changed[:, :12].mean()

    def test_polygons_are_filled(self, world, root):
        for split, colour in (("train", "black"), ("val", "grey")):
            Image.new("RGB", (100, 100), colour).save(picture(root / f"images/{split}/1.png"))
            text(root / f"labels/{split}/1.txt", "0 0.5 0.1 0.9 0.1 0.9 0.9 0.5 0.9\n")
        text(root / "data.yaml", "names: [part]\n")
        found = look(world)
        pixels = np.asarray(opened(pictures(world, found)[0])).astype(int).sum(2)
        assert pixels[200, 250] > 60 > pixels[200, 80]

    def test_texts_are_rows(self, world, root):
        for split in ("train", "val"):
            rows = [{"text": f"<b>{split} {label} {n}</b>", "label": label} for label in "ab" for n in range(3)]
            text(root / f"{split}.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        found = look(world, "?split=val&class=1")
        assert {item["labels"] for item in found.context["gallery"]["items"]} == {"b"}
        assert "&lt;b&gt;val b 0" in found.content.decode()

    def test_series_are_lines(self, world, root):
        values = np.random.default_rng(0).normal(size=(6, 30, 2)).astype(np.float32)
        for number, split in enumerate(("train", "val")):
            np.savez(root / f"{split}.npz", x=values + number, y=np.array(["up", "down"] * 3))
        found = look(world)
        assert found.content.decode().count("<polyline") == 12
        assert found.context["report"]["task"] != ""

    def test_a_folder_of_nothing_known_says_what_is_missing(self, world, root):
        (root / "notes.doc").write_text("?")
        found = look(world)
        assert "train/" in found.context["report"]["problem"]
        assert "gallery" not in found.context

    def test_pages_split_and_class_are_chosen_by_the_address(self, world, root):
        folders(root, 40)
        found = look(world, "?split=train&class=1&page=2").context["gallery"]
        assert (found["page"], found["pages"], found["total"], len(found["items"])) == (2, 2, "40", 16)
        assert {item["labels"] for item in found["items"]} == {"b"}
        mixed = look(world).context["gallery"]["items"]
        assert {item["labels"] for item in mixed[:12]} == {"a", "b"}

    @pytest.mark.parametrize("query", ["?page=0", "?page=-1", "?page=x", "?page=999999", "?page=%00", "?split=evil",
                                       "?class=99",
                                       "?class=-1", "?class=²", "?split=train&class=1&page=99999999999"])  # fmt: skip
    def test_questions_that_make_no_sense_are_no_error(self, world, root, query):
        folders(root)
        assert look(world, query).status_code == 200


class TestHostilePictures:
    @pytest.fixture
    def found(self, world, root) -> dict[str, Any]:
        folders(root)
        folder = root / "train" / "a"
        pixels = np.random.default_rng(7).integers(0, 255, (30, 60, 3), dtype=np.uint8)
        Image.fromarray(pixels[..., 0].astype(np.uint16) * 257).save(folder / "deep.png")
        Image.fromarray(pixels).convert("CMYK").save(folder / "cmyk.jpg")
        exif = Image.Exif()
        exif[ORIENTATION] = 6
        Image.fromarray(pixels).save(folder / "turned.jpg", exif=exif)
        Image.fromarray(pixels).convert("P").save(
            folder / "animated.gif", save_all=True, append_images=[Image.new("P", (60, 30))]
        )
        (folder / "cut.jpg").write_bytes((folder / "turned.jpg").read_bytes()[:300])
        (folder / "noise.png").write_bytes(os.urandom(500))
        Image.new("1", (9000, 7000)).save(folder / "gigantic.png")
        Image.new("1", (12000, 9000)).save(folder / "beyond.tif", compression="group4")
        items = look(world, "?split=train&class=0").context["gallery"]["items"]
        return {item["name"].rpartition("/")[2]: world.client("olga").get(item["url"]) for item in items}

    def test_none_is_an_error_and_each_is_shown_or_named(self, found):
        assert {response.status_code for response in found.values()} == {200}
        kinds = {name: response.headers["Content-Type"] for name, response in found.items()}
        shown = {name for name, kind in kinds.items() if kind == "image/jpeg"}
        assert shown == {"0.png", "1.png", "2.png", "deep.png", "cmyk.jpg", "turned.jpg", "animated.gif"}
        for name in ("cut.jpg", "noise.png", "gigantic.png", "beyond.tif"):
            assert name in found[name].content.decode()
            assert "no-store" in found[name].headers["Cache-Control"]

    def test_a_turned_picture_stands_upright(self, found):
        assert opened(found["turned.jpg"]).height > opened(found["turned.jpg"]).width

    def test_the_report_names_those_that_cannot_be_read(self, world, found):
        words = " ".join(one["words"] for one in look(world).context["report"]["findings"])
        assert "cut.jpg" in words
        assert "noise.png" in words

    def test_a_picture_that_vanished_or_became_a_link_is_named(self, world, root, found):
        items = look(world, "?split=train&class=1").context["gallery"]["items"]
        (root / items[0]["name"]).unlink()
        (root / items[1]["name"]).unlink()
        (root / items[1]["name"]).symlink_to("/etc/passwd")
        for item in items[:2]:
            answer = world.client("olga").get(item["url"])
            assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/svg+xml")
            assert "root:" not in answer.content.decode()


class TestCaching:
    def test_a_browser_asks_again_and_is_told_that_nothing_changed(self, world, root):
        folders(root)
        url = look(world).context["gallery"]["items"][0]["url"]
        first = world.client("olga").get(url)
        again = world.client("olga").get(url, headers={"if-none-match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert "private" in again.headers["Cache-Control"]

    def test_a_survey_is_kept_until_files_come_or_go(self, world, root, monkeypatch):
        monkeypatch.setattr(surveys, "YOUNG_SECONDS", 0.0)
        folders(root)
        first = look(world).context["survey"].report
        assert look(world).context["survey"].report == first
        (root / "train" / "a" / "new.png").write_bytes(png(999))
        time.sleep(5 * first["seconds"])
        second = look(world).context["survey"].report
        assert second["splits"][0]["samples"] == first["splits"][0]["samples"] + 1
        assert second["digest"] != first["digest"]

    def test_it_is_read_again_when_asked(self, world, root):
        folders(root)
        first = look(world).context["survey"].report["at"]
        world.client("olga").post(f"{page(world)}again/")
        assert look(world).context["survey"].report["at"] > first

    @pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 1}', '{"version": 0}'])
    def test_a_damaged_report_is_made_anew(self, world, root, content):
        folders(root)
        out = survey_dir("registered")
        out.mkdir(parents=True)
        (out / reports.FILE).write_text(content)
        assert look(world).context["report"]["digest"]

    def test_a_damaged_index_is_no_error(self, world, root):
        folders(root)
        look(world)
        (survey_dir("registered") / "index.sqlite3").write_bytes(b"nonsense" * 100)
        assert look(world).context["gallery"]["items"] == []
        assert world.client("olga").get(address("picture", "set", world.dataset.pk, "train", 0)).status_code == 404


class TestCost:
    def test_the_page_asks_the_database_as_often_for_many_as_for_few(self, world, root, django_assert_max_num_queries):
        folders(root)
        look(world)
        for number in (10, 1000):
            TaskFactory.create_batch(number, dataset_id="registered", create_by="olga")
            with django_assert_max_num_queries(12):
                assert world.client("olga").get(page(world)).context["more_tasks"] is (number > 10)

    def test_the_page_for_a_new_one_too(self, world, home, django_assert_max_num_queries):
        for number in range(200):
            (home / "datasets" / f"free{number}").mkdir()
        Dataset.objects.bulk_create(Dataset(dataset_id=f"d{n}", create_by="olga") for n in range(1000))
        olga = world.client("olga")  # logged in before the counting
        with django_assert_max_num_queries(12):
            found = olga.get(address("new"))
        assert (len(found.context["free"]), found.context["more_free"]) == (100, 101)

    def test_a_large_data_set_is_looked_through_aside_and_kept_in_part(self, world, root, monkeypatch):
        text(root / "train.csv", "text,label\n" + "".join(f"word {n},{n % 3}\n" for n in range(30_000)))
        began = time.monotonic()
        first = world.client("olga").get(page(world))
        assert time.monotonic() - began < 2
        assert not first.context["survey"].over
        found = look(world)
        assert found.context["gallery"]["kept"] == "10,000"
        assert "20" in found.context["report"]["held_out"]
