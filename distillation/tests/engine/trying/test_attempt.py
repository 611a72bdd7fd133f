"""What student and teacher answer to a few pictures and texts, and how the engine ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from distillation.contract import exit_codes
from distillation.contract.run_dir import RunDir
from distillation.contract.sentence import Sentence
from distillation.contract.spec import TeacherSpec
from distillation.contract.trial import PHASES, TRYING, TrialInput, TrialSpec
from distillation.engine import border, text_tokens
from distillation.engine.stopping import StopRequest
from distillation.tests.datasets.annotated import SIDEWAYS, picture
from distillation.tests.engine.labelling.samples import CLASSES, write_student
from distillation.tests.engine.samples import events_of
from distillation.tests.engine.teachers import detectors, segmenters
from distillation.tests.engine.teachers.samples import write_causal

TEACHER = TeacherSpec("task", "TASK_TEACHER", "teacher")


@pytest.fixture(autouse=True)
def keep_signals():
    """In-process engines install signal handlers."""
    handlers = [(number, signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGINT)]
    yield
    for number, handler in handlers:
        signal.signal(number, handler)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    inputs = tmp_path / "trials" / "TRY-1" / "inputs"
    picture(inputs / "1.png")
    picture(inputs / "2.jpg", orientation=SIDEWAYS)
    (inputs / "3.jpg").write_bytes(picture(inputs / "whole.jpg").read_bytes()[:300])
    return tmp_path


def write_trial(home: Path, task_type: str = "classification", **changes: Any) -> RunDir:
    run_dir = RunDir(home / "trials" / "TRY-1")
    run_dir.root.mkdir(parents=True, exist_ok=True)
    inputs = (TrialInput("猫.png", "1.png"), TrialInput("rot.jpg", "2.jpg"), TrialInput("short.jpg", "3.jpg"))
    values = {"trial_id": "TRY-1", "task_type": task_type, "model_path": "model", "inputs": inputs, **changes}
    run_dir.spec.write_text(TrialSpec(**values).to_json())
    return run_dir


def attempt(home: Path, run_dir: RunDir) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """The exit code, and what the two said."""
    code = border.attempt_trial(run_dir.root, home, 1, watch_stdin=False)
    said = [run_dir.root / f"{side}.json" for side in ("student", "teacher")]
    student, teacher = (json.loads(path.read_text()) if path.is_file() else {} for path in said)
    return code, student, teacher


def english(value: dict[str, Any]) -> str:
    return Sentence.from_json(value).english()


def test_both_answer_and_one_torn_picture_is_named(home):
    write_student(home / "model")
    write_student(home / "teacher", size=16)
    run_dir = write_trial(home, teacher=TEACHER)
    code, student, teacher = attempt(home, run_dir)
    assert code == exit_codes.COMPLETED
    for said in (student, teacher):
        first, turned, torn = said["answers"]
        assert sorted(name for name, _ in first["bars"]) == sorted(CLASSES)
        assert sum(share for _, share in first["bars"]) == pytest.approx(1, abs=0.001)
        assert first["bars"] == sorted(first["bars"], key=lambda bar: -bar[1])
        assert first["ms"] > 0
        assert turned["size"] == list(Image.open(run_dir.root / "shown" / "2.jpg").size)
        assert "short.jpg cannot be read" in english(torn["problem"])
        assert str(home) not in english(torn["problem"])
    assert student["answers"][0]["bars"] != teacher["answers"][0]["bars"]
    phases = [event["phase"] for event in events_of(run_dir) if event["kind"] == TRYING]
    assert tuple(dict.fromkeys(phases)) == PHASES


def test_a_detector_answers_with_many_unsure_boxes_within_the_upright_picture(home):
    write_student(home / "model", "yolov8n", size=64, channels=3)
    code, student, _ = attempt(home, write_trial(home, "detection"))
    assert code == exit_codes.COMPLETED
    for answer in student["answers"][:2]:
        width, height = answer["size"]
        for found in answer["objects"]:
            left, top, right, bottom = found["box"]
            assert 0 <= left < right <= width
            assert 0 <= top < bottom <= height
            assert found["score"] >= 0.05
            assert found["class"] in CLASSES


def test_a_segmenter_answers_with_outlines(home):
    write_student(home / "model", "unet-small", size=32, channels=3)
    code, student, teacher = attempt(home, write_trial(home, "segmentation", teacher=TeacherSpec("task", "T", "model")))
    assert code == exit_codes.COMPLETED
    assert student["answers"][0]["objects"] == teacher["answers"][0]["objects"]
    assert all(len(found["outline"]) >= 6 for found in student["answers"][0]["objects"])


def test_texts_are_read_by_both(home):
    tokenizer = text_tokens.learn(["the cat sat here", "a dog ran there"] * 4, StopRequest())
    for name in ("model", "teacher"):
        write_student(home / name, "textcnn-small", size=0, channels=text_tokens.vocabulary(tokenizer))
        (home / name / text_tokens.FILE).write_bytes(text_tokens.write(tokenizer))
    inputs = (TrialInput("the cat", text="the cat"), TrialInput("\ud800", text="\ud800 x"))
    code, student, teacher = attempt(home, write_trial(home, "text", inputs=inputs, teacher=TEACHER))
    assert code == exit_codes.COMPLETED
    assert len(student["answers"]) == len(teacher["answers"]) == 2
    assert student["answers"][0]["bars"] == teacher["answers"][0]["bars"]


@pytest.mark.parametrize(
    ("teacher", "words"),
    [
        (TeacherSpec("task", "gone", "nowhere"), "has no model directory nowhere"),
        (TeacherSpec("huggingface", "hf", "broken"), "has no config.json that names its classes"),
        (TeacherSpec("sam", "sam", "broken"), "is of the kind sam"),
    ],
)
def test_a_teacher_that_cannot_answer_is_a_reason_and_no_failure(home, teacher, words):
    write_student(home / "model")
    (home / "broken").mkdir()
    code, student, said = attempt(home, write_trial(home, teacher=teacher))
    assert code == exit_codes.COMPLETED
    assert "bars" in student["answers"][0]
    if teacher.kind != "sam":
        assert words in english(said["reason"])
    else:
        assert "draws masks into boxes" in english(said["reason"])


def test_without_a_teacher_the_reason_is_kept(home):
    write_student(home / "model")
    reason = Sentence("The model was trained without a teacher.").as_json()
    assert attempt(home, write_trial(home, no_teacher=reason))[2] == {"reason": reason}


def test_nothing_that_can_be_read_is_said(home):
    write_student(home / "model")
    run_dir = write_trial(home, inputs=(TrialInput("short.jpg", "3.jpg"),))
    assert attempt(home, run_dir)[0] == exit_codes.FAILED
    assert "None of the pictures can be read" in english(events_of(run_dir)[-1]["sentence"])


def test_the_command_works_and_pictures_are_shown_before_torch_is_there(home):
    write_student(home / "model")
    run_dir = write_trial(home)
    command = [sys.executable, "-m", "distillation.engine", "try", str(run_dir.root), "--home", str(home)]
    done = subprocess.run([*command, "--attempt", "1", "--no-watch-stdin"], capture_output=True, text=True)
    assert done.returncode == exit_codes.COMPLETED, done.stderr
    code = "import sys, distillation.engine.trying.attempt; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def rename(model: Path, *classes: str) -> None:
    """The student's first classes are called as the teacher's."""
    config = json.loads((model / "config.json").read_text())
    config["classes"][: len(classes)] = classes
    (model / "config.json").write_text(json.dumps(config))


@pytest.mark.slow
def test_a_detector_of_transformers_is_asked_for_less_sure_boxes(home):
    write_student(home / "model", "yolov8n", size=64, channels=3)
    rename(home / "model", "red", "blue", "other")
    detectors.write_sure(home / "teacher", sure=1.0)
    teacher = TeacherSpec("detector", "detr", "teacher")
    _, _, said = attempt(home, write_trial(home, "detection", teacher=teacher))
    found = said["answers"][0]["objects"]
    assert {one["class"] for one in found} == {"red"}
    assert all(0.05 <= one["score"] < 0.5 for one in found)


@pytest.mark.slow
def test_a_segmenter_of_transformers_answers_in_the_pictures_own_size(home):
    write_student(home / "model", "unet-small", size=32, channels=3)
    rename(home / "model", "sky", "Blue", "red")
    segmenters.write_segmenter(home / "teacher")
    teacher = TeacherSpec("segmenter", "segformer", "teacher")
    _, _, said = attempt(home, write_trial(home, "segmentation", teacher=teacher))
    assert said["answers"][0]["objects"]
    for one in said["answers"][0]["objects"]:
        assert max(one["outline"][::2]) <= 40
        assert max(one["outline"][1::2]) <= 20


@pytest.mark.slow
def test_a_language_model_is_asked_about_texts(home):
    tokenizer = text_tokens.learn(["the cat sat here"] * 4, StopRequest())
    write_student(home / "model", "textcnn-small", size=0, channels=text_tokens.vocabulary(tokenizer))
    (home / "model" / text_tokens.FILE).write_bytes(text_tokens.write(tokenizer))
    write_causal(home / "teacher")
    teacher = TeacherSpec("causal_lm", "llama", "teacher")
    inputs = (TrialInput("the cat", text="the cat"),)
    _, _, said = attempt(home, write_trial(home, "text", inputs=inputs, teacher=teacher))
    assert sorted(name for name, _ in said["answers"][0]["bars"]) == sorted(CLASSES)
