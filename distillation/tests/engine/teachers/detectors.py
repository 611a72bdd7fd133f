"""Tiny detectors of transformers, with random weights or with an answer that is forced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers

from distillation.tests.engine.teachers.samples import TOWER, clip_vocabulary

CLASSES = ("Blue", "other", " red")
"""The teacher's, in its order; the data has ``red`` and ``blue``."""
_NAMES = {"id2label": dict(enumerate(CLASSES)), "label2id": {name: index for index, name in enumerate(CLASSES)}}
_RESNET = {
    "model_type": "resnet", "embedding_size": 8, "hidden_sizes": [8] * 4, "depths": [1] * 4, "layer_type": "basic",
    "out_features": ["stage4"],
}  # fmt: skip
_SHORT = {"shortest_edge": 64, "longest_edge": 96}
_DETR = {
    "encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16,
    "encoder_attention_heads": 2, "decoder_attention_heads": 2, "d_model": 16, "num_queries": 5,
    "backbone_config": _RESNET, "use_timm_backbone": False,
}  # fmt: skip
_RT_DETR = {
    "backbone_config": {**_RESNET, "model_type": "rt_detr_resnet", "out_features": ["stage2", "stage3", "stage4"]},
    "encoder_hidden_dim": 16, "encoder_in_channels": [8] * 3, "encoder_ffn_dim": 16, "encoder_attention_heads": 2,
    "d_model": 16, "num_queries": 5, "decoder_in_channels": [16] * 3, "decoder_ffn_dim": 16, "decoder_layers": 1,
    "decoder_attention_heads": 2,
}  # fmt: skip
_YOLOS = {
    "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16,
    "image_size": [64, 96], "num_detection_tokens": 5,
}  # fmt: skip

DETECTORS: dict[str, tuple[Any, Any, dict[str, Any], Any, dict[str, int]]] = {
    "detr": (
        transformers.DetrForObjectDetection, transformers.DetrConfig, _DETR,
        transformers.DetrImageProcessorPil, _SHORT,
    ),
    "conditional_detr": (
        transformers.ConditionalDetrForObjectDetection, transformers.ConditionalDetrConfig, _DETR,
        transformers.ConditionalDetrImageProcessorPil, _SHORT,
    ),
    "rt_detr": (
        transformers.RTDetrForObjectDetection, transformers.RTDetrConfig, _RT_DETR,
        transformers.RTDetrImageProcessorPil, {"height": 64, "width": 64},
    ),
    "yolos": (
        transformers.YolosForObjectDetection, transformers.YolosConfig, _YOLOS,
        transformers.YolosImageProcessorPil, _SHORT,
    ),
}  # fmt: skip
"""Model, configuration and its values, image processor and its size."""


def write_detector(
    folder: Path, kind: str, change: Callable[[Any], None] = lambda _model: None, **preparation: Any
) -> Path:
    """A detector with random weights, which ``change`` may replace; ``preparation`` is its image processor's."""
    model_class, config_class, values, processor_class, size = DETECTORS[kind]
    torch.manual_seed(0)
    model = model_class(config_class(**values, **_NAMES))
    change(model)
    model.save_pretrained(folder)
    processor_class(size=size, **preparation).save_pretrained(folder)
    return folder


def write_sure(folder: Path, said: str = " red", sure: float = 4.0, box: Sequence[float] = (0.0,) * 4) -> Path:
    """A DETR whose every query answers ``said`` with the logit ``sure``, and a box of the logits ``box``.

    The box (centre x, centre y, width, height, as shares) of zeros is the middle half of the picture.
    """

    @torch.no_grad()
    def force(model: Any) -> None:
        head, last = model.class_labels_classifier, model.bbox_predictor.layers[-1]
        for layer in (head, last):
            layer.weight.zero_()
            layer.bias.zero_()
        head.bias[CLASSES.index(said)] = sure
        last.bias.copy_(torch.tensor(box))

    return write_detector(folder, "detr", force)


OWLS = {
    "owlvit": (
        transformers.OwlViTForObjectDetection, transformers.OwlViTConfig,
        transformers.OwlViTImageProcessorPil, transformers.OwlViTProcessor,
    ),
    "owlv2": (
        transformers.Owlv2ForObjectDetection, transformers.Owlv2Config,
        transformers.Owlv2ImageProcessorPil, transformers.Owlv2Processor,
    ),
}  # fmt: skip


def write_owl(folder: Path, kind: str = "owlv2", change: Callable[[Any], None] = lambda _model: None) -> Path:
    """An OWL model with its processor; texts of 16 tokens, a patch of 8 pixels for a box."""
    model_class, config_class, image_processor_class, processor_class = OWLS[kind]
    torch.manual_seed(0)
    vocabulary = clip_vocabulary()
    ends = {"bos_token_id": vocabulary["<|startoftext|>"], "eos_token_id": vocabulary["<|endoftext|>"]}
    text = {**TOWER, "vocab_size": len(vocabulary), "max_position_embeddings": 16, **ends}
    vision = {**TOWER, "image_size": 32, "patch_size": 8}
    model = model_class(config_class(text_config=text, vision_config=vision, projection_dim=16))
    change(model)
    model.save_pretrained(folder)
    tokenizer = transformers.CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=16)
    processor_class(image_processor_class(size={"height": 32, "width": 32}), tokenizer).save_pretrained(folder)
    return folder


@torch.no_grad()
def sure_of_every_patch(model: Any) -> None:
    """An OWL model whose boxes are half of the picture, around every patch, all of the first class."""
    head, last = model.class_head, model.box_head.dense2
    for layer in (head.dense0, head.logit_shift, head.logit_scale, last):
        layer.weight.zero_()
        layer.bias.zero_()
    head.logit_shift.bias.fill_(4.0)
    last.bias[2:] = 1.1


GROUNDING_WORDS = ("red", "blue", "traffic", "light", "sign")


def write_grounding(folder: Path, change: Callable[[Any], None] = lambda _model: None) -> Path:
    """A Grounding DINO with its processor, whose tokenizer knows GROUNDING_WORDS."""
    torch.manual_seed(0)
    known = {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 103: "[MASK]", 1012: ".", 1029: "?"}
    known |= dict(enumerate(GROUNDING_WORDS, start=1050))
    tokenizer = transformers.BertTokenizer(vocab={known.get(i, f"[unused{i}]"): i for i in range(1060)})
    config = transformers.GroundingDinoConfig(
        backbone_config={
            "model_type": "swin", "embed_dim": 8, "depths": [1] * 4, "num_heads": [1] * 4, "window_size": 2,
            "out_features": ["stage2", "stage3", "stage4"], "image_size": 64,
        },
        text_config={
            **TOWER, "model_type": "bert", "num_hidden_layers": 1, "vocab_size": 1060, "max_position_embeddings": 64,
        },
        d_model=32, num_queries=12, encoder_layers=1, decoder_layers=2, encoder_ffn_dim=16, decoder_ffn_dim=16,
        encoder_attention_heads=2, decoder_attention_heads=2, max_text_len=16, num_feature_levels=3,
    )  # fmt: skip
    model = transformers.GroundingDinoForObjectDetection(config)
    change(model)
    model.save_pretrained(folder)
    image_processor = transformers.GroundingDinoImageProcessorPil(size=_SHORT)
    transformers.GroundingDinoProcessor(image_processor, tokenizer).save_pretrained(folder)
    return folder
