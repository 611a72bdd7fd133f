"""What holds where several processes share each batch of a run, one a GPU (``gpuDevices``)."""

from __future__ import annotations

from distillation.contract.batches import LEAST_SHARE
from distillation.contract.sentence import Problem, Sentence, gettext_noop

OPTION = "gpuDevices"
MOST_DEVICES = 64


def problem(count: int, *, batch_size: int, joint: bool) -> Problem | None:
    """What ``count`` processes cannot do; None when they can."""
    if count < 2:
        return None
    if joint:
        sentence = gettext_noop(
            "A teacher that learns too (collaboration joint) learns on one GPU. Name one in gpuDevices, or choose "
            "collaboration none."
        )
        return Problem(OPTION, Sentence(sentence))
    if not batch_size:
        sentence = gettext_noop("Several GPUs share a batch of a known size. Choose a batchSize instead of auto.")
        return Problem("batchSize", Sentence(sentence))
    if batch_size < LEAST_SHARE * count:
        sentence = gettext_noop(
            "{count} GPUs share each batch, at least {share} samples each; batchSize is {batch_size}. Choose {least} "
            "or more."
        )
        params = {"count": count, "share": LEAST_SHARE, "batch_size": batch_size, "least": LEAST_SHARE * count}
        return Problem("batchSize", Sentence(sentence, params))
    return None
