"""Little data and the usual batch size make few optimizer steps: what is filled in at first, and what is proposed."""

from __future__ import annotations

import shutil

import pytest

from distillation.models import TrainingTask
from distillation.tests.console.test_wizard_check import check
from distillation.tests.console.wizard_pages import ADD, clone_of, filled, posted

pytestmark = pytest.mark.django_db


@pytest.fixture
def pictures(digits):
    """Change how many pictures there are to learn from."""

    def make(number: int) -> None:
        folder = digits / "train" / "0"
        first = folder / "0.png"
        for index in range(number - 16):
            shutil.copy(first, folder / f"more {index}.png")

    return make


def test_a_new_form_shows_what_gives_enough_steps_and_says_so(console, digits, teacher, pictures):
    pictures(120)
    page = console.get(ADD, HTTP_ACCEPT_LANGUAGE="en")
    initial = page.context["form"].initial
    assert (initial["batchSize"], initial["totalEpochs"]) == ("8", "67")
    assert page.content.decode().count("suggested for 120 pictures</p>") == 2
    assert page.context["checked"].steps.sentence == ""
    console.post(ADD, posted(page))
    task = TrainingTask.objects.get()
    assert (task.batch_size, task.total_epochs) == (8, 67)


def test_enough_data_keep_the_defaults_of_the_catalogue(console, digits, teacher, pictures):
    pictures(640)
    page = console.get(ADD, HTTP_ACCEPT_LANGUAGE="en")
    initial = page.context["form"].initial
    assert (initial["batchSize"], initial["totalEpochs"]) == ("32", "50")
    assert "suggested for 640 pictures</p>" not in page.content.decode()


def test_unlabelled_pictures_count_where_a_teacher_answers(console, digits, teacher, pictures):
    unlabelled = digits / "unlabeled"
    unlabelled.mkdir()
    for index in range(104):
        shutil.copy(digits / "train" / "0" / "0.png", unlabelled / f"{index}.png")
    assert "120 pictures" in check(console).steps.mark
    assert "16 pictures" in check(console, trainingMode="direct", teacherModel="").steps.mark


def test_too_few_steps_are_told_with_the_numbers_and_what_is_better(console, digits, teacher, pictures):
    pictures(120)
    found = check(console, batchSize="32", totalEpochs="50").steps
    assert found.sentence == (
        "120 pictures in batches of 32 for 50 epochs make 200 optimizer steps, and with fewer than 1,000 a model often "
        "learns too little: batch size 8 and 67 epochs make 1,005."
    )
    assert found.better == {"batchSize": "8", "totalEpochs": "67"}
    assert check(console, **found.better).steps.sentence == ""


@pytest.mark.parametrize(
    "values",
    [
        {"batchSize": "8, 16"},
        {"totalEpochs": "5, 10"},
        {"batchSize": "0"},
        {"batchSize": "-1"},
        {"datasetId": ""},
        {"executor": "external"},
    ],
)
def test_nothing_is_proposed_where_the_steps_are_not_known_or_several_are_tried(console, digits, teacher, values):
    assert check(console, **values).steps.sentence == ""


def test_a_copy_is_told_but_not_changed(console, digits, teacher):
    console.post(ADD, filled())
    source = TrainingTask.objects.get()
    page = console.get(clone_of(source), HTTP_ACCEPT_LANGUAGE="en")
    assert page.context["form"].initial["batchSize"] == "32"
    assert "batch size 8 and 500 epochs make 1,000" in page.context["checked"].steps.sentence
