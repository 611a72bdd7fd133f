"""Lists of tasks: arrays and pages, filters, order, and what a deleted task leaves."""

from __future__ import annotations

import datetime

import pytest

from distillation.tests.api.conftest import ROOT
from distillation.tests.factories import TaskFactory

DAY = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC)


def ids(answer):
    assert answer.status_code == 200, answer.content
    data = answer.json()["data"]
    return [task["taskId"] for task in (data if isinstance(data, list) else data["records"])]


@pytest.fixture
def three(db):
    TaskFactory(task_id="A", create_time=DAY, accuracy=90, create_by="alice", status="RUNNING")
    TaskFactory(task_id="B", create_time=DAY, accuracy=80, create_by="bob", teacher_model="t2", student_model="vit")
    TaskFactory(task_id="C", create_time=DAY + datetime.timedelta(1), task_name="目标检测", status="COMPLETED")


def test_without_a_page_it_is_an_array_newest_first_with_ties_by_id(api, three):
    answer = api.get(f"{ROOT}/tasks")
    assert ids(answer) == ["C", "B", "A"]
    assert answer["X-Total-Count"] == "3"


def test_the_array_is_capped_and_the_header_says_how_many_there_are(api, three, settings):
    settings.DISTILLATION_LIST_LIMIT = 2
    answer = api.get(f"{ROOT}/tasks")
    assert ids(answer) == ["C", "B"]
    assert answer["X-Total-Count"] == "3"


def test_a_page_says_where_it_is(api, three):
    page = api.get(f"{ROOT}/tasks?page=2&pageSize=2").json()["data"]
    assert [task["taskId"] for task in page.pop("records")] == ["A"]
    assert page == {"total": 3, "current": 2, "size": 2, "pages": 2}


def test_an_empty_page_is_truthful(api, db):
    assert api.get(f"{ROOT}/tasks?page=1").json()["data"] == {
        "records": [], "total": 0, "current": 1, "size": 10, "pages": 0,
    }  # fmt: skip


def test_a_page_holds_at_most_what_a_list_may_hold(api, three, settings):
    settings.DISTILLATION_LIST_LIMIT = 2
    page = api.get(f"{ROOT}/tasks?page=1&pageSize=100000").json()["data"]
    assert (page["size"], page["pages"], len(page["records"])) == (2, 2, 2)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=RUNNING", ["A"]),
        ("keyword=检测", ["C"]),
        ("keyword=a", ["A"]),
        ("teacherModel=t2", ["B"]),
        ("studentModel=vit", ["B"]),
        ("owner=bob", ["B"]),
        ("ordering=accuracy", ["B", "A", "C"]),
        ("ordering=-accuracy", ["A", "B", "C"]),
        ("status=&keyword=&owner=&page=&ordering=", ["C", "B", "A"]),
        ("page=1&status=PENDING", ["B"]),
        ("unknown=1", ["C", "B", "A"]),
    ],
)
def test_filters_narrow_and_empty_ones_do_not(api, three, query, found):
    assert ids(api.get(f"{ROOT}/tasks?{query}")) == found


@pytest.mark.parametrize("name", ["status", "ordering"])
def test_an_unknown_word_is_400_with_the_field(api, name):
    answer = api.get(f"{ROOT}/tasks?{name}=wrong")
    assert answer.status_code == 400
    assert answer.json()["data"] == {name: [answer.json()["message"]]}
    assert "wrong" in answer.json()["message"]


@pytest.mark.parametrize("query", ["page=x", "page=0", "page=1&pageSize=0"])
def test_a_page_that_is_no_number_is_400(api, query):
    assert api.get(f"{ROOT}/tasks?{query}").status_code == 400


def test_literal_routes_win_over_ids(api, three):
    assert ids(api.get(f"{ROOT}/tasks/running")) == ["A"]
    assert ids(api.get(f"{ROOT}/tasks/recent")) == ["C", "B", "A"]
    assert ids(api.get(f"{ROOT}/tasks/recent?limit=1")) == ["C"]
    assert ids(api.get(f"{ROOT}/tasks/status/COMPLETED")) == ["C"]
    assert api.get(f"{ROOT}/tasks/status/NOTHING").status_code == 400


def test_a_deleted_task_is_gone_everywhere_with_what_hangs_on_it(api, three):
    TaskFactory(task_id="D", del_flag=1, status="RUNNING", model_path="x.safetensors")
    for path in ("/tasks", "/tasks?page=1", "/tasks/running", "/tasks/recent", "/tasks/status/RUNNING"):
        assert "D" not in ids(api.get(ROOT + path))
    assert "D" not in ids(api.get(f"{ROOT}/completed-models"))
    for method, path in (
        ("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/start"), ("POST", "/stop"), ("POST", "/pause"),
        ("POST", "/resume"), ("POST", "/clone"), ("PUT", "/progress"), ("POST", "/complete"), ("PUT", "/error"),
        ("GET", "/history"), ("GET", "/history/latest"), ("POST", "/history"), ("GET", "/evaluations"),
        ("GET", "/evaluations/latest"), ("GET", "/evaluations/best"), ("POST", "/evaluations"),
        ("GET", "/transitions"), ("GET", "/model"),
    ):  # fmt: skip
        answer = api.generic(method, f"{ROOT}/tasks/D{path}", "{}", content_type="application/json")
        assert answer.status_code == 404, (method, path)
        assert answer.json() == {"code": 404, "message": "There is no task D.", "data": None}
