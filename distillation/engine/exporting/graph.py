"""From a network to the bytes of an ONNX file.

By PyTorch's tracing exporter: for every student it takes 0.1 to 1.5 s where the newer one takes 4 to 11 s, and the
answers are the same. Equal weights give equal bytes.
"""

from __future__ import annotations

import io
import warnings
from typing import Any

import onnx
import torch

from distillation.engine.exporting import deployed, metadata

OPSET = 17
"""The newest one of the tracing exporter's own tables that every runtime since 2022 reads."""
INPUT = "input"


def write(model: deployed.Deployed, config: dict[str, Any]) -> onnx.ModelProto:
    """Trace a deployed student; batch and steps of a sequence stay free. Raises what the exporter raises."""
    names = deployed.output_names(config)
    axes = {name: {0: "batch"} for name in (INPUT, *names)}
    if not config["image_size"]:
        axes[INPUT][1] = "steps"
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    traced = io.BytesIO()
    with warnings.catch_warnings(), torch.inference_mode(mode=False):
        warnings.simplefilter("ignore")  # of tracing in general: what it did is compared afterwards
        torch.onnx.export(
            model,
            (deployed.example(config),),
            traced,  # type: ignore[arg-type]  # the tracing exporter takes it
            dynamo=False,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=list(names),
            dynamic_axes=axes,
        )
    graph = onnx.load_model_from_string(traced.getvalue())
    state(graph, config, "float32")
    return graph


def state(graph: onnx.ModelProto, config: dict[str, Any], precision: str, *, suppressed: bool = False) -> None:
    """Write the metadata into a graph, in place of what it has; ``suppressed``: it answers with objects."""
    del graph.metadata_props[:]
    output = "logits" if config["task_type"] != "detection" else "objects" if suppressed else "boxes"
    onnx.helper.set_model_props(graph, metadata.statements(config, opset=OPSET, precision=precision, output=output))


def as_bytes(graph: onnx.ModelProto) -> bytes:
    """Equal graphs give equal bytes. Raises ValueError for more than 2 GB, which the format does not hold."""
    return graph.SerializeToString(deterministic=True)
