"""The tab of settings: what differs from the defaults, or from the task that was cloned."""

from __future__ import annotations

import pytest

from distillation.models import TrainingTask
from distillation.services.cloning import clone_task
from distillation.tests.admin.conftest import page_of
from distillation.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db


def settings_of(console, task: TrainingTask):
    return console.get(page_of(task), HTTP_ACCEPT_LANGUAGE="en").context["settings"]


def differing(found) -> list[tuple[str, str, str]]:
    return [(row.label, row.value, row.other) for row in found.differing]


def test_without_a_source_they_are_compared_with_the_defaults(console):
    task = TaskFactory(
        status="COMPLETED",
        total_epochs=50,
        temperature="4.0",
        training_config='{"optimizer": "sgd", "scheduler": "cosine"}',
    )
    assert differing(settings_of(console, task)) == [("Temperature", "4", "3"), ("Optimizer", "SGD", "AdamW")]


def test_a_clone_is_compared_with_its_source(console, digits, teacher):
    source = TaskFactory(status="COMPLETED", temperature="4.0", training_config='{"momentum": 0.8, "optimizer": "sgd"}')
    clone = clone_task(source, {"temperature": 6.0}, "alice")
    TrainingTask.objects.filter(pk=clone.pk).update(status="COMPLETED")
    found = settings_of(console, clone)
    assert found.source == source
    assert ("Temperature", "6", "4") in differing(found)
    assert all(label not in ("Task name", "Optimizer") for label, _value, _other in differing(found))
    page = console.get(page_of(clone), HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert page_of(source) in page


def test_what_only_the_source_had_is_a_difference_too(console):
    source = TaskFactory(status="COMPLETED", training_config='{"augmentation": "strong"}')
    clone = TaskFactory(status="COMPLETED", cloned_from=source.task_id)
    assert [(value, other) for _label, value, other in differing(settings_of(console, clone))] == [("–", "Strong")]


def test_a_source_that_the_reader_may_not_see_stays_hidden(staff):
    source = TaskFactory(
        status="COMPLETED", create_by="olga", visibility="private", task_name="a secret", temperature="9"
    )
    clone = TaskFactory(status="COMPLETED", create_by="olga", visibility="everyone", cloned_from=source.task_id)
    console = staff("R_ENGINEER")
    found = settings_of(console, clone)
    assert found.source is None
    assert found.hidden_source
    page = console.get(page_of(clone), HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert "a secret" not in page
    assert source.task_id not in page


def test_a_source_that_is_gone_is_no_error(console):
    task = TaskFactory(status="COMPLETED", cloned_from="TASK_GONE")
    assert settings_of(console, task).hidden_source
