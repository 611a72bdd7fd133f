"""The loss of a student and a teacher that learn from each other and from the labels."""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import nn

from distillation.contract.spec import LossSpec
from distillation.engine import losses
from distillation.engine.batches import Batch
from distillation.engine.joint.live_teacher import LiveTeacher
from distillation.engine.objective import Forward, Terms, answers


class Mutual:
    """Deep mutual learning (Zhang et al. 2018, arXiv:1706.00384) with a student's loss of one's own choice.

    With p = softmax(logits) of the teacher (t) and of the student (s), and labels y where there are any:
    L_t = CE(p_t, y) + KL(p_s ‖ p_t), equation 4 of the paper, moves the teacher's adapters alone;
    L_s = soft_weight · soft(s, t) + hard_weight · CE(p_s, y), as of a run whose teacher is fixed, the student alone.
    Each sees the other's logits as constants, of the same step.
    """

    def __init__(self, weights: LossSpec, teacher: LiveTeacher) -> None:
        self.weights: LossSpec | None = weights
        self.trained: nn.Module | None = teacher.adapters
        self._teacher, self._answers = teacher, answers(weights)

    def terms(self, model: Forward, batch: Batch) -> Terms:
        """One forward pass of both; ``batch.teacher`` has the teacher's pictures."""
        ours, theirs = model(batch.inputs), self._teacher.scores(batch.teacher["pictures"])
        hard = losses.hard_loss(ours, batch.labels, batch.labelled)
        soft = self._answers.compare(ours, self._answers.prepare(theirs.detach()), batch.labels)
        mutual = F.kl_div(
            theirs.log_softmax(dim=1), ours.detach().log_softmax(dim=1), log_target=True, reduction="batchmean"
        )
        teacher = losses.hard_loss(theirs, batch.labels, batch.labelled) + mutual
        return Terms(hard, soft, answers=ours, beside=teacher)
