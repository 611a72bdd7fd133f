"""Train a logistic regression in plain Python and report it: a whole script with nothing but the client.

Set DISTILLATION_SERVER, DISTILLATION_TASK and DISTILLATION_TOKEN; see README.md.
"""

from __future__ import annotations

import json
import logging
import math
import os
import random
from pathlib import Path
from typing import List, Tuple

from distillation_client import Run

EPOCHS = int(os.environ.get("EPOCHS", "10"))
RATE = 0.1
Sample = Tuple[List[float], int]


def samples(count: int, seed: int) -> list[Sample]:
    """Two clouds of points that overlap a little."""
    dice = random.Random(seed)
    rows = []
    for index in range(count):
        label = index % 2
        rows.append(([dice.gauss(2.0 * label, 1.0), dice.gauss(-1.5 * label, 1.0), 1.0], label))
    dice.shuffle(rows)
    return rows


def probability(weights: list[float], point: list[float]) -> float:
    """Of class 1."""
    return 1.0 / (1.0 + math.exp(-sum(w * x for w, x in zip(weights, point))))


def loss_of(chance: float, label: int) -> float:
    """Cross entropy."""
    return -math.log(max(chance if label else 1.0 - chance, 1e-12))


def assess(weights: list[float], rows: list[Sample]) -> tuple[float, float, float]:
    """Mean loss, accuracy and F1 in percent."""
    chances = [(probability(weights, point), label) for point, label in rows]
    right = sum((chance > 0.5) == bool(label) for chance, label in chances)
    hits = sum(chance > 0.5 and label == 1 for chance, label in chances)
    claimed = sum(chance > 0.5 for chance, _ in chances)
    positive = sum(label for _, label in chances)
    loss = sum(loss_of(chance, label) for chance, label in chances) / len(rows)
    return loss, 100.0 * right / len(rows), 200.0 * hits / max(claimed + positive, 1)


def main() -> None:
    """Train, report, save."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    train, held_out = samples(2000, seed=1), samples(500, seed=2)
    weights, step = [0.0, 0.0, 0.0], 0
    server, task = os.environ["DISTILLATION_SERVER"], os.environ["DISTILLATION_TASK"]
    with Run(server, task=task) as run:  # the token comes from DISTILLATION_TOKEN
        for epoch in range(1, EPOCHS + 1):
            total = 0.0
            for point, label in train:
                chance = probability(weights, point)
                total += loss_of(chance, label)
                weights = [w - RATE / epoch * (chance - label) * x for w, x in zip(weights, point)]
                step += 1
                if step % 50 == 0:
                    run.log({"loss": total / (step - (epoch - 1) * len(train))}, step=step, epoch=epoch)
            loss, accuracy, _ = assess(weights, held_out)
            run.epoch(epoch, train_loss=total / len(train), val_loss=loss, val_accuracy=accuracy,
                      metrics={"learningRate": RATE / epoch})  # fmt: skip
            print(f"epoch {epoch}: loss {loss:.4f}, accuracy {accuracy:.1f} %")
            if run.stop_requested:
                print("Somebody stopped the task.")
                break
        model = Path("logistic-regression.json").absolute()
        model.write_text(json.dumps({"weights": weights}))
        run.model(model)
        _, _, f1 = assess(weights, held_out)
        run.evaluation(f1_score=f1, dataset_name="held-out points", sample_count=len(held_out))


if __name__ == "__main__":
    main()
