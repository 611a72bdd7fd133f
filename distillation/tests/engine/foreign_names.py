"""State dicts as other programs name them, made by renaming a student's: the opposite direction of the key maps."""

from __future__ import annotations

import re
from collections.abc import Callable

import torch
from torch import Tensor

State = dict[str, Tensor]


def _renamed(state: State, *steps: tuple[str, str]) -> State:
    def name(old: str) -> str:
        for pattern, new in steps:
            old = re.sub(pattern, new, old)
        return old

    return {name(old): tensor for old, tensor in state.items()}


def torchvision_resnet(state: State) -> State:
    """``conv1``, ``layer1.0.conv1`` … ``fc``."""
    stages = [(rf"^encoder\.stages\.{stage}\.layers", f"layer{stage + 1}") for stage in range(4)]
    layers = [
        step
        for layer in range(3)
        for step in (
            (rf"layer\.{layer}\.convolution", f"conv{layer + 1}"),
            (rf"layer\.{layer}\.normalization", f"bn{layer + 1}"),
        )
    ]
    return _renamed(
        state,
        (r"^network\.(resnet\.)?", ""),
        (r"^embedder\.embedder\.convolution", "conv1"),
        (r"^embedder\.embedder\.normalization", "bn1"),
        (r"^classifier\.1", "fc"),
        *stages,
        (r"shortcut\.convolution", "downsample.0"),
        (r"shortcut\.normalization", "downsample.1"),
        *layers,
    )


def _fused(state: State, fused: Callable[[str, str], str]) -> State:
    """Query, key and value in one tensor."""
    joined = dict(state)
    for name in state:
        if match := re.fullmatch(r"(.+\.)q_proj\.(\w+)", name):
            parts = [joined.pop(f"{match[1]}{part}_proj.{match[2]}") for part in "qkv"]
            joined[fused(match[1], match[2])] = torch.cat(parts)
    return joined


def timm_vit(state: State) -> State:
    """``cls_token``, ``blocks.0.attn.qkv`` … ``head``."""
    return _renamed(
        _fused(state, lambda start, kind: f"{start}qkv.{kind}"),
        (r"^network\.(vit\.)?", ""),
        (r"^embeddings\.cls_token", "cls_token"),
        (r"^embeddings\.position_embeddings", "pos_embed"),
        (r"^embeddings\.patch_embeddings\.projection", "patch_embed.proj"),
        (r"^layernorm", "norm"),
        (r"^classifier", "head"),
        (r"^layers", "blocks"),
        (r"layernorm_before", "norm1"),
        (r"layernorm_after", "norm2"),
        (r"attention\.o_proj", "attn.proj"),
        (r"attention", "attn"),
    )


def torchvision_vit(state: State, *, first: str = "0", second: str = "3") -> State:
    """``class_token``, ``encoder.layers.encoder_layer_0.self_attention.in_proj_weight`` … ``heads.head``."""
    return _renamed(
        _fused(state, lambda start, kind: f"{start}in_proj_{kind}"),
        (r"^network\.(vit\.)?", ""),
        (r"^embeddings\.cls_token", "class_token"),
        (r"^embeddings\.position_embeddings", "encoder.pos_embedding"),
        (r"^embeddings\.patch_embeddings\.projection", "conv_proj"),
        (r"^layernorm\.", "encoder.ln."),
        (r"^classifier", "heads.head"),
        (r"^layers\.", "encoder.layers.encoder_layer_"),
        (r"layernorm_before", "ln_1"),
        (r"layernorm_after", "ln_2"),
        (r"attention\.o_proj", "attention.out_proj"),
        (r"\.attention\.", ".self_attention."),
        (r"mlp\.fc1", f"mlp.{first}"),
        (r"mlp\.fc2", f"mlp.{second}"),
    )


def transformers4_vit(state: State, *, root: str = "vit.") -> State:
    """``vit.encoder.layer.0.attention.attention.query`` … ``classifier``."""
    return _renamed(
        state,
        (r"^network\.", ""),
        (r"^vit\.", root),
        (rf"^{re.escape(root)}layers", f"{root}encoder.layer"),
        (r"attention\.q_proj", "attention.attention.query"),
        (r"attention\.k_proj", "attention.attention.key"),
        (r"attention\.v_proj", "attention.attention.value"),
        (r"attention\.o_proj", "attention.output.dense"),
        (r"mlp\.fc1", "intermediate.dense"),
        (r"mlp\.fc2", "output.dense"),
    )
