"""The list of tasks: what it shows, hides, counts and finds, and at which price."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from distillation.models import TaskStatus, TrainingTask
from distillation.selectors.task_table import ORDERS
from distillation.tests.admin.conftest import LIST
from distillation.tests.factories import TaskFactory


def queries(console, url: str) -> int:
    console.get(url)
    with CaptureQueriesContext(connection) as captured:
        assert console.get(url).status_code == 200
    return len(captured)


def test_the_list_asks_the_database_as_often_for_thirty_tasks_as_for_three(console):
    TaskFactory.create_batch(3)
    few = queries(console, LIST)
    TaskFactory.create_batch(27)
    assert queries(console, LIST) == few


@pytest.mark.parametrize("status", TaskStatus.values)
def test_each_status_stands_as_a_word_with_a_shape(console, status):
    TaskFactory(status=status)
    page = console.get(f"{LIST}?status={status}").content.decode()
    assert f'data-status="{status}"><svg' in page
    assert str(TaskStatus(status).label) in page


def test_an_intent_replaces_the_word_running(console):
    TaskFactory(task_name="stops", status="RUNNING", intent="stop")
    page = console.get(LIST, HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert "Stopping" in page


def test_a_running_task_says_how_long_and_a_sample_never_runs(console):
    begun = timezone.now() - timedelta(hours=2)
    TaskFactory(status="RUNNING", start_time=begun)
    assert "so far" in console.get(LIST, HTTP_ACCEPT_LANGUAGE="en").content.decode()
    TrainingTask.objects.update(executor="sample")
    assert "so far" not in console.get(LIST, HTTP_ACCEPT_LANGUAGE="en").content.decode()


def test_samples_and_lost_contact_are_told(console):
    TaskFactory(executor="sample")
    TaskFactory(executor="external", status="RUNNING", lost_contact_at="2026-01-01T00:00:00Z")
    page = console.get(LIST, HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert "dd-chip-sample" in page
    assert "Lost contact" in page


def test_figures_have_their_units(console):
    TaskFactory(accuracy="91.3", best_accuracy="92", duration=192, progress=62)
    page = console.get(LIST, HTTP_ACCEPT_LANGUAGE="en").content.decode()
    for text in ("last 91.30 %", "92.00 %", "3 min 12 s", "62&nbsp;%"):
        assert text in page


def test_a_deleted_task_is_hidden_until_the_filter_asks_for_it(console):
    gone = TaskFactory(del_flag=1)
    assert gone.task_id not in console.get(LIST).content.decode()
    assert gone.task_id in console.get(f"{LIST}?deleted=yes").content.decode()
    assert gone.task_id in console.get(f"{LIST}?deleted=all").content.decode()


@pytest.mark.parametrize("word", ["猫", "TASK_CAFE", "llama", "cnn-tiny", "传送带"])
def test_search_finds_name_id_models_and_description(console, word):
    wanted = TaskFactory(
        task_name="认出猫", task_id="TASK_CAFE0001", teacher_model="llama-9b", description="传送带上的"
    )
    TaskFactory(task_name="other", student_model="resnet18", task_id="TASK_0")
    page = console.get(LIST, {"q": word}).content.decode()
    assert wanted.task_id in page
    assert "TASK_0<" not in page


@pytest.mark.parametrize(
    "query",
    ["runs=real", "runs=platform", "mode=distillation", "student=cnn-tiny", "status=PENDING"],
)
def test_each_filter_narrows(console, query):
    kept = TaskFactory()
    other = TaskFactory(executor="sample", training_mode="direct", student_model="resnet18", status="FAILED")
    page = console.get(f"{LIST}?{query}").content.decode()
    assert kept.task_id in page
    assert other.task_id not in page


@pytest.mark.parametrize("column", ORDERS)
def test_each_column_sorts_both_ways(console, column):
    TaskFactory.create_batch(2)
    for order in (column, f"-{column}"):
        assert console.get(f"{LIST}?o={order}").status_code == 200


def test_an_empty_list_leads_to_the_first_task(console):
    page = console.get(LIST, HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert "Create the first task" in page
    assert "make demo" in page


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_long_names_do_no_harm(console, language):
    TaskFactory(task_name="长" * 255, teacher_model="t" * 100, student_model="s" * 100, dataset_name="d" * 255)
    assert console.get(LIST, HTTP_ACCEPT_LANGUAGE=language).status_code == 200
