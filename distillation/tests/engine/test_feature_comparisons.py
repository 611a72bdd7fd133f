"""The table of feature comparisons: what each row compares, and that each one teaches."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor

from distillation.contract.feature_losses import SUITS, suitable
from distillation.contract.sentence import Refused
from distillation.contract.spec import LossSpec
from distillation.engine.feature_comparisons import COMPARISONS
from distillation.engine.feature_pairs import FeaturePairs
from distillation.engine.losses import feature, relational
from distillation.engine.losses.masked import MaskedGeneration
from distillation.engine.projectors import Pair, Projectors
from distillation.tests.engine.losses.golden import golden

GIVEN = golden()
MAPS = (GIVEN.student_maps, GIVEN.teacher_maps)
VECTORS = (GIVEN.student_vectors, GIVEN.teacher_vectors)


def compared(name: str, given: tuple[Tensor, Tensor]) -> float:
    return COMPARISONS[name].compare(*given).item()


def test_each_comparison_has_its_golden_value():
    assert compared("cosine", VECTORS) == pytest.approx(0.9577614, abs=1e-7)
    assert compared("cwd", MAPS) == pytest.approx(0.9699378, abs=1e-7)
    assert compared("at", MAPS) == pytest.approx(0.01571050, abs=1e-8)
    assert compared("rkd", VECTORS) == pytest.approx(0.6101900, abs=1e-7)
    assert compared("sp", MAPS) == pytest.approx(0.00600653, abs=1e-8)
    assert compared("pkt", VECTORS) == pytest.approx(0.00187889, abs=1e-8)
    assert compared("mgd", MAPS) == compared("mse", MAPS) == feature.feature_mse(*MAPS).item()


def test_relations_of_maps_are_those_of_their_means():
    means = tuple(maps.mean(dim=(2, 3)) for maps in MAPS)
    assert compared("rkd", MAPS) == pytest.approx(relational.relational(*means).item(), rel=1e-6)
    assert compared("pkt", MAPS) == pytest.approx(relational.probabilistic(*means).item(), rel=1e-6)


@pytest.mark.parametrize("name", COMPARISONS)
def test_every_comparison_teaches_the_student_through_its_projector(name: str):
    maps = torch.randn(4, 3, 6, 6, generator=torch.Generator().manual_seed(0), requires_grad=True)
    pairs = FeaturePairs([Pair("a", "b", (4, 3, 6, 6), (4, 7, 4, 4))], LossSpec(3.0, 1.0, 0.0, feature_loss=name), 0)
    loss = pairs.compare({"a": maps}, {"b": torch.randn(4, 7, 4, 4)})
    loss.backward()
    assert loss.item() > 0
    assert maps.grad is not None
    assert torch.isfinite(maps.grad).all()
    assert maps.grad.any()


def paired(name: str, given: tuple[Tensor, Tensor], *, align: bool) -> FeaturePairs:
    """What a run makes of its spec for one pair of layers."""
    pair = Pair("a", "b", *(tuple(features.shape) for features in given))
    return FeaturePairs([pair], LossSpec(3.0, 1.0, 0.0, feature_loss=name, align=align), 0)


def of_run(name: str, given: tuple[Tensor, Tensor]) -> float:
    return paired(name, given, align=False).compare({"a": given[0]}, {"b": given[1]}).item()


REFERENCES: dict[str, tuple[tuple[Tensor, Tensor], float]] = {
    "mse": (MAPS, ((MAPS[0] - MAPS[1]) ** 2).sum().item() / MAPS[0].numel()),
    "cosine": (VECTORS, 0.9577614),
    "cwd": (MAPS, 0.9699378),
    "at": (MAPS, 0.01571050),
    "rkd": (VECTORS, 0.6101900),
    "sp": (MAPS, 0.00600653),
    "pkt": (VECTORS, 0.00187889),
}
"""Golden values of the papers' formulas; ``mgd`` has masks of its own, below."""


@pytest.mark.parametrize("name", REFERENCES)
def test_a_run_compares_as_its_feature_loss_says_and_not_as_a_neighbour(name: str):
    assert {*REFERENCES, "mgd"} == set(COMPARISONS)
    given, expected = REFERENCES[name]
    assert of_run(name, given) == pytest.approx(expected, rel=1e-5)
    for other in COMPARISONS.keys() - {name}:
        if given is MAPS or not COMPARISONS[other].maps_only:
            assert of_run(other, given) != pytest.approx(expected, rel=1e-2), other


def test_mgd_compares_what_it_generates_with_the_teacher_s_map():
    pairs = paired("mgd", MAPS, align=True)
    before = copy.deepcopy(pairs.projectors)
    assert isinstance(before, Projectors)
    (generate,) = before.projections.values()
    assert isinstance(generate, MaskedGeneration)
    expected = (generate(MAPS[0]) - MAPS[1]).square().mean().item()
    assert pairs.compare({"a": MAPS[0]}, {"b": MAPS[1]}).item() == pytest.approx(expected)
    assert of_run("mse", MAPS) != pytest.approx(expected, rel=1e-2)


def test_alignment_projects_the_student_s_features_and_without_it_they_are_compared_as_they_are():
    aligned = paired("mse", MAPS, align=True)
    (weight,) = [weight for name, weight in aligned.state_dict().items() if name.endswith("weight")]
    projected = torch.einsum("oc,bchw->bohw", weight[:, :, 0, 0], MAPS[0])
    values = {True: (projected - MAPS[1]).square().mean().item(), False: REFERENCES["mse"][1]}
    for align, expected in values.items():
        compare = paired("mse", MAPS, align=align).compare
        assert compare({"a": MAPS[0]}, {"b": MAPS[1]}).item() == pytest.approx(expected, rel=1e-5)
        assert expected != pytest.approx(values[not align], rel=1e-2)
    narrow = (MAPS[0][:, :5], MAPS[1])
    paired("mse", narrow, align=True)
    with pytest.raises(Refused, match=r"has 5 channels, b of the teacher 16\. Without alignFeature"):
        paired("mse", narrow, align=False)


def test_several_layers_count_by_their_mean():
    shapes = tuple(tuple(maps.shape) for maps in MAPS)
    pairs = [Pair("a", "a", *shapes), Pair("b", "b", *shapes)]
    compare = FeaturePairs(pairs, LossSpec(3.0, 1.0, 0.0, feature_loss="sp"), 0).compare
    loss = compare({"a": MAPS[0], "b": MAPS[1]}, {"a": MAPS[1], "b": MAPS[1]})
    assert loss.item() == pytest.approx(compared("sp", MAPS) / 2)


def test_the_contract_and_the_table_name_the_same_comparisons():
    assert set(SUITS) == set(COMPARISONS)
    for task_type in ("classification", "detection", "segmentation", "sequence", "text"):
        assert {"mse", "cosine"} < set(suitable(task_type))
