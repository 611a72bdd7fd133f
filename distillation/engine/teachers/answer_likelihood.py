"""How likely a language model finds each answer to a question about a picture or a text, teacher-forced.

The score of a class is log p(its words, end | what is asked about, question): the sum over tokens, not divided by their
number. With the end (of the turn, or of the line) the answers exclude each other, also where one begins another ("cat",
"catfish"), so that the softmax of the scores is the model's belief given that it names one of the classes.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

SEQUENCES = 64
"""Sequences of one forward pass: samples × classes. Memory grows with it."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Token ids around the sample, and of every answer with its end (two tokens or more)."""

    before: tuple[int, ...]
    after: tuple[int, ...]
    answers: tuple[tuple[int, ...], ...]


class AnswerLikelihood(nn.Module):
    """Scores of the answers. Sample and question are read once; each answer continues from there."""

    answers: Tensor
    """Token ids ``[classes, longest]``, filled up at the end."""
    counted: Tensor
    """1 for tokens, 0 for what fills up."""

    def __init__(self, model: Any, dialogue: Dialogue) -> None:
        super().__init__()
        self.model = model
        self.dialogue = dialogue
        longest = max(map(len, dialogue.answers))
        padded = [[*answer, *[answer[-1]] * (longest - len(answer))] for answer in dialogue.answers]
        counted = [[1.0] * len(answer) + [0.0] * (longest - len(answer)) for answer in dialogue.answers]
        self.register_buffer("answers", torch.tensor(padded))
        self.register_buffer("counted", torch.tensor(counted))

    def forward(self, samples: Tensor) -> Tensor:
        """Map samples of one shape, ``[samples, …]``, to log-likelihoods ``[samples, classes]``."""
        return torch.cat([self._score(part) for part in samples.split(self.at_once)])

    @property
    def at_once(self) -> int:
        """Samples of one forward pass."""
        return max(1, SEQUENCES // len(self.dialogue.answers))

    def ask(self, samples: Tensor) -> tuple[Any, int]:
        """Read samples and question; what the model gives, its cache included, and where answers begin."""
        raise NotImplementedError

    def places(self, _position: int, _ids: Tensor) -> dict[str, Tensor]:
        """How the model is told where ``ids`` stand, the first at ``position``; most count what they have read."""
        return {}

    def _score(self, samples: Tensor) -> Tensor:
        asked, position = self.ask(samples)
        first = asked.logits[:, -1].float().log_softmax(-1)[:, self.answers[:, 0]]
        rest = [
            self._continue(asked.past_key_values, position, len(samples), part, counted)
            for part, counted in zip(self.answers.split(SEQUENCES), self.counted.split(SEQUENCES), strict=True)
        ]
        return first + torch.cat(rest, dim=1)

    def _continue(self, asked: Any, position: int, samples: int, answers: Tensor, counted: Tensor) -> Tensor:
        """Log-likelihood of all tokens but the first, ``[samples, classes]``; padding, at the end, does not count."""
        cache = copy.deepcopy(asked)
        cache.batch_repeat_interleave(len(answers))
        ids = answers.repeat(samples, 1)
        said = self.model(
            input_ids=ids[:, :-1],
            past_key_values=cache,
            use_cache=True,
            **self.places(position, ids[:, :-1]),
        )
        likely = said.logits.float().log_softmax(-1).gather(-1, ids[:, 1:, None])[..., 0]
        return (likely * counted[:, 1:].repeat(samples, 1)).sum(-1).view(samples, len(answers))
