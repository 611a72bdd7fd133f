"""A survey in words and figures."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from distillation.admin import figures, words
from distillation.contract.sentence import Sentence
from distillation.models.sentences import translate
from distillation.services.surveys import Survey
from distillation.services.uploads import Draft

MOST_CLASSES = 60
"""Rows of the class balance; the others are counted."""


def layout_word(layout: str) -> str:
    """How the files lie, for people."""
    found = {
        "folders": _("A folder for each class"),
        "list": _("A list of pictures and classes"),
        "yolo": "YOLO",
        "coco": "COCO",
        "voc": "Pascal VOC",
        "labelme": "LabelMe",
        "masks": _("Pictures and masks"),
        "sequence": _("Arrays or tables of series"),
        "text": _("Tables of texts"),
    }
    return found.get(layout, layout)


def split_word(split: str) -> str:
    """The word for a part of the data."""
    found = {"train": _("Training"), "val": _("Validation"), "unlabeled": _("Without labels")}
    return found.get(split, split)


def sentence(said: Sentence | None) -> str:
    """In the reader's language; nothing for nothing."""
    return translate(said) if said is not None else ""


def receiving(draft: Draft) -> str:
    """How much of an upload has come."""
    return _("%(done)s of %(all)s have come.") % {"done": figures.size(draft.received), "all": figures.size(draft.size)}


def phase(survey: Survey) -> str:
    """What is being done."""
    said = {
        "waiting": _("Waiting: other data sets are being looked through."),
        "unpacking": _("Unpacking: %(size)s so far.") % {"size": figures.size(survey.done)},
        "reading": _(
            "Reading every label, as a task would. Large data sets take a while; this page goes on by itself."
        ),
    }
    return said.get(survey.phase, "")


def report(found: dict[str, Any]) -> dict[str, Any]:
    """What the template shows."""
    classes = [str(name) for name in found.get("classes") or ()]
    splits = [one for one in found.get("splits") or () if one["samples"] or one["name"] != "unlabeled"]
    problem = found.get("problem")
    return {
        "layout": layout_word(str(found["layout"])) if found.get("layout") else "",
        "task": words.value_word(found["task_type"]) if found.get("task_type") else "",
        "also": [words.value_word(one) for one in found.get("task_types") or () if one != found.get("task_type")],
        "task_types": [words.value_word(one) for one in found.get("task_types") or ()],
        "problem": sentence(Sentence.from_json(problem)) if problem else "",
        "findings": [_finding(one) for one in found.get("findings") or ()],
        "splits": [{"word": split_word(one["name"]), "samples": figures.count(one["samples"])} for one in splits],
        "classes": figures.count(len(classes)) if classes else figures.DASH,
        "held_out": _held_out(found),
        "balance": _balance(classes, splits),
        "more_classes": max(len(classes) - MOST_CLASSES, 0),
        "unit": _unit(splits),
        "files": figures.count(found.get("files")),
        "size": figures.size(found.get("bytes")),
        "digest": str(found.get("digest") or ""),
        "at": figures.moment(datetime.fromtimestamp(float(found.get("at") or 0), UTC)),
        "took": figures.duration(found.get("seconds")),
        "junk": int(found.get("junk") or 0),
        "shape": _shape(found),
    }


def _finding(one: dict[str, Any]) -> dict[str, Any]:
    return {"count": figures.count(one["count"]), "words": sentence(Sentence.from_json(one["sentence"]))}


def _held_out(found: dict[str, Any]) -> str:
    split = str(found.get("split") or "")
    if split in ("", "given"):
        return ""
    return _("No validation data is given: 20 % of the training data are held out, the same part every time.")


def _shape(found: dict[str, Any]) -> str:
    if "features" not in found:
        return ""
    return _("%(features)s values a step, %(length)s steps at most") % {
        "features": figures.count(found["features"]), "length": figures.count(found["length"]),
    }  # fmt: skip


def _unit(splits: list[dict[str, Any]]) -> str:
    """What the balance counts."""
    looked_at = sum(one.get("looked_at") or 0 for one in splits)
    if looked_at:
        return _("Pictures that hold the class, of %(count)s masks looked at") % {"count": figures.count(looked_at)}
    if any(one.get("objects") for one in splits):
        return _("Marked objects")
    return _("Samples")


def _balance(classes: list[str], splits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    labelled = [one for one in splits if one["name"] != "unlabeled"]
    if not classes or not labelled:
        return []
    counted = [one.get("objects") or one["per_class"] for one in labelled]
    largest = max((count for per_class in counted for count in per_class), default=0) or 1
    return [
        {
            "name": name,
            "bars": [
                {"split": one["name"], "word": split_word(one["name"]), "count": per_class[number],
                 "text": figures.count(per_class[number]), "most": largest}
                for one, per_class in zip(labelled, counted, strict=True)
            ],
            "none": not counted[0][number],
        }
        for number, name in enumerate(classes[:MOST_CLASSES])
    ]  # fmt: skip
