"""Surveys of data sets: started where a page asks for one, read by every later request.

``datasets.survey`` does the work in a process of its own. A survey is kept until the data set's signature differs.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from distillation.contract.sentence import Sentence, gettext_noop
from distillation.datasets.survey import report as reports
from distillation.datasets.survey.index import Index
from distillation.datasets.survey.signature import signature
from distillation.services import background
from distillation.storage.drafts import ARCHIVE
from distillation.storage.local import json_object

MODULE = "distillation.datasets.survey"
ORDER, PROGRESS = "order.json", "progress.json"
ATTEMPTS = 3
"""A survey that was killed this often is not begun again by itself: it may be what fills the memory."""

YOUNG_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Survey:
    """How far the survey of a folder is, and what it found."""

    phase: str
    """``waiting``, ``unpacking``, ``reading``, ``ready``, ``refused`` (nothing of the archive was kept), ``broken``."""
    report: dict[str, Any]
    """Empty before ``ready`` and ``refused``."""
    done: int = 0
    """Bytes that are unpacked."""
    why: Sentence | None = None
    """Of ``refused`` and ``broken``."""

    @property
    def over(self) -> bool:
        """Whether nothing more will come by itself."""
        return self.phase in ("ready", "refused", "broken")


def look(root: Path, out: Path, name: str) -> Survey:
    """The survey of the data set at ``root``, kept in ``out``; it is begun where there is none or it is too old."""
    found = json_object(out / reports.FILE)
    if found.get("version") == reports.VERSION:
        if "refused" in found:
            return Survey("refused", found, why=Sentence.from_json(found["refused"]))
        if found.get("signature") == signature(root) or _young(found):
            return Survey("ready", found)
    if background.running(out):
        progress = json_object(out / PROGRESS)
        return Survey(str(progress.get("phase") or "waiting"), {}, int(progress.get("bytes") or 0))
    return _begin(root, out, name)


def again(out: Path) -> None:
    """Forget what was found, so that the next look begins anew; the index stays until then."""
    for name in (reports.FILE, ORDER):
        (out / name).unlink(missing_ok=True)


def index(out: Path) -> Index:
    """The samples to look at."""
    return Index(out)


def move(out: Path, target: Path) -> None:
    """Keep a survey for the place that the data set has now; one that was there is of a folder that is gone."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True, exist_ok=True)
    for name in (reports.FILE, "index.sqlite3"):
        if (out / name).is_file():
            (out / name).replace(target / name)


def _young(found: dict[str, Any]) -> bool:
    """Data that grows all the time is not read all the time."""
    return time.time() - float(found.get("at") or 0) < max(YOUNG_SECONDS, 5 * float(found.get("seconds") or 0))


def _begin(root: Path, out: Path, name: str) -> Survey:
    out.mkdir(parents=True, exist_ok=True)
    before = json_object(out / ORDER)
    attempt = int(before.get("attempt") or 0) + 1
    if attempt > ATTEMPTS or (before and (told := background.errors(out))):
        error = told if attempt <= ATTEMPTS else background.errors(out) or "killed"
        template = gettext_noop("The data set could not be looked through ({error}).")
        return Survey("broken", {}, why=Sentence(template, {"error": error}))
    order: dict[str, Any] = {"root": str(root), "name": name, "attempt": attempt}
    if (out / ARCHIVE).is_file():
        order |= {
            "archive": str(out / ARCHIVE),
            "entries": settings.DISTILLATION_UPLOAD_ENTRIES,
            "bytes": settings.DISTILLATION_UNPACKED_LIMIT_MB * 10**6,
        }
    _order(out, order)
    if not background.start([sys.executable, "-m", MODULE, str(out)], out):
        if not background.running(out):
            _order(out, {**order, "attempt": attempt - 1})
        return Survey("waiting", {})
    return Survey("unpacking" if "archive" in order else "reading", {})


def _order(out: Path, order: dict[str, Any]) -> None:
    draft = out / f"{ORDER}.new"
    draft.write_text(json.dumps(order), "utf-8")
    draft.replace(out / ORDER)
