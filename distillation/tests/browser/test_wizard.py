"""The wizard as a person uses it: pressing "Next" throughout, comparing values, copying, and two tabs."""

from __future__ import annotations

import shutil

import pytest
from playwright.sync_api import Page, expect

from distillation.models import TrainingTask
from distillation.tests.console.test_wizard_check import finished
from distillation.tests.console.wizard_pages import ADD, clone_of, edit_of
from distillation.tests.factories import PresetFactory, TaskFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LIST = "/admin/distillation/trainingtask/"
WAIT = 60_000
"""Milliseconds for work in a process of its own."""
MOST_CLICKS = 8
"""Of the 15 that a newcomer may need from an empty database to the first predictions."""


FOR_DIGITS = ("8", "500")
"""Batch size and epochs that are suggested for the 16 pictures of ``digits``."""


def step(page: Page, key: str) -> None:
    page.click(f'.wz-steps a[href="#step-{key}"]')
    expect(page.locator(f"#step-{key}")).to_be_visible()


def checked(page: Page):
    """Wait for the answer to what was typed last."""
    return page.expect_response(lambda response: response.url.endswith("/check/"))


def type_in(page: Page, name: str, value: str) -> None:
    with checked(page):
        page.fill(f"[name={name}]", value)


def test_a_newcomer_presses_next_throughout(page, digits, capsys):
    page.goto(LIST)
    page.click(f'a[href="{ADD}"] >> nth=0')
    clicks = 1
    expect(page.locator("[data-next]:visible")).to_be_visible()  # without the script all steps would be shown
    while not page.locator("[name=_start]").is_visible():
        page.locator("[data-next]:visible").click()
        clicks += 1
    expect(page.locator(".wz-ready")).to_be_visible()
    page.click("[name=_start]")
    clicks += 1
    page.wait_for_url("**/change/")
    task = TrainingTask.objects.get()
    assert (task.status, task.student_model, task.dataset_id, task.task_name) == (
        "QUEUED", "cnn-tiny", "digits", "分类 · digits · cnn-tiny",
    )  # fmt: skip
    with capsys.disabled():
        print(f"\nThe newcomer's way through the wizard: {clicks} clicks, 0 fields (at most {MOST_CLICKS}).")  # noqa: T201 - a figure to report
    assert clicks <= MOST_CLICKS


def test_three_temperatures_become_three_tasks(page, digits, home):
    finished(home, "大模型", "resnet50")
    page.goto(ADD)
    step(page, "method")
    type_in(page, "temperature", "1, 2, 4")
    step(page, "start")
    expect(page.locator(".wz-names li")).to_have_count(3)
    page.click("[name=_save]")
    page.wait_for_url("**group=*")
    tasks = TrainingTask.objects.exclude(group_id=None)
    assert sorted(float(task.temperature) for task in tasks) == [1, 2, 4]
    assert {task.status for task in tasks} == {"PENDING"}


def test_students_are_compared_with_the_keyboard_alone(page, digits, home):
    finished(home, "大模型", "resnet50")
    page.goto(f"{ADD}#step-models")
    group = page.locator("[data-others=studentModel]")
    group.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(group.locator("[value=cnn-tiny]")).to_be_hidden()
    expect(group.locator("[value=yolov8n]")).to_be_hidden()
    page.keyboard.press("Tab")
    expect(group.locator("[value=vit-tiny], [value=resnet18]").and_(page.locator(":focus"))).to_have_count(1)
    with checked(page):
        page.keyboard.press("Space")
    expect(page.locator("#step-models [data-tasks]")).to_contain_text("2")
    expect(group.locator("[data-ticked]")).to_have_text(" (1)")
    step(page, "training")
    page.click("[data-others=optimizer] summary")
    with checked(page):
        page.check("[name=optimizer_others][value=sgd]")
    expect(page.locator("#step-training [data-tasks]")).to_contain_text("4")
    page.reload()
    expect(page.locator("[name=optimizer_others][value=sgd]")).to_be_checked()
    expect(page.locator("[name=optimizer_others][value=adam]")).not_to_be_checked()
    step(page, "start")
    expect(page.locator(".wz-names li")).to_have_count(4)
    page.click("[name=_save]")
    page.wait_for_url("**group=*")
    assert TrainingTask.objects.exclude(group_id=None).values("student_model").distinct().count() == 2


