"""What a worker calls: ``python -m distillation.engine run RUN_DIR --home HOME --attempt N``, likewise
``… label JOB_DIR`` and ``… try TRIAL_DIR``, and ``… convert < model.pt > model.safetensors``. What people call:
``… run SPEC.json``, ``… check SPEC.json|MODEL_DIR``, ``… describe [spec]``, ``… evaluate MODEL_DIR DATASET_DIR`` and
``… predict MODEL_DIR PICTURE_DIR``.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path

from distillation.contract import exit_codes
from distillation.contract.labelling import EVERY_FORMAT, LARGEST_BATCH, USUAL_BATCH, USUAL_THRESHOLD
from distillation.contract.sentence import Refused
from distillation.engine import border


def main() -> int:
    """Parse the command line; return the exit code."""
    parser = _parser()
    arguments = parser.parse_args()
    if arguments.command == "run" and arguments.run_dir.is_file():
        running = importlib.import_module("distillation.engine.by_hand.running")
        return int(running.run(arguments.run_dir, arguments.home, arguments.out))
    if arguments.command in ("run", "label", "try"):
        if arguments.home is None or arguments.attempt is None:
            parser.error(f"{arguments.run_dir} is no file: a directory needs --home and --attempt")
        work = {"run": border.run, "label": border.label, "try": border.attempt_trial}[arguments.command]
        root, home = arguments.run_dir.absolute(), arguments.home.absolute()
        return work(root, home, arguments.attempt, watch_stdin=not arguments.no_watch_stdin)
    if arguments.command == "check":
        checking = importlib.import_module("distillation.engine.by_hand.checking")
        return int(checking.check(arguments.path, arguments.home))
    if arguments.command == "describe":
        describing = importlib.import_module("distillation.engine.by_hand.describing")
        return int(describing.describe(arguments.what))
    if arguments.command == "convert":
        return _convert(arguments.source_sha256, as_json=arguments.json)
    if arguments.command == "predict":
        return _predict(arguments)
    return _evaluate(arguments.model_dir, arguments.dataset_dir, arguments.split)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m distillation.engine", description="Train and evaluate students, and label with them."
    )
    commands = parser.add_subparsers(dest="command", required=True)

    for name, summary in (
        ("run", "run or continue a spec by hand, or the run of a run directory"),
        ("label", "begin or continue the labelling of a job directory"),
        ("try", "ask student and teacher about the pictures or texts of a trial directory"),
    ):
        command = commands.add_parser(name, help=summary)
        what = "SPEC.json, or a directory with a spec.json" if name == "run" else "a directory with a spec.json"
        command.add_argument("run_dir", type=Path, help=what)
        command.add_argument("--home", type=Path, help="the spec's paths are relative to it; by hand: its own folder")
        command.add_argument("--attempt", type=int, help="number of the events file; by hand: the next one")
        command.add_argument(
            "--no-watch-stdin", action="store_true", help="do not stop at the end of standard input (for use by hand)"
        )

    commands.choices["run"].add_argument("--out", type=Path, help="folder of the run; by hand: beside the spec")

    check = commands.add_parser("check", help="would a spec run, is a model whole; nothing is trained")
    check.add_argument("path", type=Path, help="SPEC.json or a model directory")
    check.add_argument("--home", type=Path, help="the spec's paths are relative to it; default: its own folder")

    describe = commands.add_parser("describe", help="what this engine trains, by what, and on what machine")
    describe.add_argument("what", nargs="?", choices=("all", "spec"), default="all", help="spec: an example to edit")

    evaluate = commands.add_parser("evaluate", help="print the figures of a saved student as JSON")
    evaluate.add_argument("model_dir", type=Path)
    evaluate.add_argument("dataset_dir", type=Path)
    evaluate.add_argument("--split", default="val")

    predict = commands.add_parser("predict", help="label a folder of pictures with a saved student")
    predict.add_argument("model_dir", type=Path)
    predict.add_argument("picture_dir", type=Path)
    predict.add_argument("--out", type=Path, help="folder of the labels; default: beside the pictures")
    predict.add_argument("--format", action="append", choices=EVERY_FORMAT, help="may be given several times")
    predict.add_argument("--threshold", type=_share, default=USUAL_THRESHOLD, help="least score, 0 to 1")
    predict.add_argument("--batch", type=int, choices=range(1, LARGEST_BATCH + 1), metavar="N", default=USUAL_BATCH)

    convert = commands.add_parser("convert", help="turn PyTorch weights (standard input) into safetensors (output)")
    convert.add_argument("--source-sha256", help="kept in the new file's header")
    convert.add_argument("--json", action="store_true", help="say a refusal as JSON, for translation")
    return parser


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} does not lie between 0 and 1")
    return value


def _predict(arguments: argparse.Namespace) -> int:
    predicting = importlib.import_module("distillation.engine.by_hand.predicting")
    return int(
        predicting.predict(
            arguments.model_dir,
            arguments.picture_dir,
            arguments.out,
            tuple(arguments.format or ()),
            arguments.threshold,
            arguments.batch,
        )
    )


def _evaluate(model_dir: Path, dataset_dir: Path, split: str) -> int:
    standalone = importlib.import_module("distillation.engine.standalone")  # loads torch, which "run" does later
    try:
        figures = standalone.evaluate(model_dir, dataset_dir, split)
    except (Refused, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return exit_codes.FAILED
    sys.stdout.write(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    return exit_codes.COMPLETED


def _convert(source_sha256: str | None, *, as_json: bool) -> int:
    conversion = importlib.import_module("distillation.engine.conversion")
    try:
        count = conversion.convert(sys.stdin.buffer, sys.stdout.buffer, source_sha256)
    except Refused as refused:
        sys.stderr.write((json.dumps(refused.sentence.as_json()) if as_json else str(refused)) + "\n")
        return exit_codes.FAILED
    if not as_json:
        sys.stderr.write(f"{count} tensors\n")
    return exit_codes.COMPLETED


if __name__ == "__main__":
    sys.exit(main())
