"""Comparing tasks as a person does: tick, compare, choose curves, add, remove, keep the picture."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from distillation.tests.console.compared import PAGE, curve, evaluated, together

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def tasks():
    made = [
        evaluated(
            90.0 + number,
            control=89.0,
            size=1000 * (number + 1),
            task_name=f"任务 {number}" + "很长的名字" * number * 5,
        )
        for number in range(3)
    ]
    for number, task in enumerate(made):
        curve(task, "valAccuracy", [80.0 + number + step / 10 for step in range(20)])
        curve(task, "loss", [2.0 / (step + 1) for step in range(1500)])
    return made


def drawn(page, which: str) -> None:
    expect(page.locator(f"[data-chart={which}] .js-plotly-plot .scatterlayer path.js-line").first).to_be_visible(
        timeout=30_000
    )


def test_from_the_list_to_the_pictures(page, tasks):
    page.goto("/admin/distillation/trainingtask/")
    for task in tasks[:2]:
        page.check(f"input[name=_selected_action][value='{task.pk}']")
    page.click("button[data-compare]")
    page.wait_for_url("**/admin/compare/?tasks=**")
    expect(page.locator(".dd-lines li")).to_have_count(2)
    drawn(page, "curve")
    drawn(page, "curve2")
    expect(page.locator("[data-chart=curve2] .dd-chart-note")).to_contain_text("显示 3,000 个点中的 ")


def test_what_is_chosen_stands_in_the_address_and_comes_back(page, tasks):
    page.goto(together(*tasks))
    drawn(page, "curve")
    page.select_option("[name=curve]", "loss")
    page.select_option("[name=x]", "time")
    page.select_option("[name=smooth]", "0.9")
    page.check("[name=log]")
    expect(page.locator("[data-chart=curve] .dd-chart-note")).to_contain_text("平滑", timeout=15_000)
    page.goto(page.url)
    drawn(page, "curve")
    assert page.input_value("[name=curve]") == "loss"
    assert page.input_value("[name=smooth]") == "0.9"
    assert page.is_checked("[name=log]")
    expect(page.locator("[data-chart=curve] .dd-chart-note")).to_contain_text("分钟数")


def test_a_task_is_found_added_with_the_keyboard_and_removed_again(page, tasks):
    page.goto(together(tasks[0], tasks[1]))
    colour = page.locator(".dd-lines svg").first.get_attribute("class")
    page.locator("#compare-add").press_sequentially("任务 2")
    expect(page.locator("#compare-found li")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".dd-lines li")).to_have_count(3)
    assert page.locator(".dd-lines svg").first.get_attribute("class") == colour
    page.locator(".dd-lines .dd-remove").nth(1).click()
    expect(page.locator(".dd-lines li")).to_have_count(2)
    assert f"tasks={tasks[0].task_id},{tasks[2].task_id}" in page.url


def test_settings_that_are_the_same_are_shown_on_request(page, tasks):
    page.goto(together(*tasks))
    expect(page.locator(".dd-same").first).to_be_hidden()
    page.check("#compare-all")
    expect(page.locator(".dd-same").first).to_be_visible()


def test_pictures_and_table_can_be_kept(page, tasks):
    page.goto(together(*tasks))
    with page.expect_download() as picture:
        page.locator("[data-svg-png]").first.click()
    assert picture.value.path().read_bytes().startswith(b"\x89PNG")
    with page.expect_download() as table:
        page.get_by_text("CSV").click()
    assert table.value.path().read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("width", [1440, 390])
def test_the_page_is_not_wider_than_the_window(page, tasks, width):
    page.set_viewport_size({"width": width, "height": 800})
    for address in (PAGE, together(*tasks)):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
