"""What a process that does not lead does for an arm: open what the leader has prepared, and train along."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from distillation.contract.arms import number_of
from distillation.contract.run_dir import RunDir
from distillation.contract.spec import RunSpec
from distillation.engine import arms, run, seeds
from distillation.engine.context import Context
from distillation.engine.events import EventWriter
from distillation.engine.parallel import meeting
from distillation.engine.parallel.team import Together
from distillation.engine.progress import Progress
from distillation.engine.stopping import StopRequest


def follow(order: dict[str, Any], ready: Callable[[], None]) -> None:
    """Carry an order of ``leading`` out; ``ready`` is called before the processes meet. Raises Refused, Stopped."""
    run_dir, rank, arm = RunDir(Path(order["root"])), int(order["rank"]), order["arm"]
    spec = RunSpec.from_json(run_dir.spec.read_text(encoding="utf-8"))
    size, device = spec.train.world_size, spec.device
    if device != "cpu":
        torch.cuda.set_device(rank)
    events = EventWriter(Path(os.devnull))  # the leader reports
    context = Context(run_dir, Path(order["home"]), spec, events, StopRequest(), Progress(spec, events), rank)
    run.settle(spec)
    workload = run.prepared(context)

    def join() -> Together:
        ready()
        meeting.meet(meeting.reach_store(int(order["port"]), size), rank, size, device)
        return Together(rank, size, device)

    try:
        arms.follow(seeds.of(context, number_of(arm)), workload, arm, order["epochs"], join)
    finally:
        meeting.part()
        context.uses.release()
