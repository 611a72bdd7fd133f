"""The check while somebody types: the answers of the service behind ``/tasks/validate``, suggestions and costs."""

from __future__ import annotations

import json

import pytest

from distillation.contract.options import OPTIONS
from distillation.models import LoraPreset, TrainingTask
from distillation.tests.admin.people import make_world
from distillation.tests.api.conftest import ROOT, client_of
from distillation.tests.console.wizard_pages import ADD, clone_of, edit_of, filled, posted
from distillation.tests.factories import PresetFactory, TaskFactory

pytestmark = pytest.mark.django_db
CHECK = f"{ADD}check/"


SWITCHES = {"alignFeature": "on", "autoSaveCheckpoint": "on"}
"""On by default; a browser that does not send them says that they are off."""


def check(console, **values):
    return console.post(CHECK, filled(**SWITCHES, **values), HTTP_ACCEPT_LANGUAGE="en").context["checked"]


def finished(home, name="big", student="resnet18", classes=("0", "1"), **values) -> TrainingTask:
    """A completed task whose student can teach."""
    task = TaskFactory(task_name=name, status="COMPLETED", student_model=student, **values)
    folder = home / "runs" / task.task_id / "artifacts" / "model"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    config = {"architecture": student, "classes": list(classes), "task_type": "classification", "image_size": 32}
    (folder / "config.json").write_text(json.dumps(config))
    task.model_path = f"runs/{task.task_id}/artifacts/model/model.safetensors"
    task.save()
    return task


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"alpha": "2", "totalEpochs": "0"},
        {"datasetId": ""},
        {"teacherModel": "gone"},
        {"studentModel": "vit-tiny", "imageSize": "33"},
        {"distillationType": "logit", "featureWeight": "2"},
        {"loraTarget": "student"},
        {"augmentation": "strong"},
    ],
)
def test_it_says_what_validate_says(console, alice, digits, teacher, values):
    found = check(console, **values)
    answer = client_of(alice).post(f"{ROOT}/tasks/validate", filled(**values), format="json").json()["data"]
    said = {(one.field, one.sentence) for one in found.refused}
    assert {field for field, _ in said} == {one["field"] for one in answer["errors"]}
    later = {one["field"] for one in answer["problems"]}
    assert {one.field for one in found.stopped} == later
    assert {one.field for one in found.ignored} == {one["field"] for one in answer["notApplied"]}
    assert not TrainingTask.objects.exists()


def test_problems_are_counted_at_their_steps(console, digits, teacher):
    found = check(console, datasetId="gone", alpha="9", totalEpochs="0", batchSize="-1")
    assert dict(found.marks) == {"data": "1 problem", "method": "1 problem", "training": "2 problems"}


def test_every_problem_leads_to_a_field_of_the_page(console, digits, teacher):
    page = console.get(ADD).content.decode()
    for option in OPTIONS:
        assert f'id="field-{option.name}"' in page


def test_defaults_are_not_said_to_be_without_effect(console, digits, teacher):
    assert console.get(ADD).context["checked"].ignored == []
    assert console.post(CHECK, posted(console.get(ADD))).context["checked"].ignored == []
    direct = posted(console.get(ADD), trainingMode="direct", teacherModel="", temperature="5")
    found = console.post(CHECK, direct).context["checked"]
    assert ([one.field for one in found.ignored], found.refused) == (["temperature"], [])


def test_costs_are_unknown_until_they_were_measured(console, digits, teacher):
    costs = {row.label: (row.value, row.other) for row in check(console).costs}
    assert costs["Training time"][0] == "unknown"
    assert costs["Training time"][1].startswith("no completed run")
    assert costs["Cache"][0].startswith("at most")
    nothing = {row.label: (row.value, row.other) for row in check(console, datasetId="").costs}
    assert nothing["Cache"] == ("unknown", "until data and student are chosen")


class TestSuggestions:
    def test_with_one_data_set_and_a_teacher_nothing_has_to_be_chosen(self, console, digits, teacher):
        initial = console.get(ADD, HTTP_ACCEPT_LANGUAGE="en").context["form"].initial
        assert (initial["taskType"], initial["datasetId"], initial["studentModel"], initial["teacherModel"]) == (
            "classification", "digits", "cnn-tiny", "big-teacher",
        )  # fmt: skip
        assert initial["taskName"] == "Classification · digits · cnn-tiny"

    def test_without_a_teacher_training_is_direct(self, console, digits):
        page = console.get(ADD, HTTP_ACCEPT_LANGUAGE="en")
        assert page.context["form"].initial["trainingMode"] == "direct"
        assert "No larger model here can teach this yet" in page.content.decode()
        console.post(ADD, posted(page, _start="1"))
        assert TrainingTask.objects.get().status == "QUEUED"

    def test_without_data_it_says_what_is_missing(self, console):
        page = console.get(ADD, HTTP_ACCEPT_LANGUAGE="en")
        assert dict(page.context["checked"].marks) == {"data": "1 problem", "start": "1 problem"}

    def test_the_row_of_steps_says_it_after_saving_was_tried_alone(self, console):
        def row(page):
            return page.content.decode().partition('class="wz-steps"')[2].partition("</nav>")[0]

        assert "1 problem" not in row(console.get(ADD, HTTP_ACCEPT_LANGUAGE="en"))
        assert "1 problem" not in row(console.post(ADD, {"_preset": "1"}, HTTP_ACCEPT_LANGUAGE="en"))
        assert "1 problem" in row(console.post(ADD, {}, HTTP_ACCEPT_LANGUAGE="en"))

    def test_of_several_data_sets_none_is_guessed(self, console, digits, home):
        (home / "datasets" / "more").symlink_to(digits)
        assert console.get(ADD).context["form"].initial["datasetId"] == ""

    def test_a_data_set_of_the_address_is_chosen(self, console, digits, home):
        (home / "datasets" / "more").symlink_to(digits)
        assert console.get(f"{ADD}?datasetId=digits").context["form"].initial["datasetId"] == "digits"
        assert console.get(f"{ADD}?datasetId=../x").context["form"].initial["datasetId"] == ""

    def test_the_largest_that_can_teach_is_suggested(self, console, digits, home):
        finished(home, "small", "resnet18")
        large = finished(home, "large", "resnet50")
        stranger = finished(home, "stranger", "resnet101", classes=("cat",))
        page = console.get(ADD)
        assert page.context["form"].initial["teacherModel"] == large.task_id
        assert set(page.context["checked"].unfit) == {stranger.task_id}

    def test_a_student_as_large_does_not_teach(self, console, digits, home):
        finished(home, "same", "cnn-tiny")
        assert console.get(ADD).context["form"].initial["trainingMode"] == "direct"

    def test_who_cannot_teach_is_shown_with_the_reason(self, console, digits, home):
        finished(home, "knows cats", "resnet50", classes=("cat",))
        page = console.get(ADD, HTTP_ACCEPT_LANGUAGE="en").content.decode()
        card = page[page.index("knows cats") :]
        assert "does not know 2 classes" in card[: card.index("</label>")]