def test_what_is_chosen_is_not_compared_with_itself(page, digits):
    page.goto(f"{ADD}#step-training")
    page.click("[data-others=optimizer] summary")
    with checked(page):
        page.check("[name=optimizer_others][value=sgd]")
    with checked(page):
        page.select_option("[name=optimizer]", "sgd")
    expect(page.locator("[name=optimizer_others][value=sgd]")).to_be_hidden()
    expect(page.locator("#step-training [data-tasks]")).to_have_text("")


def lengths(page: Page) -> tuple[str, str]:
    return page.input_value("[name=batchSize]"), page.input_value("[name=totalEpochs]")


def test_little_data_get_more_steps_until_somebody_says_otherwise(page, digits, home):
    shutil.copytree(digits, home / "datasets" / "more")
    for index in range(640):
        shutil.copy(digits / "train" / "0" / "0.png", home / "datasets" / "more" / "train" / "0" / f"more {index}.png")
    page.goto(f"{ADD}?datasetId=digits#step-training")
    assert lengths(page) == FOR_DIGITS
    expect(page.locator("[data-mark-of=batchSize]")).to_contain_text("16")
    step(page, "data")
    with checked(page):
        page.check("[name=datasetId][value=more]")
    expect(page.locator("[name=batchSize]")).to_have_value("32")
    expect(page.locator("[name=totalEpochs]")).to_have_value("50")
    expect(page.locator("[data-mark-of=batchSize]")).to_have_text("")
    step(page, "training")
    type_in(page, "totalEpochs", "40")
    step(page, "data")
    with checked(page):
        page.check("[name=datasetId][value=digits]")
    assert lengths(page) == ("32", "40")
    step(page, "start")
    expect(page.locator("#wizard-checked .wz-enough")).to_be_visible()
    step(page, "training")
    with checked(page):
        page.click("#step-training [data-fill]")
    assert lengths(page) == FOR_DIGITS
    expect(page.locator("#step-training .wz-enough")).to_have_count(0)
    expect(page.locator("[data-mark-of=totalEpochs]")).to_contain_text("16")


def test_a_copy_marks_what_differs(page, digits):
    source = TaskFactory(status="COMPLETED", training_mode="direct", teacher_model="", student_model="cnn-tiny")
    page.goto(f"{clone_of(source)}#step-training")
    type_in(page, "totalEpochs", "7")
    expect(page.locator("#field-totalEpochs.wz-changed")).to_be_visible()
    step(page, "start")
    expect(page.locator("[data-differs]")).to_contain_text("3 → 7")
    page.click("[name=_save]")
    page.wait_for_url("**/change/")
    assert TrainingTask.objects.get(cloned_from=source.task_id).total_epochs == 7


def test_the_second_tab_is_told_and_loses_nothing(page, digits):
    task = TaskFactory(training_mode="direct", teacher_model="", student_model="cnn-tiny")
    second = page.context.new_page()
    for tab in (page, second):
        tab.goto(f"{edit_of(task)}#step-training")
    page.fill("[name=totalEpochs]", "9")
    second.fill("[name=learningRate]", "0.01")
    step(page, "start")
    page.click("[name=_save]")
    page.wait_for_url("**/change/")
    step(second, "start")
    second.click("[name=_save]")
    expect(second.locator("#wizard-meanwhile")).to_contain_text("3 → 9")
    step(second, "training")
    assert second.input_value("[name=learningRate]") == "0.01"
    assert second.input_value("[name=totalEpochs]") == "9"
    step(second, "start")
    second.click("[name=_save]")
    second.wait_for_url("**/change/")
    task.refresh_from_db()
    assert (task.total_epochs, float(task.learning_rate)) == (9, 0.01)


