"""A run over its seeds: everything is trained once with each, one after the other, and compared in pairs.

Data, split, held-out samples, the teacher's answers and the augmented views are the same for every seed; first weights,
the order of the samples, dropout and projectors follow from it. The first seed's student is delivered.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from distillation.contract.arms import KINDS, MOST_SEEDS, Kind, named
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.spec import RunSpec
from distillation.engine import arms
from distillation.engine.arms import TrainedArm
from distillation.engine.checkpoint import Checkpoints, Position
from distillation.engine.context import Context
from distillation.engine.progress import trains_control
from distillation.engine.workloads.workload import Workload

Records = dict[Kind, dict[str, Any]]
"""Of one seed: the record of ``student`` and, where there is one, of ``control``."""


@dataclass(slots=True)
class Trained:
    """What the arms of all seeds became."""

    first: dict[Kind, TrainedArm] = field(default_factory=dict)
    """Those of the first seed, which are delivered."""
    records: list[Records] = field(default_factory=list)
    """Of every seed. The weights of further ones stay in their checkpoints: in memory they would be many."""


def train(context: Context, workload: Workload) -> Trained:
    """Train student and control with every seed; what was finished before is not trained again."""
    trained = Trained()
    for number in range(1, len(context.spec.train.seeds) + 1):
        of_seed = _train(of(context, number), workload, number)
        if number == 1:
            trained.first = of_seed
        trained.records.append({kind: arm.record for kind, arm in of_seed.items()})
    return trained


def of(context: Context, number: int) -> Context:
    """The run as its seed of that number sees it, from 1; checkpoints of one seed are not continued with another."""
    train = context.spec.train
    return replace(context, spec=replace(context.spec, train=train.with_seed(train.seeds[number - 1])))


def newest(context: Context) -> Position | None:
    """Where the newest checkpoint of the last arm that has any stands."""
    for number in range(len(context.spec.train.seeds), 0, -1):
        for kind in reversed(KINDS):
            if (position := Checkpoints(of(context, number), named(kind, number), None).newest()) is not None:
                return position
    return None


def figures(spec: RunSpec, trained: Trained) -> dict[str, Any] | None:
    """The task's metric over the seeds, in percent; None where there is one seed alone.

    Deviations are those of a sample (n - 1). Differences are student less control with the same seed, in points.
    """
    if len(trained.records) < 2:
        return None
    runs: list[dict[str, Any]] = [
        {"seed": seed, **{kind: record["delivered"]["val_accuracy"] for kind, record in records.items()}}
        for seed, records in zip(spec.train.seeds, trained.records, strict=True)
    ]
    for run in runs:
        if "control" in run:
            run["difference"] = run["student"] - run["control"]
    return {
        "runs": runs,
        **{name: _spread([run[name] for run in runs]) for name in (*KINDS, "difference") if name in runs[0]},
    }


def require_sound(spec: RunSpec) -> None:
    """Raises Refused for seeds that a spec by hand may hold."""
    found = spec.train.seeds
    if len(found) > MOST_SEEDS or len(set(found)) < len(found):
        raise Refused(
            Sentence(
                gettext_noop("The spec names the seeds {seeds}: at most {limit} are taken, each of them once."),
                {"seeds": ", ".join(map(str, found[: MOST_SEEDS + 1])), "limit": MOST_SEEDS},
            )
        )


def _train(context: Context, workload: Workload, number: int) -> dict[Kind, TrainedArm]:
    trained: dict[Kind, TrainedArm] = {"student": arms.train_student(context, workload, number)}
    if trains_control(context.spec):
        trained["control"] = arms.train_control(context, workload, number, trained["student"].record["epochs"])
    return trained


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"mean": statistics.fmean(values), "deviation": statistics.stdev(values)}
