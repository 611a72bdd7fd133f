"""What a preset matched, as runs reported it: from evaluations, from the log, and where nothing was reported."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from distillation.admin.preset_use import patterns
from distillation.contract.lora import LoraSpec
from distillation.contract.sentence import Sentence
from distillation.engine.lora.adapter import Inserted
from distillation.models import LogLine, LoraPreset
from distillation.selectors.preset_use import ADAPTS
from distillation.tests.console.compared import browser, evaluated
from distillation.tests.factories import PresetFactory, TaskFactory

pytestmark = pytest.mark.django_db
LORA = {
    "target": "teacher",
    "rank": 8,
    "name": "big-vit",
    "modules": [f"encoder.layers.{layer}.{name}" for layer in range(12) for name in ("q_proj", "v_proj")],
    "absent_modules": ["k"],
    "target_modules": ["q_proj", "v_proj", "k"],
    "trainable_parameters": 147_456,
    "parameters": 5_760_000,
}


def names(preset: str, target: str = "teacher") -> dict[str, str]:
    return {"loraPreset": preset, "loraTarget": target}


def use(preset, client=None):
    response = (client or browser()).get(f"/admin/distillation/lorapreset/{preset.pk}/change/")
    assert response.status_code == 200
    return response.context["use"], response.content.decode()


def test_an_evaluation_tells_modules_parameters_and_share():
    preset = PresetFactory(preset_name="视觉", lora_rank=16, target_modules='["q_proj", "v_proj"]')
    task = evaluated(config=names("视觉"), lora=LORA)
    (row,), page = use(preset)
    assert (row.task, row.model, row.count, row.trainable, row.share) == (task, "big-vit", "24", "147,456", "2.56 %")
    assert row.modules == "encoder.layers.*.q_proj × 12, encoder.layers.*.v_proj × 12"
    assert "No module of it is called k." in page
    assert "rank 8, modules q_proj, v_proj, k" in page


def test_the_log_tells_it_before_there_is_an_evaluation():
    preset = PresetFactory(preset_name="p")
    task = TaskFactory(status="RUNNING", training_config=json.dumps(names("P ", "student")))
    params = {"count": 4, "owner": "cnn", "modules": "a, b", "trainable": 5120, "share": 4.88, "parameters": 104_900}
    line = {"template": ADAPTS, "params": params}
    LogLine.objects.create(task=task, attempt=1, source="engine", text="…", detail=json.dumps(line))
    (row,), _page = use(preset)
    assert (row.model, row.count, row.modules, row.trainable, row.share) == ("cnn", "4", "a, b", "5,120", "4.88 %")


@pytest.mark.parametrize(
    ("fields", "config", "reason"),
    [
        ({}, names("p", "none"), "nothing is adapted"),
        ({"status": "QUEUED"}, names("p"), "has not run yet"),
        ({"status": "COMPLETED"}, names("p"), "told nothing"),
        ({"status": "FAILED"}, names("p"), "not come to the adapters"),
    ],
)
def test_where_nothing_was_reported_it_says_why(fields, config, reason):
    TaskFactory(training_config=json.dumps(config), **fields)
    (row,), page = use(PresetFactory(preset_name="p"))
    assert reason in row.why_not
    assert "none of their runs has reported yet" in page


def test_a_preset_that_no_task_names_says_so():
    TaskFactory(training_config=json.dumps(names("another")))
    rows, page = use(PresetFactory(preset_name="p"))
    assert rows == []
    assert "No task that you may see names this preset yet." in page


def test_tasks_of_strangers_are_not_shown():
    preset = PresetFactory(preset_name="p", visibility="everyone")
    TaskFactory(create_by="olga", visibility="private", task_name="the secret", training_config=json.dumps(names("p")))
    rows, page = use(preset, browser("R_VIEWER"))
    assert rows == []
    assert "the secret" not in page


@pytest.mark.parametrize("count", [2, 120])
def test_the_page_asks_as_often_for_many_tasks(django_assert_max_num_queries, count):
    preset = PresetFactory(preset_name="p")
    for _ in range(count):
        evaluated(config=names("p"), lora=LORA)
    client = browser()
    with django_assert_max_num_queries(9):
        rows, page = use(preset, client)
    assert len(rows) == min(count, 50)
    assert (f"The newest 50 of {count} tasks." in page) == (count > 50)


def test_modules_of_every_layer_are_one_pattern():
    assert patterns(["0", "fc", "a.1.b", "a.2.b"]) == "*, fc, a.*.b × 2"


def test_both_are_read_as_the_engine_writes_them():
    inserted = Inserted(LoraSpec("student", 8, 16, 0.05), "vit", ("layers.0.q", "layers.1.q"), ("k",), 64, 1000)
    said: list[Sentence] = []
    events: Any = SimpleNamespace(log=lambda level, sentence: said.append(sentence))
    inserted.report(events)
    PresetFactory(preset_name="p")
    evaluated(config=names("p", "student"), lora=inserted.facts() | {"applied": False}, create_time="2026-01-02T00:00Z")
    logged = TaskFactory(training_config=json.dumps(names("p", "student")), create_time="2026-01-01T00:00Z")
    detail = json.dumps(said[0].as_json())
    LogLine.objects.create(task=logged, attempt=1, source="engine", text=said[0].english(), detail=detail)
    rows, page = use(LoraPreset.objects.get(preset_name="p"))
    assert [(row.model, row.count, row.trainable, row.share) for row in rows] == [("vit", "2", "64", "6.40 %")] * 2
    assert [row.modules for row in rows] == ["layers.*.q × 2", "layers.0.q, layers.1.q"]
    assert "the model teaches without it" in page
