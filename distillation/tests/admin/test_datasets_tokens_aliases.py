"""Data sets, script tokens and teacher aliases in the console."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from distillation.models import AuditEntry, Dataset, ScriptToken, TeacherAlias, Visibility
from distillation.selectors import datasets
from distillation.services import tokens
from distillation.tests.admin.people import World, address, make_world
from distillation.tests.factories import TaskFactory, UserFactory

pytestmark = pytest.mark.django_db
DATASETS = "/admin/distillation/dataset/"
TOKENS = "/admin/distillation/scripttoken/"
ALIASES = "/admin/distillation/teacheralias/"
EVIL = '<script>alert(1)</script>"'


@pytest.fixture
def world(home: Path) -> World:
    return make_world(home)


def cost(client: Client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


class TestDataSets:
    def test_a_folder_gets_an_owner_a_name_and_a_visibility(self, world):
        data = {"datasetId": "free", "datasetName": "Belt", "description": "parts", "visibility": "private"}
        world.client("sten").post(f"{DATASETS}add/", {**data, "owner": "olga"})
        made = Dataset.objects.get(dataset_id="free")
        assert (made.dataset_name, made.description, made.visibility) == ("Belt", "parts", "private")
        assert made.create_by == "sten"  # only administrators say whose it is
        assert "free" not in [found["value"] for found in datasets(world.people["olga"])]

    def test_an_administrator_says_whose_it_is(self, world):
        world.client("adam").post(f"{DATASETS}add/", {"datasetId": "free", "owner": "carl"})
        assert Dataset.objects.get(dataset_id="free").create_by == "carl"
        url = address("distillation_dataset_change", world.dataset.pk)
        world.client("adam").post(url, {"datasetName": "n", "owner": "carl"})
        assert AuditEntry.objects.get(verb="edit", kind="dataset").after["create_by"] == "carl"
        refused = world.client("adam").post(url, {"owner": "nobody at all"})
        assert list(refused.context["form"].errors) == ["owner"]

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"datasetId": ""}, "datasetId"),
            ({"datasetId": "nowhere"}, "datasetId"),
            ({"datasetId": "registered"}, "datasetId"),
            ({"datasetId": ".."}, "datasetId"),
            ({"datasetId": "/etc"}, "datasetId"),
            ({"datasetId": "a\x00b"}, "datasetId"),
            ({"datasetName": "x" * 256}, "datasetName"),
            ({"datasetName": "a\x00b"}, "datasetName"),
            ({"description": "x" * 501}, "description"),
            ({"visibility": "friends"}, "visibility"),
        ],
    )
    def test_what_cannot_be_is_refused_at_its_field(self, world, change, field):
        response = world.client("olga").post(f"{DATASETS}add/", {"datasetId": "free", **change})
        assert list(response.context["form"].errors) == [field]
        assert Dataset.objects.count() == 1

    def test_a_folder_in_other_people_s_use_is_registered_by_administrators_only(self, world):
        TaskFactory(dataset_id="free", create_by="olga")
        response = world.client("sten").post(f"{DATASETS}add/", {"datasetId": "free", "visibility": "private"})
        assert list(response.context["form"].errors) == ["datasetId"]
        world.client("olga").post(f"{DATASETS}add/", {"datasetId": "free"})
        assert Dataset.objects.filter(dataset_id="free", create_by="olga").exists()

    def test_forgetting_keeps_the_files_and_frees_the_folder(self, world, home):
        world.client("olga").post(address("distillation_dataset_forget", world.dataset.pk))
        assert (home / "datasets" / "registered").is_dir()
        assert "registered" in world.client("sten").get(DATASETS).context["free"]

    def test_the_list_offers_what_is_free_and_the_form_takes_it_from_the_address(self, world):
        page = world.client("olga").get(DATASETS).content.decode()
        assert f'href="{address("data_page", "folder", "free")}"' in page
        form = world.client("olga").get(f"{DATASETS}add/?folder=free").content.decode()
        assert '<option value="free" selected>' in form
        assert address("data_new") not in world.client("vera").get(DATASETS).content.decode()

    def test_a_missing_folder_is_told_on_the_page(self, world, home):
        (home / "datasets" / "registered").rmdir()
        page = world.client("vera").get(address("distillation_dataset_change", world.dataset.pk))
        assert page.context["problems"]

    def test_hostile_names_do_no_harm(self, world, home):
        (home / "datasets" / "<b>evil&").mkdir()
        Dataset.objects.filter(pk=world.dataset.pk).update(dataset_name=EVIL, description=EVIL, create_by=EVIL[:64])
        for url in (
            DATASETS,
            f"{DATASETS}add/?folder={EVIL}",
            address("distillation_dataset_change", world.dataset.pk),
        ):
            page = world.client("adam").get(url)
            assert page.status_code == 200
            assert "<script>alert(1)" not in page.content.decode()
            assert "<b>evil" not in page.content.decode()

    def test_the_list_asks_the_database_as_often_for_many_as_for_few(self, world):
        few = cost(world.client("olga"), DATASETS)
        Dataset.objects.bulk_create(Dataset(dataset_id=f"d{n}", create_by="olga") for n in range(30))
        assert cost(world.client("olga"), DATASETS) == few


class TestTokens:
    def test_the_secret_is_shown_once_and_works(self, world):
        response = world.client("olga").post(f"{TOKENS}add/", {"name": "cron", "scope": "write", "expiresInDays": "7"})
        secret = response.context["secret"]
        assert secret in response.content.decode()
        assert "no-store" in response.headers["Cache-Control"]
        token = tokens.find_token(secret)
        assert token is not None
        assert (token.user, token.scope, token.name) == (world.people["olga"], "write", "cron")
        assert token.expiry_date - timezone.now() < timedelta(days=7, seconds=1)
        later = world.client("olga").get(address("distillation_scripttoken_change", token.prefix))
        assert secret not in later.content.decode()

    def test_a_revoked_token_opens_nothing(self, world):
        world.client("adam").post(address("distillation_scripttoken_revoke", world.token.prefix))
        assert tokens.find_token(world.secret) is None
        noted = AuditEntry.objects.get(verb="revoke")
        assert (noted.actor, noted.object_id, noted.before) == ("adam", world.token.prefix, {"revoked": False})

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"name": ""}, "name"),
            ({"name": "x" * 51}, "name"),
            ({"name": "a\x00b"}, "name"),
            ({"scope": "report"}, "scope"),
            ({"scope": "everything"}, "scope"),
            ({"expiresInDays": "0"}, "expiresInDays"),
            ({"expiresInDays": "3651"}, "expiresInDays"),
            ({"expiresInDays": "soon"}, "expiresInDays"),
        ],
    )
    def test_what_cannot_be_is_refused_at_its_field(self, world, change, field):
        response = world.client("olga").post(f"{TOKENS}add/", {"name": "cron", **change})
        assert list(response.context["form"].errors) == [field]
        assert ScriptToken.objects.count() == 1

    def test_too_many_are_refused_in_words(self, world, monkeypatch):
        monkeypatch.setattr(tokens, "MAX_TOKENS", 1)
        response = world.client("olga").post(f"{TOKENS}add/", {"name": "cron"})
        assert response.context["form"].non_field_errors()

    def test_the_list_says_what_still_opens_something(self, world):
        ScriptToken.objects.create_key(name="gone", user=world.people["olga"], revoked=True)
        ScriptToken.objects.create_key(
            name="over", user=world.people["olga"], expiry_date=timezone.now() - timedelta(days=1)
        )
        for value, expected in (("yes", {"night run"}), ("no", {"gone", "over"})):
            found = world.client("olga").get(TOKENS, {"usable": value}).context["cl"].result_list
            assert {token.name for token in found} == expected

    def test_hostile_names_do_no_harm_and_queries_stay_constant(self, world):
        few = cost(world.client("adam"), TOKENS)
        for number in range(20):
            token, _secret = ScriptToken.objects.create_key(
                name=EVIL, user=UserFactory(username=f"{EVIL}{number}"), task=TaskFactory(task_id=f"{EVIL}{number}")
            )
        assert cost(world.client("adam"), TOKENS) == few
        for url in (TOKENS, address("distillation_scripttoken_change", token.prefix)):
            assert "<script>alert(1)" not in world.client("adam").get(url).content.decode()

    @pytest.mark.parametrize("prefix", ["nothing1", "a" * 500, "%00", "..", "é"])
    def test_a_token_that_is_not_there_is_not_found(self, world, prefix):
        assert world.client("root").get(f"{TOKENS}{prefix}/change/").status_code == 404


class TestAliases:
    def test_an_alias_stands_for_a_teacher_that_exists(self, world):
        adam = world.client("adam")
        refused = adam.post(f"{ALIASES}add/", {"alias": "gpt", "teacher": "nowhere"})
        assert refused.context["adminform"].form.errors.keys() == {"teacher"}
        adam.post(f"{ALIASES}add/", {"alias": "gpt", "teacher": "TASK_DONE0001"})
        assert TeacherAlias.objects.get(alias="gpt").teacher == "TASK_DONE0001"

    def test_a_teacher_that_is_gone_may_stay_until_another_is_chosen(self, world):
        url = address("distillation_teacheralias_change", world.alias.pk)
        world.client("adam").post(url, {"alias": "renamed", "teacher": "big-teacher"})
        noted = AuditEntry.objects.get(kind="teacheralias")
        assert (noted.before, noted.after) == ({"alias": "qwen-7b"}, {"alias": "renamed"})

    def test_an_alias_is_given_once_and_hostile_ones_do_no_harm(self, world):
        refused = world.client("adam").post(f"{ALIASES}add/", {"alias": "qwen-7b", "teacher": "TASK_DONE0001"})
        assert refused.context["adminform"].form.errors.keys() == {"alias"}
        TeacherAlias.objects.create(alias=EVIL, teacher=EVIL)
        assert "<script>alert(1)" not in world.client("adam").get(ALIASES).content.decode()


@pytest.mark.parametrize("value", Visibility.values)
def test_a_preset_says_who_sees_it(world, value):
    url = address("distillation_lorapreset_change", world.preset.pk)
    data = {"presetName": "olgas", "loraRank": "8", "loraAlpha": "16", "loraDropout": "0.1", "visibility": value}
    world.client("olga").post(url, data)
    world.preset.refresh_from_db()
    assert world.preset.visibility == value
    assert f'<option value="{value}" selected>' in world.client("olga").get(url).content.decode()
