"""How features can be compared, for which types of task, and between which layers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.task_types import DENSE, OF_PICTURES

_WHOLE = frozenset({"classification", "sequence", "text"})

SUITS: dict[str, frozenset[str]] = {
    "cwd": DENSE,
    "mse": _WHOLE | DENSE,
    "cosine": _WHOLE | DENSE,
    "at": OF_PICTURES,
    "mgd": OF_PICTURES,
    "rkd": _WHOLE,
    "sp": _WHOLE,
    "pkt": _WHOLE,
}
"""Comparison → types of task. CWD compares where a channel looks; RKD, SP and PKT how samples lie to each other."""

MAX_LAYERS = 8
"""Every pair of layers is kept on disk for every view of every picture."""
_PAIR = re.compile(r"\s*([\w.]+)\s*=\s*([\w.]+)\s*")


def usual(task_type: str) -> str:
    """The comparison where the request does not say."""
    return "cwd" if task_type in DENSE else "mse"


def suitable(task_type: str) -> tuple[str, ...]:
    """The comparisons that suit a type of task."""
    return tuple(name for name, types in SUITS.items() if task_type in types)


def unsuitable(name: str, task_type: str) -> Sentence:
    """Why a comparison does not suit a type of task."""
    return Sentence(
        gettext_noop("The feature loss {name} does not suit {task_type}; for {task_type} there are: {names}."),
        {"name": name, "task_type": task_type, "names": ", ".join(suitable(task_type))},
    )


def read_layers(names: Sequence[str] | None) -> tuple[tuple[str, str], ...]:
    """(student's layer, teacher's layer) of each ``student=teacher``. Raises Refused."""
    found = [_PAIR.fullmatch(name) for name in names or ()]
    pairs = tuple((match[1], match[2]) for match in found if match is not None)
    if len(pairs) < len(found) or len(set(pairs)) < len(pairs) or len(pairs) > MAX_LAYERS:
        raise Refused(
            Sentence(
                gettext_noop(
                    "{layers} names no pairs of layers. Write student=teacher for each pair, between commas, such as "
                    "layer3=layer3, layer4=layer4; at most {limit} different ones."
                ),
                {"layers": ", ".join(names or ())[:100], "limit": MAX_LAYERS},
            )
        )
    return pairs
