"""Creating and editing a task in the console: the same rules as REST, shown at the fields."""

from __future__ import annotations

import pytest

from distillation.contract.options import OPTIONS
from distillation.models import TrainingTask
from distillation.services.flat import flat
from distillation.services.tasks import create_task
from distillation.tests.admin.conftest import LIST, page_of
from distillation.tests.factories import PresetFactory, TaskFactory

pytestmark = pytest.mark.django_db
ADD = f"{LIST}add/"


def filled(**values):
    return {"taskName": "认出数字", "datasetId": "digits", "teacherModel": "big-teacher", "studentModel": "cnn-tiny",
            "trainingMode": "distillation", **values}  # fmt: skip


def errors(response) -> dict[str, list[str]]:
    return dict(response.context["form"].errors)


def test_the_form_has_a_field_for_each_option_with_its_help(console):
    page = console.get(ADD, HTTP_ACCEPT_LANGUAGE="en").content.decode()
    for option in OPTIONS:
        assert f'name="{option.name}"' in page


def test_a_filled_form_makes_the_task_that_rest_would_make(console, digits, teacher):
    switches = dict.fromkeys(("control", "alignFeature", "autoSaveCheckpoint"), "on")
    sent = filled(totalEpochs="7", learningRate="0.0005", seed="3", **switches)
    response = console.post(ADD, sent)
    task = TrainingTask.objects.get()
    assert response.url == page_of(task)
    same = create_task(filled(totalEpochs=7, learningRate=0.0005, control=True, seed=3), "alice")
    assert flat(task) == flat(same)
    assert (task.create_by, task.status) == ("alice", "PENDING")


def test_the_untouched_defaults_of_the_form_are_those_of_the_catalogue(console, digits, teacher):
    initial = console.get(ADD).context["form"].initial
    console.post(ADD, {**{key: str(value) for key, value in initial.items() if value is not False}, **filled()})
    assert flat(TrainingTask.objects.get()) == flat(create_task(filled(), "alice"))


def test_save_and_start_puts_it_into_the_queue(console, digits, teacher):
    console.post(ADD, filled(_start="1"))
    assert TrainingTask.objects.get().status == "QUEUED"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"taskName": ""}, "taskName"),
        ({"taskName": "x" * 256}, "taskName"),
        ({"datasetId": "gone"}, "datasetId"),
        ({"teacherModel": "gone"}, "teacherModel"),
        ({"teacherModel": ""}, "teacherModel"),
        ({"studentModel": "gone"}, "studentModel"),
        ({"totalEpochs": "0"}, "totalEpochs"),
        ({"totalEpochs": "many"}, "totalEpochs"),
        ({"learningRate": "0.000000001"}, "learningRate"),
        ({"temperature": "nan"}, "temperature"),
        ({"alpha": "2"}, "alpha"),
        ({"optimizer": "magic"}, "optimizer"),
        ({"loraPreset": "gone"}, "loraPreset"),
        ({"seed": "-1"}, "seed"),
        ({"trainingMode": "direct"}, "teacherModel"),
    ],
)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_what_rest_refuses_is_refused_at_its_field(console, digits, teacher, change, field, language):
    response = console.post(ADD, filled(**change), HTTP_ACCEPT_LANGUAGE=language)
    assert response.status_code == 200
    assert field in errors(response)
    assert not TrainingTask.objects.exists()


def test_a_refused_form_keeps_what_was_typed(console, digits, teacher):
    page = console.post(ADD, filled(totalEpochs="nine", remark="<b>note</b>")).content.decode()
    assert 'value="nine"' in page
    assert "&lt;b&gt;note&lt;/b&gt;" in page


def test_direct_training_needs_no_teacher(console, digits):
    console.post(ADD, filled(trainingMode="direct", teacherModel=""))
    assert TrainingTask.objects.get().training_mode == "direct"


