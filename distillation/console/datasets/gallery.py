"""Samples to look at, a page at a time, by split and class."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from distillation.admin import figures
from distillation.console.datasets.places import Place
from distillation.console.datasets.told import split_word
from distillation.datasets.layout import shown
from distillation.datasets.survey.index import Kept
from distillation.services import surveys

A_PAGE, A_GLANCE = 24, 10
"""Of a data set, and of one that is to be kept: the form stands below."""
WIDTH, HEIGHT = 260, 90
"""Of a series' drawing."""
MOST_NAMED = 6


def gallery(
    place: Place, report: dict[str, Any], asked: Mapping[str, str], *, most: int | None = None
) -> dict[str, Any]:
    """The page of ``most`` samples that is asked for; what makes no sense in the address counts as not asked."""
    classes = [str(name) for name in report["classes"]]
    splits = [one for one in report["splits"] if one["samples"]]
    names = [one["name"] for one in splits]
    split = asked.get("split") if asked.get("split") in names else (names[0] if names else "train")
    label = _number(asked.get("class"), len(classes) - 1)
    most = most or (A_PAGE if place.kind == "set" else A_GLANCE)
    number = _number(asked.get("page"), 10**6) or 1
    try:
        found, total = surveys.index(place.out).page(str(split), label, (max(number, 1) - 1) * most, most)
    except sqlite3.Error:
        found, total = [], 0
    pages = -(-total // most)
    samples = next((one for one in splits if one["name"] == split), {"samples": 0, "kept": 0})
    return {
        "kind": {"sequence": "series", "text": "texts"}.get(str(report.get("task_type")), "pictures"),
        "items": [_item(place, kept, classes) for kept in found],
        "splits": [
            {"word": split_word(one["name"]), "count": figures.count(one["samples"]), "on": one["name"] == split,
             "url": _query(split=one["name"])}
            for one in splits
        ],
        "split": split,
        "classes": [(index, name, index == label) for index, name in enumerate(classes[:500])],
        "labelled": split != "unlabeled" and not _masks(found),
        "page": number,
        "pages": pages,
        "total": figures.count(total),
        "before": _query(split=split, label=label, page=number - 1) if number > 1 else "",
        "after": _query(split=split, label=label, page=number + 1) if number < pages else "",
        "kept": figures.count(samples["kept"]) if samples["kept"] < samples["samples"] else "",
        "samples": figures.count(samples["samples"]),
    }  # fmt: skip


def _masks(found: list[Kept]) -> bool:
    return bool(found) and "mask" in found[0].body


def _query(**asked: Any) -> str:
    names = {"label": "class"}
    return (
        "?" + urlencode({names.get(key, key): value for key, value in asked.items() if value is not None}) + "#samples"
    )


def _number(text: str | None, most: int) -> int | None:
    if text is None or not (text.isascii() and text.isdecimal() and len(text) < 8):
        return None
    return int(text) if int(text) <= most else None


def _item(place: Place, kept: Kept, classes: list[str]) -> dict[str, Any]:
    named = list(dict.fromkeys(classes[label] for label in kept.labels if label < len(classes)))
    body = kept.body
    return {
        "name": shown(kept.path) or f"#{kept.number + 1}",
        "labels": ", ".join(named[:MOST_NAMED]) + (" …" if len(named) > MOST_NAMED else ""),
        "objects": len(kept.labels) if "boxes" in body else None,
        "url": f"{place.url('picture', kept.split, kept.number)}?{kept.mtime_ns}" if kept.path else "",
        "text": body.get("text", ""),
        "cut": body.get("characters", 0) > len(body.get("text", "")),
        "lines": _lines(body.get("series") or []),
        "steps": body.get("steps"),
    }


def _lines(series: list[list[float]]) -> list[str]:
    """Points of a polyline for each channel, over the range of all of them."""
    values = [value for row in series for value in row]
    if not values:
        return []
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    return [
        " ".join(
            f"{WIDTH * step / max(len(row) - 1, 1):.1f},{4 + (HEIGHT - 8) * (high - value) / span:.1f}"
            for step, value in enumerate(row)
        )
        for row in series
    ]
