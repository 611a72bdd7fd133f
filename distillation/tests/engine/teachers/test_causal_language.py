"""A language model scores each class as transformers does when text, question and answer are given in one text."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from distillation.contract.sentence import Refused
from distillation.engine import teachers
from distillation.engine.teachers import answer_likelihood, causal_language
from distillation.engine.teachers.source import TextTeacher
from distillation.tests.engine.teachers.gguf_files import write_gguf
from distillation.tests.engine.teachers.samples import TOWER, source_of, write_causal

CLASSES = ("sport", "sports", "金融")
"""One begins another, and one is Chinese."""
TEXTS = ["the team won the match", "银行今天又涨价", "a", "the team won the match today, said the coach of the league"]
QUESTION = "\nCategory:"


def load(folder: Path, kind: str = "causal_lm", **options: Any) -> TextTeacher:
    return teachers.load_texts(source_of(folder, kind, CLASSES, "text", **options), "cpu")


def answers(loaded: TextTeacher, texts: list[str] = TEXTS) -> np.ndarray:
    return loaded.answers([loaded.encode(text) for text in texts], "cpu").numpy()


def plainly(
    folder: Path, texts: list[str], names: tuple[str, ...] = CLASSES, question: str = QUESTION, **files: str
) -> np.ndarray:
    """The log-probability of each answer's tokens, one whole text at a time, without a cache."""
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, **files, dtype=torch.float32).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **files)
    scores = []
    for text in texts:
        row = []
        for name in names:
            asked = tokenizer(text + question)["input_ids"]
            whole = torch.tensor([tokenizer(f"{text}{question} {name}\n")["input_ids"]])
            with torch.inference_mode():
                likely = model(whole).logits.log_softmax(-1)[0, :-1]
            row.append(float(likely.gather(1, whole[0, 1:, None])[len(asked) - 1 :].sum()))
        scores.append(row)
    return np.array(scores)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_causal(tmp_path_factory.mktemp("models") / "llama")


@pytest.fixture(scope="module")
def qwen2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = transformers.Qwen2Config(**TOWER, vocab_size=304, num_key_value_heads=1, max_position_embeddings=256)
    return write_causal(tmp_path_factory.mktemp("models") / "qwen2", config)


@pytest.fixture
def folder(llama: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(llama, tmp_path / "llama"))


@pytest.mark.parametrize("name", ["llama", "qwen2"])
def test_it_answers_as_transformers_does_with_the_whole_text(name, request):
    model = request.getfixturevalue(name)
    expected = plainly(model, TEXTS)
    assert np.ptp(expected, axis=0).min() > 1e-3  # else the text would not matter
    np.testing.assert_allclose(answers(load(model)), expected, atol=1e-4)


def test_a_token_that_begins_every_text_is_given_where_the_tokenizer_gives_it(llama, qwen2):
    assert [load(model).model.dialogue.before for model in (llama, qwen2)] == [(0,), ()]


def test_many_texts_and_classes_are_scored_in_parts_with_the_same_answers(llama, monkeypatch):
    whole = answers(load(llama), TEXTS * 3)
    monkeypatch.setattr(answer_likelihood, "SEQUENCES", 2)
    np.testing.assert_allclose(answers(load(llama), TEXTS * 3), whole, atol=1e-5)


def test_question_and_answers_come_from_the_tables(folder):
    (folder / "prompts.json").write_text(json.dumps({"金融": "money", "?": "One of {classes}:"}))
    expected = plainly(folder, TEXTS, ("sport", "sports", "money"), "\nOne of sport, sports, money:")
    np.testing.assert_allclose(answers(load(folder)), expected, atol=1e-4)


def test_of_a_long_text_the_beginning_is_read(llama, monkeypatch):
    monkeypatch.setattr(causal_language, "MOST_TOKENS", 5)
    monkeypatch.setattr(causal_language, "LEAST_TOKENS", 5)
    loaded = load(llama)
    encoded = loaded.encode(TEXTS[0])
    assert len(encoded) == 5
    assert encoded.tolist() == loaded.encode(TEXTS[0] + " and more").tolist()


