"""The names of augmentations and what they promise."""

from __future__ import annotations

import pytest

from distillation.contract.sentence import Refused
from distillation.engine.augmentation.strength import CLEAN, NAMES, strength

TYPES = ["classification", "detection", "segmentation"]


@pytest.mark.parametrize("task_type", [*TYPES, "sequence", "text"])
def test_none_changes_nothing_in_any_task(task_type: str):
    assert strength("none", task_type) is CLEAN


@pytest.mark.parametrize("task_type", TYPES)
def test_each_name_goes_further_than_the_one_before(task_type: str):
    order = [strength(name, task_type) for name in NAMES]
    assert len(set(order)) == 4
    for name in ("brightness", "contrast", "saturation", "flip", "mosaic", "mixup"):
        values = [getattr(each, name) for each in order]
        assert values == sorted(values)


@pytest.mark.parametrize("task_type", TYPES)
def test_light_does_not_mirror_digits(task_type: str):
    light = strength("light", task_type)
    assert light.flip == light.hue == light.mosaic == light.mixup == 0


def test_class_maps_are_never_mixed():
    assert all(strength(name, "segmentation").mixup == 0 for name in NAMES)


@pytest.mark.parametrize("name", ["", "Light", "extreme", "{name}"])
def test_an_unknown_name_is_refused_with_the_known_ones(name: str):
    with pytest.raises(Refused, match="none, light, standard, strong"):
        strength(name, "detection")


@pytest.mark.parametrize("task_type", ["sequence", "text"])
def test_tasks_without_pictures_refuse_it(task_type: str):
    with pytest.raises(Refused, match=f"{task_type} has none. Choose none"):
        strength("light", task_type)
