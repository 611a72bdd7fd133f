"""The program: unpack an archive where one is ordered, then survey the data set.

``order.json`` in the folder given says what; ``progress.json`` and ``report.json`` there are the answers. The folder's
lock is an inherited file descriptor that this process merely keeps open.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
from pathlib import Path
from typing import Any

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets import archives
from distillation.datasets.layout import shown
from distillation.datasets.survey import report
from distillation.datasets.unpacking.limits import Limits

ORDER, PROGRESS = "order.json", "progress.json"
ADDRESS_SPACE = 6 << 30
"""Bytes while unpacking: an archive's list of entries may be made to fill the memory."""


def main() -> None:
    """Carry out the order."""
    os.nice(10)
    out = Path(sys.argv[1])
    order = json.loads((out / ORDER).read_text("utf-8"))
    root = Path(order["root"])
    more: dict[str, Any] = {}
    if "archive" in order:
        try:
            more = _unpack(Path(order["archive"]), root, Limits(order["entries"], order["bytes"]), out)
        except Refused as refusal:
            shutil.rmtree(root, ignore_errors=True)
            report.refused(out, refusal.sentence)
            (out / ORDER).unlink(missing_ok=True)
            return
    _tell(out, "reading")
    report.survey(root, out, order["name"], more)
    (out / ORDER).unlink(missing_ok=True)  # what stays is the mark of an attempt that was cut off


def _unpack(archive: Path, root: Path, allowed: Limits, out: Path) -> dict[str, Any]:
    """Fill ``root``, then drop the archive. Raises Refused."""
    shutil.rmtree(root, ignore_errors=True)  # of an attempt that was cut off
    root.mkdir(mode=0o755)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE if hard < 0 else min(ADDRESS_SPACE, hard), hard))
    try:
        done = archives.unpack(archive, root, allowed, lambda bytes_: _tell(out, "unpacking", bytes_))
    except OSError as error:
        raise Refused(
            Sentence(
                gettext_noop("The archive cannot be unpacked ({error}). Free some space on the disk, then try again."),
                {"error": shown(str(error))},
            )
        ) from error
    except MemoryError as error:
        raise Refused(
            Sentence(gettext_noop("The list of the archive's entries does not fit into the memory. Split the archive."))
        ) from error
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    archive.unlink(missing_ok=True)
    return {"entries": done.entries, "junk": done.junk}


def _tell(out: Path, phase: str, done: int = 0) -> None:
    draft = out / f"{PROGRESS}.new"
    draft.write_text(json.dumps({"phase": phase, "bytes": done}))
    draft.replace(out / PROGRESS)


if __name__ == "__main__":
    main()
