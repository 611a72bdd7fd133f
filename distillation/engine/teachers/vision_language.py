"""Qwen2.5-VL (Bai et al. 2025) as a teacher of classes: how likely it finds each class's name as the answer.

The dialogue is written here in the model's format; a template that comes with a model is a program and is not run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from distillation.contract import prompts
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.spec import TeacherSpec
from distillation.contract.teachers import FAMILIES
from distillation.datasets import pictures
from distillation.datasets.layout import shown
from distillation.engine import students
from distillation.engine.importing import from_transformers
from distillation.engine.teachers import directory, quantisation, words
from distillation.engine.teachers.answer_likelihood import AnswerLikelihood, Dialogue
from distillation.engine.teachers.source import Examined, LoadedTeacher, Read, TeacherSource, unseen

BEFORE = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n<|vision_start|>"
AFTER = "<|vision_end|>{question}<|im_end|>\n<|im_start|>assistant\n"
END, PICTURE = "<|im_end|>", "<|image_pad|>"


class Tower(nn.Module):
    """What the vision tower sees of each picture, in the places of the language model's tokens.

    The tower itself takes the patches of all pictures in one row, so that its layers have no answer of one picture:
    they are not named here, and what is named are the two answers below.
    """

    usual_layer = "mean"
    """Pictures of any shape have it."""

    def __init__(self, model: Any, at_once: int) -> None:
        super().__init__()
        self._model, self._at_once = (model,), at_once
        self.tokens, self.mean = nn.Identity(), nn.Identity()

    def forward(self, patches: Tensor) -> Tensor:
        """Map ``[pictures, rows, columns, values]`` to tokens ``[pictures, tokens, width]``; ``mean`` is over them."""
        (model,) = self._model
        parts = []
        for part in patches.split(self._at_once):
            seen = model.get_image_features(part.flatten(0, 2), grid_of(part)).pooler_output
            parts.append(torch.stack(list(seen)))
        tokens: Tensor = self.tokens(torch.cat(parts))
        self.mean(tokens.float().mean(dim=1))
        return tokens


class PictureAnswers(AnswerLikelihood):
    """Of pictures that are given as ``[pictures, rows, columns, values]`` of patches."""

    def __init__(self, model: Any, dialogue: Dialogue) -> None:
        super().__init__(model, dialogue)
        self.tower = Tower(model.model, self.at_once)
        self._grid = torch.zeros(0)

    def forward(self, patches: Tensor) -> Tensor:
        """Map pictures of one shape to log-likelihoods ``[pictures, classes]``; each is looked at once."""
        self._grid = grid_of(patches)
        return super().forward(self.tower(patches))

    def ask(self, seen: Tensor) -> tuple[Any, int]:
        """Each picture stands between the texts of the dialogue."""
        config, count = self.model.config, len(seen)
        picture = [config.image_token_id] * seen.shape[1]
        ids = torch.tensor([[*self.dialogue.before, *picture, *self.dialogue.after]], device=seen.device)
        ids = ids.expand(count, -1)
        shown_at = ids == config.image_token_id
        positions, _ = self.model.model.get_rope_index(ids, shown_at.to(torch.int32), image_grid_thw=self._grid[:count])
        words = self.model.get_input_embeddings()(ids)
        asked = self.model(
            inputs_embeds=words.masked_scatter(shown_at[..., None], seen.to(words.dtype)),
            position_ids=positions,
            use_cache=True,
            logits_to_keep=1,
        )
        return asked, int(positions[0, 0, -1]) + 1

    def places(self, position: int, ids: Tensor) -> dict[str, Tensor]:
        """The three axes of a position are the same for words."""
        steps = torch.arange(position, position + ids.shape[1], device=ids.device)
        return {"position_ids": steps.expand(3, len(ids), -1)}


def grid_of(patches: Tensor) -> Tensor:
    """Frames, rows and columns of each picture, int64 ``[pictures, 3]``."""
    count, rows, columns = patches.shape[:3]
    return torch.tensor([[1, rows, columns]], device=patches.device).expand(count, -1)


def examine(spec: TeacherSpec, folder: Path, classes: tuple[str, ...]) -> Examined:
    """Put question and answers into words. Raises Refused when files are absent."""
    weights = directory.weight_files(folder)
    directory.require_tokenizer(folder)
    tables = words.read_table(spec.name, folder), spec.prompts
    said = prompts.words_for(spec.name, spec.kind, classes, *tables)
    question = prompts.question(spec.kind, said, *tables)
    return Examined(tuple(range(len(classes))), weights, directory.setting_files(folder), said, question)


def load(source: TeacherSource, device: str) -> LoadedTeacher:
    """Load both towers. Raises Refused."""
    what = FAMILIES[source.kind].label
    processor = directory.load_processor(from_transformers("AutoImageProcessor"), source.folder, what)
    tokenizer = directory.load_processor(from_transformers("AutoTokenizer"), source.folder, what)
    network: Any = directory.load_model(
        from_transformers("Qwen2_5_VLForConditionalGeneration"), source.folder, source.quantization, what
    )
    if tokenizer.convert_tokens_to_ids(PICTURE) != network.config.image_token_id:
        raise _foreign_tokenizer(source.folder)
    parameters = students.parameter_count(network)
    network = quantisation.prepare(network, source.quantization, device, source.name)

    def ids(text: str) -> tuple[int, ...]:
        return tuple(tokenizer(text, add_special_tokens=False)["input_ids"])

    dialogue = Dialogue(
        ids(BEFORE), ids(AFTER.format(question=source.question)), tuple(ids(answer + END) for answer in source.words)
    )
    model = PictureAnswers(network, dialogue).to(device).eval()
    return LoadedTeacher(model, _reader(processor), torch.tensor(source.columns), parameters, model.tower)


def _reader(processor: Any) -> Read:
    """Read a picture as patches in their grid, float32 ``[rows, columns, values]``; its size follows the picture's.

    ``max_pixels`` in the preprocessing file bounds it, and with it time and memory.
    """

    def read(path: Path) -> Tensor:
        picture = pictures.open_picture(path, 3)
        try:
            ready = processor(picture, return_tensors="pt")
        except ValueError as error:  # narrower than 1 : 200
            raise unseen(path, error) from error
        _, rows, columns = ready["image_grid_thw"][0].tolist()
        patches: Tensor = ready["pixel_values"].to(torch.float32).reshape(rows, columns, -1)
        return patches

    return read


def _foreign_tokenizer(folder: Path) -> Refused:
    return Refused(
        Sentence(
            gettext_noop(
                "The tokenizer of the teacher in {folder} has another token for pictures than its config.json states. "
                "Take tokenizer and configuration from the same model."
            ),
            {"folder": shown(folder.name)},
        )
    )
