"""Projectors: sizes, widths, names, and weights that are a function of the seed."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from distillation.contract.sentence import Refused
from distillation.engine.projectors import Pair, build, pooled, resized

MAPS = Pair("layers.1", "body.stage.2", (2, 4, 8, 8), (2, 6, 5, 5))
TOKENS = Pair("encoder.0", "encoder.5", (2, 9, 4), (2, 16, 6))
VECTORS = Pair("pool", "pool", (2, 4), (2, 6))
MIXED = Pair("layers.1", "encoder.5", (2, 4, 8, 8), (2, 16, 6))


def features(pair: Pair) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    return {pair.student: torch.randn(pair.student_shape)}, {pair.teacher: torch.randn(pair.teacher_shape)}


@pytest.mark.parametrize("pair", [MAPS, TOKENS, VECTORS, MIXED], ids=["maps", "tokens", "vectors", "mixed"])
def test_the_students_features_get_the_teachers_shape(pair: Pair):
    student, teacher = features(pair)
    ((ours, theirs),) = build([pair], seed=0)(student, teacher)
    assert ours.shape == theirs.shape
    expected = pooled(teacher[pair.teacher]) if pair is MIXED else teacher[pair.teacher]
    assert torch.equal(theirs, expected)


def test_maps_go_through_a_1x1_convolution_and_tokens_through_a_linear_layer():
    both = build([MAPS, TOKENS], seed=0)
    student, teacher = features(MAPS)
    more = features(TOKENS)
    (maps, _), (tokens, _) = both(student | more[0], teacher | more[1])
    weights = both.state_dict()
    name = "projections.layers/1-to-body/stage/2"
    expected = F.conv2d(F.adaptive_avg_pool2d(student["layers.1"], 5), weights[f"{name}.weight"])
    assert weights[f"{name}.weight"].shape == (6, 4, 1, 1)
    torch.testing.assert_close(maps, expected)
    longer = F.interpolate(more[0]["encoder.0"].transpose(1, 2), 16, mode="linear").transpose(1, 2)
    torch.testing.assert_close(tokens, longer @ weights["projections.encoder/0-to-encoder/5.weight"].T)


def test_growing_maps_are_interpolated_and_shrinking_ones_averaged():
    maps = torch.randn(2, 3, 4, 6)
    grown = resized(maps, torch.empty(2, 9, 8, 6))
    torch.testing.assert_close(grown, F.interpolate(maps, (8, 6), mode="bilinear", align_corners=False))
    shrunk = resized(maps, torch.empty(2, 9, 2, 3))
    torch.testing.assert_close(shrunk, F.avg_pool2d(maps, 2))
    mixed = resized(maps, torch.empty(2, 9, 8, 3))
    torch.testing.assert_close(mixed, F.interpolate(maps, (8, 3), mode="bilinear", align_corners=False))
    assert resized(maps, torch.empty(2, 9, 4, 6)) is maps
    tokens = torch.randn(2, 6, 3)
    torch.testing.assert_close(resized(tokens, torch.empty(2, 3, 9)), tokens.view(2, 3, 2, 3).mean(dim=2))


def test_weights_are_a_function_of_seed_and_name_alone():
    before = torch.get_rng_state()
    alone, first, last = build([MAPS], seed=1), build([MAPS, TOKENS], seed=1), build([TOKENS, MAPS], seed=1)
    assert torch.equal(torch.get_rng_state(), before)
    name = "projections.layers/1-to-body/stage/2.weight"
    assert torch.equal(alone.state_dict()[name], first.state_dict()[name])
    assert torch.equal(alone.state_dict()[name], last.state_dict()[name])
    assert not torch.equal(alone.state_dict()[name], build([MAPS], seed=2).state_dict()[name])
    beside = build([VECTORS, Pair("pool", "other", (2, 4), (2, 6))], seed=1).state_dict()
    assert not torch.equal(beside["projections.pool-to-pool.weight"], beside["projections.pool-to-other.weight"])


def test_a_projection_keeps_the_size_of_the_signal():
    wide = Pair("a", "b", (1, 256), (1, 512))
    ((ours, _),) = build([wide], seed=0)({"a": torch.randn(64, 256)}, {"b": torch.randn(64, 512)})
    assert ours.std().item() == pytest.approx(1.0, abs=0.1)
    for name, weight in build([wide], seed=0).state_dict().items():
        assert weight.any() or name.endswith("bias")


def test_sizes_alone_trains_nothing_and_masked_generates_the_teachers_map():
    student, teacher = features(MAPS)
    plain = build([MAPS], seed=0, kind="sizes")
    assert not list(plain.parameters())
    ((ours, _),) = plain(student, teacher)
    assert ours.shape == (2, 4, 5, 5)
    masked = build([MAPS], seed=0, kind="masked")
    ((ours, theirs),) = masked(student, teacher)
    assert ours.shape == theirs.shape
    assert "projections.layers/1-to-body/stage/2.align.weight" in masked.state_dict()


def test_what_is_no_map_is_refused_naming_both_sides():
    with pytest.raises(Refused, match=r"encoder\.0 of the student gives \[2, 9, 4\] and the layer encoder\.5"):
        build([TOKENS], seed=0, maps_only=True)
    with pytest.raises(Refused, match="compares maps"):
        build([MIXED], seed=0, kind="masked")
