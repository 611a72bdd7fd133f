"""Classification of texts from JSON lines to a delivered model: alone, and from a finished task."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from distillation.contract import exit_codes
from distillation.contract.sentence import Refused
from distillation.contract.spec import LossSpec, TeacherSpec
from distillation.engine import batch_choice, export, run, teachers, text_tokens
from distillation.engine.by_hand import checking
from distillation.engine.failures import DataChanged
from distillation.engine.stopping import Stopped
from distillation.tests.engine.coloured import (
    context_of,
    epochs_of,
    kept_of,
    performed,
    phases_of,
    result_of,
    short_run,
    taught,
    write_texts,
)
from distillation.tests.engine.samples import StopAt, events_of, sha256, write_run
from distillation.tests.engine.teachers.samples import write_causal

ALONE = short_run("text", "textcnn-small", 0, epochs=10, batch_size=8, learning_rate=5e-3)
TAUGHT = taught(ALONE, "teacher", LossSpec(2.0, 0.6, 0.4), epochs=2)
MODEL = Path("artifacts") / "model"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with texts and a model that knows them."""
    torch.set_num_threads(1)
    home = tmp_path_factory.mktemp("text")
    write_texts(home / "datasets" / "text")
    performed(home, ALONE, "teacher")
    return home


def test_a_model_of_texts_that_learned_alone_knows_both_languages(home: Path):
    context = context_of(home, ALONE, "teacher")
    result, evaluation = result_of(context), result_of(context)["evaluation"]
    assert phases_of(context) == ["prepare", "student", "evaluate", "export"]
    assert result["samples"] == {"train": 48, "unlabeled": 32, "val": 40}
    assert evaluation["accuracy"] >= 90
    assert epochs_of(context, "student")[-1]["val_accuracy"] == evaluation["accuracy"]


def test_the_delivered_directory_alone_gives_the_reported_accuracy(home: Path, tmp_path: Path):
    folder = Path(shutil.copytree(home / "runs" / "teacher" / MODEL, tmp_path / "delivered"))
    model, config = export.load_student(folder)
    tokenizer = Tokenizer.from_file(str(folder / config["tokenizer"]))
    rows = [json.loads(line) for line in (home / "datasets" / "text" / "val.jsonl").read_text().splitlines()]
    ids = torch.tensor([found.ids for found in tokenizer.encode_batch([row["text"] for row in rows])])
    assert ids.shape == (40, config["length"])
    assert config["channels"] == tokenizer.get_vocab_size()
    with torch.inference_mode():
        answers = model(ids).argmax(1).tolist()
    right = sum(config["classes"][answer] == row["label"] for answer, row in zip(answers, rows, strict=True))
    evaluation = result_of(context_of(home, ALONE, "teacher"))["evaluation"]
    assert 100 * right / len(rows) == evaluation["accuracy"]


def test_a_model_of_texts_learns_from_a_finished_task_and_from_texts_without_labels(home: Path):
    context = performed(home, TAUGHT, "student")
    assert phases_of(context) == ["prepare", "teacher", "student", "control", "evaluate", "export"]
    event = epochs_of(context, "student")[0]
    assert event["step"] == 10  # 48 labelled and 32 unlabelled texts in batches of 8
    assert event["soft_loss"] > 0
    assert epochs_of(context, "control")[0]["soft_loss"] is None
    evaluation = result_of(context)["evaluation"]
    alone = result_of(context_of(home, ALONE, "teacher"))["evaluation"]
    assert evaluation["teacher"]["confusion_matrix"] == alone["confusion_matrix"]


def test_a_model_of_texts_learns_from_a_language_model(home: Path):
    write_causal(home / "models" / "llama")
    teacher = TeacherSpec("causal_lm", "llama", "models/llama")
    spec = replace(TAUGHT, teacher=teacher, control=False, train=replace(TAUGHT.train, epochs=1))
    context = performed(home, spec, "by-llama")
    (event,) = epochs_of(context, "student")
    assert event["soft_loss"] > 0
    told = result_of(context)["evaluation"]["teacher"]
    assert (told["name"], told["sample_count"]) == ("llama", 40)
    loaded = teachers.load_texts(teachers.find(teacher, home, ("money", "sport"), "text"), "cpu")
    assert told["parameters"] == loaded.parameters
    # Labelled texts, then unlabelled ones, then those held out.
    rows = [
        json.loads(line)["text"]
        for split in ("train", "unlabeled", "val")
        for line in (home / "datasets" / "text" / f"{split}.jsonl").read_text().splitlines()
    ]
    checksum = result_of(context)["teacher_checksum"]
    (kept,) = (mark.parent for mark in home.glob("cache/teacher/*/complete.json") if checksum in mark.read_text())
    expected = loaded.answers([loaded.encode(row) for row in rows], "cpu").numpy()
    np.testing.assert_allclose(np.load(kept / "logits" / "array.npy"), expected, atol=1e-4)


