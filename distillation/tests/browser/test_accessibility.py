"""No page keeps people from it who use a keyboard or a screen reader: axe-core finds nothing serious."""

from __future__ import annotations

import pytest

from distillation.tests.browser.axe import serious
from distillation.tests.factories import EvaluationFactory, HistoryFactory, InferenceFactory, PresetFactory, TaskFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LISTS = (
    "", "distillation/trainingtask/", "distillation/dataset/", "distillation/inferencejob/", "distillation/lorapreset/",
    "distillation/worker/", "distillation/scripttoken/", "auth/user/", "distillation/team/",
    "distillation/teacheralias/", "distillation/auditentry/",
)  # fmt: skip
FORMS = ("distillation/trainingtask/", "distillation/dataset/", "distillation/lorapreset/", "distillation/scripttoken/",
         "auth/user/", "distillation/team/", "distillation/teacheralias/")  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lists_and_forms(page, digits, scheme):
    _rows()
    page.emulate_media(color_scheme=scheme)
    found = {}
    for path in [*LISTS, *(f"{form}add/" for form in FORMS)]:
        page.goto(f"/admin/{path}")
        if wrong := serious(page):
            found[path] = wrong
    assert found == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_a_task(page, digits, scheme):
    task = _rows()
    page.emulate_media(color_scheme=scheme)
    page.goto(f"/admin/distillation/trainingtask/{task.pk}/change/")
    assert serious(page) == []


def _rows():
    task = TaskFactory(status="COMPLETED", accuracy="91.5", best_accuracy="92", best_epoch=2, current_epoch=3)
    for epoch in range(3):
        HistoryFactory(task=task, epoch=epoch + 1)
    EvaluationFactory(task=task)
    TaskFactory(status="FAILED", error_message="磁盘已满。")
    TaskFactory(status="RUNNING", progress=40)
    PresetFactory()
    InferenceFactory()
    return task
