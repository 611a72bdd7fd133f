"""Report a training that runs anywhere to the training platform. Standard library only, Python 3.8 or newer.

    from distillation_client import Run

    with Run("http://host:8080", task="TASK_1A2B3C4D", token="…") as run:
        for epoch in range(1, 11):
            run.epoch(epoch, train_loss=0.4, val_accuracy=91.5)

It must never break or block the training that calls it. What could not be sent goes with the next start of the task,
or with ``python -m distillation_client flush DIR``.
"""

from distillation_client.run import Run

__all__ = ["Run"]
__version__ = "1.0.0"
