"""An engine that ends after its first optimizer step and prints both clocks; ``engine_start.py`` starts it."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from torch.optim.optimizer import register_optimizer_step_post_hook

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from distillation.engine import __main__ as engine


def done(*_: Any) -> None:
    """Print the time of day of this machine's monotonic clock, and the processor time of this process."""
    print(time.monotonic(), time.process_time(), flush=True)
    os._exit(0)


if __name__ == "__main__":
    register_optimizer_step_post_hook(done)
    run_dir, home = sys.argv[1:]
    sys.argv = ["engine", "run", run_dir, "--home", home, "--attempt", "1", "--no-watch-stdin"]
    sys.exit(engine.main())
