"""Texts with labels as people and tools write them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from distillation.contract.sentence import Refused
from distillation.datasets import recognition, texts
from distillation.datasets.outline import outline
from distillation.datasets.texts import TextData

ROWS = [("很好，喜欢", "正面"), ('He said "no",\nand left.', "负面"), ("fine", "正面")]
HELD_OUT = [("bad", "负面"), ("good", "正面")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "reviews"
    root.mkdir()
    return root


def csv_of(rows: list[tuple[str, str]], header: str = "text,label\n") -> str:
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    return header + "\n".join(quoted) + "\n"


def jsonl_of(rows: list[tuple[str, str]], text: str = "text", label: str = "label") -> str:
    return "".join(json.dumps({label: name, text: content}, ensure_ascii=False) + "\n" for content, name in rows)


def kinds(found: TextData) -> dict[str, int]:
    return {finding.kind: finding.count for finding in found.findings}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize(
    ("suffix", "write"),
    [
        ("csv", csv_of),
        ("csv", lambda rows: csv_of(rows, "")),
        ("csv", lambda rows: csv_of([(label, text) for text, label in rows], "")),
        ("csv", lambda rows: csv_of([(label, text) for text, label in rows], "Class,Sentence\n")),
        ("jsonl", jsonl_of),
        ("jsonl", lambda rows: jsonl_of(rows, "content", "category")),
    ],
)
def test_every_way_of_writing_texts_is_read_alike(root: Path, encoding: str, suffix: str, write):
    (root / f"train.{suffix}").write_bytes(write(ROWS).encode(encoding))
    (root / f"val.{suffix}").write_bytes(write(HELD_OUT).encode(encoding))
    found = recognition.read_texts(root)
    assert found.classes == ("正面", "负面")
    assert found.train.texts == tuple(text for text, _ in ROWS)
    assert found.train.labels.tolist() == [0, 1, 0]
    assert found.val.labels.tolist() == [1, 0]
    assert (found.split, found.findings) == ("given", ())
    shown = outline(root)
    assert (shown.type, shown.layout, shown.train, shown.val) == ("text", "text", 3, 2)
    assert (shown.classes, shown.train_per_class) == (("正面", "负面"), (2, 1))


def test_whole_numbers_are_classes_too(root: Path):
    (root / "train.jsonl").write_text(
        "".join(json.dumps({"text": f"t{n}", "label": n % 3 * 5}) + "\n" for n in range(9))
    )
    assert texts.read(root).classes == ("0", "5", "10")


def test_texts_without_labels_are_unlabelled(root: Path):
    (root / "train.csv").write_text(csv_of([*ROWS, ("who knows", "")]))
    (root / "val.csv").write_text(csv_of(HELD_OUT))
    (root / "unlabeled.jsonl").write_text('{"text": "one"}\n{"text": "two"}\n')
    found = texts.read(root)
    assert found.unlabeled.texts == ("who knows", "one", "two")
    assert found.unlabeled.labels.tolist() == [-1, -1, -1]
    assert outline(root).unlabeled == 3


def test_what_is_wrong_is_counted_and_named(root: Path):
    (root / "train.jsonl").write_text(
        jsonl_of(ROWS) + '{"text": "  ", "label": "正面"}\nnot json\n[1]\n' + jsonl_of(HELD_OUT[:1])
    )
    (root / "val.jsonl").write_text(jsonl_of([*HELD_OUT, ("hm", "")]))
    found = texts.read(root)
    assert kinds(found) == {"malformed_row": 2, "empty_row": 1, "missing_row_label": 1, "duplicate_row": 1}
    sentences = " ".join(finding.sentence.english() for finding in found.findings)
    assert all(name in sentences for name in ("train.jsonl:4", "train.jsonl:5, train.jsonl:6", "val.jsonl:3"))
    assert len(found.train) == 3


def test_without_validation_texts_the_same_part_is_held_out(root: Path):
    rows = [(f"text {number}", "ab"[number % 2]) for number in range(20)]
    (root / "train.csv").write_text(csv_of(rows))
    one = texts.read(root)
    (root / "train.csv").write_text(csv_of(rows[::-1]))
    assert set(one.val.texts) == set(texts.read(root).val.texts)
    assert (len(one.train), len(one.val)) == (16, 4)
    assert (outline(root).train, outline(root).val) == (16, 4)


def test_a_held_out_class_that_nobody_learns_is_refused_by_name(root: Path):
    (root / "train.csv").write_text(csv_of(ROWS))
    (root / "val.csv").write_text(csv_of([("x", "中性")]))
    with pytest.raises(Refused, match="does not have: 中性"):
        texts.read(root)


def test_no_labelled_text_is_refused(root: Path):
    (root / "train.jsonl").write_text('{"text": "a", "label": ""}\n')
    with pytest.raises(Refused, match="0 usable labelled rows to learn from"):
        texts.read(root)


def test_a_cell_that_never_ends_is_refused_with_its_line(root: Path):
    (root / "train.csv").write_text('text,label\nfine,a\n"' + "x" * 200_000 + '",b\n')
    with pytest.raises(Refused, match=r"train\.csv cannot be read as a table: line 3"):
        texts.read(root)


def test_a_change_of_one_label_changes_the_digest(root: Path):
    (root / "val.csv").write_text(csv_of(HELD_OUT))
    (root / "train.csv").write_text(csv_of(ROWS))
    before = texts.read(root).digest
    (root / "train.csv").write_text(csv_of([*ROWS[:2], ("fine", "负面")]))
    assert texts.read(root).digest != before
