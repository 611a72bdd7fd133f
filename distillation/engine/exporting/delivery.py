"""Everything that lies in a model directory beside the weights, written and measured one file after another.

What cannot be exported never fails a run: the result names the file and the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.engine import atomic, export, text_tokens
from distillation.engine.context import Context
from distillation.engine.detection.validation import DetectionValidation
from distillation.engine.evaluation import Outcome
from distillation.engine.exporting import agreement, card, deployed, graph, integers, suppressed
from distillation.engine.exporting.session import GraphNetwork, Session
from distillation.engine.failures import is_disk_full
from distillation.engine.stopping import Stopped
from distillation.engine.workloads.workload import Workload

ONNX, INT8, NMS = "model.onnx", "model.int8.onnx", "model.nms.onnx"
SCRIPT, CARD = "label_picture.py", "README.md"
LARGEST_LOSS = 5.0
"""Points of the run's metric. A model in integers that loses more is delivered with a warning."""
_SCRATCH = "quantising.tmp"


def script_of(task_type: str) -> Path:
    """The script that labels a picture with a model for this type of task; there is none for series and texts."""
    return Path(__file__).parent / "scripts" / f"{task_type}.py"


@dataclass
class Delivery:
    """The files of the student's directory, in the order of their making."""

    context: Context
    workload: Workload
    evaluation: dict[str, Any]
    files: list[dict[str, Any]] = field(default_factory=list)
    """Of each: name, kind, made, then path, sha256 and bytes or the reason, and what was measured."""

    def write(self) -> list[dict[str, Any]]:
        """Write every file. Raises Stopped, and OSError for a full disk: a resumed run writes them again."""
        self._config = export.read_config(self._folder)
        steps: list[tuple[str, str, Callable[[Path], dict[str, Any]]]] = [
            (export.WEIGHTS, "weights", lambda path: {}),
            (export.CONFIG, "config", lambda path: {}),
        ]
        if self._config["task_type"] == "text":  # a graph takes token numbers, which need the tokenizer anyway
            steps.append((text_tokens.FILE, "tokenizer", lambda path: {}))
        else:
            steps += [(ONNX, "onnx", self._write_onnx), (INT8, "onnx-int8", self._write_int8)]
        if self._config["task_type"] == "detection":
            steps.append((NMS, "onnx-nms", self._write_suppressed))
        if self._script.is_file():
            steps.append((SCRIPT, "script", self._write_script))
        steps.append((CARD, "card", self._write_card))
        self.context.progress.resize(len(steps))
        for done, (name, kind, make) in enumerate(steps):
            self.context.stop.check()
            self.files.append({"name": name, "kind": kind, **self._made(self._folder / name, make)})
            self.context.progress.advance(done + 1)
        return self.files

    @property
    def _folder(self) -> Path:
        return self.context.run_dir.model

    def _made(self, path: Path, make: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
        try:
            facts = make(path)
        except Refused as refused:
            reason = refused.sentence
        except Stopped:
            raise
        except Exception as error:  # exporter and runtime raise kinds of their own
            if is_disk_full(error):
                raise
            reason = Sentence(
                gettext_noop("it cannot be made of {arch} ({error})"),
                {
                    "arch": self._config["arch"],
                    "error": " ".join(f"{type(error).__name__}: {error}".split())[:300],
                },
            )
        else:
            return {
                "made": True,
                "path": path.relative_to(self.context.run_dir.root).as_posix(),
                "sha256": atomic.sha256_of(path),
                "bytes": path.stat().st_size,
                **facts,
            }
        path.unlink(missing_ok=True)
        told = Sentence(
            gettext_noop("{file} is not delivered: {reason}. The weights in {weights} are not touched by that."),
            {"file": path.name, "reason": reason.as_json(), "weights": export.WEIGHTS},
        )
        self.context.events.log("warning", told)
        return {"made": False, "reason": told.as_json()}

    def _write_onnx(self, path: Path) -> dict[str, Any]:
        traced = graph.write(deployed.of(self._network(), self._config), self._config)
        atomic.write_bytes(path, graph.as_bytes(traced))
        found = self._agreement(path)
        if not found.close:
            raise Refused(
                Sentence(
                    gettext_noop(
                        "its answers differ from the model's by {found} of the largest answer, more than {limit}"
                    ),
                    {"found": f"{found.relative:.2g}", "limit": agreement.LIMIT},
                )
            )
        return {"precision": "float32", "opset": graph.OPSET, "difference": found.as_json()}

    def _write_int8(self, path: Path) -> dict[str, Any]:
        source = self._require_onnx()
        samples = self._spread(self.workload.rows_of("train"), integers.SAMPLES)
        scratch = self.context.run_dir.root / _SCRATCH
        quantised = integers.quantise(source, samples, self._config, scratch, self.context.stop)
        graph.state(quantised, self._config, "int8")
        atomic.write_bytes(path, graph.as_bytes(quantised))
        accuracy, wanted = self._judge(path)["accuracy"], self.evaluation["accuracy"]
        facts = {
            "precision": "int8",
            "opset": graph.OPSET,
            "method": integers.way(self._config),
            "calibration_samples": len(samples) if integers.way(self._config) == integers.STATIC else 0,
            "difference": self._agreement(path).as_json() | {"limit": None},
            "accuracy": accuracy,
            "lost": wanted - accuracy,
        }
        return facts if wanted - accuracy <= LARGEST_LOSS else facts | {"warning": self._warned(path, accuracy)}

    def _write_suppressed(self, path: Path) -> dict[str, Any]:
        source = self._require_onnx()
        found = suppressed.append(onnx.load(str(source)))
        graph.state(found, self._config, "float32", suppressed=True)
        atomic.write_bytes(path, graph.as_bytes(found))
        samples = self._spread(self.workload.rows_of("val"), agreement.SAMPLES)
        share, objects = suppressed.share_found(Session(path), Session(source), samples)
        if share < suppressed.LEAST_SHARE:
            raise Refused(
                Sentence(
                    gettext_noop("its suppression finds {share} % of the objects that the platform finds"),
                    {"share": round(100 * share, 2)},
                )
            )
        return {"precision": "float32", "opset": graph.OPSET, "same_objects": 100 * share, "objects": objects}

    def _require_onnx(self) -> Path:
        source = self._folder / ONNX
        if not source.is_file():
            raise Refused(Sentence(gettext_noop("it is made of {file}, which is missing"), {"file": ONNX}))
        return source

    def _warned(self, path: Path, accuracy: float) -> dict[str, Any]:
        warning = Sentence(
            gettext_noop(
                "{file} reaches {found} % on the held-out samples, the model in float32 {wanted} %. Use {other} where "
                "that is too little."
            ),
            {
                "file": path.name,
                "found": round(accuracy, 2),
                "wanted": round(self.evaluation["accuracy"], 2),
                "other": ONNX,
            },
        )
        self.context.events.log("warning", warning)
        return warning.as_json()

    @property
    def _script(self) -> Path:
        return script_of(self._config["task_type"])

    def _write_script(self, path: Path) -> dict[str, Any]:
        asked = NMS if self._config["task_type"] == "detection" else ONNX
        if not (self._folder / asked).is_file():
            raise Refused(Sentence(gettext_noop("it runs {file}, which is missing"), {"file": asked}))
        atomic.write_bytes(path, self._script.read_bytes())
        return {}

    def _write_card(self, path: Path) -> dict[str, Any]:
        text = card.write(self.context.spec, self.evaluation, self.workload.facts(), self.files)
        atomic.write_bytes(path, text.encode())
        return {}

    def _network(self) -> Any:
        return export.load_student(self._folder)[0]

    def _agreement(self, path: Path) -> agreement.Agreement:
        samples = self._spread(self.workload.rows_of("val"), agreement.SAMPLES)
        return agreement.compare(deployed.plain(self._network(), self._config), Session(path), samples)

    def _judge(self, path: Path) -> dict[str, Any]:
        """The file's figures on the held-out samples, by the run's own metric."""
        network, validation = GraphNetwork(Session(path), self._config), self.workload.validation
        outcome: Outcome
        if isinstance(validation, DetectionValidation):
            outcome = validation.of_boxes(network.find, self.context.stop)
        else:
            outcome = validation(network, self.context.stop)
        return self.workload.figures(outcome)

    def _spread(self, rows: NDArray[np.int64], most: int) -> NDArray[np.float32]:
        """At most so many samples, from the first to the last: rows lie class by class."""
        places = np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(np.int64))
        return self.workload.plain(rows[places])
