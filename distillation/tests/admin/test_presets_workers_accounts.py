"""LoRA presets, workers, users and teams in the console."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse
from django.utils import timezone

from distillation.models import LoraPreset, Worker
from distillation.tests.factories import PresetFactory, UserFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/distillation/lorapreset/"


def filled(**values):
    return {"presetName": "我的配置", "loraRank": "8", "loraAlpha": "16", "loraDropout": "0.1",
            "targetModules": "q_proj, v_proj", **values}  # fmt: skip


def page_of(preset):
    return reverse("admin:distillation_lorapreset_change", args=[preset.pk])


def verb_of(preset, verb):
    return reverse("admin:distillation_lorapreset_do", args=[preset.pk, verb])


def test_a_preset_is_created(console):
    console.post(f"{LIST}add/", filled())
    preset = LoraPreset.objects.get(preset_name="我的配置")
    assert (preset.lora_rank, preset.target_modules, preset.create_by) == (8, '["q_proj", "v_proj"]', "alice")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"presetName": ""}, "presetName"),
        ({"presetName": "a/b"}, "presetName"),
        ({"presetName": " 已有 "}, "presetName"),
        ({"loraRank": "0"}, "loraRank"),
        ({"loraAlpha": "x"}, "loraAlpha"),
        ({"loraDropout": "1"}, "loraDropout"),
        ({"targetModules": "q_proj,,"}, "targetModules"),
    ],
)
def test_what_the_service_refuses_is_refused_at_its_field(console, change, field):
    PresetFactory(preset_name="已有")
    number = LoraPreset.objects.count()
    response = console.post(f"{LIST}add/", filled(**change))
    assert list(response.context["form"].errors) == [field]
    assert LoraPreset.objects.count() == number


def test_a_preset_is_changed(console):
    preset = PresetFactory(target_modules='["q_proj", "k_proj"]')
    assert "q_proj, k_proj" in console.get(page_of(preset)).content.decode()
    console.post(page_of(preset), filled(presetName=preset.preset_name, targetModules="o_proj"))
    preset.refresh_from_db()
    assert (preset.lora_rank, preset.target_modules) == (8, '["o_proj"]')


def test_a_preset_is_hidden_and_brought_back(console):
    preset = PresetFactory()
    console.post(verb_of(preset, "delete"), follow=True)
    preset.refresh_from_db()
    assert preset.del_flag == 1
    assert preset.preset_name not in console.get(LIST).content.decode()
    assert preset.preset_name in console.get(f"{LIST}?deleted=yes").content.decode()
    console.post(verb_of(preset, "restore"))
    preset.refresh_from_db()
    assert preset.del_flag == 0


def test_presets_are_hidden_and_brought_back_in_bulk(console):
    presets = PresetFactory.create_batch(2)
    ticked = [preset.pk for preset in presets]
    console.post(LIST, {"action": "delete_presets", "_selected_action": ticked})
    assert LoraPreset.objects.filter(pk__in=ticked, del_flag=1).count() == 2
    console.post(f"{LIST}?deleted=yes", {"action": "restore_presets", "_selected_action": ticked})
    assert LoraPreset.objects.filter(pk__in=ticked, del_flag=0).count() == 2


def test_a_deleted_preset_is_not_edited(console):
    preset = PresetFactory(del_flag=1)
    assert console.post(page_of(preset), filled()).status_code == 403


def test_no_preset_is_deleted_physically_and_no_get_changes_one(console):
    preset = PresetFactory()
    assert (
        console.post(reverse("admin:distillation_lorapreset_delete", args=[preset.pk]), {"post": "yes"}).status_code
        == 403
    )
    assert console.get(verb_of(preset, "delete")).status_code == 405
    assert console.post(verb_of(preset, "explode")).status_code == 404
    preset.refresh_from_db()
    assert preset.del_flag == 0


def test_one_who_may_only_look_changes_no_preset(staff):
    preset, viewer = PresetFactory(), staff("R_VIEWER")
    assert viewer.get(page_of(preset)).status_code == 200
    assert viewer.post(page_of(preset), filled()).status_code == 403
    assert viewer.post(verb_of(preset, "delete")).status_code == 403
    assert viewer.post(verb_of(preset, "restore")).status_code == 403
    assert viewer.get(f"{LIST}add/").status_code == 403
    assert staff().get(page_of(preset)).status_code == 403


@pytest.mark.parametrize("modules", ["", None, "q_proj,v_proj", "{", '{"a": 1}', "7", "<script>alert(1)</script>"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_legacy_modules_of_any_shape_are_shown(console, modules, language):
    preset = PresetFactory(target_modules=modules)
    for url in (LIST, page_of(preset)):
        response = console.get(url, HTTP_ACCEPT_LANGUAGE=language)
        assert response.status_code == 200
        assert "<script>alert(1)" not in response.content.decode()


@pytest.mark.parametrize("devices", ['["cpu"]', '[{"name": "A100"}]', "{", '"cpu"', "[]"])
def test_workers_are_shown_and_cannot_be_written(console, devices):
    now = timezone.now()
    worker = Worker.objects.create(
        name="w:1", host="host-a", pid=1, slots=2, devices=devices, started_at=now, seen_at=now
    )
    page = reverse("admin:distillation_worker_change", args=[worker.pk])
    assert "host-a" in console.get("/admin/distillation/worker/").content.decode()
    assert console.get(page).status_code == 200
    assert console.post(page, {"name": "x"}).status_code == 403
    assert console.get("/admin/distillation/worker/add/").status_code == 403


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_users_and_teams_are_managed_in_the_same_look(console, language):
    user = UserFactory()
    group = Group.objects.create(name="team")
    for url in (
        "/admin/auth/user/", "/admin/auth/user/add/", f"/admin/auth/user/{user.pk}/change/",
        f"/admin/auth/user/{user.pk}/password/", "/admin/distillation/team/",
        f"/admin/distillation/team/{group.pk}/change/",
    ):  # fmt: skip
        assert console.get(url, HTTP_ACCEPT_LANGUAGE=language).status_code == 200


def test_a_user_name_is_given_once(console):
    data = {"username": "carol", "password1": "long-enough-9", "password2": "long-enough-9", "usable_password": "true"}
    console.post("/admin/auth/user/add/", data)
    carol = User.objects.get(username="carol")
    console.post(f"/admin/auth/user/{carol.pk}/change/", {"username": "dave", "is_active": "on"})
    carol.refresh_from_db()
    assert carol.username == "carol"


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("worker", "No worker has been seen yet"),
        ("team", "There is no team yet"),
        ("teacheralias", "There is no alias yet"),
        ("inferencejob", "Nothing has been labelled yet"),
        ("lorapreset", "There is no LoRA preset yet"),
        ("scripttoken", "There is no script token yet"),
    ],
)
def test_an_empty_list_says_what_would_be_in_it_and_a_search_that_finds_nothing_does_not(console, model, words):
    LoraPreset.objects.all().delete()
    url = f"/admin/distillation/{model}/"
    assert words in console.get(url, HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert words not in console.get(f"{url}?q=nothing", HTTP_ACCEPT_LANGUAGE="en").content.decode()
