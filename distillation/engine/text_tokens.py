"""How a student of texts reads them: byte pairs (Sennrich et al. 2016) that are learned from the run's own texts.

Bytes, and not letters, are the smallest tokens (Radford et al. 2019), so that every script can be written. The
tokenizer is one file, which states normalisation, length and padding too: ``Tokenizer.from_file(…).encode(text).ids``
is what the student takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.students import MAX_TOKENS, VOCABULARY
from distillation.datasets.layout import shown
from distillation.engine.stopping import StopRequest
from distillation.engine.students.textcnn import PADDING

FILE = "tokenizer.json"
PAD = "[PAD]"
LEAST_FREQUENT = 2
"""A pair that stands in the texts once only is no token."""
LONGEST = 16
"""Bytes of a token: five Chinese characters. Without a limit whole sentences, which have no spaces, become tokens."""
CHUNK = 1024
"""Texts between two looks at a stop request."""


def learn(texts: Sequence[str], stop: StopRequest) -> Tokenizer:
    """Learn at most ``VOCABULARY`` tokens; the length is that of the longest text, at most ``MAX_TOKENS``.

    Full-width letters, ligatures and capitals count as the plain small letters (NFKC). Raises Stopped.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        min_frequency=LEAST_FREQUENT,
        special_tokens=[PAD],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        max_token_length=LONGEST,
        show_progress=False,
    )
    tokenizer.train_from_iterator((text for chunk in _chunks(texts, stop) for text in chunk), trainer, len(texts))
    tokenizer.enable_truncation(MAX_TOKENS)
    longest = max(len(found.ids) for chunk in _chunks(texts, stop) for found in tokenizer.encode_batch(chunk))
    tokenizer.enable_truncation(longest)
    tokenizer.enable_padding(pad_id=PADDING, pad_token=PAD, length=longest)
    return tokenizer


def write(tokenizer: Tokenizer) -> bytes:
    """The content of its file."""
    return tokenizer.to_str(pretty=True).encode()


def load(folder: Path) -> Tokenizer:
    """The tokenizer in a model's directory. Raises Refused where there is none, or one that fills nothing up."""
    problem = "–"
    try:
        tokenizer = Tokenizer.from_str((folder / FILE).read_text(encoding="utf-8"))
        if length(tokenizer):
            return tokenizer
    except Exception as error:  # noqa: BLE001 - tokenizers raises nothing narrower
        problem = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    raise Refused(
        Sentence(
            gettext_noop(
                "The {file} of the model in {folder} cannot be read ({error}), so its student cannot read texts. Copy "
                "the whole directory again that a finished task wrote."
            ),
            {"file": FILE, "folder": shown(folder.name), "error": problem},
        )
    )


def vocabulary(tokenizer: Tokenizer) -> int:
    """The number of tokens."""
    return int(tokenizer.get_vocab_size())


def length(tokenizer: Tokenizer) -> int:
    """Tokens of every encoded text, those that fill it up among them; 0 where texts are not filled up."""
    padding = tokenizer.padding or {}
    return int(padding.get("length") or 0) if padding.get("pad_id") == PADDING else 0


def encode(tokenizer: Tokenizer, texts: Sequence[str], stop: StopRequest) -> tuple[NDArray[np.int32], int]:
    """Token numbers ``[texts, length]``, and how many texts were longer and are cut. Raises Stopped."""
    rows = np.zeros((len(texts), length(tokenizer)), np.int32)
    cut = begin = 0
    for chunk in _chunks(texts, stop):
        for row, found in enumerate(tokenizer.encode_batch(chunk), begin):
            rows[row] = found.ids
            cut += bool(found.overflowing)
        begin += len(chunk)
    return rows, cut


def _chunks(texts: Sequence[str], stop: StopRequest) -> Iterator[list[str]]:
    """Halves of surrogate pairs, which JSON can hold, become question marks: they are no characters."""
    for begin in range(0, len(texts), CHUNK):
        stop.check()
        yield [shown(text) for text in texts[begin : begin + CHUNK]]
