"""An exported graph is the network: the same answers for any batch, and everything needed to use it inside."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime  # type: ignore[import-untyped]
import pytest
import torch
from torch import nn

from distillation.engine import students
from distillation.engine.detection.decode import FOR_SCORING, decode
from distillation.engine.exporting import agreement, deployed, graph, suppressed
from distillation.engine.exporting.pooling import FixedPool
from distillation.engine.exporting.session import GraphNetwork, Session
from distillation.tests.engine.exporting import models

STUDENTS = [
    ("cnn-tiny", 8, 1), ("cnn-tiny", 30, 1), ("vit-tiny", 32, 3), ("lstm-small", 0, 2),
    *(pytest.param(*student, marks=pytest.mark.slow) for student in (
        ("resnet18", 32, 3), ("resnet18", 96, 3), ("unet-small", 32, 3), ("yolov8n", 64, 3), ("yolov5n", 64, 3),
    )),
]  # fmt: skip


def plain(arch: str, size: int, channels: int) -> deployed.Deployed:
    """The network itself behind its normalisation."""
    return deployed.plain(*models.make(arch, size, channels))


@pytest.mark.parametrize(("arch", "size", "channels"), STUDENTS)
def test_every_family_answers_as_in_pytorch(tmp_path: Path, arch: str, size: int, channels: int):
    folder = models.write(tmp_path / "model", arch, size, channels)
    _model, config = models.make(arch, size, channels)
    found = agreement.compare(plain(arch, size, channels), Session(folder / "model.onnx"), models.samples(config, 5))
    assert found.close
    assert found.samples == 5
    model = onnx.load(folder / "model.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert [entry.version for entry in model.opset_import] == [graph.OPSET]
    stated = {entry.key: entry.value for entry in model.metadata_props}
    assert stated["format"] == "distillation-onnx/1"
    assert json.loads(stated["classes"]) == list(models.CLASSES)
    assert stated["task_type"] == config["task_type"]


def test_equal_weights_give_equal_bytes(tmp_path: Path):
    first, again = (models.write(tmp_path / name, "lstm-small", 0, 2) / "model.onnx" for name in "ab")
    assert first.read_bytes() == again.read_bytes()


def test_the_graph_normalises_as_training_does():
    model, config = models.make("cnn-tiny", 8, 1)
    pixels = models.samples(config, 3)
    with torch.inference_mode():
        trained = model(students.normalise(torch.from_numpy(pixels.astype(np.uint8))))
        answers = deployed.plain(model, config)(torch.from_numpy(pixels))
    np.testing.assert_allclose(answers, trained, atol=1e-5)


@pytest.mark.parametrize(("before", "after"), [((15, 15), 4), ((9, 14), (4, 3)), ((5, 5), 5), ((3, 3), 4)])
def test_fixed_pooling_is_adaptive_pooling(before: tuple[int, int], after: int | tuple[int, int]):
    network = nn.Sequential(nn.Identity(), nn.AdaptiveAvgPool2d(after))
    maps = torch.randn(2, 3, *before, generator=torch.Generator().manual_seed(0))
    wanted = network(maps)
    FixedPool.replace(network, maps)
    assert isinstance(network[1], FixedPool) == (before != (5, 5))
    torch.testing.assert_close(network(maps), wanted)


@pytest.mark.slow
def test_the_boxes_of_the_graph_are_those_of_the_run(tmp_path: Path):
    folder = models.write(tmp_path / "model", "yolov8n", 64)
    model, config = models.make("yolov8n", 64)
    inputs = students.normalise(torch.from_numpy(models.samples(config, 2).astype(np.uint8)))
    with torch.inference_mode():
        wanted = decode(model(inputs), FOR_SCORING)
    found = GraphNetwork(Session(folder / "model.onnx"), config).find(inputs)
    for one, other in zip(found, wanted, strict=True):
        assert len(one.scores) == len(other.scores) > 20
        torch.testing.assert_close(one.scores, other.scores)
        torch.testing.assert_close(one.boxes.sort(dim=0).values, other.boxes.sort(dim=0).values, atol=1e-3, rtol=1e-3)


@pytest.mark.slow
def test_a_graph_with_suppression_finds_the_objects_of_the_platform(tmp_path: Path):
    path = models.write(tmp_path / "model", "yolov8n", 64) / "model.onnx"
    ended = suppressed.append(onnx.load(path))
    onnx.checker.check_model(ended, full_check=True)
    other = tmp_path / "nms.onnx"
    other.write_bytes(graph.as_bytes(ended))
    samples = models.samples(models.make("yolov8n", 64)[1], 3)
    share, objects = suppressed.share_found(Session(other), Session(path), samples)
    assert share == 1
    assert objects > 30
    session = onnxruntime.InferenceSession(other, providers=["CPUExecutionProvider"])
    assert [entry.name for entry in session.get_inputs()] == ["input"]
    assert tuple(entry.name for entry in session.get_outputs()) == suppressed.OUTPUTS
    places, labels, scores, boxes = session.run(None, {"input": samples})
    assert set(places.tolist()) == {0, 1, 2}
    assert len(places) == len(labels) == len(scores) == len(boxes) == objects
    fewer = session.run(None, {"input": samples, "score_threshold": np.array([0.6], np.float32)})
    assert 0 < len(fewer[0]) < objects
    assert fewer[2].min() > 0.6


@pytest.mark.parametrize("answer", [np.float32(1.01), np.float32(np.nan)])
def test_another_answer_is_not_close(answer: np.float32):
    network = nn.Identity()
    samples = np.ones((3, 2), np.float32)

    class Other:
        def __call__(self, values: np.ndarray) -> list[np.ndarray]:
            return [np.where(np.arange(len(values))[:, None] == len(values) - 1, answer, values).astype(np.float32)]

    assert not agreement.compare(network, Other(), samples).close  # type: ignore[arg-type]
    assert agreement.compare(network, lambda values: [values], samples).close  # type: ignore[arg-type]
    assert not agreement.compare(network, lambda values: [values[:, :1]], samples).close  # type: ignore[arg-type]