def test_the_features_of_a_language_model_are_refused(home: Path):
    write_causal(home / "models" / "tapped")
    teacher = TeacherSpec("causal_lm", "tapped", "models/tapped")
    spec = replace(TAUGHT, teacher=teacher, loss=LossSpec(2.0, 0.6, 0.4, kind="hybrid", feature_loss="mse"))
    with pytest.raises(Refused, match="whose layers cannot be compared"):
        performed(home, spec, "tapped")


def test_a_check_by_hand_reads_specs_and_models_of_texts(home: Path, capsys: pytest.CaptureFixture[str]):
    found = []
    for path in (write_run(home, TAUGHT, "checked").spec, home / "runs" / "teacher" / MODEL):
        assert checking.check(path, home) == exit_codes.COMPLETED
        found.append(json.loads(capsys.readouterr().out))
    assert found[0]["samples"] == {"train": 48, "unlabeled": 32, "val": 40}
    assert found[1]["task_type"] == "text"


@pytest.mark.parametrize(
    "loss",
    [
        LossSpec(2.0, 0.6, 0.4, method="dkd"),
        LossSpec(2.0, 0.6, 0.4, method="dist"),
        LossSpec(2.0, 0.6, 0.4, kind="hybrid", feature_loss="mse"),
    ],
    ids=lambda loss: f"{loss.method}-{loss.kind}",
)
def test_every_way_of_comparing_teaches(home: Path, loss: LossSpec):
    spec = replace(taught(ALONE, "teacher", loss, epochs=1), control=False)
    (event,) = epochs_of(performed(home, spec, f"{loss.method}-{loss.kind}"), "student")
    assert event["soft_loss"] > 0
    if loss.feature:
        length, width = 3 * 64, kept_of(context_of(home, spec, "features"))["windows"][0]
        assert kept_of(context_of(home, spec, "features"))["windows"] == (width, length)


@pytest.fixture(scope="module")
def undisturbed(home: Path) -> Path:
    """The run directory of a distillation in one go."""
    return performed(home, TAUGHT, "undisturbed").run_dir.root


@pytest.mark.parametrize(("looks", "arm"), [(2, None), (10, "student"), (24, "student"), (36, "control")])
def test_a_run_stopped_anywhere_ends_with_the_same_weights(home: Path, undisturbed: Path, looks: int, arm: str | None):
    context = context_of(home, TAUGHT, f"stopped-{looks}")
    with pytest.raises(Stopped):
        run.perform(replace(context, stop=StopAt(looks)), 1)
    assert not context.run_dir.result.exists()
    run.perform(context_of(home, TAUGHT, f"stopped-{looks}", 2), 2)
    assert events_of(context.run_dir, 2)[0]["resumed_arm"] == arm
    for model in (MODEL, Path("artifacts") / "control"):
        for file in (export.WEIGHTS, text_tokens.FILE):
            assert sha256(context.run_dir.root / model / file) == sha256(undisturbed / model / file)


def test_a_text_answers_alike_however_far_it_is_filled_up(home: Path):
    model, _ = export.load_student(home / "runs" / "teacher" / MODEL)
    tokens = torch.tensor([[300, 20, 31]])
    filled = torch.cat([tokens, torch.zeros(1, 9, dtype=torch.int64)], dim=1)
    with torch.inference_mode():
        torch.testing.assert_close(model(filled), model(tokens))


def test_first_weights_bring_their_tokens(home: Path):
    student = replace(ALONE.student, init="distill", init_path=f"runs/teacher/{MODEL}")
    spec = replace(ALONE, student=student, train=replace(ALONE.train, epochs=1))
    write_texts(home / "datasets" / "other", train=8, unlabeled=0, val=8)
    data = replace(spec.data, path="datasets/other", val_path="datasets/other")
    context = performed(home, replace(spec, data=data), "continued")
    assert sha256(context.run_dir.model / text_tokens.FILE) == sha256(home / "runs/teacher" / MODEL / text_tokens.FILE)


def test_texts_that_changed_meanwhile_are_noticed(home: Path):
    root = write_texts(home / "datasets" / "changing", train=8, unlabeled=0, val=8)
    spec = replace(ALONE, data=replace(ALONE.data, path="datasets/changing", val_path="datasets/changing"))
    spec = replace(spec, train=replace(spec.train, epochs=1))
    performed(home, spec, "changing")
    context_of(home, spec, "changing").run_dir.result.unlink()
    with (root / "train.jsonl").open("a") as file:
        file.write('{"text": "one more", "label": "sport"}\n')
    with pytest.raises(DataChanged, match="The texts of the data set changed"):
        performed(home, spec, "changing")


def test_a_tokenizer_that_is_gone_is_named(home: Path):
    folder = Path(shutil.copytree(home / "runs" / "teacher" / MODEL, home / "models" / "bare"))
    (folder / text_tokens.FILE).unlink()
    assert TAUGHT.teacher is not None
    spec = replace(TAUGHT, teacher=replace(TAUGHT.teacher, path="models/bare"))
    with pytest.raises(Refused, match=r"tokenizer\.json of the model in bare cannot be read"):
        performed(home, spec, "bare")


def test_the_batch_size_of_texts_can_be_left_open(home: Path):
    assert batch_choice.choose(batch_choice.with_size(TAUGHT, 0), home) == 8  # eight steps for 80 texts
