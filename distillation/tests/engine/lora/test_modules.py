"""Which modules the settings name, in networks of several architectures."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

import pytest
import torch
import transformers

from distillation.contract.lora import LoraSpec
from distillation.contract.sentence import Refused
from distillation.engine import lora
from distillation.tests.engine.lora.samples import lora_of, vit


def swin() -> torch.nn.Module:
    """Two stages of two blocks."""
    config = transformers.SwinConfig(
        num_labels=3, image_size=32, patch_size=4, embed_dim=8, depths=[2, 2], num_heads=[1, 2], window_size=4
    )
    return transformers.SwinForImageClassification(config)


def resnet() -> torch.nn.Module:
    """Two stages of one block with two convolutions."""
    config = transformers.ResNetConfig(
        num_labels=3, depths=[1, 1], hidden_sizes=[8, 16], embedding_size=8, layer_type="basic"
    )
    return transformers.ResNetForImageClassification(config)


def data2vec() -> torch.nn.Module:
    """Names of older transformers: query, key, value, dense."""
    config = transformers.Data2VecVisionConfig(
        num_labels=3, image_size=32, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2
    )
    return transformers.Data2VecVisionForImageClassification(config)


NETWORKS = {"vit": vit, "swin": swin, "resnet": resnet, "data2vec": data2vec}
VIT, SWIN = "vit.layers.{}.attention.{}", "swin.encoder.layers.{}.blocks.{}.attention.{}"
ONE_BLOCK = ("layer.0.convolution", "layer.1.convolution")


@pytest.mark.parametrize(
    ("network", "changes", "paths", "absent"),
    [
        ("vit", {}, [VIT.format(layer, name) for layer in (0, 1) for name in ("q_proj", "v_proj")], ()),
        ("vit", {"target_modules": ("query",)}, [VIT.format(layer, "q_proj") for layer in (0, 1)], ()),
        ("vit", {"target_modules": ("dense",)}, [VIT.format(layer, "o_proj") for layer in (0, 1)], ()),
        ("vit", {"target_modules": ("mlp.fc1", "gate_proj")},
         [f"vit.layers.{layer}.mlp.fc1" for layer in (0, 1)], ("gate_proj",)),
        ("vit", {"target_modules": ("classifier",)}, ["classifier"], ()),
        ("vit", {"layers": (1,)}, [VIT.format(1, name) for name in ("q_proj", "v_proj")], ()),
        ("swin", {"target_modules": ("k_proj",), "layers": (1, 2)},
         [SWIN.format(0, 1, "k_proj"), SWIN.format(1, 0, "k_proj")], ()),
        ("resnet", {"target_modules": ("layer.0.convolution",)},
         [f"resnet.encoder.stages.{i}.layers.0.layer.0.convolution" for i in (0, 1)], ()),
        ("data2vec", {"target_modules": ("o_proj",), "layers": (0,)},
         ["data2vec_vision.encoder.layer.0.attention.output.dense"], ()),
        ("data2vec", {"layers": (0,)},
         [f"data2vec_vision.encoder.layer.0.attention.attention.{name}" for name in ("query", "value")], ()),
    ],
)  # fmt: skip
def test_names_stand_for_modules(network: str, changes: dict[str, Any], paths: list[str], absent: tuple[str, ...]):
    chosen = lora.choose(NETWORKS[network](), lora_of(**changes), "big")
    assert (list(chosen.paths), chosen.absent) == (paths, absent)


def test_a_network_without_attention_is_adapted_in_its_convolutions():
    paths = lora.choose(resnet(), lora_of(), "big").paths
    assert len(paths) == 5
    assert all(path.startswith("resnet.encoder.stages.") and path.endswith("convolution") for path in paths)


def test_what_is_not_there_is_refused_with_what_is():
    with pytest.raises(Refused, match=r"is called gate_proj, w1. It has: .*vit\.layers\.\*\.attention\.q_proj"):
        lora.choose(vit(), lora_of(target_modules=("gate_proj", "w1")), "big")


@pytest.mark.parametrize(("network", "layer", "count"), [("vit", 2, 2), ("swin", 4, 4)])
def test_a_layer_beyond_the_last_is_refused(network: str, layer: int, count: int):
    with pytest.raises(Refused, match=f"the layer {layer}; .* of big .* lie in {count} layers"):
        lora.choose(NETWORKS[network](), lora_of(layers=(0, layer)), "big")


@pytest.mark.parametrize("network", ["vit", "swin", "resnet", "data2vec"])
def test_exactly_the_chosen_modules_are_adapted_and_the_answers_stay(network: str):
    torch.manual_seed(0)
    model = NETWORKS[network]().eval()
    pictures = torch.randn(2, 3, 32, 32)
    before = model(pixel_values=pictures).logits
    inserted = lora.insert(model, lora_of(), "big")
    assert tuple(path for path, _ in lora.adapted_layers(model)) == inserted.modules
    torch.testing.assert_close(model(pixel_values=pictures).logits, before, rtol=0, atol=1e-6)


def test_the_biases_that_learn_are_those_asked_for():
    every = {name for name, _ in vit().named_parameters() if name.endswith(".bias")}
    expected = {
        "none": set[str](),
        "lora_only": {name for name in every if ".q_proj." in name or ".fc1." in name},
        "all": every,
    }
    assert set(get_args(get_type_hints(LoraSpec)["bias"])) == expected.keys()
    for choice, names in expected.items():
        network = vit()
        lora.insert(network, lora_of(bias=choice, target_modules=("q_proj", "fc1")), "big")
        learning = {name.replace(".base_layer", "") for name, one in network.named_parameters() if one.requires_grad}
        assert {name for name in learning if name.endswith(".bias")} == names, choice
        assert len({name for name in learning if ".lora_" in name}) == 2 * 4
