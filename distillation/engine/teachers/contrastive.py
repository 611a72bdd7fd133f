"""CLIP (Radford et al. 2021) and SigLIP (Zhai et al. 2023): a picture is compared with a sentence for each class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from distillation.contract import prompts
from distillation.contract.spec import TeacherSpec
from distillation.contract.teachers import FAMILIES
from distillation.engine import students
from distillation.engine.importing import from_transformers
from distillation.engine.teachers import directory, quantisation, words
from distillation.engine.teachers.image_classifier import reader
from distillation.engine.teachers.source import Examined, LoadedTeacher, TeacherSource

_CLASSES = {"clip": "CLIPModel", "siglip": "SiglipModel"}
"""In transformers, by name: naming one loads all that models need, seconds that other runs would pay."""
_SIGLIP_TOKENS = 64
"""SigLIP was trained on texts padded to this length (Zhai et al. 2023, section 4)."""


class PictureTextSimilarity(nn.Module):
    """The cosine between a picture and each class's sentence, times the model's scale, plus its bias (SigLIP)."""

    sentences: Tensor
    """Unit vectors ``[classes, width]``."""

    def __init__(self, model: Any, sentences: Tensor) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("sentences", sentences)

    def forward(self, pixels: Tensor) -> Tensor:
        """Map ``[batch, channels, height, width]`` to ``[batch, classes]``, as ``logits_per_image`` would be."""
        seen = self.model.get_image_features(pixel_values=pixels.to(self.sentences.dtype)).pooler_output
        seen = seen / seen.norm(p=2, dim=-1, keepdim=True)
        logits: Tensor = seen @ self.sentences.T * self.model.logit_scale.exp()
        bias = getattr(self.model, "logit_bias", None)
        return logits if bias is None else logits + bias


def examine(spec: TeacherSpec, folder: Path, classes: tuple[str, ...]) -> Examined:
    """Put every class into words. Raises Refused when files are absent or a class has no words."""
    weights = directory.weight_files(folder)
    directory.require_tokenizer(folder)
    said = prompts.words_for(spec.name, spec.kind, classes, words.read_table(spec.name, folder), spec.prompts)
    return Examined(tuple(range(len(classes))), weights, directory.setting_files(folder), said)


def load(source: TeacherSource, device: str) -> LoadedTeacher:
    """Load both towers and embed the sentences once. Raises Refused."""
    what = FAMILIES[source.kind].label
    processor = directory.load_processor(from_transformers("AutoImageProcessor"), source.folder, what)
    tokenizer = directory.load_processor(from_transformers("AutoTokenizer"), source.folder, what)
    of_kind = from_transformers(_CLASSES[source.kind])
    network: Any = directory.load_model(of_kind, source.folder, source.quantization, what)
    parameters = students.parameter_count(network)
    longest = int(network.config.text_config.max_position_embeddings)
    tokens = _tokens(source, tokenizer, longest)
    quantisation.prepare(network, source.quantization, device, source.name)
    with torch.inference_mode():
        sentences = network.get_text_features(**{key: value.to(device) for key, value in tokens.items()}).pooler_output
        sentences = sentences / sentences.norm(p=2, dim=-1, keepdim=True)
    channels = int(getattr(network.config.vision_config, "num_channels", 3) or 3)
    model = PictureTextSimilarity(network, sentences.clone()).eval()
    columns = torch.tensor(source.columns)
    return LoadedTeacher(model, reader(processor, channels), columns, parameters, network.vision_model)


def _tokens(source: TeacherSource, tokenizer: Any, longest: int) -> dict[str, Tensor]:
    """The sentences as the model was trained to read them: CLIP padded to the longest, SigLIP to 64 tokens."""
    limit = min(_SIGLIP_TOKENS, longest) if source.kind == "siglip" else longest
    lengths = [len(ids) for ids in tokenizer(list(source.words))["input_ids"]]
    directory.require_token_room(source.folder, source.words, lengths, limit)
    padding: dict[str, Any] = (
        {"padding": "max_length", "max_length": limit} if source.kind == "siglip" else {"padding": True}
    )
    return dict(tokenizer(list(source.words), return_tensors="pt", **padding))
