"""``python -m distillation.engine run SPEC.json``: a run without worker and database."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from distillation.contract import exit_codes
from distillation.contract.run_dir import RunDir
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.spec import RunSpec
from distillation.engine import atomic, border
from distillation.engine.by_hand.bars import RunBars

_FIRST_LOOKED_AT = ("accuracy", "sample_count", "control", "teacher", "seeds", "parameters", "bytes")


def run(spec_file: Path, home: Path | None, out: Path | None) -> int:
    """Train what the spec says; the same command goes on with what an interrupted one began.

    Paths in the spec are relative to ``home``, the spec's own folder unless another is named; what the run writes lies
    in ``out``, else beside the spec in a folder of its name. Prints the result as JSON; returns the exit code.
    """
    home = (home or spec_file.parent).absolute()
    root = (out or spec_file.with_suffix("")).absolute()
    run_dir = RunDir(root)
    try:
        _place_spec(spec_file, run_dir)
        attempt = 1 + len(list(root.glob("events-*.jsonl")))
    except (Refused, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return exit_codes.FAILED
    bars = RunBars()
    code = border.run(root, home, attempt, watch_stdin=False, watch=bars)
    bars.close()
    if code == exit_codes.LOCKED:
        sys.stderr.write(f"another process carries on the run in {root}\n")
    if code == exit_codes.COMPLETED:
        sys.stdout.write(json.dumps(_summary(run_dir), indent=1, ensure_ascii=False) + "\n")
    return code


def _place_spec(spec_file: Path, run_dir: RunDir) -> None:
    """Put the spec where the engine reads it. Raises Refused when another run lives there."""
    spec = RunSpec.from_json(spec_file.read_text(encoding="utf-8"))
    run_dir.root.mkdir(parents=True, exist_ok=True)
    if run_dir.spec.exists():
        begun = RunSpec.from_json(run_dir.spec.read_text(encoding="utf-8"))
        if begun.digest() != spec.digest():
            raise Refused(
                Sentence(
                    gettext_noop("{folder} holds the run of another spec. Remove it, or name another folder by --out."),
                    {"folder": str(run_dir.root)},
                )
            )
        return
    atomic.write_bytes(run_dir.spec, spec.to_json().encode())


def _summary(run_dir: RunDir) -> dict[str, object]:
    result = json.loads(run_dir.result.read_text(encoding="utf-8"))
    evaluation = result["evaluation"]
    shown = {name: evaluation[name] for name in _FIRST_LOOKED_AT if evaluation.get(name) is not None}
    accuracies = {
        arm: figures["accuracy"] if isinstance(figures, dict) else figures
        for arm, figures in shown.items()
        if arm in ("accuracy", "control", "teacher")
    }
    return {**shown, **accuracies, "model": str(run_dir.root / result["model_path"]), "seconds": result["seconds"]}
