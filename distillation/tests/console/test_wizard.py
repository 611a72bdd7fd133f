"""Creating and editing a task in the wizard: the same rules as REST, shown at the fields."""

from __future__ import annotations

import pytest

from distillation.contract.options import OPTIONS
from distillation.models import TrainingTask
from distillation.services.flat import flat
from distillation.services.tasks import create_task
from distillation.tests.admin.conftest import page_of
from distillation.tests.console.wizard_pages import ADD, edit_of, errors, filled, posted
from distillation.tests.factories import PresetFactory, TaskFactory

pytestmark = pytest.mark.django_db


def test_the_form_has_a_field_for_each_option_with_its_help(console, digits, teacher):
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


def test_the_untouched_defaults_of_the_form_are_those_of_the_catalogue_but_for_enough_steps(console, digits, teacher):
    console.post(ADD, {**posted(console.get(ADD)), **filled()})
    made = TrainingTask.objects.get()
    assert flat(made) == flat(create_task(filled(batchSize=8, totalEpochs=500), "alice"))


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
    assert 'value="q_proj, fc1"' in console.get(edit_of(task)).content.decode()


def test_seeds_are_numbers_with_commas(console, digits, teacher):
    console.post(ADD, filled(seeds="4, 9,2"))
    task = TrainingTask.objects.get()
    assert task.config["seeds"] == [4, 9, 2]
    page = console.get(edit_of(task))
    assert 'value="4, 9, 2"' in page.content.decode()
    console.post(edit_of(task), posted(page, seeds=""))
    task.refresh_from_db()
    assert not task.config.get("seeds")


def test_students_are_offered_with_their_parameters(console):
    page = console.get(ADD, HTTP_ACCEPT_LANGUAGE="en").content.decode()
    card = page[page.index('value="resnet18"') :]
    assert "11.7 M parameters" in card[: card.index("</label>")]


def test_fields_that_need_a_teacher_are_marked_for_the_script(console):
    page = console.get(ADD).content.decode()
    assert "distillation/wizard_choices.js" in page
    assert page.count("dd-teacher") >= sum(not option.direct for option in OPTIONS)


class TestEditing:
    def test_a_pending_task_is_edited_in_the_same_form(self, console, digits, teacher):
        console.post(ADD, filled(temperature="2.5", remark="old"))
        task = TrainingTask.objects.get()
        response = console.post(edit_of(task), posted(console.get(edit_of(task)), taskName="new", remark=""))
        task.refresh_from_db()
        assert response.url == page_of(task)
        assert (task.task_name, float(task.temperature), task.remark or "") == ("new", 2.5, "")

    def test_saving_without_a_change_changes_no_setting(self, console, digits, teacher):
        console.post(ADD, filled(control="on", loraTargetModules="q_proj,fc1"))
        task = TrainingTask.objects.get()
        before = flat(task)
        console.post(edit_of(task), posted(console.get(edit_of(task))))
        task.refresh_from_db()
        assert flat(task) == before

    def test_a_switch_can_be_switched_off(self, console, digits, teacher):
        console.post(ADD, filled(control="on"))
        task = TrainingTask.objects.get()
        shown = posted(console.get(edit_of(task)))
        del shown["control"]
        console.post(edit_of(task), shown)
        task.refresh_from_db()
        assert flat(task)["control"] is False

    def test_a_row_of_an_older_service_keeps_what_it_does_not_say(self, console, digits, teacher):
        task = TaskFactory(training_config="")
        console.post(edit_of(task), posted(console.get(edit_of(task)), taskName="new"))
        task.refresh_from_db()
        assert task.task_name == "new"
        assert flat(task)["taskType"] == "classification"

    def test_switching_to_direct_training_lets_go_of_the_teacher(self, console, digits, teacher):
        console.post(ADD, filled(control="on", temperature="2", alignFeature="on"))
        task = TrainingTask.objects.get()
        shown = posted(console.get(edit_of(task)), trainingMode="direct")
        hidden = {option.name for option in OPTIONS if not option.direct}  # the page switches them off
        console.post(edit_of(task), {name: value for name, value in shown.items() if name not in hidden})
        task.refresh_from_db()
        assert (task.training_mode, task.teacher_model, flat(task)["control"]) == ("direct", "", False)
        assert flat(task)["alignFeature"] is True

    def test_a_value_that_is_gone_from_the_disk_stays_chosen(self, console):
        page = console.get(edit_of(TaskFactory(teacher_model="gone-teacher"))).content.decode()
        assert 'name="teacherModel" value="gone-teacher" checked' in page

    def test_problems_stand_on_the_page_of_the_task(self, console, digits):
        page = console.get(page_of(TaskFactory(teacher_model="gone-teacher", lora_rank=8))).content.decode()
        assert page.count("dd-notice") >= 2

    def test_several_values_are_refused_where_there_is_one_task(self, console, digits, teacher):
        console.post(ADD, filled())
        task = TrainingTask.objects.get()
        response = console.post(edit_of(task), posted(console.get(edit_of(task)), temperature="2, 4"))
        assert "temperature" in errors(response)
        assert TrainingTask.objects.count() == 1

    @pytest.mark.parametrize("status", ["QUEUED", "RUNNING", "COMPLETED", "FAILED", "STOPPED", "PAUSED"])
    def test_a_started_task_is_not_edited(self, console, digits, teacher, status):
        task = TaskFactory(status=status)
        assert console.get(edit_of(task)).url == page_of(task)
        assert edit_of(task) not in console.get(page_of(task)).content.decode()
        answer = console.post(edit_of(task), filled(taskName="changed", remark="typed here"))
        assert (answer.status_code, "typed here" in answer.content.decode()) == (409, True)
        task.refresh_from_db()
        assert task.task_name != "changed"

    @pytest.mark.parametrize("marks", [{"del_flag": 1}, {"executor": "sample"}])
    def test_a_deleted_task_and_a_sample_are_not_edited(self, console, marks):
        task = TaskFactory(**marks)
        console.post(edit_of(task), {"taskName": "changed"})
        task.refresh_from_db()
        assert task.task_name != "changed"

    def test_the_page_of_a_task_takes_no_form(self, console):
        assert console.post(page_of(TaskFactory()), filled()).status_code == 405
