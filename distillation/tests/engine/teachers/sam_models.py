"""A tiny SAM of transformers with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers

SIDE = 64
"""Pixels that it looks at."""


def write_sam(folder: Path, *, everywhere: float | None = None) -> Path:
    """A SAM; ``everywhere`` is the sign of every mask's logits, below 0 it draws nothing."""
    torch.manual_seed(0)
    config = transformers.SamConfig(
        vision_config={
            "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": SIDE, "patch_size": 8,
            "output_channels": 16, "window_size": 4, "global_attn_indexes": [0], "mlp_dim": 32, "num_pos_feats": 8,
        },
        prompt_encoder_config={"hidden_size": 16, "image_size": SIDE, "patch_size": 8, "mask_input_channels": 4},
        mask_decoder_config={
            "hidden_size": 16, "mlp_dim": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
            "iou_head_hidden_dim": 16,
        },
    )  # fmt: skip
    model: Any = transformers.SamModel(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape))
        if everywhere is not None:
            # A logit is the product of a token's vector and the features: make both constant.
            head, features = model.mask_decoder.output_hypernetworks_mlps[0].proj_out, model.mask_decoder.upscale_conv2
            for layer, value in ((head, everywhere), (features, 5.0)):
                layer.weight.zero_()
                layer.bias.fill_(value)
    model.save_pretrained(folder)
    processor = transformers.SamImageProcessorPil(
        size={"longest_edge": SIDE}, pad_size={"height": SIDE, "width": SIDE},
        mask_size={"longest_edge": 16}, mask_pad_size={"height": 16, "width": 16},
    )  # fmt: skip
    transformers.SamProcessor(processor).save_pretrained(folder)
    return folder
