"""Run the tests marked ``gpu``: ``python -m distillation.tests.on_gpu [pytest …]``.

Without a GPU nothing is run, which is told in one loud line and is no failure; ``--found`` only asks (status 3: none).
"""

from __future__ import annotations

import subprocess
import sys

import torch

NONE = "No GPU: the gpu tests were NOT run"


def main(arguments: list[str]) -> int:
    """Run pytest with the arguments; its status."""
    found = torch.cuda.is_available()
    if arguments == ["--found"]:
        return 0 if found else 3
    if not found:
        print(f"\n{'*' * len(NONE)}\n{NONE}\n{'*' * len(NONE)}\n", file=sys.stderr)  # noqa: T201
        return 0
    return subprocess.run([sys.executable, "-m", "pytest", "-m", "gpu", *arguments]).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
