"""The page that compares tasks: which it shows, what it says of the others, and who sees what."""

from __future__ import annotations

import json

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME

from distillation.console.compare import chosen
from distillation.models import TrainingTask
from distillation.tests.console.compared import PAGE, browser, curve, evaluated, together
from distillation.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/distillation/trainingtask/"


def names(response) -> list[str]:
    return [one.task.task_id for one in response.context["chosen"].ones]


def notes(response) -> str:
    return " ".join(response.context["chosen"].notes)


def test_tasks_stand_in_the_order_of_the_address_once_each_with_letters():
    first, second, third = (evaluated() for _ in range(3))
    response = browser().get(together(third, first, third, second))
    assert names(response) == [third.task_id, first.task_id, second.task_id]
    assert [one.letter for one in response.context["chosen"].ones] == ["A", "B", "C"]
    assert notes(response) == ""


def test_unknown_deleted_and_invisible_tasks_are_told_alike_and_not_betrayed():
    mine = [evaluated(create_by="carl", visibility="everyone") for _ in range(2)]
    secret = evaluated(create_by="olga", visibility="private", task_name="the secret name")
    deleted = evaluated(del_flag=1, task_name="the deleted name")
    response = browser("R_VIEWER").get(f"{together(*mine, secret, deleted)},TASK_NOWHERE")
    page = response.content.decode()
    assert names(response) == [task.task_id for task in mine]
    assert "3 tasks were not found" in page
    assert all(task_id in page for task_id in (secret.task_id, deleted.task_id, "TASK_NOWHERE"))
    assert "secret name" not in page
    assert "deleted name" not in page


@pytest.mark.parametrize("page", [PAGE, f"{PAGE}curves/", f"{PAGE}export/", f"{PAGE}search/"])
def test_no_address_gives_away_what_a_stranger_must_not_see(page):
    secret = evaluated(create_by="olga", visibility="private", task_name="the secret name", student_model="secret-net")
    curve(secret, "loss", [1.0, 0.5])
    body = browser("R_ENGINEER", "red").get(f"{together(secret, page=page)}&name=loss&q=secret").content.decode()
    assert "secret name" not in body
    assert "secret-net" not in body
    assert '"values"' not in body


@pytest.mark.parametrize("page", [PAGE, f"{PAGE}curves/", f"{PAGE}export/", f"{PAGE}search/"])
def test_nothing_is_written_and_hostile_addresses_are_answered(page):
    client = browser()
    assert client.post(page).status_code == 405
    for query in (
        "tasks=" + ",".join(map(str, range(3000))),
        "tasks=%00,%27;--&name=%00&x=1e9&smooth=nan",
        "smooth=2&add=<b>",
    ):
        assert client.get(f"{page}?{query}").status_code == 200


def test_more_than_twenty_are_counted_and_left_out():
    tasks = [TaskFactory() for _ in range(23)]
    response = browser().get(together(*tasks))
    assert names(response) == [task.task_id for task in tasks[:20]]
    assert "At most 20 tasks are compared at once; 3 are left out." in notes(response)
    assert "as many as can be compared" in response.content.decode()


def test_one_task_asks_for_another_and_none_offers_the_newest():
    task, other = evaluated(task_name="alone"), evaluated(task_name="<script>other</script>")
    client = browser()
    assert "add at least one more" in notes(client.get(together(task)))
    page = client.get(PAGE).content.decode()
    assert "Which tasks?" in page
    assert "&lt;script&gt;other" in page
    assert f"tasks={task.task_id},{other.task_id}" in client.get(together(task)).content.decode()


def test_a_task_is_added_by_its_id_without_a_script():
    task, other = evaluated(), evaluated()
    client = browser()
    response = client.get(f"{together(task)}&add={other.task_id}")
    assert response.status_code == 302
    assert response.headers["Location"] == together(task, other)
    assert "not found" in notes(client.get(f"{together(task)}&add=nothing"))


def test_the_search_finds_by_name_id_and_model():
    task = evaluated(task_name="数字识别", student_model="vit-tiny")
    evaluated(task_name="something else")
    client = browser()
    for text in ("数字", task.task_id[5:], "vit"):
        found = json.loads(client.get(f"{PAGE}search/", {"q": text}).content)["tasks"]
        assert [one["id"] for one in found] == [task.task_id]


def test_ticked_tasks_are_compared_from_the_list_by_viewers_too():
    tasks = [TaskFactory(visibility="everyone") for _ in range(2)]
    ticked = {"action": "compare", ACTION_CHECKBOX_NAME: [task.pk for task in tasks]}
    response = browser("R_VIEWER").post(LIST, ticked)
    assert response.status_code == 302
    assert response.headers["Location"].startswith(PAGE)
    assert all(task.task_id in response.headers["Location"] for task in tasks)


def test_a_task_keeps_its_line_when_others_come_and_go_and_no_two_share_one():
    ids = [f"TASK_{number:08X}" for number in range(20)]
    lines = chosen._lines(sorted(ids))
    assert len(set(lines)) == 20
    assert [dash for _colour, dash in chosen._lines(ids[:8])] == ["solid"] * 8
    alone = {name: chosen._lines([name])[0] for name in ids[:2]}
    if alone[ids[0]] != alone[ids[1]]:
        assert dict(zip(ids[:2], chosen._lines(ids[:2]), strict=True)) == alone


@pytest.mark.parametrize("count", [2, 20])
def test_queries_do_not_grow_with_the_tasks(django_assert_max_num_queries, count):
    tasks = [evaluated(create_by=f"owner {number}", control=80.0) for number in range(count)]
    for task in tasks:
        curve(task, "loss", [1.0, 0.5])
    client = browser()
    with django_assert_max_num_queries(6):
        assert client.get(together(*tasks)).status_code == 200
    with django_assert_max_num_queries(5):
        assert client.get(f"{together(*tasks, page=f'{PAGE}curves/')}&name=loss").status_code == 200


def test_samples_old_rows_and_scripts_of_others_break_nothing():
    tasks: list[TrainingTask] = [
        TaskFactory(executor="sample", status="COMPLETED", accuracy="92.5"),
        TaskFactory(training_config="[1]", learning_rate="0"),
        TaskFactory(training_config='{"taskType": 5, "optimizer": {"a": 1}, "seeds": "x"}', executor="external"),
        evaluated(None, runs=[{"seed": float("1e30"), "student": 1}]),
        TaskFactory(status="RUNNING", training_config='{"seed": 99999999999999999999}'),
    ]
    for task in tasks:
        task.evaluations.create(detailed_results='{"accuracy": "high", "seeds": [], "teacher": 5, "throughput": 3}')
    assert TrainingTask.objects.count() == 5
    client = browser()
    assert client.get(together(*tasks)).status_code == 200
    assert client.get(together(*tasks, page=f"{PAGE}export/")).status_code == 200
