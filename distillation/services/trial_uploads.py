"""What a person brings to a trial: pictures and texts within their limits, kept under names of ours.

Only the header of a picture is read here, by the readers of the usual formats and no others; the pixels are decoded by
the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from PIL import Image

from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Problem, Sentence, gettext_noop
from distillation.contract.trial import INPUTS, MAX_BYTES, MAX_TEXT, MOST, TrialInput
from distillation.datasets import pictures

PICTURES, TEXTS = "pictures", "texts"
FORMATS = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp", "BMP": ".bmp", "TIFF": ".tif", "GIF": ".gif"}
"""What is taken, with the suffix under which it is kept."""
MAX_TOTAL = 100 * 1024 * 1024
"""Bytes of all pictures of one trial."""
_LONGEST_NAME = 120
_MIB = 1024 * 1024


def texts(said: str) -> tuple[TrialInput, ...]:
    """One input a line; empty lines are left out. Raises InvalidRequest."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    _require_count(TEXTS, len(lines), gettext_noop("Write one to {most} lines; these are {count}."))
    problems = [
        Problem(
            TEXTS,
            Sentence(
                gettext_noop("Line {number} has {length} characters; at most {most} are read."),
                {"number": number, "length": len(line), "most": MAX_TEXT},
            ),
        )
        for number, line in enumerate(lines, start=1)
        if len(line) > MAX_TEXT
    ]
    if problems:
        raise InvalidRequest(problems)
    return tuple(TrialInput(name=line[:_LONGEST_NAME], text=line) for line in lines)


def examined(uploads: Sequence[UploadedFile[Any]]) -> tuple[TrialInput, ...]:
    """Look at each picture's size and header. Raises InvalidRequest with every problem at once."""
    _require_count(PICTURES, len(uploads), gettext_noop("Choose one to {most} pictures; these are {count}."))
    problems: list[Problem] = []
    inputs: list[TrialInput] = []
    for number, upload in enumerate(uploads, start=1):
        name = shown_name(upload.name)
        found = _examine(upload, name)
        if isinstance(found, Sentence):
            problems.append(Problem(PICTURES, found))
        else:
            inputs.append(TrialInput(name=name, file=f"{number}{found}"))
    total = sum(upload.size or 0 for upload in uploads)
    if total > MAX_TOTAL:
        template = gettext_noop("The pictures have {size} MB together; at most {most} MB are taken at once.")
        problems.append(Problem(PICTURES, Sentence(template, {"size": -(-total // _MIB), "most": MAX_TOTAL // _MIB})))
    if problems:
        raise InvalidRequest(problems)
    return tuple(inputs)


def save(uploads: Sequence[UploadedFile[Any]], inputs: Sequence[TrialInput], folder: Path) -> None:
    """Write the pictures below ``folder``. Raises OSError."""
    (folder / INPUTS).mkdir(parents=True)
    for upload, one in zip(uploads, inputs, strict=True):
        with (folder / INPUTS / one.file).open("wb") as file:
            for chunk in upload.chunks():
                file.write(chunk)


def shown_name(name: str | None) -> str:
    """A file's name as people know it, without what is no text and without its end where it is very long."""
    plain = "".join(letter for letter in (name or "").rpartition("/")[2] if letter.isprintable())
    plain = plain.encode(errors="replace").decode()
    return plain if len(plain) <= _LONGEST_NAME else f"{plain[: _LONGEST_NAME - 12]}…{plain[-10:]}"


def _require_count(field: str, count: int, template: str) -> None:
    if not 1 <= count <= MOST:
        raise InvalidRequest([Problem(field, Sentence(template, {"most": MOST, "count": count}))])


def _examine(upload: UploadedFile[Any], name: str) -> str | Sentence:
    """The suffix for the picture, or why it is not taken."""
    if (upload.size or 0) > MAX_BYTES:
        return Sentence(
            gettext_noop("{name} has {size} MB; a picture may have {most} MB. Make it smaller."),
            {"name": name, "size": -(-(upload.size or 0) // _MIB), "most": MAX_BYTES // _MIB},
        )
    try:
        upload.seek(0)
        with Image.open(upload, formats=tuple(FORMATS)) as image:
            (width, height), kind = image.size, image.format or ""
    except pictures.FAILURES:
        kind, width, height = "", 0, 0
    finally:
        upload.seek(0)
    if kind not in FORMATS:
        return Sentence(
            gettext_noop("{name} is no picture that can be read; these can: {formats}."),
            {"name": name, "formats": ", ".join(FORMATS)},
        )
    if width * height > pictures.MAX_PIXELS:
        return Sentence(
            gettext_noop("{name} has {width} × {height} pixels; the limit is {limit} megapixels. Make it smaller."),
            {"name": name, "width": width, "height": height, "limit": pictures.MAX_PIXELS // 1_000_000},
        )
    return FORMATS[kind]
