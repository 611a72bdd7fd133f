"""What surrounds YOLO labels: the class names and which pictures are for what.

``data.yaml`` (ultralytics, Roboflow, CVAT), ``obj.data`` and ``obj.names`` (darknet, CVAT's "YOLO 1.1"),
``classes.txt`` and ``notes.json`` (labelImg, Label Studio).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets import layout
from distillation.datasets.text_files import lines, read_text

MAX_CONFIG = 1 << 20
YAML_SUFFIXES = (".yaml", ".yml")
NAME_LISTS = ("classes.txt", "obj.names", "predefined_classes.txt", "_darknet.labels", "labels.txt")


@dataclass(frozen=True, slots=True)
class YoloConfig:
    """The settings of a YOLO data set."""

    names: dict[int, str] | None
    """Class ids and names; None when no file gives them."""
    splits: dict[str, tuple[str, ...]]
    """``train`` and ``val``: folders or lists of pictures as the file names them; empty when it names none."""
    path: str = ""
    """The folder from which those are meant, as the file names it."""
    box_only: bool = False
    """Key points follow the box in each line (``kpt_shape``): only the box counts."""


def read_config(root: Path) -> YoloConfig:
    """Find and read the settings in ``root``. Raises Refused for those that cannot be understood."""
    if (found := config_file(root)) is not None:
        layout.require_inside(found, root)
        if found.suffix == ".data":
            return _darknet(found, root)
        return _yaml(found)
    return YoloConfig(_listed_names(root), {})


def config_file(root: Path) -> Path | None:
    """``data.yaml`` before other yaml files with a word of class names before ``obj.data``; None without any."""
    files = sorted(path for path in root.iterdir() if path.is_file() and not path.name.startswith("."))
    yamls = [path for path in files if path.suffix.lower() in YAML_SUFFIXES]
    usual = [path for path in yamls if path.stem.lower() in ("data", "dataset")]
    if usual:
        return usual[0]
    telling = [path for path in yamls if path.stat().st_size <= MAX_CONFIG and "names" in read_text(path)]
    if telling:
        return telling[0]
    return next((path for path in files if path.suffix.lower() == ".data"), None)


def _yaml(path: Path) -> YoloConfig:
    try:
        values = yaml.safe_load(read_text(path, MAX_CONFIG))
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
        raise _unclear(path, type(error).__name__) from error
    if not isinstance(values, dict):
        raise _unclear(path, "names")
    base = values.get("path")
    val = values.get("val", values.get("valid", values.get("validation")))
    splits = {layout.TRAIN: _entries(values.get("train"), path), layout.VAL: _entries(val, path)}
    return YoloConfig(
        _names(values.get("names"), path) or _listed_names(path.parent),
        {split: entries for split, entries in splits.items() if entries},
        base if isinstance(base, str) else "",
        "kpt_shape" in values,
    )


def _names(value: Any, path: Path) -> dict[int, str] | None:
    """Names as a list, or as a mapping whose keys are numbers or digits."""
    if value is None:
        return None
    if isinstance(value, list):
        value = dict(enumerate(value))
    if not isinstance(value, dict):
        raise _unclear(path, "names")
    names = {}
    for key, name in value.items():
        if isinstance(key, str) and key.isascii() and key.isdigit() and len(key) < 10:
            key = int(key)
        if type(key) is not int or isinstance(name, dict | list) or name is None:
            raise _unclear(path, "names")
        names[key] = str(name).strip()
    return dict(sorted(names.items()))


def _entries(value: Any, path: Path) -> tuple[str, ...]:
    if value is None or value == "":
        return ()
    entries = value if isinstance(value, list) else [value]
    if not all(isinstance(entry, str) for entry in entries):
        raise _unclear(path, "train, val")
    return tuple(entries)


def _darknet(path: Path, root: Path) -> YoloConfig:
    """Lines ``key = value``; the files it names lie beside it or where their last part is found."""
    values = {}
    for line in lines(read_text(path, MAX_CONFIG)):
        key, equals, value = line.partition("=")
        if equals:
            values[key.strip()] = value.strip()
    names = None
    named = values.get("names", "").replace("\\", "/").rsplit("/", 1)[-1]
    if named and (root / named).is_file():
        names = dict(enumerate(lines(read_text(layout.require_inside(root / named, root), MAX_CONFIG))))
    splits = {layout.TRAIN: values.get("train"), layout.VAL: values.get("valid")}
    return YoloConfig(names or _listed_names(root), {split: (value,) for split, value in splits.items() if value})


def _listed_names(root: Path) -> dict[int, str] | None:
    for folder in (root, root / "labels"):
        for name in NAME_LISTS:
            if (path := folder / name).is_file():
                return dict(enumerate(lines(read_text(layout.require_inside(path, root), MAX_CONFIG)))) or None
    notes = root / "notes.json"
    return _label_studio_names(layout.require_inside(notes, root)) if notes.is_file() else None


def _label_studio_names(path: Path) -> dict[int, str] | None:
    try:
        categories = json.loads(read_text(path, MAX_CONFIG))["categories"]
        return {category["id"]: category["name"] for category in categories if _is_category(category)} or None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _unclear(path, "categories") from error


def _is_category(value: Any) -> bool:
    return isinstance(value, dict) and type(value.get("id")) is int and isinstance(value.get("name"), str)


def _unclear(path: Path, key: str) -> Refused:
    return Refused(
        Sentence(
            gettext_noop("{path} cannot be understood (at: {key}). Write names, train and val as ultralytics does."),
            {"path": layout.shown(path.name), "key": key},
        )
    )


def last_parts(entry: str) -> Sequence[str]:
    """``a/b/c``, ``b/c``, ``c`` for a path of any system: the longest of its endings that exists is meant."""
    parts = [part for part in entry.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    parts = [part for part in parts if not part.endswith(":")]
    return ["/".join(parts[start:]) for start in range(len(parts))]
