"""LoRA presets by name, Chinese ones too."""

from __future__ import annotations

import pytest

from distillation.models import LoraPreset
from distillation.tests.api.conftest import ROOT
from distillation.tests.factories import PresetFactory

PATH = f"{ROOT}/lora-presets"


def test_the_four_defaults_are_listed(api):
    names = [preset["presetName"] for preset in api.get(PATH).json()["data"]]
    assert names == ["标准配置", "高效配置", "高精度配置", "全参数配置"]


def test_a_chinese_name_works_in_the_path(api):
    data = api.get(f"{PATH}/标准配置").json()["data"]
    assert (data["loraRank"], data["loraDropout"], data["targetModules"]) == (16, 0.05, '["q_proj", "v_proj"]')
    assert api.get(f"{PATH}/%E6%A0%87%E5%87%86%E9%85%8D%E7%BD%AE").json()["data"] == data


@pytest.mark.parametrize("modules", [["q_proj"], '["q_proj"]', "q_proj"])
def test_a_created_preset_is_the_answer(api, modules):
    data = api.post(PATH, {"presetName": " 我的 预设 ", "loraRank": 4, "targetModules": modules}, format="json").json()
    assert data["code"] == 200
    preset = data["data"]
    assert preset["id"]
    assert (preset["presetName"], preset["loraRank"], preset["loraAlpha"]) == ("我的 预设", 4, 32)
    assert (preset["targetModules"], preset["createBy"]) == ('["q_proj"]', "alice")
    assert api.get(f"{PATH}/我的 预设").json()["data"] == preset


@pytest.mark.parametrize("name", ["标准配置", " 标准配置 "])
def test_a_taken_name_is_409(api, name):
    answer = api.post(PATH, {"presetName": name}, format="json")
    assert answer.status_code == 409
    assert answer.json()["message"]


def test_names_are_compared_without_case(api):
    PresetFactory(preset_name="Fast")
    assert api.get(f"{PATH}/fAST").json()["data"]["presetName"] == "Fast"
    assert api.post(PATH, {"presetName": "FAST"}, format="json").status_code == 409


def test_put_replaces_and_patch_keeps(api):
    PresetFactory(preset_name="甲", lora_rank=4, preset_desc="旧")
    patched = api.patch(f"{PATH}/甲", {"loraAlpha": 8}, format="json").json()["data"]
    assert (patched["loraRank"], patched["loraAlpha"], patched["presetDesc"]) == (4, 8, "旧")
    replaced = api.put(f"{PATH}/甲", {"loraAlpha": 64}, format="json").json()["data"]
    assert (replaced["loraRank"], replaced["loraAlpha"], replaced["presetDesc"]) == (16, 64, None)


def test_renaming_moves_the_address(api):
    PresetFactory(preset_name="甲")
    assert api.patch(f"{PATH}/甲", {"presetName": "乙"}, format="json").json()["data"]["presetName"] == "乙"
    assert api.get(f"{PATH}/甲").status_code == 404
    assert api.patch(f"{PATH}/乙", {"presetName": "标准配置"}, format="json").status_code == 409


def test_a_deleted_preset_is_gone_and_its_name_revives_the_row(api):
    row = PresetFactory(preset_name="甲")
    assert api.delete(f"{PATH}/甲").json() == {"code": 200, "message": "OK", "data": None}
    assert api.get(f"{PATH}/甲").status_code == 404
    assert api.delete(f"{PATH}/甲").status_code == 404
    assert api.post(PATH, {"presetName": "甲"}, format="json").json()["data"]["id"] == row.pk
    assert LoraPreset.objects.get(pk=row.pk).del_flag == 0


@pytest.mark.parametrize("name", ["", None, "a/b", "a\tb", "x" * 101, ["a"], "."])
def test_a_name_that_cannot_be_is_400(api, name):
    answer = api.post(PATH, {"presetName": name}, format="json")
    assert answer.status_code == 400
    assert list(answer.json()["data"]) == ["presetName"]


def test_an_unknown_preset_is_404_and_named(api):
    answer = api.get(f"{PATH}/没有的")
    assert answer.status_code == 404
    assert "没有的" in answer.json()["message"]


def test_who_sees_a_preset_is_in_every_answer(api):
    created = api.post(f"{ROOT}/lora-presets", {"presetName": "v", "visibility": "private"}, format="json")
    assert created.json()["data"]["visibility"] == "private"
    changed = api.patch(f"{ROOT}/lora-presets/v", {"visibility": "everyone"}, format="json")
    assert changed.json()["data"]["visibility"] == "everyone"
    assert api.get(f"{ROOT}/lora-presets").json()["data"][-1]["visibility"] == "everyone"
