"""The curves of a task's page: smoothed over all points and followed live, over what a resumed run took anew."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from playwright.sync_api import Page, Route, expect

from distillation.models import SupersededPoint, TrainingTask
from distillation.selectors.smoothing import smoothed
from distillation.services import event_positions, points
from distillation.services.event_positions import Position
from distillation.tests.browser.test_live_page import address, drawn
from distillation.tests.factories import TaskFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LINES = """[...document.querySelectorAll('.dd-chart-plot')][0].data
    .map(({name, x, y, opacity, hoverinfo, visible}) => ({name, x: [...x], y: [...y], opacity, hoverinfo, visible}))"""
SUPERSEDED = "已被取代"


def store(task: TrainingTask, values: Sequence[float], first: int = 0) -> None:
    rows = [("loss", "student", first + n, 1, 1.8e9 + first + n, value) for n, value in enumerate(values)]
    points.store(task, rows)


def line(page: Page) -> dict:
    """The strong one of the first chart."""
    return next(one for one in page.evaluate(LINES) if one["opacity"] == 1 and one["name"])


def same(found: dict, means: Sequence[float | None], tolerance: float = 1e-4) -> bool:
    return found["y"] == pytest.approx([means[step] for step in found["x"]], rel=tolerance)


@pytest.mark.parametrize("count", [5000, 5])
def test_a_line_is_smoothed_over_all_points_and_a_live_point_continues_it(page, count):
    values = [math.sin(n / 300) + (n * 7919 % 101) / 50 + 2 for n in range(count + 4)]
    means = smoothed(values, 0.95)
    task = TaskFactory(status="RUNNING", executor="external")
    store(task, values[:count])
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/metrics?" in request.url else None)
    page.goto(address(task, "#curves;smooth=0.95"))
    drawn(page, count - 1)
    found = line(page)
    assert min(count, 500) <= len(found["x"]) <= 1000
    assert same(found, means)
    store(task, values[count:], first=count)
    drawn(page, count + 3)
    found = line(page)
    assert found["x"][-4:] == [count, count + 1, count + 2, count + 3]
    assert same(found, means)
    assert found["y"][-4:] == pytest.approx(means[-4:], rel=1e-9)
    assert len([url for url in asked if "after=" not in url]) == 1, "it was not read anew"
    raw = next(one for one in page.evaluate(LINES) if one["opacity"] == 0.3)
    assert raw["y"][-4:] == values[-4:]


def test_the_old_picture_stays_until_the_new_one_is_there(page):
    values = [math.sin(n / 9) + 2 for n in range(3000)]
    task = TaskFactory(status="COMPLETED")
    store(task, values)
    held: list[Route] = []
    asked: list[str] = []

    def hold(route: Route) -> None:
        asked.append(route.request.url)
        held.append(route)

    page.goto(address(task, "#curves;smooth=0.6"))
    drawn(page, 2999)
    page.route("**/metrics?*", hold)
    slider = page.locator("[data-curve-controls] [name=smooth]")
    for weight in ("0.7", "0.8", "0.9"):
        slider.fill(weight)
    expect(page.locator("[data-curve-controls] output")).to_have_text("0.90")
    page.wait_for_timeout(1000)
    assert same(line(page), smoothed(values, 0.6))
    assert ["smoothing=0.9&" in url for url in asked] == [True], "asked once, when the slider rests"
    held[0].continue_()
    page.unroute("**/metrics?*", hold)
    page.wait_for_timeout(1000)
    assert same(line(page), smoothed(values, 0.9))
    slider.fill("0")
    page.wait_for_timeout(1500)
    assert line(page)["y"] == [values[step] for step in line(page)["x"]]
    assert not [one for one in page.evaluate(LINES) if one["opacity"] == 0.3]


def test_superseded_points_lie_faint_beneath_the_curve(page):
    task = TaskFactory(status="COMPLETED")
    store(task, [math.exp(-n / 40) + n % 3 / 10 for n in range(100)])
    SupersededPoint.objects.bulk_create(
        SupersededPoint(task=task, attempt=2, name="loss", arm="student", step=60 + n, epoch=1, time=1.7e9, value=2 + n)
        for n in range(9)
    )
    page.goto(address(task))
    drawn(page, 68)
    lines = page.evaluate(LINES)
    assert (lines[0]["name"], lines[0]["opacity"], lines[0]["hoverinfo"]) == (SUPERSEDED, 0.3, "skip")
    assert (lines[0]["x"], lines[0]["y"]) == (list(range(60, 69)), [2 + n for n in range(9)]), "as they were measured"
    assert line(page)["x"] == list(range(100))
    chart = page.locator("[data-charts] .dd-card").first
    expect(chart.locator(".dd-chart-note")).to_have_text("100 个点")
    keys = chart.locator(".dd-chart-key")
    assert keys.all_inner_texts()[-1] == SUPERSEDED
    keys.last.click()
    page.wait_for_function("document.querySelector('.dd-chart-plot').data[0].visible === false")
    chart.locator(".dd-chart-bar button").last.click()
    expect(chart.locator("table")).not_to_contain_text(SUPERSEDED)


def test_a_resume_while_one_watches_turns_points_into_superseded_ones(page):
    task = TaskFactory(status="RUNNING", executor="external", attempt=1)
    values = [1.0 + n % 5 for n in range(40)]
    store(task, values[:30])
    event_positions.remember(task, 1, Position(10))
    page.goto(address(task))
    drawn(page, 29)
    points.supersede(task, 2, "student", 19, 1.9e9)
    event_positions.remember(task, 2, Position(10, cuts=1))
    store(task, [9.0] * 5, first=20)
    page.wait_for_function("document.querySelector('.dd-chart-plot').data.some(line => line.x.at(-1) === 24)")
    lines = page.evaluate(LINES)
    assert (lines[0]["name"], lines[0]["x"]) == (SUPERSEDED, list(range(20, 30)))
    assert same(line(page), smoothed(values[:20] + [9.0] * 5, 0.6))
