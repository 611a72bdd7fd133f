"""What people choose for themselves: saved views, columns, language and look."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.urls import reverse

from distillation.models import AuditEntry, Preference, SavedView
from distillation.services.saved_views import MOST_VIEWS
from distillation.tests.admin.people import EVERYBODY, make_world
from distillation.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/distillation/trainingtask/"


@pytest.fixture
def world(home):
    return make_world(home)


def save(client, name="mine", query="status=FAILED&o=-best", **more):
    return client.post(reverse("admin:saved_views"), {"name": name, "query": query, **more}, follow=True)


def change(client, view, do, **more):
    return client.post(reverse("admin:saved_view", args=[view.pk]), {"do": do, **more}, follow=True)


@pytest.mark.parametrize("who", EVERYBODY[:7])
def test_everybody_with_a_role_saves_views_that_nobody_else_sees_or_changes(world, who):
    client = world.client(who)
    page = save(client)
    view = SavedView.objects.get()
    assert (view.user.username, view.query) == (who, "status=FAILED&o=-best")
    assert [line["name"] for line in page.context["views"] if line["current"]] == ["mine"]
    other = world.client("adam" if who != "adam" else "root")
    assert other.get(LIST).context["views"] == []
    for do in ("rename", "replace", "default", "delete"):
        assert change(other, view, do, name="theirs", back="q=x").status_code == 404
    view.refresh_from_db()
    assert (view.name, view.query) == ("mine", "status=FAILED&o=-best")
    assert AuditEntry.objects.filter(kind="savedview", verb="create", actor=who).count() == 1


def test_without_a_role_or_a_login_nothing_is_saved(world):
    for who in ("none", "anonymous"):
        save(world.client(who))
    assert not SavedView.objects.exists()


def test_a_view_is_renamed_replaced_and_deleted(world):
    olga = world.client("olga")
    save(olga)
    view = SavedView.objects.get()
    change(olga, view, "rename", name=" failed  ones ")
    change(olga, view, "replace", back="q=x&nonsense=1")
    view.refresh_from_db()
    assert (view.name, view.query) == ("failed ones", "q=x")
    change(olga, view, "delete")
    assert not SavedView.objects.exists()
    assert set(AuditEntry.objects.filter(kind="savedview").values_list("verb", flat=True)) == {
        "create", "edit", "delete"
    }  # fmt: skip


def test_the_first_view_opens_for_a_bare_address_and_can_be_left(world):
    olga = world.client("olga")
    save(olga, default="1")
    assert olga.get(LIST).headers["Location"] == f"{LIST}?status=FAILED&o=-best"
    assert olga.get(f"{LIST}?all").status_code == 200
    save(olga, name="second", query="q=x", default="1")
    assert SavedView.objects.get(is_default=True).name == "second"
    change(olga, SavedView.objects.get(name="second"), "no_default")
    assert olga.get(LIST).status_code == 200


def test_a_name_that_is_there_is_replaced_and_never_stands_twice(world):
    olga = world.client("olga")
    save(olga)
    save(olga, query="q=other")
    assert SavedView.objects.get().query == "q=other"
    save(olga, name="second")
    page = change(olga, SavedView.objects.get(name="second"), "rename", name="mine")
    assert "mine" in " ".join(map(str, page.context["messages"]))
    assert set(SavedView.objects.values_list("name", flat=True)) == {"mine", "second"}


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "\0", "a\u202eb", "\n"])
def test_names_that_cannot_be_shown_are_refused(world, name):
    assert save(world.client("olga"), name=name).status_code == 200
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("query", ["q=" + "x" * 5000, "&" * 9000, "%00%ff", "status=EVIL&o=__class__", "a=b&" * 500])
def test_a_hostile_query_is_kept_as_the_list_understands_it(world, query):
    assert save(world.client("olga"), query=query).status_code == 200
    kept = SavedView.objects.get().query
    assert len(kept) <= 2000
    assert "EVIL" not in kept
    assert "__class__" not in kept


def test_so_many_views_and_no_more(world):
    SavedView.objects.bulk_create(
        SavedView(user=world.people["olga"], name=str(number)) for number in range(MOST_VIEWS)
    )
    page = save(world.client("olga"))
    assert str(MOST_VIEWS) in " ".join(map(str, page.context["messages"]))
    assert SavedView.objects.count() == MOST_VIEWS


def test_chosen_columns_are_remembered_and_the_usual_ones_come_back(world):
    olga, url = world.client("olga"), reverse("admin:task_columns")
    olga.post(url, {"column": ["loss", "best", "nothing", "__init__"]})
    names = [column["name"] for column in olga.get(LIST).context["columns"]]
    assert names == ["task", "best", "loss"]
    assert len(world.client("carl").get(LIST).context["columns"]) == 8
    olga.post(url, {"usual": "1", "column": ["loss"]})
    assert len(olga.get(LIST).context["columns"]) == 8


@pytest.mark.parametrize("column", ["kind", "mode", "ended", "priority", "seen", "last", "loss"])
def test_each_further_column_shows_what_it_names(world, column):
    TaskFactory(create_by="olga", accuracy=91, loss="0.25", priority=7, end_time="2026-01-01T00:00:00Z", group_id="g")
    TaskFactory(create_by="olga", group_id="g")
    olga = world.client("olga")
    olga.post(reverse("admin:task_columns"), {"column": [column]})
    shown = olga.get(f"{LIST}?fold=no", HTTP_ACCEPT_LANGUAGE="en").content.decode()
    told = {"kind": "Classification", "mode": "Knowledge distillation", "ended": "2026-01-01", "priority": ">7<",
            "seen": "dd-chip", "last": "91.00 %", "loss": "0.25"}[column]  # fmt: skip
    assert told in shown
    assert olga.get(LIST).status_code == 200


def test_language_and_look_come_back_at_the_next_login_in_another_browser(world, client):
    olga = world.client("olga")
    olga.post(reverse("set_language"), {"language": "en"})
    olga.post(reverse("set_language"), {"language": "xx"})
    assert olga.post(reverse("admin:theme"), {"theme": "dark"}).status_code == 204
    assert olga.post(reverse("admin:theme"), {"theme": "<b>"}).status_code == 400
    kept = Preference.objects.get(user__username="olga")
    assert (kept.language, kept.theme) == ("en", "dark")
    answer = client.post(reverse("admin:login"), {"username": "olga", "password": "old-password-9"})
    assert answer.cookies["dd-theme"].value == "dark"
    assert answer.cookies[settings.LANGUAGE_COOKIE_NAME].value == "en"
    assert 'lang="en"' in client.get("/admin/", HTTP_ACCEPT_LANGUAGE="zh-hans").content.decode()


def test_a_switch_before_the_login_belongs_to_nobody(world, client):
    client.post(reverse("set_language"), {"language": "en"})
    assert not Preference.objects.exists()


@pytest.mark.parametrize("who", EVERYBODY[:7])
def test_every_link_of_the_sidebar_opens(world, who):
    client = world.client(who)
    groups = client.get("/admin/").context["sidebar_navigation"]
    links = [item["link"] for group in groups for item in group["items"]]
    assert len(links) > 5
    assert {str(link): client.get(link).status_code for link in links} == {str(link): 200 for link in links}
