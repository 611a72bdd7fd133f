"""The audit log: what it shows and finds, and at which price when it is long."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from distillation.admin import audit_words
from distillation.models import AuditEntry
from distillation.tests.admin.people import World, address, make_world
from distillation.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/distillation/auditentry/"
EVIL = '<script>alert(1)</script>"'


@pytest.fixture
def world(home: Path) -> World:
    world = make_world(home)
    world.entry.delete()
    return world


@pytest.fixture
def adam(world: World) -> Client:
    return world.client("adam")


def entry(**values: object) -> AuditEntry:
    given = {"actor": "olga", "via": "rest", "address": "10.0.0.7", "verb": "edit", "kind": "lorapreset",
             "object_id": "1", "object_name": "mine",
             "before": {"lora_rank": 8}, "after": {"lora_rank": 16}}  # fmt: skip
    return AuditEntry.objects.create(**{**given, **values})


def found(adam: Client, **query: str) -> set[str]:
    return {row.object_id for row in adam.get(LIST, query).context["cl"].result_list}


def test_it_shows_who_did_what_to_what_from_where(adam):
    entry(via="console", object_name="预设一")
    page = adam.get(LIST, HTTP_ACCEPT_LANGUAGE="en").content.decode()
    for text in ("olga", "Changed", "LoRA preset", "预设一", "LoRA rank", "Console", "10.0.0.7"):
        assert text in page


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"kind": "dataset"}, {"b"}),
        ({"verb": "delete"}, {"b"}),
        ({"actor": "carl"}, {"b"}),
        ({"object_id": "a"}, {"a"}),
        ({"kind": "dataset", "verb": "edit"}, set()),
        ({"q": "olga"}, {"a"}),
        ({"q": "传送带"}, {"b"}),
        ({"kind": EVIL}, set()),
        ({"from": "2026-01-01"}, {"a", "b"}),
        ({"from": "", "to": "", "kind": "", "verb": "", "actor": "", "object_id": ""}, {"a", "b"}),
        ({"to": "2020-01-01"}, set()),
        ({"from": EVIL, "to": "rubbish"}, {"a", "b"}),
        ({"from": "0001-01-01", "to": "9999-12-31"}, {"a", "b"}),
    ],
)
def test_it_is_narrowed(adam, query, ids):
    entry(object_id="a")
    entry(object_id="b", kind="dataset", verb="delete", actor="carl", object_name="传送带")
    assert found(adam, **query) == ids


def test_a_period_narrows_to_what_happened_in_it(adam):
    old, new = entry(object_id="old"), entry(object_id="new")
    AuditEntry.objects.filter(pk=old.pk).update(at=datetime(2026, 3, 5, 23, 59, tzinfo=timezone.get_default_timezone()))
    assert found(adam, **{"from": "2026-03-06"}) == {new.object_id}
    for day in ("2026-03-05", "2026-03-31"):
        assert found(adam, to=day) == {old.object_id}
    assert found(adam, **{"from": "2026-03-05", "to": "2026-03-05"}) == {old.object_id}
    assert found(adam, to="2026-03-04") == set()


def test_an_entry_shows_the_values_before_and_after_in_people_s_words(adam):
    row = entry(kind="user", object_id="1", before={"roles": ["R_VIEWER"], "is_active": True, "email": ""},
                after={"roles": ["R_ADMIN"], "is_active": False, "email": "a@b.c"})  # fmt: skip
    page = adam.get(address("distillation_auditentry_change", row.pk), HTTP_ACCEPT_LANGUAGE="en")
    assert page.context["rows"] == [
        ("Roles", "Viewer", "Administrator"),
        ("Active", "Yes", "No"),
        ("Email address", "–", "a@b.c"),
    ]


@pytest.mark.parametrize("before", [None, {}, {"x": 1}, [1], "text", 7, {"deep": {"er": [None]}}])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_facts_of_any_shape_do_no_harm(adam, before, language):
    row = entry(before=before, after={EVIL: EVIL}, actor=EVIL, object_name=EVIL, object_id=EVIL, via=EVIL[:64],
                verb="unknown", kind="unknown")  # fmt: skip
    for url in (LIST, address("distillation_auditentry_change", row.pk), f"{LIST}?actor={EVIL}"):
        page = adam.get(url, HTTP_ACCEPT_LANGUAGE=language)
        assert page.status_code == 200
        assert "<script>alert(1)" not in page.content.decode()


def test_rows_lead_to_what_was_written_while_it_is_there(world, adam):
    vera = User.objects.get(username="vera")
    for kind, key, url in (
        ("trainingtask", world.task.task_id, address("distillation_trainingtask_change", world.task.pk)),
        ("modelevaluation", world.task.task_id, address("distillation_trainingtask_change", world.task.pk)),
        ("lorapreset", str(world.preset.pk), address("distillation_lorapreset_change", world.preset.pk)),
        ("scripttoken", world.token.prefix, address("distillation_scripttoken_change", world.token.prefix)),
        ("user", str(vera.pk), address("auth_user_change", vera.pk)),
    ):
        row = entry(kind=kind, object_id=key)
        assert f'href="{url}"' in adam.get(LIST).content.decode()
        assert adam.get(address("distillation_auditentry_change", row.pk)).context["page"] == url
        assert adam.get(url).status_code == 200
    for gone in (
        entry(kind="dataset", verb="delete", object_id="9"),
        entry(kind="trainingtask", object_id="TASK_GONE"),
    ):
        assert adam.get(address("distillation_auditentry_change", gone.pk)).context["page"] == ""


def test_a_long_log_is_never_counted_and_asked_as_often_as_a_short_one(adam):
    def queries(url: str) -> list[str]:
        adam.get(url)
        with CaptureQueriesContext(connection) as captured:
            assert adam.get(url).status_code == 200
        return [query["sql"] for query in captured]

    entry()
    few = len(queries(LIST))
    tasks = TaskFactory.create_batch(40)
    for task in tasks:
        entry(kind="trainingtask", object_id=task.task_id)
    for url in (LIST, f"{LIST}?kind=trainingtask&verb=edit&q=o", f"{LIST}?p=1"):
        asked = queries(url)
        assert len(asked) == few
        assert not [sql for sql in asked if "COUNT(" in sql and "md_audit_entry" in sql]


def test_pages_go_on_to_the_end_and_beyond_it_there_is_nothing(adam):
    for number in range(120):
        entry(object_id=str(number))
    assert len(found(adam, p="3")) == 20
    assert found(adam, p="4") == set()
    assert adam.get(LIST, {"p": "99999999999999"}).status_code in (200, 302)


def test_every_verb_and_kind_that_is_noted_has_its_words():
    source = "".join(path.read_text() for path in Path("distillation").rglob("*.py") if "tests" not in path.parts)
    for verb in audit_words.VERBS:
        assert f'"{verb}"' in source
