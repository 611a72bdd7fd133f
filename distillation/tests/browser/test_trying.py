"""Trying a model and labelling a folder as a person does, with a worker's loop and real engines."""

from __future__ import annotations

import base64
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from distillation.jobs.worker import WorkerLoop
from distillation.models import TrainingTask
from distillation.storage.local import run_dir
from distillation.tests.contract.test_spec import SPEC
from distillation.tests.datasets.annotated import picture
from distillation.tests.engine.labelling.samples import write_student
from distillation.tests.factories import TaskFactory

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ENGINE_MS = 90_000
TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".py": "text/x-python"}


@pytest.fixture
def task(home: Path) -> TrainingTask:
    """A student and its teacher, both real and small."""
    for name, size in (("TASK_0", 16), ("TASK_1", 8)):
        write_student(home / "runs" / name / "artifacts" / "model", size=size)
    run_dir("TASK_1").spec.write_text(SPEC.to_json())
    fields = {"status": "COMPLETED", "create_by": "alice"}
    TaskFactory(task_id="TASK_0", model_path="runs/TASK_0/artifacts/model/model.safetensors", **fields)
    return TaskFactory(task_id="TASK_1", model_path="runs/TASK_1/artifacts/model/model.safetensors", **fields)


def work_until(page: Page, loop: WorkerLoop, done: str) -> None:
    """Let the worker's loop go round while the page looks on."""
    for _ in range(ENGINE_MS // 200):
        loop._tick()
        page.wait_for_timeout(200)
        if page.evaluate(done):
            return
    pytest.fail(f"not within {ENGINE_MS} ms: {done}")


def drop(page: Page, *files: Path) -> None:
    """Let go of files over the form."""
    content = [[path.name, base64.b64encode(path.read_bytes()).decode(), TYPES[path.suffix]] for path in files]
    page.evaluate(
        """content => {
            const carried = new DataTransfer();
            for (const [name, text, type] of content)
                carried.items.add(new File([Uint8Array.from(atob(text), one => one.charCodeAt(0))], name, {type}));
            const event = new DragEvent("drop", {dataTransfer: carried, bubbles: true, cancelable: true});
            document.querySelector("[data-drop]").dispatchEvent(event);
        }""",
        content,
    )


def test_two_pictures_are_dropped_both_models_answer_and_the_threshold_moves(page, task, tmp_path):
    page.goto(f"/admin/distillation/trainingtask/{task.pk}/change/")
    page.click(f"a[href$='/try/{task.pk}/']")
    page.wait_for_url("**/try/**")  # until its scripts listen
    drop(page, picture(tmp_path / "猫.png"), picture(tmp_path / "b.jpg"), Path(__file__))
    expect(page.locator("[data-chosen] li")).to_have_count(3)
    expect(page.locator(".dd-left-out")).to_contain_text("test_trying.py")
    page.click("#try-form [type=submit]")
    page.wait_for_url("**/trials/**")
    expect(page.locator("[data-now]")).to_be_visible()
    loop = WorkerLoop(1)
    work_until(page, loop, "document.querySelector('[data-now]').hidden")

    cards = page.locator("[data-number]")
    expect(cards).to_have_count(2)
    for side in ("student", "teacher"):
        bars = cards.first.locator(f"[data-side={side}] .dd-try-bar")
        expect(bars).to_have_count(3)
        expect(cards.first.locator(f"[data-side={side}] [data-took]")).to_contain_text("ms")
    expect(cards.first.locator("img")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for value, count in (("0.05", 0), ("1", 4)):
        page.locator("#threshold").fill(value)
        expect(page.locator(".dd-try-unsure")).to_have_count(count)
    assert asked == []


def test_a_page_that_is_left_ends_its_trial(page, task, tmp_path):
    page.goto(f"/admin/try/{task.pk}/")
    page.set_input_files("#pictures", [picture(tmp_path / "a.png")])
    page.click("#try-form [type=submit]")
    page.wait_for_url("**/trials/**")
    page.click("[data-cancel] button")
    expect(page.locator("[data-stopped]")).to_be_visible()
    expect(page.locator("[data-cancel]")).to_be_hidden()


def test_a_folder_is_labelled_and_its_labels_are_downloaded(page, task, home, tmp_path):
    for name in ("a.png", "b.png", "c.jpg"):
        picture(home / "uploads" / "夹" / name)
    page.goto(f"/admin/label/{task.pk}/")
    page.locator("#folders button").first.click()  # one level up
    page.locator("#folders button", has_text="uploads").click()
    expect(page.locator("#inputDir")).to_have_value("uploads")
    page.fill("#outputDir", "datasets/labelled")
    page.fill("#threshold", "0")
    page.click("button[form=label-form]")
    page.wait_for_url("**/labelling/INF-**")
    page.evaluate("window.notReloaded = true")
    work_until(page, WorkerLoop(1), "!document.getElementById('labelling').dataset.live")
    expect(page.locator("[data-figure=progress]")).to_have_text("3 / 3")
    assert page.evaluate("window.notReloaded")
    with page.expect_download() as download:
        page.locator("a[href$='pictures=1']").click()
    download.value.save_as(tmp_path / "labels.zip")
    with zipfile.ZipFile(tmp_path / "labels.zip") as archive:
        assert archive.testzip() is None
        names = archive.namelist()
    assert any(name.endswith(".csv") for name in names)
    assert sum(name.endswith((".png", ".jpg")) for name in names) == 3


@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_is_wider_than_the_window(page, task, width):
    TrainingTask.objects.filter(pk=task.pk).update(task_name="很长的任务名称" * 20 + "averyveryverylongword" * 5)
    page.set_viewport_size({"width": width, "height": 800})
    for path in (f"/admin/try/{task.pk}/", f"/admin/label/{task.pk}/", "/admin/label/"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
