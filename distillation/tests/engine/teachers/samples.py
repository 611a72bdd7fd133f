"""Tiny teachers of every kind, with random weights, as their libraries save them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import sentencepiece
import tokenizers
import torch
import transformers
from PIL import Image
from tokenizers import models, pre_tokenizers, processors

from distillation.contract.spec import TeacherSpec
from distillation.contract.task_types import USUAL_TYPE
from distillation.engine import teachers
from distillation.engine.teachers.source import LoadedTeacher, TeacherSource

CLASSES = ("bar", "cross", "dot")
TEXT = "a photo of a bar. cross dot What does the picture show? Answer with one of: You are a helpful assistant. " * 8
TOWER = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}


def write_pictures(folder: Path, sizes: tuple[tuple[int, int], ...] = ((20, 14), (16, 16), (30, 41))) -> list[Path]:
    """Colour pictures of several sizes."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, (width, height) in enumerate(sizes):
        pixels = np.random.default_rng(number).integers(0, 256, (height, width, 3), np.uint8)
        paths.append(folder / f"{number}.png")
        Image.fromarray(pixels).save(paths[-1])
    return paths


def byte_pairs(special: list[str]) -> tokenizers.Tokenizer:
    """A byte-level tokenizer that has learned a little English."""
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=300, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator([TEXT], trainer)
    return tokenizer


def clip_vocabulary() -> dict[str, int]:
    """Letters alone, in the same order in every process."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return {token: index for index, token in enumerate(tokens)}


def _shake(model: torch.nn.Module) -> None:
    """Weights as of a trained model: freshly drawn ones answer nearly the same to everything."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn(parameter.shape, generator=generator))


def write_clip(folder: Path) -> Path:
    """A CLIP model with processor and tokenizer."""
    torch.manual_seed(0)
    vocabulary = clip_vocabulary()
    tokenizer = transformers.CLIPTokenizer(vocab=vocabulary, merges=[])
    ends = {"bos_token_id": vocabulary["<|startoftext|>"], "eos_token_id": vocabulary["<|endoftext|>"]}
    text = {**TOWER, "vocab_size": len(vocabulary), "max_position_embeddings": 40, **ends}
    vision = {**TOWER, "image_size": 16, "patch_size": 8}
    model = transformers.CLIPModel(transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=8))
    _shake(model)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    size = {"size": {"shortest_edge": 16}, "crop_size": {"height": 16, "width": 16}}
    transformers.CLIPImageProcessor(**size).save_pretrained(folder)
    return folder


def write_siglip(folder: Path) -> Path:
    """A SigLIP model with its sentencepiece tokenizer."""
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    (folder / "corpus.txt").write_text("\n".join([TEXT] * 20))
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "corpus.txt"), model_prefix=str(folder / "spiece"), vocab_size=60, minloglevel=2,
        hard_vocab_limit=False, num_threads=1,
    )  # fmt: skip
    (folder / "corpus.txt").unlink()
    tokenizer = transformers.SiglipTokenizer(vocab_file=str(folder / "spiece.model"))
    text = {**TOWER, "vocab_size": len(tokenizer), "max_position_embeddings": 64}
    vision = {**TOWER, "image_size": 16, "patch_size": 8}
    model = transformers.SiglipModel(transformers.SiglipConfig(text_config=text, vision_config=vision))
    _shake(model)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    transformers.SiglipImageProcessor(size={"height": 16, "width": 16}).save_pretrained(folder)
    return folder


def write_qwen(folder: Path) -> Path:
    """A Qwen2.5-VL model with its tokenizer; pictures become 4 to 16 tokens."""
    torch.manual_seed(0)
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>"]
    special += ["<|video_pad|>"]
    backend = byte_pairs(special)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, additional_special_tokens=special, pad_token=special[0], eos_token="<|im_end|>"
    )
    ids = {name: backend.token_to_id(f"<|{token}|>") for name, token in (
        ("vision_start_token_id", "vision_start"), ("vision_end_token_id", "vision_end"),
        ("image_token_id", "image_pad"), ("video_token_id", "video_pad"),
    )}  # fmt: skip
    text = {
        **TOWER, "vocab_size": backend.get_vocab_size(), "num_key_value_heads": 1, "tie_word_embeddings": False,
        "rope_parameters": {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 10000.0},
    }  # fmt: skip
    vision = {
        "depth": 2, "hidden_size": 16, "intermediate_size": 32, "num_heads": 2, "out_hidden_size": 16,
        "patch_size": 4, "window_size": 16, "fullatt_block_indexes": [1],
    }  # fmt: skip
    config = transformers.Qwen2_5_VLConfig(text_config=text, vision_config=vision, **ids)
    model = transformers.Qwen2_5_VLForConditionalGeneration(config)
    _shake(model)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    transformers.Qwen2VLImageProcessor(
        patch_size=4, merge_size=2, size={"shortest_edge": 16 * 16, "longest_edge": 32 * 32}
    ).save_pretrained(folder)
    return folder


def write_causal(folder: Path, config: transformers.PretrainedConfig | None = None) -> Path:
    """A language model with a byte-level tokenizer; without ``config`` a Llama that begins every text with a token."""
    torch.manual_seed(0)
    backend = byte_pairs(["<s>", "</s>"])
    if config is None:
        backend.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
        config = transformers.LlamaConfig(
            **TOWER, vocab_size=backend.get_vocab_size(), num_key_value_heads=1, max_position_embeddings=256,
        )  # fmt: skip
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=backend, bos_token="<s>", eos_token="</s>")
    model = transformers.AutoModelForCausalLM.from_config(config)
    _shake(model)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


class TinyNet(torch.nn.Module):
    """A convolution and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.head = torch.nn.Conv2d(3, 6, 3), torch.nn.Linear(6, 4)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.head(self.convolution(pictures).relu().mean((2, 3)))


def write_exported(folder: Path, card: dict[str, Any], *, beside: bool) -> TinyNet:
    """A network as PyTorch's exporter writes it, its weights inside the file or ``beside`` it; returns the network."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    net = TinyNet().eval()
    torch.onnx.export(
        net, (torch.zeros(2, 3, 12, 12),), str(folder / "model.onnx"), dynamo=True, external_data=beside,
        verbose=False, dynamic_shapes=({0: torch.export.Dim("batch")},),
    )  # fmt: skip
    (folder / "model.json").write_text(json.dumps(card))
    return net


def source_of(
    folder: Path, kind: Any, classes: tuple[str, ...] = CLASSES, task_type: str = USUAL_TYPE, **options: Any
) -> TeacherSource:
    """The teacher in a directory, looked up as a run does."""
    return teachers.find(TeacherSpec(kind, folder.name, folder.name, **options), folder.parent, classes, task_type)


def load(folder: Path, kind: Any, classes: tuple[str, ...] = CLASSES, **options: Any) -> LoadedTeacher:
    """The teacher in memory."""
    return teachers.load(source_of(folder, kind, classes, **options), "cpu")


def answers(loaded: LoadedTeacher, paths: list[Path]) -> np.ndarray:
    """What it answers to the pictures."""
    return loaded.answers([loaded.read(path) for path in paths], "cpu").numpy()
