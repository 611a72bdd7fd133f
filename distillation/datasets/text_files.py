"""Label files as text, in the encodings in which annotation tools on Chinese and Western machines leave them."""

from __future__ import annotations

import codecs
from pathlib import Path

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import shown

MAX_BYTES = 64 << 20
"""Of one label file that belongs to one picture."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def read_text(path: Path, limit: int = MAX_BYTES) -> str:
    """Read a text file whole. Raises Refused when it is too large, cannot be opened or is not text."""
    try:
        if path.stat().st_size > limit:
            raise Refused(
                Sentence(
                    gettext_noop("{path} is larger than {limit} MB and was not read. Split it or remove it."),
                    {"path": shown(path.name), "limit": limit >> 20},
                )
            )
        return decode(path.read_bytes())
    except (OSError, ValueError) as error:  # ValueError: not text, or a path with a null byte
        raise Refused(
            Sentence(
                gettext_noop("{path} cannot be read as text ({error}). Save it as UTF-8."),
                {"path": shown(path.name), "error": shown(str(error))},
            )
        ) from error


def decode(content: bytes) -> str:
    """Decode by the byte order mark, else as UTF-8, else as GB18030 (which includes GBK). Raises ValueError."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("gb18030")


def lines(text: str) -> list[str]:
    """The lines that hold something, stripped."""
    return [stripped for line in text.splitlines() if (stripped := line.strip())]
