"""The engine's training loop on cached teacher outputs against bare loops, side by side, on one thread.

All train cnn-tiny on the reference setting of the digits, at 8 or 32 px: batch 64, T = 4, alpha = .9, AdamW, cosine.
The engine's loop is the product's own Trainer: batches from the picture pack, metrics, validation after each epoch,
events, checkpoints, stop request; its time for all of that counts. The bounds are those of a step: in "steps" the
seconds of the validation, which the bare loop does not have, are left out. Exits non-zero when a bound is missed.

    TORCHDISTILL_WHEEL=torchdistill-….whl python benchmarks/cached_step.py [--side 8|32] [--rounds N] [--epochs N]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent))

import digits_loops
from digits_loops import Loop
from digits_setting import EPOCHS, Digits, Measured, digits

LOOPS: dict[str, Loop] = {
    "steps": digits_loops.engine_steps,
    "engine": digits_loops.engine,
    "bare": digits_loops.bare,
    "bare, validating": digits_loops.validating,
    "alone": digits_loops.alone,
    "teacher each step": digits_loops.with_teacher,
}
REQUIRED = {
    8: {"bare": 0.95, "alone": 0.84, "teacher each step": 8.0},
    32: {"bare": 0.95, "alone": 0.90, "teacher each step": 14.0},
}
"""The samples a second of the engine's steps over those of another loop, at least, by processor time."""
SLOW_SHARE = 10
"""A loop that asks the teacher each step has so many times fewer epochs in a round."""


def rates(data: Digits, rounds: int, epochs: int) -> dict[str, list[Measured]]:
    """Each loop once a round, each first in turn: a drift of the machine's speed cancels out."""
    names = list(LOOPS)
    found: dict[str, list[Measured]] = {name: [] for name in names}
    for number in range(-1, rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            share = SLOW_SHARE if name == "teacher each step" else 1
            measured = LOOPS[name](data, 0, 1 if number < 0 else max(1, epochs // share))
            if number >= 0:  # the first round is for warming up
                found[name].append(measured)
    return found


def judged(side: int, found: dict[str, list[Measured]]) -> bool:
    """Print the medians of both clocks, and whether every bound is met by processor time."""
    print(f"{side} px, medians of {len(found['engine'])} rounds; load {os.getloadavg()[0]:.1f}")
    heads = f"{'steps : it, wall':>17} {'cpu':>7} {'must':>6} {'engine : it, wall':>19} {'cpu':>7}"
    print(f"{'loop':>18} {'wall /s':>9} {'cpu /s':>9} {heads}")
    good = True
    for name, measured in found.items():
        medians = [statistics.median(getattr(one, clock) for one in measured) for clock in ("wall", "processor")]
        (wall, processor), whole = (
            [
                statistics.median(getattr(ours, clock) / getattr(its, clock)
                                  for ours, its in zip(found[loop], measured, strict=True))
                for clock in ("wall", "processor")
            ]
            for loop in ("steps", "engine")
        )  # fmt: skip
        must = REQUIRED[side].get(name)
        good = good and (must is None or processor >= must)
        bound = "" if must is None else f"{must:.2f}"
        print(f"{name:>18} {medians[0]:>9.0f} {medians[1]:>9.0f} {wall:>17.3f} {processor:>7.3f} {bound:>6} "
              f"{whole[0]:>19.3f} {whole[1]:>7.3f}")  # fmt: skip
    return good


def accuracies_agree(data: Digits, seeds: int) -> bool:
    """Print what each loop reaches with each seed, and whether all reach the same."""
    names = ["engine", "bare", "teacher each step"]
    reached = {
        name: [round(LOOPS[name](data, seed, EPOCHS[data.side]).accuracy, 2) for seed in range(seeds)] for name in names
    }
    print(
        f"{data.side} px, accuracy by seed, {EPOCHS[data.side]} epochs; the teacher {data.accuracy(data.teacher):.2f}"
    )
    for name, values in reached.items():
        print(f"{name:>18} {values}")
    return all(values == reached["bare"] for values in reached.values())


def main() -> int:
    """Run the loops in turn, print the tables, and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=8, choices=REQUIRED)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=5, help="of which accuracies are compared; 0: none")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    data = digits(arguments.side)
    good = judged(arguments.side, rates(data, arguments.rounds, arguments.epochs)) if arguments.rounds else True
    return 0 if accuracies_agree(data, arguments.seeds) and good else 1


if __name__ == "__main__":
    sys.exit(main())