def test_a_preset_fills_the_lora_values_that_are_left_empty(console, digits, teacher):
    PresetFactory(preset_name="窄", lora_rank=4)
    console.post(ADD, filled(loraPreset="窄", loraAlpha="9"))
    task = TrainingTask.objects.get()
    assert (task.lora_rank, task.lora_alpha) == (4, 9)


def test_modules_of_lora_are_names_with_commas(console, digits, teacher):
    console.post(ADD, filled(loraTargetModules="q_proj, fc1"))
    task = TrainingTask.objects.get()
    assert task.config["loraAdvancedConfig"]["targetModules"] == ["q_proj", "fc1"]
    assert 'value="q_proj, fc1"' in console.get(page_of(task)).content.decode()


def test_seeds_are_numbers_with_commas(console, digits, teacher):
    console.post(ADD, filled(seeds="4, 9,2"))
    task = TrainingTask.objects.get()
    assert task.config["seeds"] == [4, 9, 2]
    assert 'value="4, 9, 2"' in console.get(page_of(task)).content.decode()
    shown = {k: v for k, v in console.get(page_of(task)).context["form"].initial.items() if v != "False"}
    console.post(page_of(task), {**shown, "seeds": ""})
    task.refresh_from_db()
    assert not task.config.get("seeds")


def test_students_are_offered_with_their_parameters(console):
    page = console.get(ADD, HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert "resnet18 · 11.7 M parameters" in page


def test_fields_that_need_a_teacher_are_marked_for_the_script(console):
    page = console.get(ADD).content.decode()
    assert "distillation/task_form.js" in page
    assert page.count("dd-teacher") >= sum(not option.direct for option in OPTIONS)


class TestEditing:
    def test_a_pending_task_is_edited_in_the_same_form(self, console, digits, teacher):
        console.post(ADD, filled(temperature="2.5", remark="old"))
        task = TrainingTask.objects.get()
        form = console.get(page_of(task)).context["form"]
        shown = {name: value for name, value in form.initial.items() if value != "False"}
        console.post(page_of(task), {**shown, "taskName": "new", "remark": ""})
        task.refresh_from_db()
        assert (task.task_name, float(task.temperature), task.remark or "") == ("new", 2.5, "")

    def test_saving_without_a_change_changes_no_setting(self, console, digits, teacher):
        console.post(ADD, filled(control="on", loraTargetModules="q_proj,fc1"))
        task = TrainingTask.objects.get()
        before = flat(task)
        shown = {k: v for k, v in console.get(page_of(task)).context["form"].initial.items() if v != "False"}
        console.post(page_of(task), shown)
        task.refresh_from_db()
        assert flat(task) == before

    def test_a_switch_can_be_switched_off(self, console, digits, teacher):
        console.post(ADD, filled(control="on"))
        task = TrainingTask.objects.get()
        shown = dict(console.get(page_of(task)).context["form"].initial)
        del shown["control"]
        console.post(page_of(task), shown)
        task.refresh_from_db()
        assert flat(task)["control"] is False

    def test_a_value_that_is_gone_from_the_disk_stays_chosen(self, console):
        page = console.get(page_of(TaskFactory(teacher_model="gone-teacher"))).content.decode()
        assert '<option value="gone-teacher" selected' in page

    def test_problems_stand_above_the_form(self, console, digits):
        page = console.get(page_of(TaskFactory(teacher_model="gone-teacher", lora_rank=8))).content.decode()
        assert page.count("dd-notice") >= 2

    @pytest.mark.parametrize("status", ["QUEUED", "RUNNING", "COMPLETED", "FAILED", "STOPPED", "PAUSED"])
    def test_a_started_task_is_not_edited(self, console, digits, teacher, status):
        task = TaskFactory(status=status)
        assert 'id="task-form"' not in console.get(page_of(task)).content.decode()
        console.post(page_of(task), filled(taskName="changed"))
        task.refresh_from_db()
        assert task.task_name != "changed"

    def test_a_deleted_task_is_not_edited(self, console):
        task = TaskFactory(del_flag=1)
        console.post(page_of(task), {"taskName": "changed"})
        task.refresh_from_db()
        assert task.task_name != "changed"
