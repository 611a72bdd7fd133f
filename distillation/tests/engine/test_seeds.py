"""A run with several seeds is as many single runs, with one delivery and figures over all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import Tensor

from distillation.contract import events as kinds
from distillation.contract.arms import KINDS, Kind
from distillation.contract.sentence import Refused
from distillation.contract.spec import LossSpec, RunSpec
from distillation.engine import atomic, progress, run, seeds, workloads
from distillation.engine.arms import TrainedArm
from distillation.engine.context import Context
from distillation.engine.stopping import Stopped
from distillation.tests.engine.samples import StopAt, direct, events_of

MakeContext = Callable[..., Context]
PICTURES = 66
"""Looks at the stop request before the first step, once the caches are there: one for each picture of the data set."""
ARMS = ("student", "control", "student2", "control2")


def with_seeds(spec: RunSpec, first: int, *others: int) -> RunSpec:
    return replace(spec, train=replace(spec.train, seed=first, more_seeds=others, epochs=2))


def trained(context: Context) -> seeds.Trained:
    """The arms alone: nothing is exported."""
    run.settle(context.spec)
    workload = workloads.of(context)
    with context.progress.phase("prepare", 0, workload.unit):
        workload.prepare()
    with context.progress.phase("teacher", 0, workload.unit):
        if context.spec.teacher is not None:
            workload.ask_teacher()
    return seeds.train(context, workload)


def finished(context: Context, arm: str) -> dict[str, Tensor]:
    return safetensors.torch.load_file(context.run_dir.checkpoints / arm / "final.safetensors")


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_two_seeds_are_two_single_runs_of_which_the_first_is_delivered(make_context: MakeContext, spec: RunSpec):
    whole = make_context(with_seeds(spec, 4, 9), "whole")
    run.perform(whole, 1)
    singles = [trained(make_context(with_seeds(spec, seed), f"single-{seed}")) for seed in (4, 9)]
    for number, ending in ((0, ""), (1, "2")):
        for kind, arm in singles[number].first.items():
            assert same(finished(whole, f"{kind}{ending}"), arm.weights)
    delivered = safetensors.torch.load_file(whole.run_dir.model / "model.safetensors")
    assert same(delivered, singles[0].first["student"].weights)
    assert not same(delivered, singles[1].first["student"].weights)

    result = atomic.read_json(whole.run_dir.result)
    found = result["evaluation"]["seeds"]
    expected = [accuracies(single.first) for single in singles]
    assert [[run["seed"], run["student"], run["control"]] for run in found["runs"]] == [
        [4, *expected[0]], [9, *expected[1]],
    ]  # fmt: skip
    assert [run["difference"] for run in found["runs"]] == [student - control for student, control in expected]
    assert found["student"]["mean"] == pytest.approx((expected[0][0] + expected[1][0]) / 2)
    assert result["evaluation"]["accuracy"] == expected[0][0]
    assert [(entry["seed"], entry["student"]["epochs"], entry["control"]["steps"]) for entry in result["seeds"]] == [
        (4, 2, result["steps"]), (9, 2, result["steps"]),
    ]  # fmt: skip
    assert set(ARMS) <= set(result["seconds"])
    card = (whole.run_dir.model / "README.md").read_text()
    assert f"| 9 | {expected[1][0]:.2f} | {expected[1][1]:.2f} |" in card


def accuracies(arms: dict[Kind, TrainedArm]) -> tuple[float, float]:
    student, control = (arms[kind].record["final"]["val_accuracy"] for kind in ("student", "control"))
    return student, control


def test_projectors_of_a_further_seed_are_those_of_a_single_run_with_it(make_context: MakeContext, spec: RunSpec):
    hybrid = replace(spec, loss=LossSpec(4.0, 0.9, 0.1, kind="hybrid", feature_loss="mse"), control=False)
    both = make_context(with_seeds(hybrid, 4, 9), "both")
    trained(both)
    single = trained(make_context(with_seeds(hybrid, 9), "single"))
    assert same(finished(both, "student2"), single.first["student"].weights)


def test_progress_and_what_remains_count_every_seed_and_never_run_back(make_context: MakeContext, spec: RunSpec):
    whole = make_context(with_seeds(spec, 4, 9))
    trained(whole)
    events = events_of(whole.run_dir)
    told = [event["progress"] for event in events if event.get("progress") is not None]
    assert told == sorted(told)
    assert told[-1] == 97
    epochs = [(event["arm"], event["epoch"]) for event in events if event["kind"] == kinds.EPOCH]
    assert epochs == [(arm, epoch) for arm in ARMS for epoch in (1, 2)]
    phases = dict.fromkeys(event["phase"] for event in events if event["kind"] == kinds.PHASE)
    assert list(phases) == ["prepare", "teacher", *ARMS]
    assert [progress.arms_after(whole.spec, arm) for arm in ARMS] == [3, 2, 1, 0]


@pytest.mark.parametrize(("looks", "arm"), [(33, "student2"), (47, "control2")])
def test_a_run_stopped_in_its_second_seed_ends_with_the_same_weights_and_figures(
    make_context: MakeContext, spec: RunSpec, looks: int, arm: str
):
    whole = make_context(replace(with_seeds(spec, 4, 9), checkpoint_seconds=1000), "whole")
    undisturbed = trained(whole)
    stopped = make_context(whole.spec, "stopped")
    with pytest.raises(Stopped):
        trained(replace(stopped, stop=StopAt(PICTURES + looks)))
    resumed = make_context(stopped.spec, "stopped", attempt=2)
    position = seeds.newest(resumed)
    assert position is not None
    assert position.arm == arm
    again = trained(resumed)
    assert all(same(finished(resumed, one), finished(whole, one)) for one in ARMS)
    assert seeds.figures(resumed.spec, again) == seeds.figures(whole.spec, undisturbed)
    begun = [event["arm"] for event in events_of(resumed.run_dir, 2) if event["kind"] == kinds.EPOCH]
    assert set(begun) == set(ARMS[ARMS.index(arm) :])


def test_the_teacher_is_asked_once_and_its_views_are_the_same_for_every_seed(
    home: Path, make_context: MakeContext, spec: RunSpec
):
    augmented = replace(spec.train, augmentation="light", views=2)
    context = make_context(with_seeds(replace(spec, train=augmented, control=False), 4, 9))
    trained(context)
    assert len(list((home / "cache" / "teacher").glob("*/"))) == 1


def test_without_a_teacher_there_are_the_students_alone(make_context: MakeContext, spec: RunSpec):
    context = make_context(with_seeds(direct(spec), 4, 9, 2))
    found = seeds.figures(context.spec, trained(context))
    assert found is not None
    assert found.keys() == {"runs", "student"}
    assert [run["seed"] for run in found["runs"]] == [4, 9, 2]


def test_one_seed_alone_has_no_deviation(spec: RunSpec):
    assert seeds.figures(spec, seeds.Trained(records=[{"student": {"delivered": {"val_accuracy": 1.0}}}])) is None


def test_means_and_deviations_are_those_of_a_sample_and_differences_are_paired(spec: RunSpec):
    pairs = [(90.0, 88.0), (92.0, 91.0), (97.0, 91.0)]
    records: list[seeds.Records] = [
        {kind: {"delivered": {"val_accuracy": value}} for kind, value in zip(KINDS, pair, strict=True)}
        for pair in pairs
    ]
    found = seeds.figures(with_seeds(spec, 1, 2, 3), seeds.Trained(records=records))
    assert found is not None
    assert [run["difference"] for run in found["runs"]] == [2.0, 1.0, 6.0]
    assert found["student"] == pytest.approx({"mean": 93.0, "deviation": 13**0.5})
    assert found["control"] == pytest.approx({"mean": 90.0, "deviation": 3**0.5})
    assert found["difference"] == pytest.approx({"mean": 3.0, "deviation": 7**0.5})


@pytest.mark.parametrize("given", [(1, 2, 1), tuple(range(10))], ids=str)
def test_a_spec_by_hand_with_the_same_seed_twice_or_too_many_is_refused(spec: RunSpec, given: tuple[int, ...]):
    with pytest.raises(Refused, match="at most 9 are taken, each of them once"):
        run.settle(with_seeds(spec, *given))
