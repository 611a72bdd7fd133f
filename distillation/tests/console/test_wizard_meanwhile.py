"""Two tabs that change one task: who saves second is told what changed, and loses nothing of what was typed."""

from __future__ import annotations

import pytest
from django.core import signing

from distillation.models import TrainingTask
from distillation.services import tasks, validation
from distillation.services.flat import flat
from distillation.tests.admin.conftest import page_of
from distillation.tests.console.wizard_pages import ADD, edit_of, filled, posted

pytestmark = pytest.mark.django_db


@pytest.fixture
def task(console, digits, teacher):
    console.post(ADD, filled(temperature="2"))
    return TrainingTask.objects.get()


def test_who_saves_second_is_told_what_changed(console, task):
    first, second = (console.get(edit_of(task)) for _ in range(2))
    console.post(edit_of(task), posted(first, temperature="4", control="on"))
    answer = console.post(edit_of(task), posted(second, remark="mine"))
    assert answer.status_code == 409
    told = {change.name: (change.before, change.now) for change in answer.context["theirs"]}
    assert told["temperature"] == ("2", "4")
    assert set(told) == {"temperature", "control"}
    assert "alice" in answer.content.decode()
    task.refresh_from_db()
    assert (float(task.temperature), task.remark or "") == (4, "")


def test_the_next_save_keeps_both(console, task):
    first, second = (console.get(edit_of(task)) for _ in range(2))
    console.post(edit_of(task), posted(first, temperature="4", control="on", totalEpochs="9"))
    answer = console.post(edit_of(task), posted(second, remark="mine", totalEpochs="7"))
    assert [change.typed for change in answer.context["theirs"] if change.name == "totalEpochs"] == ["7"]
    assert console.post(edit_of(task), posted(answer)).url == page_of(task)
    task.refresh_from_db()
    found = flat(task)
    assert (found["temperature"], found["control"], found["remark"], found["totalEpochs"]) == (4, True, "mine", 7)


def test_a_switch_that_was_switched_off_meanwhile_stays_off(console, task):
    console.post(edit_of(task), posted(console.get(edit_of(task)), control="on"))
    first, second = (console.get(edit_of(task)) for _ in range(2))
    off = posted(first)
    del off["control"]
    console.post(edit_of(task), off)
    answer = console.post(edit_of(task), posted(second, remark="mine"))
    console.post(edit_of(task), posted(answer))
    task.refresh_from_db()
    assert (flat(task)["control"], task.remark) == (False, "mine")


def test_a_save_between_our_look_and_our_write_is_told_too(console, task, monkeypatch):
    page = console.get(edit_of(task))

    def overtaken(*args, **kwargs):
        TrainingTask.objects.filter(pk=task.pk).update(temperature=5, update_time="2030-01-01T00:00Z")
        return validation.checked(*args, **kwargs)

    monkeypatch.setattr(tasks, "checked", overtaken)
    answer = console.post(edit_of(task), posted(page, remark="mine"))
    assert (answer.status_code, [change.name for change in answer.context["theirs"]]) == (409, ["temperature"])
    assert answer.context["form"]["remark"].value() == "mine"


def test_a_change_that_changed_nothing_stops_nobody(console, task):
    page = console.get(edit_of(task))
    console.post(edit_of(task), posted(console.get(edit_of(task))))
    assert console.post(edit_of(task), posted(page, remark="mine")).url == page_of(task)


def test_a_task_that_was_started_meanwhile_keeps_what_is_typed_on_the_page(console, task):
    page = console.get(edit_of(task))
    TrainingTask.objects.update(status="QUEUED")
    answer = console.post(edit_of(task), posted(page, remark="mine"))
    assert answer.status_code == 409
    assert answer.context["form"]["remark"].value() == "mine"


@pytest.mark.parametrize(
    "opened", ["", "x", signing.dumps({"pk": 1}), "é" * 5000], ids=["none", "noise", "of another salt", "long"]
)
def test_a_forged_mark_counts_as_none(console, task, opened):
    sent = posted(console.get(edit_of(task)), remark="mine") | {"_opened": opened}
    assert console.post(edit_of(task), sent).url == page_of(task)


def test_the_mark_of_another_task_counts_as_none(console, task, digits, teacher):
    console.post(ADD, filled(taskName="other", temperature="9"))
    other = TrainingTask.objects.get(task_name="other")
    sent = posted(console.get(edit_of(task)), remark="mine") | {
        "_opened": console.get(edit_of(other)).context["opened"]
    }
    console.post(edit_of(task), sent)
    task.refresh_from_db()
    assert (float(task.temperature), task.remark) == (2, "mine")
