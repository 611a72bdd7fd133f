"""Feature losses: golden values, formulas written out, and MGD's mask."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from distillation.engine.losses import feature
from distillation.engine.losses.masked import MaskedGeneration
from distillation.tests.engine.losses.golden import golden


def test_attention_transfer_has_the_golden_value():
    given = golden()
    assert feature.attention_transfer(given.student_maps, given.teacher_maps).item() == pytest.approx(
        0.01571050, abs=1e-8
    )


def test_cwd_has_the_golden_value():
    given = golden()
    assert feature.channel_wise(given.student_maps, given.teacher_maps).item() == pytest.approx(0.9699378, abs=1e-7)


def test_one_minus_the_mean_cosine_has_the_golden_value():
    given = golden()
    loss = feature.feature_cosine(given.student_vectors, given.teacher_vectors)
    assert loss.item() == pytest.approx(0.9577614, abs=1e-7)


def test_mse_is_the_mean_over_all_elements():
    given = golden()
    difference = (given.student_maps - given.teacher_maps).flatten().tolist()
    expected = sum(value * value for value in difference) / len(difference)
    assert feature.feature_mse(given.student_maps, given.teacher_maps).item() == pytest.approx(expected, rel=1e-6)


def test_the_cosine_is_taken_along_the_channels_of_maps_and_tokens():
    given = golden()
    tokens = [maps.flatten(2).transpose(1, 2) for maps in (given.student_maps, given.teacher_maps)]
    vectors = [values.flatten(0, 1) for values in tokens]
    expected = feature.feature_cosine(*vectors).item()
    assert feature.feature_cosine(given.student_maps, given.teacher_maps).item() == pytest.approx(expected, rel=1e-6)
    assert feature.feature_cosine(*tokens).item() == pytest.approx(expected, rel=1e-6)


def test_attention_needs_no_equal_channels_and_no_equal_scale():
    maps = golden().student_maps
    assert feature.attention_transfer(3 * maps.repeat(1, 2, 1, 1), maps).item() == pytest.approx(0, abs=1e-12)


def test_cwd_sees_where_a_channel_looks_and_not_its_level():
    maps = golden().student_maps
    assert feature.channel_wise(maps + torch.randn(8, 16, 1, 1), maps).item() == pytest.approx(0, abs=1e-6)
    assert feature.channel_wise(maps.roll(1, dims=3), maps).item() > 0.1


@pytest.mark.parametrize(
    "compare", [feature.feature_mse, feature.feature_cosine, feature.channel_wise, feature.attention_transfer]
)
def test_what_equals_the_teacher_costs_nothing_and_half_precision_is_widened(compare):
    given = golden()
    assert compare(given.teacher_maps, given.teacher_maps).item() == pytest.approx(0, abs=1e-6)
    halved = compare(given.student_maps.bfloat16(), given.teacher_maps)
    assert halved.dtype == torch.float32
    assert halved.item() == pytest.approx(compare(given.student_maps, given.teacher_maps).item(), rel=0.02)


def test_mgd_generates_from_what_the_mask_leaves():
    block = MaskedGeneration(4, 6, seed=3, share=0.5)
    nn.init.constant_(block.align.weight, 0.25)
    block.align.bias = nn.Parameter(torch.ones(6))
    for convolution in (block.first, block.second):  # as if they were not there
        nn.init.dirac_(convolution.weight)
    out = block(torch.ones(2, 4, 50, 50))
    assert set(out.unique().tolist()) == {0.0, 2.0}
    assert torch.equal(out, out[:, :1].expand_as(out))  # whole places
    assert (out == 0).float().mean().item() == pytest.approx(0.5, abs=0.03)
    assert not torch.equal(out[0], out[1])


def test_mgd_goes_on_with_the_same_masks_from_a_checkpoint():
    block, maps = MaskedGeneration(4, 6, seed=3), torch.randn(2, 4, 8, 8)
    first, state = block(maps), copy.deepcopy(block.state_dict())
    second = block(maps)
    assert not torch.equal(first, second)
    resumed = MaskedGeneration(4, 6, seed=3)
    resumed.load_state_dict(state)
    assert torch.equal(resumed(maps), second)


def test_mgds_mask_and_weights_are_of_its_seed_and_leave_the_global_generator_alone():
    before, maps = torch.get_rng_state(), torch.ones(2, 4, 8, 8)
    one, same, other = (MaskedGeneration(4, 6, seed)(maps) for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    masks = [MaskedGeneration(1, 1, seed)._kept(1, 16, 16) for seed in (3, 3, 4)]
    assert torch.equal(masks[0], masks[1])
    assert not torch.equal(masks[0], masks[2])
