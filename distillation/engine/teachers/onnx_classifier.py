"""Classifiers in ONNX files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from distillation.contract import teachers as catalogue
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.spec import TeacherSpec
from distillation.datasets import pictures
from distillation.datasets.layout import shown
from distillation.engine.teachers import onnx_card, onnx_graph
from distillation.engine.teachers.class_columns import match_classes
from distillation.engine.teachers.onnx_card import Card
from distillation.engine.teachers.onnx_graph import Graph, Output
from distillation.engine.teachers.onnx_pictures import noise, prepared
from distillation.engine.teachers.onnx_session import Session, not_runnable
from distillation.engine.teachers.source import Examined, LoadedTeacher, Read, TeacherSource

_PROBES = 4


class OnnxNetwork(nn.Module):
    """A session behind the interface of a network: tensors in, float32 logits out; no parameters of torch."""

    def __init__(self, session: Session, output: Output) -> None:
        super().__init__()
        self._session, self._output = session, output
        self.probabilities = False
        """Whether the file answers with probabilities, of which the logarithm is taken."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Map ``[batch, …]`` in the file's layout to ``[batch, classes]``."""
        parts = [answers.reshape(len(answers), -1) for (answers,) in self._session.run(inputs, [self._output.name])]
        answers = torch.from_numpy(np.concatenate(parts)[: len(inputs)]).to(torch.float32)
        if self.probabilities:
            answers = answers.clamp_min(torch.finfo(torch.float32).tiny).log()
        return answers.to(inputs.device)


def examine(spec: TeacherSpec, folder: Path, classes: tuple[str, ...]) -> Examined:
    """Match its classes. Raises Refused for what is no classifier, or where something is not stated."""
    graph, _, card = _read(folder)
    if problem := catalogue.pair_problem(shown(spec.name), spec.kind, (card.task_type,), "classification"):
        raise Refused(problem)
    settings = tuple(path for path in (folder / onnx_card.CARD,) if path.is_file())
    return Examined(match_classes(spec.name, card.classes, classes), graph.files, settings)


def load(source: TeacherSource, device: str) -> LoadedTeacher:
    """Open a session on the CPU. Raises Refused when onnxruntime cannot run the file."""
    graph, output, card = _read(source.folder)
    try:
        network = OnnxNetwork(Session(source.folder, graph), output)
        probe = network(noise(card, _PROBES))
    except Exception as error:  # onnxruntime raises kinds of its own
        raise not_runnable(source.folder, error) from error
    _require_answers(source, card, probe)
    network.probabilities = _are_probabilities(card, output, probe)
    return LoadedTeacher(network.eval(), reader(card), torch.tensor(source.columns), graph.parameters)


def reader(card: Card) -> Read:
    """Read a picture as the card states: float32 ``[channels, height, width]`` or ``[height, width, channels]``."""

    def read(path: Path) -> Tensor:
        return prepared(pictures.open_picture(path, card.channels), card)

    return read


def _read(folder: Path) -> tuple[Graph, Output, Card]:
    graph = onnx_graph.read_graph(folder)
    stated = onnx_card.read_statements(folder, graph.metadata)
    output = onnx_graph.only_output(folder, graph, stated.get("output_name"))
    return graph, output, onnx_card.understand(folder, stated, graph.shape, (output.shape or (None,))[-1])


def _require_answers(source: TeacherSource, card: Card, probe: Tensor) -> None:
    if probe.shape != (_PROBES, len(card.classes)):
        raise Refused(
            Sentence(
                gettext_noop(
                    "The ONNX teacher {name} gives {found} figures a picture and has {classes} classes. State its "
                    "classes in model.json, in the order of its outputs."
                ),
                {"name": shown(source.name), "found": probe[0].numel(), "classes": len(card.classes)},
            )
        )


def _are_probabilities(card: Card, output: Output, probe: Tensor) -> bool:
    """As stated; else as the graph ends, or as its answers to noise look."""
    if card.output is not None:
        return card.output == "probabilities"
    sums = probe.sum(dim=1)
    return output.ends_in_softmax or bool((probe >= 0).all() and torch.allclose(sums, torch.ones_like(sums), atol=1e-4))
