"""LoRA presets: of names that are the same to a person or to the database, one stays."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.backends.utils import CursorWrapper

from distillation.contract.names import comparable
from distillation.management.adoption.columns import PRESET, rules
from distillation.management.adoption.converting import Converted, convert
from distillation.management.adoption.notes import Note, whole_row
from distillation.management.adoption.reading import Original, rows
from distillation.management.adoption.same import Weights
from distillation.management.adoption.schema import Table
from distillation.management.adoption.values import fit
from distillation.models import QuarantineReason as Reason


def read_presets(cursor: CursorWrapper, table: Table, weights: Weights, now: str) -> Iterator[Converted | Note]:
    """Every row, converted or as a note that it goes as a whole. There are few presets, so all are held at once."""
    originals = list(rows(cursor, table))
    weights.learn(row.texts["preset_name"] for row in originals)
    staying = _staying(originals, weights)
    for row in originals:
        if row.id in staying:
            yield _preset(row, frozenset(table.columns), now)
        else:
            yield whole_row(PRESET, row, Reason.DUPLICATE_NAME)


def _staying(originals: list[Original], weights: Weights) -> set[int]:
    """Ids of rows that keep their name: one that is not deleted first, then the one changed last, then the newest."""
    taken: set[str] = set()
    staying: set[int] = set()
    for row in sorted(originals, key=_rank, reverse=True):
        name = _name(row)
        keys = {f"person {comparable(name)}", f"database {weights.of(name)}"}
        if taken.isdisjoint(keys):
            taken |= keys
            staying.add(row.id)
    return staying


def _rank(row: Original) -> tuple[bool, str, int]:
    alive = row.texts.get("del_flag") in ("0", None)
    text = row.texts.get("update_time")
    changed = fit(rules(PRESET)["update_time"], text)[0] if text else None
    return alive, changed or "", row.id


def _name(row: Original) -> str:
    """The name as the column will hold it."""
    text, _ = fit(rules(PRESET)["preset_name"], row.texts["preset_name"])
    return text if text and text.strip() else f"preset_{row.id}"


def _preset(row: Original, present: frozenset[str], now: str) -> Converted:
    converted = convert(PRESET, row, rules(PRESET), present)
    converted.fill("preset_name", _name(row))
    if converted.values["preset_name"] != _name(row):
        converted.replace("preset_name", _name(row), Reason.MISSING)
    converted.fill("update_time", converted.values.get("create_time"), now)
    converted.fill("create_time", converted.values.get("update_time"), now)
    return converted
