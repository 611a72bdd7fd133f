"""Detectors that are asked in words: OWL-ViT, OWLv2 (Minderer et al. 2022, 2023), Grounding DINO (Liu et al. 2023)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.spec import TeacherSpec
from distillation.contract.teachers import FAMILIES
from distillation.datasets.layout import named, shown
from distillation.engine import students
from distillation.engine.importing import from_transformers
from distillation.engine.teachers import contrastive, directory, object_detector, quantisation
from distillation.engine.teachers.box_teacher import LEAST_SCORE, Answers, BoxTeacher, of_classes
from distillation.engine.teachers.source import Examined, TeacherSource

_OWL = ("owlvit", "owlv2")
_BREAK = "."
"""Ends a phrase of Grounding DINO's text."""


class Owl(nn.Module):
    """OWL-ViT or OWLv2 whose words are embedded once."""

    queries: Tensor
    """Unit vectors ``[classes, width]``."""

    def __init__(self, model: Any, queries: Tensor) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("queries", queries)

    def forward(self, pixels: Tensor, _mask: Tensor | None = None) -> Answers:
        """Map ``[batch, channels, height, width]`` to a box for every patch."""
        feature_map, _ = self.model.image_embedder(pixel_values=pixels.to(self.queries.dtype))
        features = feature_map.flatten(1, 2)
        asked = torch.ones(len(pixels), len(self.queries), dtype=torch.bool, device=pixels.device)
        logits, _ = self.model.class_predictor(features, self.queries.expand(len(pixels), -1, -1), asked)
        return Answers(logits.float(), self.model.box_predictor(features, feature_map).float())


class Grounding(nn.Module):
    """Grounding DINO, which reads all phrases as one text and scores each box against every token.

    A box is of the phrase whose tokens score highest in the mean, as in the paper's evaluation (section C of the
    authors' code: a positive map of each phrase, divided by its length). Its score is that of the phrase's surest
    token, as transformers counts it. Every other class gets −∞.
    """

    tokens: Tensor
    """int64 ``[1, tokens]``."""
    phrases: Tensor
    """float32 ``[classes, tokens]``: 1 where a token belongs to the words of a class."""

    def __init__(self, model: Any, tokens: Tensor, phrases: Tensor) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("tokens", tokens)
        self.register_buffer("phrases", phrases)

    def forward(self, pixels: Tensor, mask: Tensor | None = None) -> Answers:
        """Map ``[batch, channels, height, width]`` to a box for every query."""
        tokens = self.tokens.expand(len(pixels), -1)
        pixels = pixels.to(quantisation.dtype_of(self.model))
        found = self.model(pixel_values=pixels, pixel_mask=mask, input_ids=tokens)
        logits = found.logits[..., : tokens.shape[1]].float()
        means = logits.sigmoid() @ self.phrases.T / self.phrases.sum(dim=1)
        best = means.argmax(dim=-1)
        surest = logits.masked_fill(self.phrases[best] == 0, -torch.inf).amax(dim=-1, keepdim=True)
        every = torch.full_like(means, -torch.inf)
        return Answers(every.scatter(-1, best[..., None], surest), found.pred_boxes.float())


def examine(spec: TeacherSpec, folder: Path, classes: tuple[str, ...]) -> Examined:
    """Put every class into words. Raises Refused when files are absent, a class has no words or timm is needed."""
    object_detector.refuse_timm(spec, folder)
    return contrastive.examine(spec, folder, classes)


def load(source: TeacherSource, device: str) -> BoxTeacher:
    """Load the detector and read the words once. Raises Refused."""
    what = FAMILIES[source.kind].label
    processor = directory.load_processor(from_transformers("AutoImageProcessor"), source.folder, what)
    tokenizer = directory.load_processor(from_transformers("AutoTokenizer"), source.folder, what)
    network: Any = directory.load_model(
        from_transformers("AutoModelForZeroShotObjectDetection"), source.folder, source.quantization, what
    )
    owl = network.config.model_type in _OWL
    parameters = students.parameter_count(network)
    network = quantisation.prepare(network, source.quantization, device, source.name)
    model = (_owl if owl else _grounding)(source, network, tokenizer, device).eval().to(device)
    object_detector.require_works(source, model, processor, device)
    return BoxTeacher(
        model,
        object_detector.reader(processor),
        object_detector.decoder(processor, of_classes(len(source.words), source.columns)),
        LEAST_SCORE[source.kind],
        parameters,
    )


def _owl(source: TeacherSource, network: Any, tokenizer: Any, device: str) -> Owl:
    """Words padded to the longest text that the model was trained on."""
    limit = int(network.config.text_config.max_position_embeddings)
    lengths = [len(ids) for ids in tokenizer(list(source.words))["input_ids"]]
    directory.require_token_room(source.folder, source.words, lengths, limit)
    tokens = tokenizer(list(source.words), return_tensors="pt", padding="max_length", max_length=limit).to(device)
    with torch.inference_mode():
        queries = getattr(network, network.base_model_prefix).get_text_features(**tokens).pooler_output
        queries = queries / queries.norm(p=2, dim=-1, keepdim=True)
    return Owl(network, queries.clone())


def _grounding(source: TeacherSource, network: Any, tokenizer: Any, _device: str) -> Grounding:
    """One text, ``red. traffic light.``, in small letters as the model was trained."""
    phrases = [words.strip().rstrip(_BREAK).strip().lower() for words in source.words]
    text = f"{_BREAK} ".join(phrases) + _BREAK
    ids: list[int] = tokenizer(text)["input_ids"]
    directory.require_token_room(source.folder, (text,), (len(ids),), int(network.config.max_text_len))
    places = _places(ids, tokenizer.convert_tokens_to_ids(_BREAK), set(tokenizer.all_special_ids))
    if len(places) != len(phrases):
        raise Refused(
            Sentence(
                gettext_noop(
                    "The teacher {name} ends the words for a class at a full stop, and cannot read these as one phrase "
                    "each: {words}. Write them without full stops in {file}."
                ),
                {"name": shown(source.name), "words": named(source.words), "file": "prompts.json"},
            )
        )
    belongs = torch.zeros(len(phrases), len(ids))
    for row, of_phrase in zip(belongs, places, strict=True):
        row[of_phrase] = 1.0
    return Grounding(network, torch.tensor([ids]), belongs)


def _places(ids: Sequence[int], stop: int, special: set[int]) -> list[list[int]]:
    """The places of each phrase's tokens; a phrase ends with ``stop``."""
    phrases: list[list[int]] = [[]]
    for place, token in enumerate(ids):
        if token == stop:
            phrases.append([])
        elif token not in special:
            phrases[-1].append(place)
    return [phrase for phrase in phrases if phrase]
