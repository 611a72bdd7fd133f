"""Adapters are merged as the paper says; each setting changes what a plain peft training gives too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
from torch import Tensor, nn

from distillation.contract.lora import LoraSpec
from distillation.contract.spec import RunSpec
from distillation.engine import lora, optimisation, randomness, teachers
from distillation.engine.adaptation.learning import Learning
from distillation.engine.context import Context
from distillation.engine.ordering import Ordering
from distillation.engine.teacher_pictures import TeacherPictures
from distillation.engine.workloads.classification import PictureClassification
from distillation.tests.engine.lora.samples import lora_of, vit


@pytest.mark.parametrize("owner", ["linear", "convolution"])
def test_a_merged_module_has_the_weight_w_plus_alpha_over_rank_b_a(owner: str):
    torch.manual_seed(0)
    layer = nn.Linear(6, 5) if owner == "linear" else nn.Conv2d(6, 5, 3)
    network = nn.Sequential(layer)
    before = layer.weight.detach().clone()
    lora.insert(network, lora_of(rank=3, alpha=12, target_modules=("0",)), "big")
    ((_, adapted),) = lora.adapted_layers(network)
    a, b = adapted.lora_A["default"].weight, adapted.lora_B["default"].weight
    nn.init.normal_(b)
    product = (b.flatten(1) @ a.flatten(1)).detach().view_as(before)
    inputs = torch.randn(2, 6, 4) if owner == "linear" else torch.randn(2, 6, 4, 4)
    inputs = inputs.transpose(1, 2) if owner == "linear" else inputs
    network.eval()
    answers = network(inputs)
    lora.merge(network)
    assert type(network[0]) is type(layer)
    torch.testing.assert_close(network[0].weight, before + 12 / 3 * product, rtol=0, atol=1e-6)
    torch.testing.assert_close(network(inputs), answers, rtol=0, atol=1e-5)


def ours(make_context: Callable[..., Context], spec: RunSpec, settings: LoraSpec, folder: Path) -> tuple[Any, Any]:
    """Train as a run does; the logits of the held-out pictures, and the workload."""
    context = make_context(replace(spec, lora=settings), folder.name)
    workload = PictureClassification(context)
    with context.progress.phase("adapt", 0, "images"):
        workload.prepare()
        loaded = teachers.load(workload._source(), "cpu")
        assert loaded.network is not None
        pictures = TeacherPictures(workload.data, loaded, 1, keep=True)
        work = Learning(context, settings, "vit", loaded, loaded.network, pictures, workload.rows, folder)
        work.run()
    loaded.model.eval()
    return loaded.answers(pictures.take(workload.rows.val.tolist()), "cpu"), (workload, loaded, pictures)


def plain_peft(spec: RunSpec, settings: LoraSpec, workload: Any, read: Callable[[Any], list[Tensor]]) -> Tensor:
    """The same steps with a model of peft's own."""
    randomness.seed_all(spec.train.seed)
    network = vit()
    randomness.seed_all(spec.train.seed)
    config = peft.LoraConfig(
        r=settings.rank, lora_alpha=settings.alpha, lora_dropout=settings.dropout, bias=settings.bias,
        target_modules=list(settings.target_modules or ("q_proj", "v_proj")),
        layers_to_transform=None if settings.layers is None else list(settings.layers),
    )  # fmt: skip
    model: Any = peft.get_peft_model(network, config).train()
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=1.0, weight_decay=spec.train.weight_decay)
    rows, order = workload.rows, Ordering(len(workload.rows.train), spec.train)
    total = settings.epochs * order.steps_per_epoch
    for epoch in range(settings.epochs):
        positions = order.positions(epoch)
        for step, (begin, end) in enumerate(order.borders):
            rate = optimisation.learning_rate(spec.train, epoch * order.steps_per_epoch + step, total)
            optimizer.param_groups[0]["lr"] = rate
            chosen = rows.train[positions[begin:end].numpy()]
            logits = model(pixel_values=torch.stack(read(chosen.tolist()))).logits
            nn.functional.cross_entropy(logits, torch.from_numpy(rows.labels[chosen])).backward()
            optimizer.step()
            optimizer.zero_grad()
    with torch.inference_mode():
        return model.eval()(pixel_values=torch.stack(read(rows.val.tolist()))).logits


NEIGHBOURS: dict[str, tuple[Any, Any]] = {
    "rank": (4, 5),
    "alpha": (8, 9),
    "dropout": (0.2, 0.3),
    "target_modules": (("k_proj", "fc1"), ("k_proj", "fc2")),
    "layers": ((0,), (1,)),
    "bias": ("lora_only", "all"),
    "epochs": (2, 3),
}


@pytest.mark.parametrize("name", NEIGHBOURS)
def test_the_adapted_teacher_answers_as_one_that_plain_peft_trained(
    name: str, make_context: Callable[..., Context], adapted: RunSpec, tmp_path: Path
):
    value, neighbour = NEIGHBOURS[name]
    changes: dict[str, Any] = {"epochs": 2, name: value}
    settings = lora_of(**changes)
    found, (workload, _, pictures) = ours(make_context, adapted, settings, tmp_path / "work")
    torch.testing.assert_close(found, plain_peft(adapted, settings, workload, pictures.take), rtol=0, atol=1e-4)
    changes[name] = neighbour
    other = plain_peft(adapted, lora_of(**changes), workload, pictures.take)
    assert float((found - other).abs().max()) > 1e-3
