"""Who may do what with uploads, folders and data sets: owner, colleague, stranger, annotator, viewer, nobody."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from distillation.models import Dataset
from distillation.services import background
from distillation.tests.admin.people import EVERYBODY, World, letter, make_world, row
from distillation.tests.console.datasets.archives import address, archive, begin, png, send, surveyed, upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(home: Path) -> World:
    return make_world(home)


def letters(world: World, method: str, url: str, data: object = None) -> dict[str, str]:
    return {who: letter(getattr(world.client(who), method)(url, data)) for who in EVERYBODY}


#                                     root adam · olga carl sten · anna vera · none anonymous
def test_a_draft_is_its_owner_s_alone(world):
    olga = world.client("olga")
    page = upload(olga, archive())
    surveyed(olga, page)
    key = page.rstrip("/").rpartition("/")[2]
    for url in (page, f"{page}live/", f"{page}picture/train/0/", address("piece", key)):
        assert letters(world, "get", url) == row("-- o-- -- LL"), url
    others = [who for who in EVERYBODY if who != "olga"]
    for url in (page, f"{page}again/", f"{page}drop/", f"{page}back/", address("piece", key)):
        answers = {who: letter(world.client(who).post(url, {"datasetId": "stolen"})) for who in others}
        assert set(answers.values()) == {"-", "L"}, url
    assert not Dataset.objects.filter(dataset_id="stolen").exists()
    assert "cats.zip" not in world.client("adam").get(address("new")).content.decode()


def test_who_is_no_engineer_any_more_finds_a_draft_but_cannot_keep_it(world):
    page = upload(world.client("olga"), archive())
    surveyed(world.client("olga"), page)
    world.people["olga"].groups.remove(*world.people["olga"].groups.filter(name="R_ENGINEER"))
    world.people["olga"].groups.add(*world.people["vera"].groups.filter(name="R_VIEWER"))
    assert letter(world.client("olga").get(page)) == "o"
    for url in (page, f"{page}drop/"):
        assert letter(world.client("olga").post(url, {"datasetId": "x"})) == "x"
    assert letter(world.client("olga").get(address("piece", page.rstrip("/").rpartition("/")[2]))) == "x"


def test_engineers_upload_and_others_are_refused(world):
    answers = {who: letter(begin(world.client(who), b"12")) for who in EVERYBODY}
    assert answers == row("oo ooo xx LL")


def test_engineers_have_samples_made(world, monkeypatch):
    monkeypatch.setattr(background, "start", lambda command, folder: True)
    assert letters(world, "post", address("sample", "digits")) == row("oo ooo xx LL")
    assert letters(world, "post", address("sample", "italy-power")) == row("-- --- xx LL")


def test_everybody_with_a_role_looks_into_a_free_folder_and_engineers_register_it(world):
    url = address("page", "folder", "free")
    assert letters(world, "get", url) == row("oo ooo oo LL")
    assert world.client("vera").get(url).context["form"] is None
    assert letter(world.client("vera").post(url, {"datasetName": "n"})) == "x"
    surveyed(world.client("carl"), url)
    assert letter(world.client("carl").post(url, {"datasetName": "n", "visibility": "private"})) == "r"
    assert Dataset.objects.get(dataset_id="free").create_by == "carl"
    assert letters(world, "get", url) == row("rr -r- -- LL")  # now only those who see the data set find it
    assert letters(world, "post", f"{url}again/") == row("-- --- -- LL")


def test_a_data_set_is_looked_at_by_those_who_see_it_and_changed_elsewhere(world):
    url = address("page", "set", world.dataset.pk)
    assert letters(world, "get", url) == row("oo oo- oo LL")
    assert letters(world, "post", f"{url}again/") == row("rr rr- rr LL")
    assert letters(world, "post", url) == row("xx xx- xx LL")
    for verb in ("drop", "back"):
        assert letters(world, "post", f"{url}{verb}/") == row("-- -x- xx LL")
    edit = address_of_form(world)
    shown = {who: edit in world.client(who).get(url).content.decode() for who in EVERYBODY[:7] if who != "sten"}
    assert [who for who, has in shown.items() if has] == ["root", "adam", "olga"]


def test_those_who_create_tasks_are_led_to_one_on_this_data_unless_none_can_train_on_it(world, home):
    wanted = f"{reverse('admin:distillation_trainingtask_add')}?datasetId=registered#step-models"
    page, root = address("page", "set", world.dataset.pk), home / "datasets" / "registered"
    for label in "ab":
        (root / "train" / label).mkdir(parents=True, exist_ok=True)
        (root / "train" / label / "1.png").write_bytes(png(ord(label)))
    for who in ("adam", "olga", "carl", "vera"):
        shown = surveyed(world.client(who), page).content.decode()
        assert (wanted in shown) == (who != "vera"), who
    for picture in root.rglob("*.png"):
        picture.unlink()
    world.client("olga").post(address("again", "set", world.dataset.pk))
    assert "?datasetId=registered" not in surveyed(world.client("olga"), page).content.decode()


def test_pictures_are_as_hidden_as_their_data_set(world, home):
    for number, split in enumerate(("train", "val")):
        for label in "ab":
            folder = home / "datasets" / "registered" / split / label
            folder.mkdir(parents=True)
            (folder / "1.png").write_bytes(png(number * 2 + (label == "a")))
    surveyed(world.client("olga"), address("page", "set", world.dataset.pk))
    url = address("picture", "set", world.dataset.pk, "train", 0)
    assert letters(world, "get", url) == row("oo oo- oo LL")
    Dataset.objects.update(visibility="private")
    assert letters(world, "get", url) == row("oo o-- -- LL")


def test_only_tasks_that_the_reader_sees_are_named(world):
    type(world.task).objects.filter(pk=world.task.pk).update(dataset_id="registered", visibility="private")
    url = address("page", "set", world.dataset.pk)
    assert [task["id"] for task in world.client("olga").get(url).context["tasks"]] == ["TASK_DONE0001"]
    assert world.client("carl").get(url).context["tasks"] == []


@pytest.mark.parametrize(
    "url",
    ["draft/x/", "draft/" + "0" * 32 + "/", "draft/..%2F..%2Fetc/", "folder/..%2Fruns/", "folder/nowhere/",
     "folder/.hidden/",
     "folder/a%00b/", "folder/" + "x" * 300 + "/", "set/0/", "set/-1/", "set/9999999999999999999999/", "set/²/",
     "elsewhere/1/",
     "set/1/picture/elsewhere/0/", "set/1/picture/train/99999999999999999999999999/"],
)  # fmt: skip
def test_addresses_that_lead_nowhere_are_not_found(world, url):
    assert letter(world.client("root").get(f"/admin/data/{url}")) == "-"


def test_a_piece_without_the_page_s_token_is_refused(world):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(world.people["olga"])
    assert begin(strict, b"12").status_code == 403
    url = begin(world.client("olga"), b"12").json()["url"]
    assert send(strict, url, 0, b"12").status_code == 403


def address_of_form(world: World) -> str:
    return reverse("admin:distillation_dataset_change", args=(world.dataset.pk,))