def test_what_is_wrong_is_said_while_typing_at_its_field_and_step(page, digits):
    page.goto(f"{ADD}#step-training")
    type_in(page, "totalEpochs", "0")
    expect(page.locator("#field-totalEpochs .dd-error")).to_contain_text("必须在 1 和 100000 之间")
    expect(page.locator("[data-mark=training]")).to_have_text("1 个问题")
    step(page, "start")
    page.click("#wizard-checked a[data-of=totalEpochs]")
    expect(page.locator("[name=totalEpochs]")).to_be_focused()
    type_in(page, "totalEpochs", "5")
    expect(page.locator("#field-totalEpochs .dd-error")).to_have_count(0)
    expect(page.locator("[data-mark=training]")).to_have_text("")
    page.fill("[name=totalEpochs]", "0")
    step(page, "start")
    page.click("[name=_save]")
    page.wait_for_load_state()
    step(page, "training")
    expect(page.locator("#field-totalEpochs .dd-error")).to_contain_text("必须在 1 和 100000 之间")
    assert not TrainingTask.objects.exists()


def test_a_step_shows_its_problems_once_somebody_was_there(page):
    """Without any data: something is missing in the steps of data and of the name from the first second."""
    marks = {key: page.locator(f"[data-mark={key}]") for key in ("data", "training", "start")}
    page.goto(ADD)
    for mark in marks.values():
        expect(mark).to_have_text("")
    step(page, "data")
    expect(marks["data"]).to_have_text("")
    step(page, "models")
    expect(marks["data"]).to_have_text("1 个问题")
    expect(page.locator("#field-datasetId .dd-error")).to_have_count(1)
    expect(marks["start"]).to_have_text("")
    step(page, "training")
    type_in(page, "totalEpochs", "0")
    expect(marks["training"]).to_have_text("1 个问题")
    expect(marks["start"]).to_have_text("")
    step(page, "start")
    expect(marks["start"]).to_have_text("1 个问题")
    expect(page.locator(".wz-checked .dd-notice-danger li")).to_have_count(3)


def test_saving_shows_the_problems_of_all_steps(page):
    page.goto(f"{ADD}#step-start")
    page.click("[name=_save]")
    page.wait_for_load_state()
    expect(page.locator("[data-mark=data]")).to_have_text("1 个问题")
    expect(page.locator("[data-mark=start]")).to_have_text("1 个问题")


def test_a_name_that_was_sent_once_is_not_replaced_by_a_suggestion(page, digits):
    page.goto(f"{ADD}#step-start")
    page.fill("[name=taskName]", "我的名字")
    step(page, "training")
    page.fill("[name=totalEpochs]", "0")
    step(page, "start")
    page.click("[name=_save]")
    page.wait_for_load_state()
    step(page, "training")
    type_in(page, "totalEpochs", "3")
    assert page.input_value("[name=taskName]") == "我的名字"
    assert page.input_value("[name=totalEpochs]") == "3"


def test_fields_of_a_teacher_are_hidden_in_direct_mode(page, digits, home):
    finished(home, "大模型", "resnet50")
    page.goto(f"{ADD}#step-method")
    expect(page.locator("[name=temperature]")).to_be_visible()
    step(page, "models")
    page.check("[name=trainingMode][value=direct]")
    expect(page.locator("#field-teacherModel")).to_be_hidden()
    step(page, "method")
    expect(page.locator("[name=temperature]")).to_be_hidden()


def test_another_aim_greys_what_does_not_fit_and_suggests_what_does(page, digits, home):
    task = finished(home, "大模型", "resnet50")
    page.goto(ADD)
    with checked(page):
        page.check("[name=taskType][value=text]")
    step(page, "data")
    expect(page.locator("[data-nothing=datasetId]")).to_be_visible()
    step(page, "models")
    expect(page.locator("[name=studentModel]:checked")).to_have_value("textcnn-small")
    expect(page.locator("[name=trainingMode]:checked")).to_have_value("direct")
    expect(page.locator("[name=studentModel][value=resnet18]")).to_be_disabled()
    step(page, "learn")
    with checked(page):
        page.check("[name=taskType][value=classification]")
    step(page, "models")
    expect(page.locator("[name=teacherModel]:checked")).to_have_value(task.task_id)
    expect(page.locator("[name=trainingMode]:checked")).to_have_value("distillation")


