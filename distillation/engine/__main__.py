"""``python -m distillation.engine run RUN_DIR --home HOME --attempt N`` and ``… evaluate MODEL_DIR DATASET_DIR``."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path

from distillation.contract import exit_codes
from distillation.contract.sentence import Refused
from distillation.engine import border


def main() -> int:
    """Parse the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m distillation.engine", description="Train and evaluate students.")
    commands = parser.add_subparsers(dest="command", required=True)

    run = commands.add_parser("run", help="run or continue the run of a run directory")
    run.add_argument("run_dir", type=Path)
    run.add_argument("--home", type=Path, required=True, help="DISTILLATION_HOME; the spec's paths are relative to it")
    run.add_argument("--attempt", type=int, required=True, help="number of the events file")
    run.add_argument(
        "--no-watch-stdin", action="store_true", help="do not stop at the end of standard input (for use by hand)"
    )

    evaluate = commands.add_parser("evaluate", help="print the figures of a saved student as JSON")
    evaluate.add_argument("model_dir", type=Path)
    evaluate.add_argument("dataset_dir", type=Path)
    evaluate.add_argument("--split", default="val")

    arguments = parser.parse_args()
    if arguments.command == "run":
        return border.run(
            arguments.run_dir.absolute(),
            arguments.home.absolute(),
            arguments.attempt,
            watch_stdin=not arguments.no_watch_stdin,
        )
    return _evaluate(arguments.model_dir, arguments.dataset_dir, arguments.split)


def _evaluate(model_dir: Path, dataset_dir: Path, split: str) -> int:
    standalone = importlib.import_module("distillation.engine.standalone")  # loads torch, which "run" does later
    try:
        figures = standalone.evaluate(model_dir, dataset_dir, split)
    except (Refused, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return exit_codes.FAILED
    sys.stdout.write(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    return exit_codes.COMPLETED


if __name__ == "__main__":
    sys.exit(main())
