"""Trying a model: what is taken and refused, who sees it, what the page is told, and when it is gone."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from distillation.contract.sentence import Sentence
from distillation.contract.trial import TrialSpec
from distillation.models import AuditEntry, Trial, Worker
from distillation.selectors import rights
from distillation.services import trial_states, trials
from distillation.storage.local import run_dir, trial_dir
from distillation.tests.admin.people import address
from distillation.tests.console.conftest import picture_file
from distillation.tests.contract.test_spec import SPEC
from distillation.tests.finished import finished_task

EN = {"accept-language": "en"}


def bring(world, task, *files, who="olga", **data):
    sent = {**({"pictures": list(files)} if files else {}), **data}
    return world.client(who).post(address("try", task.pk), sent, headers=EN)


def begun(world, task, who="olga") -> Trial:
    known = set(Trial.objects.values_list("pk", flat=True))
    assert bring(world, task, picture_file(), who=who).status_code == 302
    return Trial.objects.exclude(pk__in=known).get()


def problems(response) -> str:
    assert response.status_code == 400
    return " ".join(response.context["problems"])


def test_pictures_are_kept_under_our_names_and_the_trial_waits(world, model):
    answer = bring(world, model, picture_file("../../猫.png"), picture_file("b.jpg", kind="JPEG"))
    trial = Trial.objects.exclude(pk=world.trial.pk).get()
    assert answer.headers["Location"] == address("trial", trial.trial_id)
    assert (trial.status, trial.create_by, trial.input_count) == ("QUEUED", "olga", 2)
    folder = trial_dir(trial.trial_id).root
    assert sorted(path.name for path in (folder / "inputs").iterdir()) == ["1.png", "2.jpg"]
    spec = TrialSpec.from_json((folder / "spec.json").read_text())
    assert [one.name for one in spec.inputs] == ["猫.png", "b.jpg"]
    assert (spec.task_type, spec.model_path) == ("classification", "runs/TASK_5E6F7A8B/artifacts/model")
    assert AuditEntry.objects.filter(kind="trial", verb="create", actor="olga").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<svg onload=alert(1)>", "is no picture that can be read; these can: PNG, JPEG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is no picture"),
        (b"", "is no picture"),
        (
            b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\xff\xff\x00\x00\xff\xff\x08\x02\x00\x00\x00\x1a\xea\x98\xc8",
            "is no",
        ),
    ],
)
def test_what_is_no_picture_is_named_and_nothing_stays(world, model, content, words, home):
    before = set((home / "trials").iterdir())
    said = problems(bring(world, model, picture_file(), SimpleUploadedFile("bad.png", content, "image/png")))
    assert "bad.png" in said
    assert words in said
    assert set((home / "trials").iterdir()) == before
    assert Trial.objects.count() == 1


def test_too_much_is_refused_with_the_limit(world, model, monkeypatch):
    assert "one to 20 pictures; these are 21" in problems(bring(world, model, *[picture_file() for _ in range(21)]))
    assert "these are 0" in problems(bring(world, model))
    monkeypatch.setattr("distillation.services.trial_uploads.MAX_BYTES", 10)
    assert "a picture may have" in problems(bring(world, model, picture_file()))


def test_many_pixels_are_refused_with_the_limit(world, model, monkeypatch):
    monkeypatch.setattr("distillation.datasets.pictures.MAX_PIXELS", 50)
    assert "猫.png has 12 × 8 pixels; the limit is 0 megapixels" in problems(bring(world, model, picture_file()))


def test_texts_are_lines_and_long_ones_are_named(world):
    config = {"arch": "textcnn-small", "task_type": "text", "image_size": 0, "channels": 300}
    task = finished_task("TASK_7E870000", config, create_by="olga")
    assert "Line 2 has 3000 characters; at most 2000" in problems(bring(world, task, texts="kurz\n" + "x" * 3000))
    assert bring(world, task, texts="\n 你好 \n\nhello\n").status_code == 302
    trial = Trial.objects.exclude(pk=world.trial.pk).get()
    spec = TrialSpec.from_json(trial_dir(trial.trial_id).spec.read_text())
    assert [one.text for one in spec.inputs] == ["你好", "hello"]


def test_models_that_cannot_be_tried_say_why(world):
    config = {"arch": "lstm-small", "task_type": "sequence", "image_size": 0, "channels": 2}
    task = finished_task("TASK_5EC0E11C", config, create_by="olga")
    page = world.client("olga").get(address("try", task.pk), headers=EN)
    assert "is a model for sequence; models for classification, detection, segmentation, text can be tried" in (
        page.content.decode()
    )
    assert b'type="file"' not in page.content
    assert "is a model for sequence" in problems(bring(world, task, picture_file()))
    assert "is QUEUED; its model is not finished" in (
        world.client("olga").get(address("try", world.queued.pk), headers=EN).content.decode()
    )


@pytest.mark.parametrize(("who", "status"), [("carl", 302), ("anna", 302), ("vera", 403), ("sten", 404)])
def test_whoever_may_use_the_model_may_try_it(world, model, who, status):
    assert bring(world, model, picture_file(), who=who).status_code == status


def test_nobody_else_sees_a_trial_and_nothing_of_it(world, model):
    trial = begun(world, model)
    for who in ("root", "adam", "carl", "sten", "anna", "vera"):
        for name, more in (("trial", ()), ("trial_live", ()), ("trial_picture", (1,))):
            assert world.client(who).get(address(name, trial.trial_id, *more)).status_code == 404
        for name in ("trial_cancel", "trial_left"):
            assert world.client(who).post(address(name, trial.trial_id)).status_code == 404
        page = world.client(who).get(address("try", model.pk)).content.decode()
        assert trial.trial_id not in page
    trial.refresh_from_db()
    assert trial.status == "QUEUED"


def test_names_and_texts_of_people_are_no_markup(world, model):
    bring(world, model, picture_file("<img src=x onerror=alert(1)>.png"))
    trial = Trial.objects.exclude(pk=world.trial.pk).get()
    page = world.client("olga").get(address("trial", trial.trial_id)).content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;.png" in page


def live(world, trial, have="") -> dict:
    return world.client("olga").get(address("trial_live", trial.trial_id), {"have": have}, headers=EN).json()


def test_the_page_is_told_what_it_waits_for_and_what_the_engine_does(world, model):
    trial = begun(world, model)
    Worker.objects.all().delete()
    assert "No worker is running" in live(world, trial)["waiting"]
    Worker.objects.create(name="w", host="h", pid=1, slots=1, started_at=timezone.now(), seen_at=timezone.now())
    assert "1 are before this one" in live(world, trial)["waiting"]  # the world's own
    world.trial.delete()
    assert live(world, trial)["waiting"] == "A worker takes it within a second."
    assert trial_states.claim(trial, "w")
    assert (live(world, trial)["phase"], live(world, trial)["read"]) == ("starting the engine", False)
    trial_states.note(trial, "student", 3, 20)
    now = live(world, trial)
    assert (now["phase"], now["done"], now["total"], now["read"]) == ("asking the student: 3 of 20", 3, 20, True)


def test_answers_are_told_once_and_sentences_in_the_readers_language(world, model):
    trial = begun(world, model)
    folder = trial_dir(trial.trial_id).root
    torn = Sentence("{path} cannot be read as a picture ({error}). Replace or remove it.", {"path": "x", "error": "e"})
    answers = [{"bars": [["猫", 0.75]], "ms": 12.345}, {"problem": torn.as_json()}]
    (folder / "student.json").write_text(json.dumps({"parameters": 1500, "load_seconds": 0.5, "answers": answers}))
    side = live(world, trial)["sides"]["student"]
    assert side["facts"] == "1.5 K parameters, loaded in 0.5 s"
    assert (side["answers"][0]["bars"], side["answers"][0]["took"]) == ([["猫", 0.75]], "12.3 ms")
    assert side["answers"][1]["problem"].startswith("x cannot be read")
    assert live(world, trial, have="student")["sides"] == {}
    (folder / "teacher.json").write_text(json.dumps({"reason": torn.as_json()}))
    assert live(world, trial, have="student")["sides"]["teacher"]["reason"].startswith("x cannot be read")
    (folder / "teacher.json").write_text('{"reason": 7, "answers": "?"}')
    assert live(world, trial)["sides"]["teacher"]["answers"] == []


def test_cancelling_ends_it_and_takes_the_uploads_away(world, model):
    trial = begun(world, model)
    folder = trial_dir(trial.trial_id).root
    assert world.client("olga").post(address("trial_cancel", trial.trial_id)).status_code == 302
    trial.refresh_from_db()
    assert trial.status == "STOPPED"
    assert not (folder / "inputs").exists()
    assert "was cancelled" in live(world, trial)["stopped"]
    assert list(AuditEntry.objects.filter(kind="trial").order_by("id").values_list("verb", flat=True)) == [
        "create",
        "stop",
    ]


def test_a_page_that_is_left_frees_the_worker_but_not_one_that_is_loaded_again(world, model):
    trial = begun(world, model)
    assert trial_states.claim(trial, "w")
    world.client("olga").post(address("trial_left", trial.trial_id))
    assert not trial_states.asked_to_stop(trial)
    Trial.objects.filter(pk=trial.pk).update(seen_at=timezone.now() - timedelta(seconds=61))
    assert trial_states.asked_to_stop(trial)
    live(world, trial)
    assert not trial_states.asked_to_stop(trial)


def test_a_waiting_trial_whose_page_is_gone_is_not_begun(world, model):
    trial = begun(world, model)
    Trial.objects.update(seen_at=timezone.now() - timedelta(minutes=2))
    trial.refresh_from_db()
    assert not trial_states.claim(trial, "w")
    assert trial.status == "STOPPED"


def test_one_person_has_two_unfinished_trials_at_most(world, model):
    begun(world, model)
    assert "2 trials of yours are not finished" in problems(bring(world, model, picture_file()))
    assert bring(world, model, picture_file(), who="carl").status_code == 302


def test_old_trials_go_with_their_folders_and_running_ones_stay(world, model, home):
    trial = begun(world, model)
    running = begun(world, model, "carl")
    assert trial_states.claim(running, "w")
    Trial.objects.update(create_time=timezone.now() - timedelta(hours=25))
    (home / "trials" / "TRY-ORPHAN").mkdir()
    trials.remove_old(timezone.now() + timedelta(hours=2))
    assert list(Trial.objects.all()) == [running]
    assert not trial_dir(trial.trial_id).root.exists()
    assert [path.name for path in (home / "trials").iterdir()] == [running.trial_id]


def test_the_oldest_of_many_trials_go(world, model, monkeypatch):
    monkeypatch.setattr("distillation.services.trials.KEPT", 2)
    for _ in range(3):
        last = begun(world, model, "carl")
        trials.cancel(last, "carl")
    assert Trial.objects.of("carl").count() == 2
    assert Trial.objects.of("olga").count() == 1


def teacher_said(world, task, who="olga"):
    found = trials.teacher_of(task, rights(world.people[who]))
    return found.english() if isinstance(found, Sentence) else found.name


def test_the_teacher_is_the_runs_own_or_a_reason(world, model, home):
    assert "its teacher is not known here" in teacher_said(world, model)
    run = run_dir(model.task_id).spec
    run.write_text(replace(SPEC, mode="direct", teacher=None, loss=None).to_json())
    assert teacher_said(world, model) == "The model was trained without a teacher."
    run.write_text(SPEC.to_json())
    assert "was deleted, or you may not see it" in teacher_said(world, model)


def test_the_page_costs_few_queries_however_many_trials_there_are(world, model, django_assert_max_num_queries):
    for number in range(1000):
        Trial.objects.create(task_id=model.task_id, task_type="classification", create_by="olga", input_count=number)
    client = world.client("olga")
    client.get(address("try", model.pk))
    with django_assert_max_num_queries(12):
        client.get(address("try", model.pk))
    trial = Trial.objects.of("olga")[0]
    with django_assert_max_num_queries(12):
        client.get(address("trial", trial.trial_id))
    with django_assert_max_num_queries(12):
        client.get(address("trial_live", trial.trial_id))
