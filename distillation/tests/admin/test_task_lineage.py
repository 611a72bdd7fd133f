"""What a task comes from and what came of it, on its page."""

from __future__ import annotations

import pytest
from django.utils.html import escape

from distillation.models import Dataset
from distillation.tests.admin.conftest import page_of
from distillation.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db


def lineage(client, task):
    page = client.get(page_of(task), HTTP_ACCEPT_LANGUAGE="en")
    assert page.status_code == 200
    return {one.word: (one.name, one.url) for one in page.context["lineage"]}


def test_teacher_source_and_students_are_linked(console):
    teacher = TaskFactory(task_name="the <large> one", status="COMPLETED", training_mode="direct", teacher_model="")
    first = TaskFactory(teacher_model=teacher.task_id, dataset_id="digits", dataset_name="Digits")
    copy = TaskFactory(teacher_model=teacher.task_id, cloned_from=first.task_id)
    found = lineage(console, copy)
    assert found["Teacher"] == ("the <large> one", page_of(teacher))
    assert found["Copy of"] == (first.task_name, page_of(first))
    assert found["Task type"] == ("Classification", "")
    assert lineage(console, first)["Data set"] == ("Digits", "/admin/data/folder/digits/")
    assert escape("the <large> one") in console.get(page_of(copy)).content.decode()
    found = lineage(console, teacher)
    assert found["Teacher"] == ("none, direct training", "")
    assert found["Teaches"][0] == "2 tasks"
    assert copy.task_id in console.get(found["Teaches"][1]).content.decode()


def test_what_somebody_hides_is_named_at_most_as_the_task_itself_names_it(staff):
    hidden = TaskFactory(task_name="secret", create_by="bob", visibility="private", status="COMPLETED")
    Dataset.objects.create(dataset_id="secrets", create_by="bob", visibility="private")
    task = TaskFactory(
        create_by="carol", visibility="everyone", teacher_model=hidden.task_id, cloned_from=hidden.task_id,
        dataset_id="secrets",
    )  # fmt: skip
    TaskFactory(create_by="bob", visibility="private", teacher_model=task.task_id)
    found = lineage(staff("R_VIEWER"), task)
    assert found["Teacher"] == (hidden.task_id, "")
    assert found["Data set"] == ("secrets", "")
    assert "Copy of" not in found
    assert "Teaches" not in found


def test_a_registered_data_set_has_its_page_and_that_of_others_none(console):
    row = Dataset.objects.create(dataset_id="digits", create_by="alice")
    assert lineage(console, TaskFactory())["Data set"] == ("digits", f"/admin/data/set/{row.pk}/")
    assert lineage(console, TaskFactory(executor="external"))["Data set"] == ("digits", "")
    assert lineage(console, TaskFactory(dataset_id="old/path"))["Data set"] == ("old/path", "")
