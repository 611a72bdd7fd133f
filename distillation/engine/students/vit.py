"""Vision transformers of Hugging Face for classification."""

from __future__ import annotations

from torch import Tensor, nn

from distillation.engine.importing import from_transformers

_SIZES: dict[str, tuple[int, int, int]] = {
    "vit-tiny": (192, 3, 12),
    "vit-small": (384, 6, 12),
    "vit-base": (768, 12, 12),
    "vit-large": (1024, 16, 24),
}
"""Width, heads and layers: Touvron et al. 2021, table 1; Dosovitskiy et al. 2021, table 1."""


class LogitsOnly(nn.Module):
    """A Hugging Face classifier that answers with its logits alone."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        """Map ``[batch, channels, size, size]`` to ``[batch, classes]``."""
        logits: Tensor = self.network(pixel_values=pictures).logits
        return logits


def build(arch: str, classes: int, channels: int, image_size: int) -> nn.Module:
    """Map pictures to logits, by patches of 16 pixels."""
    width, heads, layers = _SIZES[arch]
    return LogitsOnly(
        from_transformers("ViTForImageClassification")(
            from_transformers("ViTConfig")(
                num_labels=classes,
                num_channels=channels,
                image_size=image_size,
                patch_size=16,
                hidden_size=width,
                intermediate_size=4 * width,
                num_hidden_layers=layers,
                num_attention_heads=heads,
            )
        )
    )
