"""No page keeps people from it who use a keyboard or a screen reader: axe-core finds nothing serious."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from distillation.console.wizard.steps import STEPS
from distillation.models import Dataset, SavedView, Trial
from distillation.storage.local import trial_dir
from distillation.tests.browser.axe import serious
from distillation.tests.console.compared import curve, evaluated, together
from distillation.tests.console.wizard_pages import ADD, clone_of
from distillation.tests.datasets.annotated import picture
from distillation.tests.factories import EvaluationFactory, HistoryFactory, InferenceFactory, PresetFactory, TaskFactory
from distillation.tests.finished import finished_task

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WAIT = 60_000
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
    curve(task, "loss", [2.0 / (step + 1) for step in range(20)])
    page.emulate_media(color_scheme=scheme)
    page.goto(f"/admin/distillation/trainingtask/{task.pk}/change/")
    expect(page.locator("#curves .js-plotly-plot").first).to_be_visible(timeout=WAIT)
    found = {}
    for tab in ("curves", "log", "evaluation", "files", "configuration", "history"):
        page.click(f"a[href='#{tab}']")
        expect(page.locator(f"#{tab}")).to_be_visible()
        found[tab] = serious(page)
    assert {tab: wrong for tab, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_of_data_sets(page, digits, scheme):
    (digits.parent / "free").mkdir()
    for name in ("猫", "狗"):
        (digits.parent / "classes" / name).mkdir(parents=True)
        picture(digits.parent / "classes" / name / "1.png")
    dataset = Dataset.objects.create(dataset_id="digits", create_by="alice")
    page.emulate_media(color_scheme=scheme)
    found = {}
    for path in ("new", f"set/{dataset.pk}", "folder/free", "folder/classes"):
        page.goto(f"/admin/data/{path}/")
        if path != "new":
            expect(page.locator("#survey")).to_have_count(0, timeout=WAIT)
        if wrong := serious(page):
            found[path] = wrong
    assert found == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_step_of_the_wizard(page, digits, home, scheme):
    teacher = finished_task(create_by="alice")
    page.emulate_media(color_scheme=scheme)
    found = {}
    for step in STEPS:
        page.goto(f"{ADD}#step-{step.key}")
        expect(page.locator(f"#step-{step.key}")).to_be_visible()
        _unfold(page)
        if wrong := serious(page):
            found[step.key] = wrong
    for url, name in ((f"{clone_of(teacher)}#step-training", "totalEpochs"), (f"{ADD}#step-start", "taskName")):
        page.goto("about:blank")
        page.goto(url)
        with page.expect_response("**/check/"):
            page.fill(f"[name={name}]", "")
        if wrong := serious(page):
            found[url] = wrong
    assert found == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_comparing_and_saved_views(page, scheme):
    tasks = [evaluated(90.0 + number, control=89.0, task_name=f"任务 {number}") for number in range(2)]
    for task in tasks:
        curve(task, "valAccuracy", [80.0 + step / 10 for step in range(20)])
        curve(task, "loss", [2.0 / (step + 1) for step in range(20)])
    SavedView.objects.create(user=User.objects.get(username="alice"), name="完成的", query="status=COMPLETED")
    page.emulate_media(color_scheme=scheme)
    page.goto(together(*tasks))
    expect(page.locator("[data-chart=curve] .js-plotly-plot")).to_be_visible(timeout=WAIT)
    found = {"compare": serious(page)}
    page.goto("/admin/distillation/trainingtask/?status=COMPLETED")
    found["list"] = serious(page)
    for name in ("save-view", f"view-{SavedView.objects.get().pk}"):
        page.click(f"[popovertarget={name}] >> nth=0")
        expect(page.locator(f"#{name}")).to_be_visible()
        found[name] = serious(page)
        page.keyboard.press("Escape")
    page.check("[name=_selected_action] >> nth=0")
    found["ticked"] = serious(page)
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_trying_and_labelling(page, home, scheme):
    task = finished_task(create_by="alice")
    (home / "uploads").mkdir()
    page.emulate_media(color_scheme=scheme)
    found = {}
    page.goto(f"/admin/try/{task.pk}/")
    found["try"] = serious(page)
    page.set_input_files("#pictures", [picture(home / "猫.png"), picture(home / "b.png")])
    found["chosen"] = serious(page)
    page.click("#try-form [type=submit]")
    page.wait_for_url("**/trials/**")
    _answer(Trial.objects.get())
    expect(page.locator("[data-side=student] .dd-try-bar").first).to_be_visible(timeout=WAIT)
    found["answered"] = serious(page)
    for path in ("label/", f"label/{task.pk}/"):
        page.goto(f"/admin/{path}")
        found[path] = serious(page)
    for status in ("RUNNING", "COMPLETED", "FAILED"):
        job = InferenceFactory(status=status, create_by="alice", task_id=task.task_id)
        page.goto(f"/admin/labelling/{job.inference_id}/")
        found[status] = serious(page)
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def _answer(trial):
    """As the engine leaves it: one picture with classes, one that could not be read."""
    folder = trial_dir(trial.trial_id).root
    answers = [{"bars": [["猫", 0.75], ["狗", 0.2], ["鸟", 0.05]], "ms": 12.3}, {"bars": [["狗", 0.3]], "ms": 11.0}]
    (folder / "student.json").write_text(json.dumps({"parameters": 1500, "load_seconds": 0.5, "answers": answers}))
    Trial.objects.filter(pk=trial.pk).update(status="COMPLETED")


def _unfold(page):
    page.evaluate("document.querySelectorAll('.wz-step:not([hidden]) details').forEach(one => { one.open = true; })")


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