@pytest.mark.parametrize("quantization", ["fp16", "int8"])
@pytest.mark.parametrize(("name", "kind"), [("llama", "causal_lm"), ("gguf", "gguf")])
def test_fewer_bits_change_the_answers_a_little(name, kind, quantization, request):
    folder = request.getfixturevalue(name)
    full = answers(load(folder, kind))
    difference = np.abs(answers(load(folder, kind, quantization=quantization)) - full).max()
    assert 0 < difference < 0.6 * np.abs(full).max()


def _without_room(folder: Path) -> None:
    _set(folder, "config.json", max_position_embeddings=20)


def _foreign_tokenizer(folder: Path) -> None:
    tokens = {"<s>": 0} | {chr(0x4E00 + number): number for number in range(1, 400)}
    content = json.loads((folder / "tokenizer.json").read_text())
    content["model"] |= {"vocab": tokens, "merges": []}
    (folder / "tokenizer.json").write_text(json.dumps(content))


def _set(folder: Path, name: str, **values: Any) -> None:
    content = json.loads((folder / name).read_text())
    (folder / name).write_text(json.dumps(content | values))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "tokenizer.json").unlink(), "has no tokenizer"),
        (lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"), "no .safetensors weights"),
        (lambda folder: _set(folder, "config.json", num_hidden_layers=3), "incomplete"),
        (_without_room, "so no text fits beside"),
        (_foreign_tokenizer, "Take tokenizer and weights from the same model"),
    ],
)
def test_a_directory_that_cannot_teach_is_refused_with_the_reason(folder, spoil, message):
    spoil(folder)
    with pytest.raises(Refused, match=message):
        load(folder)


def test_a_model_that_keeps_no_state_for_each_answer_is_refused(tmp_path):
    config = transformers.MambaConfig(hidden_size=16, num_hidden_layers=2, vocab_size=304, state_size=4)
    with pytest.raises(Refused, match="cannot be asked for several answers to one text"):
        load(write_causal(tmp_path / "mamba", config))


def test_the_question_is_part_of_the_identity(llama):
    found = [
        source_of(llama, "causal_lm", CLASSES, "text", prompts=table).identity for table in ((), (("?", "What?"),))
    ]
    assert found[0] != found[1]


@pytest.fixture
def gguf(qwen2: Path, tmp_path: Path) -> Path:
    (tmp_path / "gguf").mkdir()
    return write_gguf(qwen2, tmp_path / "gguf" / "tiny.gguf").parent


def test_a_gguf_file_answers_as_the_model_that_it_was_made_from(gguf, qwen2):
    found = answers(load(gguf, "gguf"))
    np.testing.assert_allclose(found, plainly(gguf, TEXTS, gguf_file="tiny.gguf"), atol=1e-4)
    np.testing.assert_allclose(found, answers(load(qwen2)), atol=1e-4)


def test_the_content_of_a_gguf_file_is_part_of_the_identity(gguf):
    asked = source_of(gguf, "gguf", CLASSES, "text").identity
    with (gguf / "tiny.gguf").open("ab") as file:
        file.write(b"0")
    assert source_of(gguf, "gguf", CLASSES, "text").identity != asked


def test_a_gguf_file_of_an_unknown_architecture_is_refused_naming_it(qwen2, tmp_path):
    (tmp_path / "new").mkdir()
    write_gguf(qwen2, tmp_path / "new" / "tiny.gguf", architecture="bert")
    with pytest.raises(Refused, match="architecture bert is not supported"):
        load(tmp_path / "new", "gguf")


@pytest.mark.parametrize("content", [b"", b"GGUF", b"not a model" * 100])
def test_a_file_that_is_no_gguf_is_refused(tmp_path, content):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "a.gguf").write_bytes(content)
    with pytest.raises(Refused, match="broken cannot be loaded as a causal language model as GGUF"):
        load(tmp_path / "broken", "gguf")


def test_a_model_in_several_gguf_files_is_refused(gguf):
    shutil.copy(gguf / "tiny.gguf", gguf / "other.gguf")
    with pytest.raises(Refused, match=r"has 2 GGUF files: other\.gguf, tiny\.gguf"):
        load(gguf, "gguf")