def test_what_was_typed_survives_reload_and_back_until_it_is_saved(page, digits):
    page.goto(f"{ADD}#step-training")
    type_in(page, "totalEpochs", "7")
    page.reload()
    assert page.input_value("[name=totalEpochs]") == "7"
    expect(page.locator("#step-training")).to_be_visible()
    step(page, "start")
    page.go_back()
    expect(page.locator("#step-training")).to_be_visible()
    page.goto(LIST)
    page.go_back()
    assert page.input_value("[name=totalEpochs]") == "7"
    page.click("[data-afresh]")
    expect(page.locator("[data-draft]")).to_be_hidden()
    step(page, "training")
    assert page.input_value("[name=totalEpochs]") == FOR_DIGITS[1]
    page.fill("[name=totalEpochs]", "8")
    step(page, "start")
    page.click("[name=_save]")
    page.wait_for_url("**/change/")
    page.goto(f"{ADD}#step-training")
    assert page.input_value("[name=totalEpochs]") == FOR_DIGITS[1]


def test_a_preset_fills_the_form_and_the_form_makes_a_preset(page, digits):
    PresetFactory(preset_name="窄", lora_rank=4, lora_alpha=8)
    page.goto(f"{ADD}#step-method")
    page.select_option("[name=loraPreset]", "窄")
    assert (page.input_value("[name=loraRank]"), page.input_value("[name=loraAlpha]")) == ("4", "8")
    page.fill("[name=loraRank]", "6")
    page.click(".wz-preset summary")
    page.fill("[name=presetName]", "中")
    page.click("[name=_preset]")
    page.wait_for_load_state()
    expect(page.locator("[name=loraPreset]")).to_have_value("中")
    expect(page.locator("#step-method")).to_be_visible()
    assert page.input_value("[name=loraRank]") == "6"


def test_without_scripts_it_is_one_long_form(chromium, page, live_server, digits):
    context = chromium.new_context(
        base_url=live_server.url, java_script_enabled=False, storage_state=page.context.storage_state()
    )
    plain = context.new_page()
    plain.goto(ADD)
    for name in ("taskType", "studentModel", "totalEpochs", "taskName"):
        expect(plain.locator(f"[name={name}]").first).to_be_visible()
    plain.fill("[name=taskName]", "没有脚本")
    plain.click("[data-others=optimizer] summary")
    plain.check("[name=optimizer_others][value=sgd]")
    plain.click("[name=_start]")
    context.close()
    tasks = TrainingTask.objects.filter(task_name__startswith="没有脚本")
    assert [(task.status, task.config["optimizer"]) for task in tasks.order_by("id")] == [
        ("QUEUED", "adamw"), ("QUEUED", "sgd"),
    ]  # fmt: skip


@pytest.mark.parametrize("width", [1440, 390])
def test_no_step_is_wider_than_the_window(page, digits, home, width):
    long = "很长的任务名称" * 20 + "averyveryverylongword" * 5
    finished(home, long[:200], "resnet50", classes=("0", "1"), create_by="w" * 64)
    task = TaskFactory(task_name=long[:255], teacher_model="t" * 100, dataset_id="d" * 100)
    page.set_viewport_size({"width": width, "height": 800})
    for path in (ADD, edit_of(task), clone_of(task)):
        for key in ("learn", "data", "models", "method", "training", "start"):
            page.goto(f"{path}#step-{key}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, key)


def test_the_chosen_data_are_looked_at_and_those_of_another_aim_are_not(page, digits, home):
    page.goto(f"{ADD}#step-data")
    page.check(f"[name=datasetId][value={digits.name}]", force=True)
    shown = page.locator("#data-preview")
    expect(shown.locator("img").first).to_be_visible(timeout=WAIT)
    expect(shown.get_by_role("link")).to_have_attribute("href", f"/admin/data/folder/{digits.name}/")
    page.goto(f"{ADD}#step-learn")
    page.check("[name=taskType][value=detection]", force=True)
    expect(shown).to_be_empty(timeout=WAIT)
