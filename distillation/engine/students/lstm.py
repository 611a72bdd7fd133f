"""Students for sequences: two LSTM layers (Hochreiter and Schmidhuber 1997) and what their outputs are over time."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_HIDDEN = {"lstm-small": 256, "lstm-medium": 512, "lstm-large": 1024}

LAYERS = 2


class SequenceClassifier(nn.Module):
    """The mean over time beside the last state, which of a long sequence remembers the end best.

    With the mean alone ItalyPowerDemand, short sequences that differ in a few places, stayed some points behind.
    """

    def __init__(self, classes: int, channels: int, hidden: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(channels, hidden, LAYERS, batch_first=True)
        self.head = nn.Linear(2 * hidden, classes)
        for layer in range(LAYERS):
            # Gates lie in the order input, forget, cell, output; a forget gate that starts open carries gradients
            # through long sequences (Jozefowicz et al. 2015).
            bias = getattr(self.lstm, f"bias_ih_l{layer}")
            nn.init.ones_(bias.detach()[hidden : 2 * hidden])

    def forward(self, values: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Map ``[batch, steps, channels]`` to logits ``[batch, classes]``.

        ``lengths`` ``[batch]``, at least 1, are the steps that count of each padded sequence; without them all do that
        are not NaN, as steps are that a shorter sequence lacks at its end. The layers only look back, so what pads a
        sequence does not reach the steps that count.
        """
        counts = _given(values, lengths)
        states, _ = self.lstm(torch.where(counts, values, 0.0))
        given = counts.sum(dim=1).clamp(min=1)
        mean = (states * counts).sum(dim=1) / given
        last = states.gather(1, (given - 1).unsqueeze(2).expand(-1, -1, states.shape[2])).squeeze(1)
        logits: Tensor = self.head(torch.cat([mean, last], dim=1))
        return logits


def build(arch: str, classes: int, channels: int) -> SequenceClassifier:
    """Build one of three; ``channels`` are the values a step."""
    return SequenceClassifier(classes, channels, _HIDDEN[arch])


def _given(values: Tensor, lengths: Tensor | None) -> Tensor:
    """Which steps count: bool ``[batch, steps, 1]``."""
    if lengths is None:
        return ~values.isnan().any(dim=2, keepdim=True)
    return (torch.arange(values.shape[1], device=values.device) < lengths[:, None]).unsqueeze(2)
