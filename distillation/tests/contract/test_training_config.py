"""``trainingConfig`` of a request: the stored shape, read like the flat options."""

from __future__ import annotations

import json
from typing import Any

import pytest

from distillation.contract.options import BY_NAME, OPTIONS
from distillation.contract.request import InvalidRequest, parse, read

GOOD = {"taskName": "数字", "studentModel": "cnn-tiny", "datasetId": "digits", "teacherModel": "TASK_1"}
CONFIG = {"optimizer": "sgd", "imageSize": 16, "distillationAdvancedConfig": {"hardLabelWeight": 0.5}}


def nested(name: str, value: Any) -> dict[str, Any]:
    for key in reversed(BY_NAME[name].config_path):
        value = {key: value}
    return value


@pytest.mark.parametrize("config", [CONFIG, json.dumps(CONFIG)])
def test_an_object_or_a_text_sets_the_options_inside(config):
    request = parse({**GOOD, "trainingConfig": config})
    assert (request.values["optimizer"], request.values["imageSize"], request.hard_weight()) == ("sgd", 16, 0.5)
    assert {"optimizer", "imageSize", "hardLabelWeight"} <= request.given
    assert request.unknown == []


@pytest.mark.parametrize(("flat", "found"), [("adam", "adam"), (None, "sgd"), ("", "sgd")])
def test_what_stands_beside_it_wins(flat, found):
    assert parse({**GOOD, "optimizer": flat, "trainingConfig": CONFIG}).values["optimizer"] == found


@pytest.mark.parametrize("config", [None, "", {}, "{}", {"distillationAdvancedConfig": None, "optimizer": None}])
def test_nothing_inside_changes_nothing(config):
    assert parse({**GOOD, "trainingConfig": config}).values == parse(GOOD).values


@pytest.mark.parametrize(
    "config",
    [7, True, [], [1], "{", "x", "[]", "null", "3", '{"seed": NaN}', '{"a": "\\ud800"}', "[" * 5000, '{"a":' * 900,
     '{"a": ' + "[" * 60 + "]" * 60 + "}", '{"seed": ' + "9" * 5000 + "}", {"distillationAdvancedConfig": 7},
     '{"distillationAdvancedConfig": [1]}'],
    ids=lambda config: str(config)[:20],
)  # fmt: skip
def test_what_is_no_object_is_refused_by_its_name(config):
    with pytest.raises(InvalidRequest) as refused:
        parse({**GOOD, "trainingConfig": config})
    assert [problem.field for problem in refused.value.problems] == ["trainingConfig"]
    assert "must be a JSON object" in refused.value.problems[0].sentence.english()


def test_unknown_keys_are_ignored_and_listed_with_their_place():
    config = {"colour": "red", "distillationAdvancedConfig": {"depth": 3}, "taskName": "x"}
    request = parse({**GOOD, "shape": 1, "trainingConfig": config})
    assert sorted(request.unknown) == [
        "shape", "trainingConfig.colour", "trainingConfig.distillationAdvancedConfig.depth", "trainingConfig.taskName",
    ]  # fmt: skip


@pytest.mark.parametrize("option", [one for one in OPTIONS if one.config_path], ids=lambda o: o.name)
@pytest.mark.parametrize("value", ["odd", -1, True, [], None, 0.5])
def test_every_option_is_accepted_or_refused_as_if_it_were_flat(option, value):
    flat, flat_problems = read({**GOOD, option.name: value})
    inside, problems = read({**GOOD, "trainingConfig": nested(option.name, value)})
    assert (inside.values, inside.given, inside.not_applied) == (flat.values, flat.given, flat.not_applied)
    assert problems == flat_problems


def test_no_two_options_stand_at_one_place():
    places = [option.config_path for option in BY_NAME.values() if option.config_path]
    assert len(places) == len(set(places))
