"""Detectors that are asked in words answer as their library reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

from distillation.contract.sentence import Refused
from distillation.contract.spec import TeacherSpec
from distillation.engine import teachers
from distillation.engine.detection.matching import FoundBoxes
from distillation.engine.teachers import box_teacher
from distillation.engine.teachers.box_teacher import Answers
from distillation.engine.teachers.open_vocabulary import Grounding
from distillation.engine.teachers.source import TeacherSource
from distillation.tests.engine.teachers.detectors import OWLS, write_grounding, write_owl


def source_of(folder: Path, classes: tuple[str, ...], **options: Any) -> TeacherSource:
    spec = TeacherSpec("open_vocabulary", folder.name, folder.name, **options)
    return teachers.find(spec, folder.parent, classes, "detection")


@pytest.fixture
def every_box(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left out but what does not lie in the picture."""
    monkeypatch.setitem(box_teacher.LEAST_SCORE, "open_vocabulary", 0.0)
    monkeypatch.setattr(box_teacher, "OVERLAP", 1.0)
    monkeypatch.setattr(box_teacher, "LEAST_SIDE", 0.0)


def found_by(source: TeacherSource, paths: list[Path]) -> list[FoundBoxes]:
    loaded = teachers.load_boxes(source, "cpu")
    return loaded.find([loaded.read(path) for path in paths], "cpu")


def plain(folder: Path, path: Path, words: list[str], **options: Any) -> dict[str, Any]:
    """The pipeline of the library for one picture."""
    processor = transformers.AutoProcessor.from_pretrained(folder, local_files_only=True)
    model = transformers.AutoModelForZeroShotObjectDetection.from_pretrained(folder, local_files_only=True).eval()
    picture = Image.open(path).convert("RGB")
    with torch.inference_mode():
        outputs = model(**processor(images=picture, text=[words], return_tensors="pt"))
    (found,) = processor.post_process_grounded_object_detection(
        outputs, threshold=0.0, target_sizes=[picture.size[::-1]], **options
    )
    return found


def rows(scores: Any, labels: Any, boxes: Any, path: Path) -> np.ndarray:
    """Score, label and box cut at the edges of the picture, in the order of the scores."""
    width, height = Image.open(path).size
    table = np.column_stack([scores, labels, np.asarray(boxes).clip(0, [width, height] * 2)])
    return table[np.lexsort(table.T[::-1])]


@pytest.mark.usefixtures("every_box")
@pytest.mark.parametrize("kind", OWLS)
def test_owl_boxes_are_those_of_the_library(kind: str, tmp_path: Path, paths: list[Path]):
    folder = write_owl(tmp_path / "models" / kind, kind)
    source = source_of(folder, ("red", "\u84dd"), prompts=(("*", "a {class}"), ("\u84dd", "blue")))
    assert source.words == ("a red", "blue")
    for path, ours in zip(paths, found_by(source, paths), strict=True):
        theirs = plain(folder, path, ["a red", "blue"])
        expected = rows(theirs["scores"], theirs["labels"], theirs["boxes"], path)
        np.testing.assert_allclose(rows(ours.scores, ours.labels, ours.boxes, path), expected, atol=1e-4)
        assert set(expected[:, 1]) == {0, 1}


@pytest.mark.usefixtures("every_box")
def test_grounding_dino_boxes_are_those_of_the_library_with_the_class_of_their_phrase(
    tmp_path: Path, paths: list[Path]
):
    folder = write_grounding(tmp_path / "models" / "dino")
    asked = ["red", "traffic light", "traffic sign", "blue"]
    source = source_of(folder, ("red", "traffic light", "traffic sign", "Blue."))
    same = 0
    for path, ours in zip(paths, found_by(source, paths), strict=True):
        theirs = plain(folder, path, asked, text_threshold=0.0)
        width, height = Image.open(path).size
        mine = {tuple(np.round(box, 3)): score for box, score in zip(ours.boxes, ours.scores, strict=True)}
        for box, score in zip(theirs["boxes"].numpy(), theirs["scores"].tolist(), strict=True):
            cut = tuple(np.round(box.clip(0, [width, height] * 2).astype(np.float32), 3))
            # The library's score may be a full stop's; where it is a word's, both are the same.
            assert mine[cut] <= score + 1e-5
            same += abs(mine[cut] - score) < 1e-5
        assert set(ours.labels) <= set(range(len(asked)))
    assert same > len(paths) * 2


def test_grounding_dino_takes_the_phrase_that_scores_highest_in_the_mean():
    tokens = torch.tensor([[101, 1, 1012, 2, 3, 1012, 102]])
    belongs = torch.zeros(2, 7)
    belongs[0, 1] = 1.0
    belongs[1, 3:5] = 1.0
    logits = torch.full((1, 2, 16), -torch.inf)
    logits[0, 0, [1, 2, 3, 4]] = torch.tensor([0.5, 9.0, 2.0, -2.0])
    logits[0, 1, [1, 2, 3, 4]] = torch.tensor([0.5, 9.0, 2.0, 1.0])

    class Dino(torch.nn.Module):
        def forward(self, **_inputs: Any) -> Any:
            return Answers(logits, torch.zeros(1, 2, 4))

    found = Grounding(Dino(), tokens, belongs)(torch.zeros(1, 3, 4, 4))
    assert found.logits.tolist() == [[[0.5, -np.inf], [-np.inf, 2.0]]]


@pytest.mark.parametrize(
    ("write", "classes", "words"),
    [
        (write_owl, ("red", "a very long name for it"), "reads at most 16 tokens"),
        (
            write_grounding,
            ("red", "red blue " * 7),
            "reads at most 16 tokens",
        ),
        (write_grounding, ("red", "blue. light"), "ends the words for a class at a full stop"),
    ],
)
def test_words_that_cannot_be_asked_are_refused(tmp_path: Path, write: Any, classes: tuple[str, ...], words: str):
    source = source_of(write(tmp_path / "models" / "open"), classes)
    with pytest.raises(Refused, match=words):
        teachers.load_boxes(source, "cpu")


def test_names_in_another_script_need_words_and_other_words_are_another_teacher(tmp_path: Path):
    folder = write_owl(tmp_path / "models" / "owl")
    with pytest.raises(Refused, match="these classes have none: \u84dd"):
        source_of(folder, ("red", "\u84dd"))
    (folder / "prompts.json").write_text('{"\u84dd": "blue"}', encoding="utf-8")
    identity = source_of(folder, ("red", "\u84dd")).identity
    (folder / "prompts.json").write_text('{"\u84dd": "a blue one"}', encoding="utf-8")
    assert source_of(folder, ("red", "\u84dd")).identity != identity
