"""Preset names are one when a person reads one."""

from __future__ import annotations

import pytest

from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Refused
from distillation.models import LoraPreset
from distillation.services import presets

pytestmark = pytest.mark.django_db


def test_the_four_default_presets_are_part_of_the_schema():
    assert list(LoraPreset.objects.values_list("preset_name", "lora_rank")) == [
        ("标准配置", 16),
        ("高效配置", 8),
        ("高精度配置", 32),
        ("全参数配置", 16),
    ]


@pytest.mark.parametrize("name", ["MINE", " mine ", "Ｍine".replace("Ｍ", "M")])
def test_a_name_that_reads_the_same_is_taken(name):
    presets.create_preset({"presetName": "Mine"}, "alice")
    with pytest.raises(Refused, match="already exists"):
        presets.create_preset({"presetName": name}, "bob")


def test_the_name_of_a_deleted_preset_revives_its_row():
    first = presets.create_preset({"presetName": "一", "loraRank": 4}, "alice")
    presets.delete_preset(first, "alice")
    with pytest.raises(LoraPreset.DoesNotExist):
        presets.find_preset("一")
    second = presets.create_preset({"presetName": "一"}, "bob")
    assert (second.pk, second.lora_rank, second.del_flag) == (first.pk, 16, 0)


def test_a_partial_update_keeps_what_is_absent():
    preset = presets.create_preset({"presetName": "p", "loraRank": 4, "targetModules": "q_proj, v_proj"}, "alice")
    presets.update_preset(preset, {"loraAlpha": 9}, "alice", partial=True)
    assert (preset.lora_rank, preset.lora_alpha, preset.target_modules) == (4, 9, '["q_proj", "v_proj"]')
    presets.update_preset(preset, {"loraAlpha": 9}, "alice", partial=False)
    assert (preset.lora_rank, preset.target_modules) == (16, None)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"presetName": "a/b"},
        {"presetName": "a\x07b"},
        {"presetName": "x" * 101},
        {"presetName": "p", "loraRank": 0},
        {"presetName": "p", "loraDropout": 1},
        {"presetName": "p", "targetModules": "[1"},
        {"presetName": "p", "targetModules": "{"},
        {"presetName": "p", "targetModules": ' {"q": 1}'},
        {"presetName": "p", "targetModules": '"q_proj'},
        {"presetName": "p", "targetModules": [1]},
        {"presetName": "p", "targetModules": False},
        {"presetName": "p", "targetModules": ["x" * 600]},
    ],
)
def test_a_bad_preset_is_refused(data):
    with pytest.raises(InvalidRequest):
        presets.create_preset(data, "alice")
    assert LoraPreset.objects.count() == 4
