"""An ONNX file read as data: inputs, outputs, metadata, side files. Nothing of it is run here."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import shown
from distillation.engine.teachers.onnx_card import InputShape

MODEL = "model.onnx"
_FLOATS = {onnx.TensorProto.FLOAT: "float32", onnx.TensorProto.FLOAT16: "float16"}


@dataclass(frozen=True, slots=True)
class Output:
    """One of its outputs."""

    name: str
    shape: tuple[int | None, ...]
    """None where the graph leaves a dimension open."""
    ends_in_softmax: bool


@dataclass(frozen=True, slots=True)
class Graph:
    """What the file says of itself."""

    input_name: str
    input_type: str
    """``float32`` or ``float16``."""
    shape: InputShape
    outputs: tuple[Output, ...]
    parameters: int
    files: tuple[Path, ...]
    """The model and the files that hold its weights."""
    metadata: dict[str, str]


def read_graph(folder: Path) -> Graph:
    """Read ``model.onnx``. Raises Refused for what takes no pictures or reaches out of its directory."""
    path = folder / MODEL
    try:
        model = onnx.load(str(path), load_external_data=False)
    except FileNotFoundError as error:
        raise _wrong(folder, gettext_noop("there is no {file}"), file=MODEL) from error
    except (DecodeError, OSError, ValueError) as error:
        raise _wrong(folder, gettext_noop("{file} is damaged"), file=MODEL) from error
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    if len(inputs) != 1:
        raise _wrong(folder, gettext_noop("it has {count} inputs, expected one picture batch"), count=len(inputs))
    kind = inputs[0].type.tensor_type
    sides = _dimensions(inputs[0])
    if kind.elem_type not in _FLOATS or len(sides) != 4:
        raise _wrong(folder, gettext_noop("its input is no batch of pictures in float32 or float16"))
    return Graph(
        input_name=inputs[0].name,
        input_type=_FLOATS[kind.elem_type],
        shape=InputShape(sides[0], (sides[1], sides[2], sides[3])),
        outputs=tuple(Output(value.name, _dimensions(value), _ends_in_softmax(graph, value)) for value in graph.output),
        parameters=sum(math.prod(tensor.dims) for tensor in graph.initializer if tensor.data_type in _FLOATS),
        files=(path, *_side_files(folder, graph)),
        metadata={entry.key: entry.value for entry in model.metadata_props},
    )


def only_output(folder: Path, graph: Graph, wanted: str | None) -> Output:
    """The output with the classes. Raises Refused where there are several and none is named."""
    by_name = {output.name: output for output in graph.outputs}
    if wanted is not None and wanted in by_name:
        return by_name[wanted]
    if wanted is not None or len(by_name) != 1:
        raise _wrong(
            folder,
            gettext_noop("state in model.json which of its outputs has the classes as output_name: {names}"),
            names=", ".join(map(shown, by_name)),
        )
    return graph.outputs[0]


def _dimensions(value: onnx.ValueInfoProto) -> tuple[int | None, ...]:
    sides = value.type.tensor_type.shape.dim
    return tuple(side.dim_value if side.HasField("dim_value") else None for side in sides)


def _ends_in_softmax(graph: onnx.GraphProto, output: onnx.ValueInfoProto) -> bool:
    return any(node.op_type == "Softmax" and output.name in node.output for node in graph.node)


def _side_files(folder: Path, graph: onnx.GraphProto) -> tuple[Path, ...]:
    """Files beside the model that hold weights. Raises Refused for paths that lead elsewhere, and for absent ones."""
    names = {
        entry.value
        for tensor in _tensors(graph)
        if tensor.data_location == onnx.TensorProto.EXTERNAL
        for entry in tensor.external_data
        if entry.key == "location"
    }
    for name in sorted(names):
        if name != Path(name).name or not (folder / name).resolve().is_relative_to(folder.resolve()):
            raise _wrong(folder, gettext_noop("its weights are in {file}, outside its directory"), file=shown(name))
        if not (folder / name).is_file():
            raise _wrong(folder, gettext_noop("its weights are in {file}, which is missing"), file=shown(name))
    return tuple(folder / name for name in sorted(names))


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    """Weights and constants, also those of branches and loops."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for inner in (attribute.g, *attribute.graphs):
                yield from _tensors(inner)


def _wrong(folder: Path, found: str, **params: object) -> Refused:
    return Refused(
        Sentence(
            gettext_noop(
                "The ONNX teacher in {folder} cannot be used: {found}. Export it again with one batch of pictures as "
                "its input, and its weights beside it."
            ),
            {"folder": shown(folder.name), "found": Sentence(found, params).as_json()},
        )
    )
