"""Lists of values and copies: shown before saving, all or none, and what differs from the source."""

from __future__ import annotations

import pytest

from distillation.models import AuditEntry, TrainingTask
from distillation.services.flat import flat
from distillation.tests.admin.conftest import page_of, said
from distillation.tests.console.wizard_pages import ADD, clone_of, errors, filled, posted
from distillation.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("typed", ["1, 2, 4", "1，2，4", "1、2、4,", " 1,2 ,4 "])
def test_several_values_make_a_group(console, digits, teacher, typed):
    response = console.post(ADD, filled(temperature=typed))
    tasks = list(TrainingTask.objects.order_by("id"))
    assert [float(task.temperature) for task in tasks] == [1, 2, 4]
    assert len({task.group_id for task in tasks}) == 1
    assert tasks[0].group_id
    assert [task.task_name for task in tasks] == [f"认出数字 · temperature={value}" for value in ("1.0", "2.0", "4.0")]
    assert response.url == f"/admin/distillation/trainingtask/?group={tasks[0].group_id}"
    page = console.get(response.url)
    assert page.context["total"] == 3
    assert AuditEntry.objects.filter(verb="create", kind="trainingtask").count() == 3


def test_lists_are_multiplied_and_started_together(console, digits, teacher):
    response = console.post(ADD, filled(alpha="0.5, 0.7", seed="0,1,2", batchSize="16", _start="1"), follow=True)
    tasks = TrainingTask.objects.all()
    assert {(float(task.alpha), task.config["seed"]) for task in tasks} == {
        (alpha, seed) for alpha in (0.5, 0.7) for seed in (0, 1, 2)
    }
    assert {(task.batch_size, task.status) for task in tasks} == {(16, "QUEUED")}
    assert "6" in said(response)


def test_a_group_that_cannot_start_is_saved_and_says_so_once(console, digits, teacher, home):
    (home / "models" / "big-teacher" / "model.safetensors").unlink()
    response = console.post(ADD, filled(seed="1,2", _start="1"), follow=True)
    assert set(TrainingTask.objects.values_list("status", flat=True)) == {"PENDING"}
    assert said(response).count("big-teacher") == 1


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"temperature": "1, 2, nan"}, "temperature"),
        ({"temperature": "1, 1"}, "temperature"),
        ({"temperature": "1,,2"}, "temperature"),
        ({"seed": "1,2", "datasetId": "gone"}, "datasetId"),
        ({"seed": "1,2", "taskName": ""}, "taskName"),
        ({"seed": ",".join(map(str, range(51)))}, "__all__"),
        ({"seed": ",".join(map(str, range(8))), "batchSize": "1,2,3,4,5,6,7"}, "__all__"),
        ({"seed": "1," * 100_000}, "__all__"),
    ],
)
def test_nothing_is_saved_when_one_of_them_is_refused(console, digits, teacher, values, field):
    response = console.post(ADD, filled(**values))
    assert field in errors(response)
    assert not TrainingTask.objects.exists()


def test_the_refusal_of_too_many_says_how_many_there_may_be(console, digits, teacher):
    sent = filled(seed=",".join(map(str, range(51))))
    for response in (console.post(ADD, sent), console.post(f"{ADD}check/", sent)):
        assert "51" in response.content.decode()
        assert "50" in response.content.decode()


def test_the_group_is_shown_before_it_is_saved(console, digits, teacher):
    page = console.post(f"{ADD}check/", filled(temperature="1, 2, 4", alpha="0.5,0.6"), HTTP_ACCEPT_LANGUAGE="en")
    assert 'data-count="6"' in page.content.decode()
    assert "认出数字 · temperature=4.0 alpha=0.6" in page.content.decode()
    assert not TrainingTask.objects.exists()


def test_numbers_that_are_lists_by_themselves_make_one_task(console, digits, teacher):
    console.post(ADD, filled(seeds="1, 2, 3"))
    assert TrainingTask.objects.get().config["seeds"] == [1, 2, 3]


class TestCloning:
    @pytest.fixture
    def source(self, console, digits, teacher):
        console.post(ADD, filled(temperature="2.5", control="on", remark="mine"))
        TrainingTask.objects.update(status="COMPLETED")
        return TrainingTask.objects.get()

    def test_a_copy_has_everything_but_the_name(self, console, source):
        response = console.post(clone_of(source), posted(console.get(clone_of(source))))
        copy = TrainingTask.objects.exclude(pk=source.pk).get()
        assert response.url == page_of(copy)
        assert (copy.cloned_from, copy.status, copy.create_by) == (source.task_id, "PENDING", "alice")
        assert flat(copy) == flat(source) | {"taskName": "认出数字 (2)"}

    def test_what_is_changed_is_changed_and_nothing_else(self, console, source):
        console.post(clone_of(source), posted(console.get(clone_of(source)), temperature="4", remark=""))
        copy = TrainingTask.objects.exclude(pk=source.pk).get()
        before, now = flat(source), flat(copy)
        differs = {name for name in before | now if before.get(name) != now.get(name)}
        assert differs == {"taskName", "temperature", "remark"}

    def test_lists_make_a_group_of_copies(self, console, source):
        console.post(clone_of(source), posted(console.get(clone_of(source)), learningRate="0.1, 0.01, 0.001"))
        copies = TrainingTask.objects.exclude(pk=source.pk)
        assert {(copy.cloned_from, float(copy.temperature)) for copy in copies} == {(source.task_id, 2.5)}
        assert len({copy.group_id for copy in copies}) == 1
        assert {float(copy.learning_rate) for copy in copies} == {0.1, 0.01, 0.001}

    def test_the_check_lists_what_differs(self, console, source):
        page = console.get(clone_of(source))
        assert page.context["checked"].differs == []
        sent = posted(page, temperature="1, 4", control="")
        del sent["control"]
        checked = console.post(clone_of(source, "_check"), sent, HTTP_ACCEPT_LANGUAGE="en").context["checked"]
        assert {row.name: (row.other, row.value) for row in checked.differs} == {
            "temperature": ("2.5", "1, 4"),
            "control": ("Yes", "No"),
        }

    def test_a_copy_of_what_is_gone_says_why(self, console):
        task = TaskFactory(dataset_id="gone")
        response = console.post(clone_of(task), posted(console.get(clone_of(task))))
        assert "gone" in errors(response)["datasetId"][0]
        assert TrainingTask.objects.count() == 1

    def test_a_sample_is_copied_as_a_task_of_the_platform(self, console, digits, teacher):
        sample = TaskFactory(executor="sample", status="COMPLETED")
        console.post(clone_of(sample), posted(console.get(clone_of(sample))))
        assert TrainingTask.objects.exclude(pk=sample.pk).get().executor == "platform"
