"""Curves: read in arrays and thinned, followed by cursor, reported by scripts elsewhere."""

from __future__ import annotations

import json
import math
from datetime import timedelta

import pytest
from django.utils import timezone

from distillation.models import MetricPoint, SupersededPoint, TrainingTask
from distillation.selectors.smoothing import smoothed
from distillation.services import points
from distillation.tests.api.conftest import ROOT, client_of, person
from distillation.tests.factories import TaskFactory


@pytest.fixture
def task(db):
    return TaskFactory(status="RUNNING")


def fill(task, name="loss", count=10, arm="student", begin=1):
    points.store(task, [(name, arm, n, 1 + n // 100, 1.8e9 + n, math.sin(n / 40)) for n in range(begin, begin + count)])


def read(api, task, query="", status=200):
    answer = api.get(f"{ROOT}/tasks/{task.task_id}/metrics{query}")
    assert answer.status_code == status, answer.content
    return answer.json()["data"]


def test_a_curve_comes_in_arrays(api, task):
    points.store(task, [("loss", "student", 10, 1, 1.8e9, 0.5), ("loss", "student", 20, None, None, None)])
    data = read(api, task)
    assert data["series"] == [
        {"name": "loss", "arm": "student", "total": 2, "steps": [10, 20], "epochs": [1, None],
         "times": [1.8e9, None], "values": [0.5, None]}
    ]  # fmt: skip
    assert data["reset"] is False


def test_a_task_without_points_has_no_curves(api, task):
    assert read(api, task) == {"cursor": "0-0", "reset": False, "series": []}


def test_curves_are_chosen_by_name_and_arm(api, task):
    for name in ("loss", "valLoss", "Loss"):
        for arm in ("student", "control"):
            fill(task, name, 2, arm)
    assert len(read(api, task)["series"]) == 6
    found = read(api, task, "?names=loss,%20nothing,&arm=control")["series"]
    assert [(series["name"], series["arm"]) for series in found] == [("loss", "control")]


def test_a_long_curve_is_thinned_to_its_extremes_and_says_so(api, task):
    fill(task, count=3000)
    points.store(task, [("loss", "student", 1500, 16, 1.8e9, 99.0), ("loss", "student", 1501, 16, 1.8e9, -99.0)])
    (series,) = read(api, task, "?maxPoints=100")["series"]
    assert series["total"] == 3000
    assert 50 <= len(series["steps"]) <= 100
    assert {len(series[key]) for key in ("steps", "epochs", "times", "values")} == {len(series["steps"])}
    assert (series["steps"][0], series["steps"][-1]) == (1, 3000)
    assert series["steps"] == sorted(set(series["steps"]))
    assert max(series["values"]) == 99.0
    assert min(series["values"]) == -99.0


def test_it_is_smoothed_over_all_points_before_it_is_thinned(api, task):
    rows = [(n, None if n % 100 == 99 else math.sin(n / 40) + n % 7) for n in range(3000)]
    points.store(task, [("loss", "student", n, 1, 1.8e9 + n, value) for n, value in rows])
    means = smoothed([value for _, value in rows], 0.9)
    (series,) = read(api, task, "?maxPoints=100&smoothing=0.9")["series"]
    expected = [means[step] for step in series["steps"]]
    assert None in series["smooth"]
    assert [mean is None for mean in series["smooth"]] == [mean is None for mean in expected]
    known = [index for index, mean in enumerate(expected) if mean is not None]
    assert [series["smooth"][index] for index in known] == pytest.approx([expected[index] for index in known], rel=1e-4)
    assert series["average"] == {"points": 2970, "value": means[2998]}, "the last point is a gap"
    assert series["values"] != series["smooth"]


def test_a_short_curve_is_smoothed_too_and_one_without_values_has_no_average(api, task):
    points.store(task, [("loss", "student", n, 1, None, value) for n, value in enumerate((1.0, 2.0))])
    points.store(task, [("nothing", "student", 1, 1, None, None)])
    loss, nothing = read(api, task, "?smoothing=0.5")["series"]
    assert loss["smooth"] == pytest.approx([1.0, (0.5 * 0.5 * 1 + 0.5 * 2) / 0.75], rel=1e-4)
    assert loss["average"]["points"] == 2
    assert (nothing["smooth"], nothing["average"]) == ([None], {"points": 0, "value": None})


def test_without_smoothing_and_superseded_points_the_answer_is_what_it_was(api, task):
    fill(task)
    superseded(task, 2, range(5, 8))
    for query in ("", "?smoothing=0", "?smoothing=", "?superseded=false"):
        data = read(api, task, query)
        assert list(data) == ["cursor", "reset", "series"]
        assert list(data["series"][0]) == ["name", "arm", "total", "steps", "epochs", "times", "values"]


def test_what_was_added_is_not_smoothed_since_the_points_before_it_are_not_read(api, task):
    fill(task, count=5)
    cursor = read(api, task)["cursor"]
    fill(task, count=2, begin=6)
    assert "smooth" not in read(api, task, f"?after={cursor}&smoothing=0.9")["series"][0]
    reset = read(api, task, "?after=7-1&smoothing=0.9")
    assert (reset["reset"], len(reset["series"][0]["smooth"])) == (True, 7)


def superseded(task, attempt, steps, name="loss", arm="student"):
    SupersededPoint.objects.bulk_create(
        SupersededPoint(task=task, attempt=attempt, name=name, arm=arm, step=n, epoch=1, time=1.8e9 + n, value=n / 2)
        for n in steps
    )


def test_superseded_points_come_beside_the_curves_a_piece_for_each_resume(api, task):
    fill(task)
    superseded(task, 3, [6, 7])
    superseded(task, 2, [6])
    superseded(task, 2, [4], name="valLoss", arm="control")
    superseded(TaskFactory(), 2, [1])
    data = read(api, task, "?superseded=true")
    assert [series["total"] for series in data["series"]] == [10]
    assert data["superseded"] == [
        {"name": "loss", "arm": "student", "attempt": 2, "total": 1, "steps": [6], "epochs": [1],
         "times": [1.8e9 + 6], "values": [3.0]},
        {"name": "loss", "arm": "student", "attempt": 3, "total": 2, "steps": [6, 7], "epochs": [1, 1],
         "times": [1.8e9 + 6, 1.8e9 + 7], "values": [3.0, 3.5]},
        {"name": "valLoss", "arm": "control", "attempt": 2, "total": 1, "steps": [4], "epochs": [1],
         "times": [1.8e9 + 4], "values": [2.0]},
    ]  # fmt: skip
    narrowed = read(api, task, f"?superseded=true&names=loss&arm=student&smoothing=0.5&after={data['cursor']}")
    assert (narrowed["series"], narrowed["superseded"]) == ([], data["superseded"][:2]), "all of them, and as measured"


def test_the_superseded_pieces_of_a_curve_share_an_eighth_of_the_points(api, task):
    for attempt in (2, 3):
        superseded(task, attempt, range(1000))
    pieces = read(api, task, "?superseded=true&maxPoints=800")["superseded"]
    assert [piece["total"] for piece in pieces] == [1000, 1000]
    assert all(40 <= len(piece["steps"]) <= 50 for piece in pieces)


@pytest.mark.parametrize("x", ["step", "epoch", "time", "TIME"])
def test_it_is_thinned_along_any_axis(api, task, x):
    fill(task, count=500)
    (series,) = read(api, task, f"?maxPoints=50&x={x}")["series"]
    assert len(series["steps"]) <= 50
    assert (series["steps"][0], series["steps"][-1]) == (1, 500)


def test_a_gap_survives_the_thinning(api, task):
    fill(task, count=1000)
    MetricPoint.objects.filter(step__range=(400, 450)).update(value=None)
    (series,) = read(api, task, "?maxPoints=60")["series"]
    assert None in series["values"]
    assert len(series["values"]) <= 60


def test_following_gives_only_what_is_new(api, task):
    fill(task, count=5)
    cursor = read(api, task)["cursor"]
    assert read(api, task, f"?after={cursor}")["series"] == []
    fill(task, count=2, begin=6)
    data = read(api, task, f"?after={cursor}")
    assert [series["steps"] for series in data["series"]] == [[6, 7]]
    assert read(api, task, f"?after={data['cursor']}")["series"] == []


def test_a_cursor_beyond_the_end_is_an_empty_answer(api, task):
    fill(task)
    assert read(api, task, "?after=0-999999999999999999")["series"] == []
    assert read(api, task, "?after=7-1")["reset"] is True


@pytest.mark.parametrize(
    "query",
    ["maxPoints=-1", "maxPoints=0", "maxPoints=9", "maxPoints=x", "maxPoints=1e3", "maxPoints=NaN", "after=-1",
     "after=x", "after=5", "after=1-2-3", "after=1-" + "9" * 19, "arm=teacher", "x=value", "smoothing=1",
     "smoothing=-0.1", "smoothing=0.991", "smoothing=NaN", "smoothing=x", "superseded=maybe", "names=" + "a," * 101,
     "names=%00", "after=%F0%9F%98%80", "maxPoints=%D9%A3%D9%A3%D9%A3"],
)  # fmt: skip
def test_a_wrong_parameter_is_named(api, task, query):
    data = read(api, task, f"?{query}", status=400)
    assert list(data) == [query.split("=")[0]]


def test_more_points_than_possible_count_as_the_limit(api, task):
    fill(task)
    assert len(read(api, task, "?maxPoints=999999999")["series"][0]["steps"]) == 10


@pytest.mark.parametrize("count", [3, 300])
def test_the_number_of_queries_is_constant(api, task, django_assert_num_queries, count):
    for name in ("a", "b", "c"):
        fill(task, name, count)
    with django_assert_num_queries(3 + 2):  # session, user, task; cursor and points
        read(api, task, "?maxPoints=20&smoothing=0.9")
    for attempt in (2, 3):
        superseded(task, attempt, range(count))
    with django_assert_num_queries(3 + 3):  # and those that are superseded
        read(api, task, "?maxPoints=20&superseded=true")


# Reports of scripts


def curve(count=3, **fields):
    return {"name": "loss", "steps": list(range(count)), "values": [0.5] * count, **fields}


def report(api, task, *series, **options):
    return api.post(f"{ROOT}/tasks/{task.task_id}/metrics", {"series": list(series)}, format="json", **options)


def test_a_script_reports_points(api, script_task):
    answer = report(
        api, script_task, curve(values=[1, None, -2.5], epochs=[1, None, 2], times=[1.8e9, 1.8e9 + 1, 1.8e9 + 2])
    )
    assert answer.json()["data"] == {"accepted": 3}
    (series,) = read(api, script_task)["series"]
    assert series == {"name": "loss", "arm": "student", "total": 3, "steps": [0, 1, 2], "epochs": [1, None, 2],
                      "times": [1.8e9, 1.8e9 + 1, 1.8e9 + 2], "values": [1.0, None, -2.5]}  # fmt: skip


def test_sending_the_same_again_changes_nothing(api, script_task, django_assert_num_queries):
    body = curve(1000), curve(1000, name="验证/mAP50-95", arm="control")
    for _ in range(2):
        assert report(api, script_task, *body).json()["data"] == {"accepted": 2000}
    assert MetricPoint.objects.count() == 2000
    assert report(api, script_task, curve(3, values=[7, 7, 7])).status_code == 200
    assert read(api, script_task, "?arm=student&maxPoints=1000")["series"][0]["values"][:4] == [7, 7, 7, 0.5]


def test_without_times_the_points_are_of_now(api, script_task):
    report(api, script_task, curve())
    found = MetricPoint.objects.values_list("time", flat=True).first()
    assert found is not None
    assert abs(found - timezone.now().timestamp()) < 60


@pytest.mark.parametrize("body", [{"series": []}, {"series": [curve(0)]}])
def test_a_report_is_a_sign_of_life_even_without_points(api, script_task, body):
    TrainingTask.objects.update(lost_contact_at=timezone.now(), lease_until=timezone.now() - timedelta(hours=1))
    answer = api.post(f"{ROOT}/tasks/{script_task.task_id}/metrics", body, format="json")
    assert answer.json()["data"] == {"accepted": 0}
    script_task.refresh_from_db()
    assert script_task.lost_contact_at is None
    assert script_task.lease_until > timezone.now()


def test_a_task_of_the_platform_takes_no_points(api, task):
    answer = report(api, task, curve())
    assert answer.status_code == 409
    assert not MetricPoint.objects.exists()


@pytest.mark.parametrize(
    ("series", "field"),
    [
        (curve(values=[1]), "series[0].values"),
        (curve(epochs=[1]), "series[0].epochs"),
        (curve(times=[1.8e9]), "series[0].times"),
        (curve(steps=[1, 2, "3"]), "series[0].steps"),
        (curve(steps=[1, 2, 3.0]), "series[0].steps"),
        (curve(steps=[1, 2, True]), "series[0].steps"),
        (curve(steps=[1, 2, None]), "series[0].steps"),
        (curve(steps=[1, 2, -3]), "series[0].steps"),
        (curve(steps=[1, 2, 2**63]), "series[0].steps"),
        (curve(steps=None), "series[0].steps"),
        (curve(steps="abc"), "series[0].steps"),
        (curve(values=[1, 2, "x"]), "series[0].values"),
        (curve(values=[1, 2, [3]]), "series[0].values"),
        (curve(values=[1, 2, False]), "series[0].values"),
        (curve(values=[1, 2, 10**400]), "series[0].values"),
        (curve(values={"a": 1}), "series[0].values"),
        (curve(epochs=[1, 2, 2**31]), "series[0].epochs"),
        (curve(epochs=[1, 2, 1.5]), "series[0].epochs"),
        (curve(times=[1, 2, None]), "series[0].times"),
        (curve(times=[1, 2, 1e300]), "series[0].times"),
        (curve(times=[-1, 2, 3]), "series[0].times"),
        (curve(name=""), "series[0].name"),
        (curve(name=None), "series[0].name"),
        (curve(name=7), "series[0].name"),
        (curve(name="a" * 65), "series[0].name"),
        (curve(name="a,b"), "series[0].name"),
        (curve(name="../x"), "series[0].name"),
        (curve(name="<script>"), "series[0].name"),
        (curve(name="'; drop table md_metric_point"), "series[0].name"),
        (curve(name="\u202eloss"), "series[0].name"),
        (curve(arm="teacher"), "series[0].arm"),
        (curve(arm=["student"]), "series[0].arm"),
        (curve(arm={"a": 1}), "series[0].arm"),
        ({}, "series[0].name"),
        ("loss", "series[0]"),
        (None, "series[0]"),
        ([1], "series[0]"),
    ],
)  # fmt: skip
def test_a_wrong_curve_is_named_and_nothing_is_stored(api, script_task, series, field):
    answer = report(api, script_task, series, curve(name="fine"))
    assert answer.status_code == 400, answer.content
    data = answer.json()["data"]
    assert field in data, data
    assert all(field in sentence for sentence in data[field])
    assert not MetricPoint.objects.exists()


@pytest.mark.parametrize(
    "body",
    ["{}", '{"series": null}', '{"series": {}}', '{"series": "x"}', "[]", "7", '{"series": [', '{"series": NaN}',
     '{"series": [{"name": "a", "steps": [1], "values": [NaN]}]}',
     '{"series": [{"name": "a", "steps": [1], "values": [Infinity]}]}',
     '{"series": [{"name": "a", "steps": [1], "values": [1e999]}]}',
     '{"series": [{"name": "a\\u0000", "steps": [1], "values": [1]}]}',
     '{"series": [{"name": "\\ud800", "steps": [1], "values": [1]}]}'],
)  # fmt: skip
def test_a_wrong_body_is_400(api, script_task, body):
    address = f"{ROOT}/tasks/{script_task.task_id}/metrics"
    assert api.generic("POST", address, body, content_type="application/json").status_code == 400
    assert not MetricPoint.objects.exists()


def test_too_many_points_and_too_large_bodies_are_refused(api, script_task):
    assert report(api, script_task, curve(10_000)).status_code == 200
    answer = report(api, script_task, curve(5001), curve(5000, name="b"))
    assert answer.status_code == 400
    assert "10000" in answer.json()["message"] or "10,000" in answer.json()["message"]
    assert report(api, script_task, *[{}] * 10_001).status_code == 400
    huge = json.dumps({"series": [curve(3, name="x" * 11 * 1024 * 1024)]})
    address = f"{ROOT}/tasks/{script_task.task_id}/metrics"
    assert api.generic("POST", address, huge, content_type="application/json").status_code == 413


def test_many_wrong_curves_are_answered_shortly(api, script_task):
    answer = report(api, script_task, *[curve(name="")] * 5000)
    assert answer.status_code == 400
    assert len(answer.json()["data"]) <= 20


def test_a_form_body_is_no_report(api, script_task):
    address = f"{ROOT}/tasks/{script_task.task_id}/metrics"
    answer = api.generic("POST", address, "series=[]", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 400


def test_the_trio(api, task, script_task):
    fill(task)
    team = person("bob", "R_ENGINEER", "team"), person("charlie", "R_ENGINEER", "elsewhere")
    from django.contrib.auth.models import Group, User

    User.objects.get(username="alice").groups.add(Group.objects.get(name="team"))
    bob, charlie = map(client_of, team)
    assert read(bob, task)["series"]
    assert charlie.get(f"{ROOT}/tasks/{task.task_id}/metrics").status_code == 404
    assert report(bob, script_task, curve()).status_code == 403
    assert report(charlie, script_task, curve()).status_code == 404
    assert report(api, script_task, curve()).status_code == 200
