"""Every write of the console, tried by everybody: who may is in the audit log, who may not changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.db import transaction

from distillation.models import AuditEntry, Dataset, LoraPreset, TrainingTask
from distillation.tests.admin.people import EVERYBODY, World, address, letter, make_world, row
from distillation.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db

PASSWORDS = {"password1": "long-enough-9", "password2": "long-enough-9", "usable_password": "true"}
PRESET = {"presetName": "我的配置", "loraRank": "8", "loraAlpha": "16", "loraDropout": "0.1", "visibility": "team"}
TASK = {"taskName": "x", "trainingMode": "direct", "studentModel": "cnn-tiny", "executor": "external"}


@dataclass(frozen=True)
class Write:
    """One form or button."""

    url: Callable[[World], str]
    expected: str
    noted: tuple[str, str]
    """Verb and kind in the audit log."""
    data: dict = field(default_factory=dict)


def on(name: str, model: str, *more: str) -> Callable[[World], str]:
    """The address of a row of the world."""

    def url(world: World) -> str:
        found = {"team": world.team, "user": world.people["vera"]}.get(model) or getattr(world, model)
        return address(name, found.prefix if model == "token" else found.pk, *more)

    return url


def empty(name: str) -> Callable[[World], str]:
    return lambda _world: address(name)


TASK_DO, PRESET_DO = "distillation_trainingtask_do", "distillation_lorapreset_do"

#   root adam · olga carl sten · anna vera · none anonymous
WRITES = {
    "stop a task": Write(on(TASK_DO, "queued", "stop"), "rr rx- xx LL", ("stop", "trainingtask")),
    "pause a task": Write(on(TASK_DO, "queued", "pause"), "rr rx- xx LL", ("pause", "trainingtask")),
    "start a task": Write(on(TASK_DO, "pending", "start"), "rr rx- xx LL", ("start", "trainingtask")),
    "delete a task": Write(on(TASK_DO, "task", "delete"), "rr rx- xx LL", ("delete", "trainingtask")),
    "clone a task": Write(
        on("distillation_trainingtask_clone", "pending"), "rr rr- xx LL", ("create", "trainingtask"), TASK
    ),
    "edit a task": Write(
        on("distillation_trainingtask_edit", "pending"), "rr rx- xx LL", ("edit", "trainingtask"), TASK
    ),
    "save a preset from a task's form": Write(
        empty("distillation_trainingtask_add"), "oo ooo xx LL", ("create", "lorapreset"), PRESET | {"_preset": "1"}
    ),
    "create a task": Write(empty("distillation_trainingtask_add"), "rr rrr xx LL", ("create", "trainingtask"), TASK),
    "delete a preset": Write(on(PRESET_DO, "preset", "delete"), "rr rx- xx LL", ("delete", "lorapreset")),
    "change a preset": Write(
        on("distillation_lorapreset_change", "preset"), "rr rx- xx LL", ("edit", "lorapreset"), PRESET
    ),
    "create a preset": Write(empty("distillation_lorapreset_add"), "rr rrr xx LL", ("create", "lorapreset"), PRESET),
    "register a data set": Write(
        empty("distillation_dataset_add"), "rr rrr xx LL", ("create", "dataset"), {"datasetId": "free"}
    ),
    "change a data set": Write(
        on("distillation_dataset_change", "dataset"), "rr rx- xx LL", ("edit", "dataset"), {"datasetName": "new"}
    ),
    "forget a data set": Write(on("distillation_dataset_forget", "dataset"), "rr rx- xx LL", ("delete", "dataset")),
    "make a token": Write(
        empty("distillation_scripttoken_add"), "oo ooo oo LL", ("create", "scripttoken"), {"name": "mine"}
    ),
    "revoke a token": Write(on("distillation_scripttoken_revoke", "token"), "rr r-- -- LL", ("revoke", "scripttoken")),
    "make an alias": Write(
        empty("distillation_teacheralias_add"),
        "rr xxx xx LL",
        ("create", "teacheralias"),
        {"alias": "gpt", "teacher": "TASK_DONE0001"},
    ),
    "change an alias": Write(
        on("distillation_teacheralias_change", "alias"),
        "rr xxx xx LL",
        ("edit", "teacheralias"),
        {"alias": "gpt", "teacher": "TASK_DONE0001"},
    ),
    "delete an alias": Write(
        on("distillation_teacheralias_delete", "alias"), "rr xxx xx LL", ("delete", "teacheralias"), {"post": "yes"}
    ),
    "make an account": Write(
        empty("auth_user_add"), "rr xxx xx LL", ("create", "user"), {"username": "dora", **PASSWORDS}
    ),
    "change an account": Write(
        on("auth_user_change", "user"), "rr xxx xx LL", ("edit", "user"), {"is_active": "on", "roles": ["R_ENGINEER"]}
    ),
    "set a password": Write(
        on("auth_user_password_change", "user"),
        "rr xxx xx LL",
        ("password", "user"),
        {**PASSWORDS, "set-password": "1"},
    ),
    "change the own password": Write(
        empty("password_change"),
        "rr rrr rr LL",
        ("password", "user"),
        {"old_password": "old-password-9", "new_password1": "long-enough-9", "new_password2": "long-enough-9"},
    ),
    "make a team": Write(empty("distillation_team_add"), "rr xxx xx LL", ("create", "team"), {"name": "green"}),
    "change a team": Write(on("distillation_team_change", "team"), "rr xxx xx LL", ("edit", "team"), {"name": "green"}),
    "delete a team": Write(on("distillation_team_delete", "team"), "rr xxx xx LL", ("delete", "team"), {"post": "yes"}),
}


@pytest.fixture
def world(home: Path) -> World:
    return make_world(home)


@pytest.mark.parametrize("what", WRITES)
def test_who_may_writes_and_is_noted_who_may_not_leaves_no_trace(world, what):
    write = WRITES[what]
    happened = {}
    for who in EVERYBODY:
        client, before = world.client(who), AuditEntry.objects.count()
        point = transaction.savepoint()
        happened[who] = letter(client.post(write.url(world), write.data))
        new = list(AuditEntry.objects.order_by("id")[before:])
        if row(write.expected)[who] in ("o", "r"):
            assert [(entry.verb, entry.kind, entry.actor, entry.via) for entry in new] == [
                (*write.noted, who, "console")
            ]
            assert (new[0].address, bool(new[0].request_id)) == ("127.0.0.1", True)
            assert new[0].before is not None or new[0].after is not None
            assert not {"password", "hashed_key"} & {*(new[0].before or {}), *(new[0].after or {})}
        else:
            assert new == []
        transaction.savepoint_rollback(point)
    assert happened == row(write.expected)


@pytest.mark.parametrize(
    ("who", "moved"),
    [("root", True), ("adam", True), ("olga", True), ("carl", False), ("sten", False), ("anna", False)],
)
def test_a_bulk_action_touches_only_what_one_may_change(world, who, moved):
    data = {"action": "stop_tasks", "_selected_action": [world.queued.pk], "confirmed": "1"}
    world.client(who).post(address("distillation_trainingtask_changelist"), data)
    world.queued.refresh_from_db()
    assert (world.queued.status == "STOPPED") == moved
    assert AuditEntry.objects.filter(verb="stop", actor=who).exists() == moved


def test_a_colleague_is_told_whose_the_ticked_task_is(world):
    mine = TaskFactory(create_by="carl", status="QUEUED")
    data = {"action": "stop_tasks", "_selected_action": [world.queued.pk, mine.pk]}
    url = address("distillation_trainingtask_changelist")
    asked = world.client("carl").post(url, data).context
    assert asked["tasks"] == [mine]  # what is not carl's is not asked about
    page = world.client("carl").post(url, {**data, "confirmed": "1"}, follow=True, HTTP_ACCEPT_LANGUAGE="en")
    results = {row["id"]: row for row in page.context["rows"]}
    assert f"{world.queued.task_id} belongs to olga" in results[world.queued.task_id]["text"]
    assert results[mine.task_id]["done"]
    mine.refresh_from_db()
    assert mine.status == "STOPPED"


def test_a_bulk_action_on_presets_touches_only_what_one_may_change(world):
    data = {"action": "delete_presets", "_selected_action": [world.preset.pk]}
    for who, deleted in (("carl", 0), ("sten", 0), ("vera", 0), ("olga", 1)):
        world.client(who).post(address("distillation_lorapreset_changelist"), data)
        assert LoraPreset.objects.get(pk=world.preset.pk).del_flag == deleted


@pytest.mark.parametrize(("who", "gone"), [("root", True), ("adam", True), ("olga", False), ("vera", False)])
def test_only_administrators_remove_the_samples(world, who, gone):
    sample = TaskFactory(executor="sample", create_by="olga")
    data = {"action": "take_samples_away", "_selected_action": [world.task.pk], "confirmed": "1"}
    world.client(who).post(address("distillation_trainingtask_changelist"), data)
    assert TrainingTask.objects.filter(pk=sample.pk).exists() != gone
    noted = AuditEntry.objects.filter(verb="remove", object_id=sample.task_id, actor=who)
    assert noted.exists() == gone


def test_an_administrator_takes_over_what_has_no_owner_and_nothing_else(world):
    legacy = TaskFactory(create_by=None)
    for who, expected in (("olga", "x"), ("vera", "x"), ("adam", "r")):
        assert letter(world.client(who).post(address(TASK_DO, legacy.pk, "take_over"))) == expected
    legacy.refresh_from_db()
    assert legacy.create_by == "adam"
    noted = AuditEntry.objects.get(verb="take_over")
    assert (noted.before["create_by"], noted.after["create_by"]) == (None, "adam")
    world.client("root").post(address(TASK_DO, world.task.pk, "take_over"))
    world.task.refresh_from_db()
    assert world.task.create_by == "olga"


def test_a_write_that_cannot_be_noted_does_not_happen(world, monkeypatch):
    def broken(*_values, **_names):
        raise RuntimeError

    monkeypatch.setattr(AuditEntry.objects, "create", broken)
    adam = world.client("adam")
    for what in ("revoke a token", "forget a data set", "delete a team", "set a password", "make an account",
                 "change an account", "make an alias", "delete an alias"):  # fmt: skip
        assert adam.post(WRITES[what].url(world), WRITES[what].data).status_code == 500
    world.token.refresh_from_db()
    assert not world.token.revoked
    assert Dataset.objects.filter(pk=world.dataset.pk).exists()
    assert Group.objects.filter(name="blue").exists()
    assert world.people["vera"].check_password("old-password-9")
    assert not type(world.people["vera"]).objects.filter(username="dora").exists()
    assert not world.people["vera"].groups.filter(name="R_ENGINEER").exists()
