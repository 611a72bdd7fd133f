"""The tables of compared tasks: what is best and in which direction, why there is a dash, what differs, the CSV."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.utils import translation

from distillation.console.compare import csv_file, figures_table, settings_table
from distillation.console.compare.chosen import One
from distillation.console.compare.measured import Measured, measured
from distillation.models import TrainingTask
from distillation.selectors.comparison import newest_evaluations
from distillation.services import effective
from distillation.tests.console.compared import PAGE, browser, evaluated, together
from distillation.tests.factories import EvaluationFactory, TaskFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def rows(*tasks: TrainingTask) -> list[Measured]:
    evaluations = newest_evaluations(tasks)
    ones = [One(task, letter, 0, "solid", "") for task, letter in zip(tasks, "ABCDEFGH", strict=False)]
    return [measured(one, evaluations.get(one.task.task_id)) for one in ones]


def best(table: figures_table.Table) -> dict[str, str]:
    """Letters of the best by column."""
    return {
        column.key: "".join(line.one.letter for line in table.lines if line.cells[index].best)
        for index, column in enumerate(table.columns)
    }


def cell(table: figures_table.Table, key: str, letter: str) -> figures_table.Cell:
    index = next(index for index, column in enumerate(table.columns) if column.key == key)
    return next(line.cells[index] for line in table.lines if line.one.letter == letter)


def test_more_accuracy_and_gain_but_less_size_and_latency_are_best():
    table = figures_table.table(
        rows(
            evaluated(91.0, control=90.5, size=5000, latency=1.0),
            evaluated(95.0, control=94.9, size=9000, latency=4.0),
            evaluated(90.0, control=85.0, size=1000, latency=2.0),
        )
    )
    found = best(table)
    assert (found["accuracy"], found["gain"], found["size"], found["latency"]) == ("B", "C", "C", "A")
    assert (found["teacher"], found["control"], found["duration"]) == ("", "", "")
    assert cell(table, "gain", "A").text == "+0.50"


def test_ties_share_the_mark_and_equal_figures_have_none():
    table = figures_table.table(rows(evaluated(95.0), evaluated(95.0), evaluated(90.0)))
    assert best(table)["accuracy"] == "AB"
    assert best(table)["size"] == ""


@pytest.mark.parametrize(
    "other", [{"data": "photos"}, {"samples": 100}, {"config": {"taskType": "detection"}}], ids=str
)
def test_what_was_measured_on_something_else_does_not_compete_and_this_is_said(other):
    tasks = [evaluated(91.0), evaluated(90.0), evaluated(99.0, **other)]
    table = figures_table.table(rows(*tasks))
    assert best(table)["accuracy"] == "A"
    assert figures_table.verdict(table, rows(*tasks)) == []
    page = browser().get(together(*tasks)).content.decode()
    assert "Not all of these figures can be compared" in page


def test_times_of_another_machine_do_not_compete():
    fast = {"device": "cuda:0", "device_name": "H100"}
    table = figures_table.table(rows(evaluated(latency=3), evaluated(latency=2), evaluated(latency=0.1, machine=fast)))
    assert best(table)["latency"] == "B"
    assert table.machines == [("cpu · one processor", "A, B"), ("cuda:0 · H100", "C")]


def test_each_dash_has_its_reason():
    table = figures_table.table(
        rows(
            evaluated(training_mode="direct", teacher_model=""),
            evaluated(size=None),
            TaskFactory(executor="sample", status="COMPLETED", accuracy="92.5"),
            TaskFactory(status="RUNNING", accuracy="81.2"),
            TaskFactory(executor="external", status="COMPLETED"),
        )
    )
    assert cell(table, "control", "A").reason == "trained without a teacher"
    assert cell(table, "gain", "B").reason == "no control arm was asked for"
    assert cell(table, "size", "B").reason == "the evaluation does not tell it"
    assert cell(table, "size", "C").reason == "a sample: nothing was trained"
    assert cell(table, "size", "D").reason == "not evaluated: Running"
    assert cell(table, "size", "E").reason == "its script has reported no evaluation"
    shown = [one for line in table.lines for one in line.cells if one.text == "–"]
    assert all(one.reason and one.mark for one in shown)
    assert dict(table.reasons)[cell(table, "size", "C").mark] == "a sample: nothing was trained"


def test_what_a_running_task_has_reached_is_shown_and_does_not_compete():
    table = figures_table.table(rows(evaluated(80.0), evaluated(70.0), TaskFactory(status="RUNNING", accuracy="99.9")))
    assert cell(table, "accuracy", "C").text == "99.90 %"
    assert best(table)["accuracy"] == "A"


def test_only_the_newest_evaluation_counts():
    task = evaluated(50.0)
    EvaluationFactory(task=task, eval_dataset_id="digits", detailed_results='{"accuracy": 88.25}')
    assert cell(figures_table.table(rows(task, evaluated())), "accuracy", "A").value == 88.25


def test_settings_that_differ_are_those_whose_effective_value_differs():
    plain = TaskFactory(temperature="3")
    told = TaskFactory(temperature="4", training_config=json.dumps({"optimizer": "adamw", "seed": 0}))
    direct = TaskFactory(training_mode="direct", teacher_model="", training_config='{"optimizer": "sgd"}')
    values = settings_table.settings([plain, told, direct])
    found = {setting.name: setting for setting in settings_table.rows(values)}
    assert found["temperature"].cells == ["3", "4", "–"]
    assert found["optimizer"].cells == ["AdamW", "AdamW", "SGD"]
    assert not found["seed"].differs
    assert found["loraTarget"].cells == ["None", "None", "None"]
    assert "loraRank" not in found
    assert "taskName" not in found


def test_effective_settings_are_those_of_the_task_page(digits):
    task = TaskFactory(training_config=json.dumps({"augmentation": "standard", "distillationType": "feature"}))
    whole = effective.of_task(task).values
    ours = settings_table.settings([task])[0]
    differ = {name for name in ours if ours[name] is not None and ours[name] != whole[name]}
    assert differ == set()


def test_the_csv_holds_every_figure_to_its_last_digit_and_opens_in_excel():
    task = evaluated(91.123456, control=89.5, size=123456, task_name="数字，识别", create_by="alice")
    other = evaluated(90.0, task_name='=HYPERLINK("http://x")', create_by="@eve")
    response = browser().get(together(task, other, page=f"{PAGE}export/"))
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in response.headers["Content-Disposition"]
    assert response.content.startswith(b"\xef\xbb\xbf")
    table = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert [row["Task id"] for row in table] == [task.task_id, other.task_id]
    assert table[0]["Task name"] == "数字，识别"
    assert table[0]["Accuracy (%)"] == "91.123456"
    assert table[0]["Gain over control (points)"] == "1.623456"
    assert table[0]["Size on disk (bytes)"] == "123456"
    assert table[1]["Gain over control (points)"] == ""
    assert table[1]["Task name"] == '\'=HYPERLINK("http://x")'
    assert table[1]["Owner"] == "'@eve"
    assert table[0]["Temperature"] == "3"


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", "\r=1", " =1", "＝1", "＋1", "－1", "＠a", "\n@"])
def test_texts_that_a_spreadsheet_would_compute_are_neutralised(text):
    assert csv_file.safe(text) == f"'{text}"


@pytest.mark.parametrize("cell", [-1.25, 0, "1-2", "a=b", "", "数"])
def test_numbers_and_harmless_texts_stay(cell):
    assert csv_file.safe(cell) == cell
