"""Recognise what the machine ran out of, however a library wrapped it, and say it in words."""

from __future__ import annotations

import errno
from collections.abc import Iterator

import torch

from distillation.contract import exit_codes
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.spec import RunSpec

_FULL_CODES = frozenset({errno.ENOSPC, errno.EDQUOT})
_FULL_WORDS = ("no space left on device", "os error 28", "disk quota exceeded")
_MEMORY_WORDS = ("can't allocate memory", "not enough memory", "out of memory", "unable to allocate", "bad_alloc")


class DataChanged(Refused):
    """The pictures are not the ones that the run began with."""


class PeerLost(Exception):  # noqa: N818 - as Refused
    """A process that trains along ended; the run can go on from its last checkpoint."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence.english())
        self.sentence = sentence


def explain(error: Exception, spec: RunSpec | None) -> tuple[int, Sentence]:
    """The exit code and the sentence for an error that nobody caught."""
    if isinstance(error, PeerLost):
        return exit_codes.CRASHED, error.sentence
    if is_disk_full(error):
        return exit_codes.DISK_FULL, disk_full(error)
    if is_out_of_memory(error):
        return exit_codes.FAILED, out_of_memory(error, spec)
    return exit_codes.CRASHED, unexpected(error)


def is_disk_full(error: BaseException) -> bool:
    """Whether a full disk or quota lies behind ``error``."""
    return any(
        (isinstance(cause, OSError) and cause.errno in _FULL_CODES)
        or any(words in str(cause).lower() for words in _FULL_WORDS)
        for cause in _chain(error)
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory of the machine or of the GPU ran out."""
    return any(
        isinstance(cause, MemoryError | torch.OutOfMemoryError)
        or (isinstance(cause, RuntimeError) and any(words in str(cause).lower() for words in _MEMORY_WORDS))
        for cause in _chain(error)
    )


def disk_full(error: BaseException) -> Sentence:
    """Say that nothing more can be written."""
    return Sentence(
        gettext_noop(
            "The disk of DISTILLATION_HOME is full ({error}). Free some space and start the task again: it goes on "
            "from its last checkpoint."
        ),
        {"error": _short(error)},
    )


def out_of_memory(error: BaseException, spec: RunSpec | None) -> Sentence:
    """Say that memory ran out, and which settings need less."""
    return Sentence(
        gettext_noop(
            "Memory ran out ({error}). Choose a smaller batch size (now {batch_size}) or image size (now {image_size} "
            "pixels), or a smaller model."
        ),
        {
            "error": _short(error),
            "batch_size": spec.train.batch_size if spec else "–",
            "image_size": spec.student.image_size if spec else "–",
        },
    )


def batch_too_large(error: BaseException, spec: RunSpec, fits: int | None) -> Sentence:
    """Say that memory ran out in a training step, and the batch size that would have fitted."""
    if fits is None:
        return out_of_memory(error, spec)
    return Sentence(
        gettext_noop(
            "Memory ran out ({error}): a step with a batch size of {batch_size} does not fit, one with {fits} does. "
            "Choose batch size {fits}; with gradAccumSteps {accumulate} the steps stay as large."
        ),
        {
            "error": _short(error),
            "batch_size": spec.train.batch_size,
            "fits": fits,
            "accumulate": -(-spec.train.batch_size // fits) * spec.train.grad_accum_steps,
        },
    )


def unexpected(error: BaseException) -> Sentence:
    """Name an error that this program did not foresee."""
    return Sentence(
        gettext_noop("The training program failed with {kind}: {error}. Its log holds the details; please report it."),
        {"kind": type(error).__name__, "error": _short(error)},
    )


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split()).encode("utf-8", "replace").decode()
    return text if len(text) <= 300 else text[:299] + "…"


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or following.__context__
