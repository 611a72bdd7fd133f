"""ONNX teachers answer as onnxruntime does, and what a file does not say must be stated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime  # type: ignore[import-untyped]
import pytest
import torch
from onnx import TensorProto
from PIL import Image

from distillation.contract.sentence import Refused
from distillation.engine import teachers
from distillation.tests.engine.teachers import onnx_files
from distillation.tests.engine.teachers.onnx_files import CARD
from distillation.tests.engine.teachers.samples import answers, load, source_of, write_exported

COLUMNS = [3, 2, 0]
"""Of bar, cross and dot among the teacher's classes."""


def plainly(folder: Path, paths: list[Path], *, nhwc: bool = False, scale: float = 1 / 255, bgr: bool = False,
            mean=CARD["mean"], std=CARD["std"]) -> np.ndarray:  # fmt: skip
    """Ask onnxruntime by hand."""
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    rows = []
    for path in paths:
        pixels = np.asarray(Image.open(path).convert("RGB").resize((12, 12), Image.Resampling.BILINEAR), np.float64)
        pixels = pixels[..., ::-1] if bgr else pixels
        ready = ((pixels * scale - mean) / std).astype(np.float32)
        ready = ready if nhwc else ready.transpose(2, 0, 1)
        rows.append(session.run(None, {session.get_inputs()[0].name: ready[None]})[0][0])
    return np.array(rows)[:, COLUMNS]


def test_logits_are_those_of_onnxruntime(tmp_path, paths):
    folder = onnx_files.write(tmp_path / "net")
    loaded = load(folder, "onnx")
    np.testing.assert_allclose(answers(loaded, paths), plainly(folder, paths), rtol=1e-4, atol=1e-5)
    assert loaded.parameters == 6 * 27 + 24 + 4


def test_it_does_not_look_at_augmented_views(tmp_path):
    source = source_of(onnx_files.write(tmp_path / "teacher"), "onnx")
    with pytest.raises(Refused, match="choose augmentation none, or another teacher than teacher"):
        teachers.load_maps(source, "cpu")


def test_the_layout_is_read_from_the_graph(tmp_path, paths):
    folder = onnx_files.write(tmp_path / "net", shape=("n", 12, 12, 3))
    np.testing.assert_allclose(
        answers(load(folder, "onnx"), paths), plainly(folder, paths, nhwc=True), rtol=1e-4, atol=1e-5
    )


def test_scale_and_channel_order_are_as_stated(tmp_path, paths):
    values: dict[str, Any] = {"mean": [127.0] * 3, "std": [128.0] * 3}
    folder = onnx_files.write(tmp_path / "net", {**CARD, **values, "scale": 1, "channel_order": "BGR"})
    expected = plainly(folder, paths, scale=1, bgr=True, **values)
    np.testing.assert_allclose(answers(load(folder, "onnx"), paths), expected, rtol=1e-4, atol=1e-5)


def test_a_stated_crop_takes_the_middle_of_the_scaled_picture(tmp_path):
    folder = onnx_files.write(tmp_path / "net", {**CARD, "resize": "crop", "resize_to": 14})
    picture = Image.effect_noise((28, 56), 90).convert("RGB")
    picture.save(tmp_path / "a.png")
    picture.resize((14, 28), Image.Resampling.BILINEAR).crop((1, 8, 13, 20)).save(tmp_path / "b.png")
    np.testing.assert_allclose(
        answers(load(folder, "onnx"), [tmp_path / "a.png"]), plainly(folder, [tmp_path / "b.png"]), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize(
    ("last", "stated"), [("Softmax", {}), ("hidden Softmax", {}), ("hidden Softmax", {"output": "probabilities"})]
)
def test_of_probabilities_the_logarithm_is_taken(tmp_path, paths, last, stated):
    folder = onnx_files.write(tmp_path / "net", {**CARD, **stated}, last=last)
    expected = np.log(plainly(folder, paths))
    np.testing.assert_allclose(answers(load(folder, "onnx"), paths), expected, rtol=1e-4, atol=1e-5)


def test_a_fixed_batch_is_filled_up(tmp_path, paths):
    free, fixed = onnx_files.write(tmp_path / "free"), onnx_files.write(tmp_path / "fixed", shape=(2, 3, 12, 12))
    np.testing.assert_allclose(
        answers(load(fixed, "onnx"), paths), answers(load(free, "onnx"), paths), rtol=1e-5, atol=1e-6
    )


def test_float16_files_are_given_float16(tmp_path, paths):
    half = onnx_files.write(tmp_path / "half", kind=TensorProto.FLOAT16)
    full = onnx_files.write(tmp_path / "full")
    np.testing.assert_allclose(answers(load(half, "onnx"), paths), answers(load(full, "onnx"), paths), atol=0.05)


def test_the_files_metadata_can_state_everything(tmp_path, paths):
    metadata = {name: json.dumps(value) for name, value in CARD.items()} | {"channel_order": "RGB"}
    folder = onnx_files.write(tmp_path / "net", None, metadata=metadata)
    np.testing.assert_allclose(answers(load(folder, "onnx"), paths), plainly(folder, paths), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ({"classes": None}, {}, "classes are not stated"),
        ({"classes": ["bar", "cross", "dot"]}, {}, "3 classes are stated, the graph has 4 outputs"),
        ({"mean": None}, {}, "mean is not stated"),
        ({"mean": [127, 127, 127]}, {}, "state the scale"),
        ({"std": [1, 1]}, {}, "std needs 3 numbers"),
        ({"std": 0}, {}, "std must be positive"),
        ({}, {"shape": ("n", 3, "h", "w")}, r"\[\?, 3, \?, \?\] has no fixed size"),
        ({}, {"shape": ("n", 3, 12, 3)}, "does not show the layout"),
        ({"layout": "NHWC"}, {}, "does not fit the graph's input"),
        ({"layout": "CHW"}, {}, "layout must be one of NCHW, NHWC"),
        ({"size": 13}, {}, "size 13 does not fit"),
        ({"task_type": "detection"}, {}, "teaches detection; the task is classification"),
        ({"output_name": "boxes"}, {}, "which of its outputs .* answers"),
    ],
)  # fmt: skip
def test_what_is_not_stated_or_contradicts_is_refused_with_an_example(tmp_path, change, options, words):
    folder = onnx_files.write(tmp_path / "net", {**CARD, **change}, **options)
    with pytest.raises(Refused, match=words):
        source_of(folder, "onnx")


