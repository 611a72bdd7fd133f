"""The model card: ``README.md`` of a model directory, in English and Chinese, from the result alone."""

from __future__ import annotations

import html
import platform
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from distillation.contract.labelling import FORMATS
from distillation.contract.sentence import Sentence
from distillation.contract.spec import RunSpec
from distillation.engine.exporting.card_words import FIGURES, METRICS, WORDS

MOST_CLASSES = 100
_PACKAGES = ("torch", "transformers", "numpy", "onnx", "onnxruntime", "safetensors", "pillow")
_HEADS = {"student": "student", "control": "control", "difference": "difference_of_seeds"}
"""Figures over seeds → their words."""
_NOTHING = "–"
_SCRIPT = "pip install onnxruntime pillow numpy\npython label_picture.py picture.jpg"
_ENGINE = "python -m distillation.engine predict MODEL_DIR PICTURE_DIR"


def write(spec: RunSpec, evaluation: dict[str, Any], facts: dict[str, Any], files: list[dict[str, Any]]) -> str:
    """The text; ``facts`` are the workload's counts, ``files`` what was delivered so far."""
    return "\n\n---\n\n".join(_Half(language, spec, evaluation, facts, files).text() for language in (0, 1)) + "\n"


class _Half:
    """The card in one language."""

    def __init__(
        self, language: int, spec: RunSpec, evaluation: dict[str, Any], facts: dict[str, Any], files: list[Any]
    ) -> None:
        self._language, self._spec, self._evaluation = language, spec, evaluation
        self._facts, self._files = facts, files

    def text(self) -> str:
        parts = [
            f"# {self._word('title')}: {_cell(self._spec.student.arch)} · {_cell(self._spec.task_id)}",
            self._section("what", self._what()),
            self._section("figures", self._figures()),
            self._section("method", self._method()),
            self._section("files", self._delivered()),
            self._section("use", self._use()),
            self._section("versions", self._versions()),
        ]
        return "\n\n".join(parts)

    def _word(self, name: str) -> str:
        return WORDS[name][self._language]

    def _section(self, name: str, content: str) -> str:
        return f"## {self._word(name)}\n\n{content}"

    def _what(self) -> str:
        spec, evaluation = self._spec, self._evaluation
        classes = evaluation["classes"]
        more = " …" if len(classes) > MOST_CLASSES else ""
        teacher = evaluation["teacher"]
        counts = self._facts.get("pictures") or self._facts.get("samples") or {}
        rows = [
            ("task_type", spec.task_type),
            ("network", f"{spec.student.arch}, {evaluation['parameters']:,}"),
            ("first_weights", spec.student.init),
            ("teacher", f"{spec.teacher.kind}: {spec.teacher.name}" if spec.teacher and teacher else _NOTHING),
            ("dataset", spec.data.dataset_id),
            ("samples", ", ".join(f"{self._word(split)} {count:,}" for split, count in counts.items())),
            ("unreadable", f"{self._facts['unreadable']['count']:,}"),
            ("image_size", f"{spec.student.image_size} px" if spec.student.image_size else _NOTHING),
            ("classes", f"{len(classes)}: {', '.join(classes[:MOST_CLASSES])}{more}"),
        ]
        return _table(["", ""], [[self._word(name), _cell(value)] for name, value in rows])

    def _figures(self) -> str:
        arms = {
            "student": self._evaluation,
            "teacher": self._evaluation["teacher"],
            "control": self._evaluation.get("control"),
        }
        known = {name: figures for name, figures in arms.items() if figures}
        rows = []
        for name, (english, chinese, style) in FIGURES.items():
            if any(figures.get(name) is not None for figures in known.values()):
                label = METRICS[self._spec.task_type][self._language] if name == "accuracy" else None
                cells = [_figure(figures.get(name), style) for figures in known.values()]
                rows.append([label or (english, chinese)[self._language], *cells])
        speed = self._evaluation["throughput"]
        how = self._word("measured").format(
            count=f"{self._evaluation['sample_count']:,}", device=_cell(speed["device_name"]), threads=speed["threads"],
            batch=speed["batch_size"],
        )  # fmt: skip
        tables = [_table(["", *(self._word(name) for name in known)], rows), how]
        if seeds := self._evaluation.get("seeds"):
            tables += [self._word("seeds_how"), self._over(seeds)]
        return "\n\n".join(tables)

    def _over(self, seeds: dict[str, Any]) -> str:
        """The task's metric with every seed, and mean ± deviation."""
        names = [name for name in _HEADS if name in seeds]
        rows = [[str(run["seed"]), *(f"{run[name]:.2f}" for name in names)] for run in seeds["runs"]]
        means = [f"{seeds[name]['mean']:.2f} ± {seeds[name]['deviation']:.2f}" for name in names]
        return _table(
            [self._word("seed"), *(self._word(_HEADS[name]) for name in names)], [*rows, [self._word("mean"), *means]]
        )

    def _method(self) -> str:
        spec = self._spec
        values: dict[str, Any] = {"mode": spec.mode, "control": spec.control, **asdict(spec.train)}
        if spec.loss is not None:
            values |= {f"loss.{name}": value for name, value in asdict(spec.loss).items()}
        if spec.teacher is not None:
            values["teacher.quantization"] = spec.teacher.quantization
        values |= {"threads": spec.threads, "device": spec.device}
        return _table(["", ""], [[f"`{name}`", f"`{value}`"] for name, value in values.items()])

    def _delivered(self) -> str:
        made = [entry for entry in self._files if entry["made"]]
        rows = [
            [f"`{entry['name']}`", f"{entry['bytes']:,}", f"`{entry['sha256']}`", self._measured(entry)]
            for entry in made
        ]
        table = _table([self._word(name) for name in ("file", "bytes", "checksum", "measured_of")], rows)
        missing = [
            f"- {_cell(Sentence.from_json(entry['reason']).english())}" for entry in self._files if not entry["made"]
        ]
        return "\n\n".join([table, *(["\n".join(missing)] if missing else [])])

    def _measured(self, entry: dict[str, Any]) -> str:
        parts = []
        if "accuracy" in entry:
            name = METRICS[self._spec.task_type][self._language]
            lost = self._word("lost").format(points=f"{entry['lost']:.2f}")
            parts.append(f"{name} {entry['accuracy']:.2f} ({lost})")
        if "difference" in entry:
            found = entry["difference"]
            parts.append(
                self._word("difference").format(
                    absolute=f"{found['absolute']:.2g}", relative=f"{found['relative']:.2g}", count=found["samples"]
                )
            )
        return "; ".join(parts)

    def _use(self) -> str:
        names = {entry["name"] for entry in self._files if entry["made"]}
        parts = []
        if "label_picture.py" in names:
            parts += [self._word("use_script"), f"```\n{_SCRIPT}\n```"]
        if "model.onnx" in names:
            parts.append(self._word("use_graph"))
        if self._spec.task_type in FORMATS:
            parts += [self._word("use_engine"), f"```\n{_ENGINE}\n```"]
        return "\n\n".join(parts) or _NOTHING

    def _versions(self) -> str:
        found = {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}
        return ", ".join(f"{name} {number}" for name, number in found.items())


def _table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _figure(value: float | None, style: str) -> str:
    return _NOTHING if value is None else format(value, style)


def _cell(text: Any) -> str:
    """Names come from folders and files of others: nothing of them is markup, and a cell stays a cell."""
    plain = html.escape(" ".join(str(text).split()), quote=False).encode("utf-8", "replace").decode()
    return "".join(f"\\{letter}" if letter in "\\`*_[]|#" else letter for letter in plain)
