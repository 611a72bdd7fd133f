"""Causal language models (Llama, Qwen2, …) as teachers of texts: how likely the class's words follow the question.

The prompt is plain text, which models of every kind can continue: the text, a new line, the question; an answer is a
space, the class's words and a new line. A template that comes with a model is a program and is not run.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from distillation.contract import prompts
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.spec import TeacherSpec
from distillation.contract.teachers import FAMILIES
from distillation.datasets.layout import shown
from distillation.engine import students
from distillation.engine.importing import from_transformers
from distillation.engine.teachers import directory, quantisation, words
from distillation.engine.teachers.answer_likelihood import AnswerLikelihood, Dialogue
from distillation.engine.teachers.source import Examined, TeacherSource, TextTeacher

QUESTION, ANSWER = "\n{question}", " {words}\n"
MOST_TOKENS = 1024
"""Of a text; less where the model reads less. Time and memory grow with it."""
LEAST_TOKENS = 16
"""A model must have room for so many tokens of a text."""


class TextAnswers(AnswerLikelihood):
    """Of texts that are given as token numbers ``[texts, tokens]``."""

    def ask(self, tokens: Tensor) -> tuple[Any, int]:
        """The question follows the text."""
        count = len(tokens)
        before, after = (
            torch.tensor(part, dtype=torch.int64, device=tokens.device).expand(count, -1)
            for part in (self.dialogue.before, self.dialogue.after)
        )
        ids = torch.cat([before, tokens, after], dim=1)
        return self.model(input_ids=ids, use_cache=True, logits_to_keep=1), ids.shape[1]


def examine(spec: TeacherSpec, folder: Path, classes: tuple[str, ...]) -> Examined:
    """Put question and answers into words. Raises Refused when files are absent."""
    weights = directory.weight_files(folder, of_pictures=False)
    directory.require_tokenizer(folder)
    return _examined(spec, folder, classes, weights, directory.setting_files(folder))


def examine_gguf(spec: TeacherSpec, folder: Path, classes: tuple[str, ...]) -> Examined:
    """The same for one GGUF file, which holds configuration and tokenizer too. Raises Refused for several."""
    files = sorted(folder.glob("*.gguf"))
    if len(files) != 1:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The teacher in {folder} has {count} GGUF files: {names}. Put one whole model into a directory of "
                    "its own; merge parts with llama-gguf-split."
                ),
                {
                    "folder": shown(folder.name),
                    "count": len(files),
                    "names": ", ".join(shown(file.name) for file in files[:5]) or "–",
                },
            )
        )
    return _examined(spec, folder, classes, tuple(files), ())


def load(source: TeacherSource, device: str) -> TextTeacher:
    """Load network and tokenizer. Raises Refused."""
    what = FAMILIES[source.kind].label
    of_tokenizer: dict[str, Any] = {}
    of_network: dict[str, Any] = {}
    if source.kind == "gguf":
        of_tokenizer = {"gguf_file": next(source.folder.glob("*.gguf")).name}
        # Kept in its blocks it would compute with kernels from a hub.
        of_network = of_tokenizer | {"quantization_config": from_transformers("GgufConfig")(dequantize=True)}
    tokenizer = directory.load_processor(from_transformers("AutoTokenizer"), source.folder, what, **of_tokenizer)
    network: Any = directory.load_model(
        from_transformers("AutoModelForCausalLM"), source.folder, source.quantization, what, **of_network
    )
    network.is_quantized = False  # its weights are plain numbers now, which fewer bits can be made of
    rows = _rows(source.folder, network, tokenizer)
    parameters = students.parameter_count(network)
    limit = getattr(network.config, "max_position_embeddings", None)
    network = quantisation.prepare(network, source.quantization, device, source.name)
    dialogue = _dialogue(source, tokenizer)
    used = len(dialogue.before) + len(dialogue.after) + max(map(len, dialogue.answers))
    room = min(MOST_TOKENS, limit - used) if isinstance(limit, int) else MOST_TOKENS
    if room < LEAST_TOKENS:
        raise _no_room(source.folder, used, limit)
    model = TextAnswers(network, dialogue).to(device).eval()
    _require_continuing(source.folder, model, device)
    return TextTeacher(model, _encoder(tokenizer, room, rows), parameters, len(source.words))


def _examined(
    spec: TeacherSpec, folder: Path, classes: tuple[str, ...], weights: tuple[Path, ...], settings: tuple[Path, ...]
) -> Examined:
    tables = words.read_table(spec.name, folder), spec.prompts
    said = prompts.words_for(spec.name, spec.kind, classes, *tables)
    question = prompts.question(spec.kind, said, *tables)
    return Examined(tuple(range(len(classes))), weights, settings, said, question)


def _dialogue(source: TeacherSource, tokenizer: Any) -> Dialogue:
    def ids(text: str) -> tuple[int, ...]:
        return tuple(tokenizer(text, add_special_tokens=False)["input_ids"])

    begin = tokenizer.bos_token_id
    before = (begin,) if begin is not None and tokenizer("a")["input_ids"][0] == begin else ()
    question = QUESTION.format(question=source.question)
    after = ids(question)
    answers = []
    for said in source.words:
        answer = ANSWER.format(words=said)
        whole = ids(question + answer)
        # Some tokenizers write a word otherwise at the beginning of a text.
        alone = ids(answer) if whole[: len(after)] != after else whole[len(after) :]
        answers.append(alone if len(alone) > 1 else (*alone, *ids("\n")))
    return Dialogue(before, after, tuple(answers))


def _encoder(tokenizer: Any, room: int, rows: int) -> Callable[[str], Tensor]:
    """Of a text that is longer than ``room`` tokens the beginning is read, and no special token that has no row."""

    def encode(text: str) -> Tensor:
        ids = tokenizer(shown(text), add_special_tokens=False)["input_ids"]
        return torch.tensor([token for token in ids if token < rows][:room], dtype=torch.int64)

    return encode


def _rows(folder: Path, network: Any, tokenizer: Any) -> int:
    """The tokens that the model knows. Raises Refused when the tokenizer has more, special ones aside."""
    rows = int(network.get_input_embeddings().weight.shape[0])
    if tokenizer.vocab_size > rows:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The tokenizer of the teacher in {folder} has {tokens} tokens, the model knows {rows}. Take "
                    "tokenizer and weights from the same model."
                ),
                {"folder": shown(folder.name), "tokens": tokenizer.vocab_size, "rows": rows},
            )
        )
    return rows


def _require_continuing(folder: Path, model: TextAnswers, device: str) -> None:
    """Ask once, about nothing: what keeps no state that can be copied for each class fails here."""
    try:
        with torch.inference_mode():
            model(torch.zeros(1, LEAST_TOKENS, dtype=torch.int64, device=device))
    except directory.FAILURES as error:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The teacher in {folder} cannot be asked for several answers to one text ({error}). Choose a "
                    "transformer such as Llama or Qwen2."
                ),
                {"folder": shown(folder.name), "error": " ".join(f"{type(error).__name__}: {error}".split())[:200]},
            )
        ) from error


def _no_room(folder: Path, used: int, limit: int | None) -> Refused:
    return Refused(
        Sentence(
            gettext_noop(
                "The teacher in {folder} reads at most {limit} tokens; question and answer have {used} of them, so no "
                "text fits beside. Shorten the question and the words in prompts.json."
            ),
            {"folder": shown(folder.name), "limit": limit or 0, "used": used},
        )
    )
