"""Texts with one class each."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets import recognition
from distillation.datasets.layout import shown
from distillation.engine import answer_cache, atomic, feature_layers, teachers, text_tokens
from distillation.engine.context import Context
from distillation.engine.row_answers import RowAnswerer
from distillation.engine.teachers import TeacherSource, finished_task
from distillation.engine.text_answers import LanguageAnswerer
from distillation.engine.workloads.rows import LabelledRows


class TextClassification(LabelledRows):
    """Classification of texts, which are read in tokens that are learned from the run's own texts."""

    unit = "texts"
    changed = gettext_noop(
        "The texts of the data set changed since the run began. Put its files back as they were, or start the task "
        "afresh."
    )

    def prepare(self) -> None:
        """Read the whole data set, and learn its tokens where no earlier attempt did."""
        spec = self.context.spec
        data = recognition.read_texts(self.context.home / spec.data.path, self.context.home / spec.data.val_path)
        splits = (data.train, data.unlabeled, data.val)
        self.hold(data, splits)
        self.data = data
        self.texts = [text for split in splits for text in split.texts]
        self.tokenizer = self._tokenizer()
        self.channels = text_tokens.vocabulary(self.tokenizer)
        values, cut = text_tokens.encode(self.tokenizer, self.texts, self.context.stop)
        if cut:
            self.context.events.log(
                "warning",
                Sentence(
                    gettext_noop("{count} texts are longer than {length} tokens; the student reads their beginning."),
                    {"count": cut, "length": values.shape[1]},
                ),
            )
        self.set_apart(values)

    def ask_teacher(self) -> None:
        """Compute or open the logits of a finished task's student, or the log-likelihoods of a language model."""
        spec = self.context.spec.teacher
        assert spec is not None  # noqa: S101 - asked by the caller
        source = teachers.find(spec, self.context.home, self.classes, "text")
        layers = feature_layers.key(self.context.spec.loss)
        ask = functools.cache(lambda: self._answerer(source))
        self.outputs = answer_cache.open_answers(
            self.context,
            f"text/1/{source.identity}/{self.data.digest}{layers}",
            lambda: ask().shapes(),
            self.total,
            ask,
        )

    def describe(self) -> dict[str, Any]:
        """How a text is prepared."""
        return {
            "tokenizer": text_tokens.FILE,
            "length": text_tokens.length(self.tokenizer),
            "padding": "at the end, with token 0; longer texts are cut",
        }

    def files(self) -> dict[str, bytes]:
        """The tokenizer."""
        return {text_tokens.FILE: text_tokens.write(self.tokenizer)}

    def _tokenizer(self) -> Tokenizer:
        """That of the first attempt; that of the first weights, whose numbers mean its tokens; else a new one."""
        here = self.context.run_dir.root / text_tokens.FILE
        if here.is_file():
            return text_tokens.load(here.parent)
        student = self.context.spec.student
        if student.init != "random" and student.init_path is not None:
            path = self.context.home / student.init_path
            tokenizer = text_tokens.load(path if path.is_dir() else path.parent)
        else:
            tokenizer = text_tokens.learn(self.texts[: len(self.train) + len(self.unlabeled)], self.context.stop)
        atomic.write_bytes(here, text_tokens.write(tokenizer))
        return tokenizer

    def _answerer(self, source: TeacherSource) -> RowAnswerer | LanguageAnswerer:
        if source.kind == "task":
            return _taught_by_student(self.context, source, self.texts)
        return LanguageAnswerer(self.context, source, self.texts)


def _taught_by_student(context: Context, source: TeacherSource, texts: list[str]) -> RowAnswerer:
    """A student reads texts in its own tokens."""
    network, config = finished_task.load_network(source, "text")
    tokenizer = text_tokens.load(source.folder)
    if text_tokens.vocabulary(tokenizer) != config["channels"]:
        raise _foreign_tokens(source.folder, text_tokens.vocabulary(tokenizer), int(config["channels"]))
    tokens, _ = text_tokens.encode(tokenizer, texts, context.stop)
    return RowAnswerer(context, source, network, lambda rows: torch.from_numpy(tokens[rows]))


def _foreign_tokens(folder: Path, found: int, expected: int) -> Refused:
    return Refused(
        Sentence(
            gettext_noop(
                "The tokenizer.json of the model in {folder} has {found} tokens, its weights have {expected}. Copy the "
                "whole directory again that a finished task wrote."
            ),
            {"folder": shown(folder.name), "found": found, "expected": expected},
        )
    )