class TestPresets:
    def test_the_values_of_the_form_become_a_preset_and_the_form_stays(self, console, digits, teacher):
        sent = filled(loraRank="8", loraTargetModules="q_proj", remark="typed", presetName="窄", _preset="1")
        page = console.post(ADD, sent)
        preset = LoraPreset.objects.get(preset_name="窄")
        assert (preset.preset_name, preset.lora_rank, preset.target_modules) == ("窄", 8, '["q_proj"]')
        assert (page.context["form"]["loraPreset"].value(), page.context["form"]["remark"].value()) == ("窄", "typed")
        assert not TrainingTask.objects.exists()

    @pytest.mark.parametrize("name", ["", "taken", "a/b", "x" * 101])
    def test_what_is_wrong_with_it_is_said_there(self, console, digits, teacher, name):
        PresetFactory(preset_name="taken")
        before = LoraPreset.objects.count()
        page = console.post(ADD, filled(presetName=name, _preset="1", remark="typed"))
        assert page.context["preset_errors"]
        assert page.context["form"]["remark"].value() == "typed"
        assert LoraPreset.objects.count() == before

    def test_presets_of_others_are_not_on_the_page(self, home):
        world = make_world(home)
        assert "olgas" not in world.client("sten").get(ADD).content.decode()
        assert "olgas" in world.client("carl").get(ADD).content.decode()


class TestRights:
    @pytest.mark.parametrize(
        ("who", "new", "edit", "clone"),
        [
            ("root", 200, 200, 200), ("adam", 200, 200, 200), ("olga", 200, 200, 200), ("carl", 200, 403, 200),
            ("sten", 200, 404, 404), ("anna", 403, 403, 403), ("vera", 403, 403, 403), ("none", 302, 302, 302),
            ("anonymous", 302, 302, 302),
        ],
    )  # fmt: skip
    def test_checks_answer_those_who_may_save(self, home, who, new, edit, clone):
        world = make_world(home)
        urls = (CHECK, edit_of(world.pending, "_check"), clone_of(world.pending, "_check"))
        assert [world.client(who).post(url, {}).status_code for url in urls] == [new, edit, clone]

    def test_what_the_owner_may_not_see_cannot_be_named(self, home, digits):
        world = make_world(home)
        hidden = world.client("sten").post(CHECK, filled(datasetId="registered", teacherModel=world.task.task_id))
        assert {one.field for one in hidden.context["checked"].refused} == {"datasetId", "teacherModel"}


HOSTILE = [
    "\x00",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "{x}",
    "%(name)s",
    "9" * 400,
    "\ud7ff",
    "a" * 20_000,
]


@pytest.mark.parametrize("name", [option.name for option in OPTIONS])
def test_a_hostile_text_in_one_field_is_answered(console, digits, teacher, name):
    answer = console.post(CHECK, filled(**{name: "<script>alert(1)</script>{x}%(name)s../\x00"}))
    assert answer.status_code == 200
    assert "<script>alert" not in answer.content.decode()


@pytest.mark.parametrize("url", [CHECK, ADD])
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_page_of_hostile_texts_is_answered(console, digits, teacher, text, url):
    answer = console.post(url, dict.fromkeys((option.name for option in OPTIONS), text))
    assert answer.status_code == 200
    assert "<script>alert" not in answer.content.decode()


@pytest.mark.parametrize("number", [3, 300])
def test_queries_do_not_grow_with_rows(console, digits, home, number, django_assert_max_num_queries):
    for index in range(number):
        PresetFactory(preset_name=f"p{index}")
    finished(home, "large", "resnet50")
    model = TrainingTask.objects.get().model_path
    TaskFactory.create_batch(number, status="COMPLETED", student_model="resnet18", model_path=model)
    with django_assert_max_num_queries(12):
        page = console.get(ADD)
    with django_assert_max_num_queries(12):
        console.post(CHECK, posted(page))
    task = TaskFactory()
    for url in (edit_of(task), clone_of(task)):
        with django_assert_max_num_queries(12):
            console.get(url)
