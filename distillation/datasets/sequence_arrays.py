"""Series in npz files: ``x`` or ``values`` ``[n, T, F]`` or ``[n, T]``, ``y`` or ``labels`` ``[n]``.

Labels are names or whole numbers. Optional: ``classes`` (names; then labels are their indices) and ``lengths [n]``.
Nothing is ever unpickled.
"""

from __future__ import annotations

import zipfile
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets import layout
from distillation.datasets.row_findings import RowFindings
from distillation.datasets.series import Series

MAX_BYTES = 4 << 30
"""Of a file's arrays, unpacked."""
VALUES, LABELS = ("x", "values", "X"), ("y", "labels", "Y")
_FAILURES = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, MemoryError)


def read(
    path: Path, split: str, findings: RowFindings, classes: tuple[str, ...] | None = None
) -> tuple[list[Series], tuple[str, ...] | None]:
    """Read every series, and the names of the classes where the file lists them. Raises Refused.

    ``classes``: what numbers mean in a file that does not list them, beside training data that does.
    """
    arrays = _load(path, None, MAX_BYTES)
    values = _values(path, arrays)
    classes = _classes(arrays) or classes
    names = _names(path, arrays, classes, len(values), split)
    lengths = arrays.get("lengths")
    if lengths is not None and (lengths.shape != (len(values),) or lengths.dtype.kind not in "iu"):
        raise _refused(path, "lengths", lengths, "[n], whole numbers")
    found = []
    for number, series in enumerate(values):
        place = f"{path.name}:{number}"
        if names[number] is None:
            findings.note("label_out_of_range", place)
            continue
        end = len(series) if lengths is None else max(0, int(lengths[number]))
        found.append(Series(place, series[:end], names[number] or ""))
    return found, classes


def count(path: Path, limit: int) -> tuple[int, dict[str, int], tuple[str, ...] | None]:
    """Number of series, of labels by class, and the classes where the file lists them. Raises Refused.

    Reads ``limit`` bytes of labels at most, and of the values their shape only.
    """
    arrays = _load(path, {*LABELS, "classes"}, limit)
    shapes = _shapes(path)
    rows = next((shape[0] for name in VALUES if (shape := shapes.get(name))), 0)
    classes = _classes(arrays)
    names = _names(path, arrays, classes, rows, layout.UNLABELED)
    return rows, dict(Counter(name for name in names if name)), classes


def _load(path: Path, wanted: set[str] | None, limit: int) -> dict[str, NDArray[Any]]:
    try:
        archive = np.load(path, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise ValueError("it holds one array without a name")
        with archive, zipfile.ZipFile(path) as packed:
            names = [name for name in archive.files if wanted is None or name in wanted]
            unpacked = sum(packed.getinfo(f"{name}.npy").file_size for name in names)
            if unpacked > limit:
                raise ValueError(f"{unpacked >> 20} MB unpacked, the limit is {limit >> 20} MB")
            return {name: archive[name] for name in names}
    except _FAILURES as error:
        raise _cannot_be_read(path, error) from error


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Shapes of the arrays of values, from their headers."""
    shapes = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for name in VALUES:
                if f"{name}.npy" in archive.namelist():
                    with archive.open(f"{name}.npy") as file:
                        version = np.lib.format.read_magic(file)
                        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else _header_2
                        shapes[name] = header(file)[0]
    except _FAILURES as error:
        raise _cannot_be_read(path, error) from error
    return shapes


def _header_2(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    return np.lib.format.read_array_header_2_0(file)


def _values(path: Path, arrays: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
    values = next((arrays[name] for name in VALUES if name in arrays), None)
    if values is None or values.ndim not in (2, 3) or values.dtype.kind not in "fiub":
        raise _refused(path, "x", values, "[n, T, F] or [n, T], numbers")
    with np.errstate(over="ignore"):  # what does not fit becomes infinite, and a finding
        return np.ascontiguousarray(values if values.ndim == 3 else values[..., None], np.float32)


def _classes(arrays: dict[str, NDArray[Any]]) -> tuple[str, ...] | None:
    classes = arrays.get("classes")
    return None if classes is None else tuple(str(name) for name in classes.ravel())


def _names(
    path: Path, arrays: dict[str, NDArray[Any]], classes: tuple[str, ...] | None, rows: int, split: str
) -> list[str | None]:
    """The class name of every series: empty for none, None for a label that the classes do not have."""
    labels = next((arrays[name] for name in LABELS if name in arrays), None)
    if labels is None and split == layout.UNLABELED:
        return [""] * rows
    whole = labels is not None and _are_whole(labels)
    if labels is None or labels.size != rows or not (whole or labels.dtype.kind in "US"):
        raise _refused(path, "y", labels, f"[{rows}], names or whole numbers")
    flat = labels.ravel()
    if not whole:
        names = [name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name) for name in flat]
        return [name.strip() if classes is None or name.strip() in ("", *classes) else None for name in names]
    if classes is None:
        return [str(int(label)) for label in flat]
    return [classes[int(label)] if 0 <= label < len(classes) else None for label in flat]


def _are_whole(labels: NDArray[Any]) -> bool:
    if labels.dtype.kind == "f":
        return bool(np.isfinite(labels).all() and np.equal(labels, np.rint(labels)).all())
    return labels.dtype.kind in "iub"


def _refused(path: Path, name: str, found: NDArray[Any] | None, wanted: str) -> Refused:
    return Refused(
        Sentence(
            gettext_noop("{path} needs an array {name} of shape {wanted}; found: {found}. Write it again."),
            {
                "path": layout.shown(path.name),
                "name": name,
                "wanted": wanted,
                "found": "–" if found is None else f"{list(found.shape)} {found.dtype}",
            },
        )
    )


def _cannot_be_read(path: Path, error: BaseException) -> Refused:
    return Refused(
        Sentence(
            gettext_noop("{path} cannot be read as an npz file of plain arrays ({error}). Write it with numpy.savez."),
            {"path": layout.shown(path.name), "error": layout.shown(str(error) or type(error).__name__)},
        )
    )