def test_a_size_that_the_graph_leaves_open_is_stated(tmp_path, paths):
    folder = onnx_files.write(tmp_path / "net", {**CARD, "size": 12}, shape=("n", 3, "h", "w"))
    np.testing.assert_allclose(answers(load(folder, "onnx"), paths), plainly(folder, paths), rtol=1e-4, atol=1e-5)


def test_a_damaged_file_is_refused(tmp_path):
    folder = onnx_files.write(tmp_path / "net")
    (folder / "model.onnx").write_bytes((folder / "model.onnx").read_bytes()[:200])
    with pytest.raises(Refused, match="damaged"):
        source_of(folder, "onnx")


def test_an_operator_that_onnxruntime_does_not_have_is_refused(tmp_path):
    folder = onnx_files.write(tmp_path / "net")
    model = onnx.load(str(folder / "model.onnx"))
    model.graph.node[1].op_type = "Teleport"
    onnx.save(model, str(folder / "model.onnx"))
    with pytest.raises(Refused, match=r"onnxruntime .* cannot run"):
        load(folder, "onnx")


def test_weights_beside_the_file_count_and_change_the_identity(tmp_path, paths):
    inside, beside = onnx_files.write(tmp_path / "inside"), onnx_files.write(tmp_path / "beside", beside=True)
    np.testing.assert_array_equal(answers(load(inside, "onnx"), paths), answers(load(beside, "onnx"), paths))
    before = source_of(beside, "onnx")
    weights = beside / "weights.data"
    assert before.bytes == weights.stat().st_size + (beside / "model.onnx").stat().st_size
    weights.write_bytes(weights.read_bytes()[::-1])
    assert source_of(beside, "onnx").identity != before.identity
    weights.unlink()
    with pytest.raises(Refused, match=r"weights\.data, which is missing"):
        source_of(beside, "onnx")


def test_weights_in_another_directory_are_refused(tmp_path):
    folder = onnx_files.write(tmp_path / "net", beside=True)
    model = onnx.load(str(folder / "model.onnx"), load_external_data=False)
    for tensor in model.graph.initializer:
        next(entry for entry in tensor.external_data if entry.key == "location").value = "../weights.data"
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    (folder / "weights.data").rename(tmp_path / "weights.data")
    with pytest.raises(Refused, match="outside its directory"):
        source_of(folder, "onnx")


@pytest.mark.parametrize("quantization", ["fp16", "int8", "4bit"])
def test_an_onnx_file_keeps_its_precision(tmp_path, quantization):
    with pytest.raises(Refused, match=f"{quantization} cannot be applied"):
        source_of(onnx_files.write(tmp_path / "net"), "onnx", quantization=quantization)


@pytest.mark.slow
@pytest.mark.parametrize("beside", [False, True])
def test_what_torch_exports_answers_as_torch(tmp_path, paths, beside):
    net = write_exported(tmp_path / "net", CARD, beside=beside)
    loaded = load(tmp_path / "net", "onnx")
    assert (tmp_path / "net" / "model.onnx.data").exists() == beside
    with torch.inference_mode():
        expected = net(torch.stack([loaded.read(path) for path in paths]))[:, COLUMNS]
    np.testing.assert_allclose(answers(loaded, paths), expected.numpy(), rtol=1e-4, atol=1e-5)
    assert loaded.parameters == sum(parameter.numel() for parameter in net.parameters())


def test_onnxruntime_uses_as_many_threads_as_the_run(tmp_path):
    assert torch.get_num_threads() == 1
    network = load(onnx_files.write(tmp_path / "net"), "onnx").model
    assert network._session.options.intra_op_num_threads == 1
