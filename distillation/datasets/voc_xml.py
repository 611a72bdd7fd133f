"""One Pascal VOC annotation file: the picture's name and size, and its boxes. No entities, no document types."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import shown
from distillation.datasets.text_files import read_text

MAX_DEPTH = 32
_ROOT = "annotation"
_SIDES = ("xmin", "ymin", "xmax", "ymax")


@dataclass(slots=True)
class VocObject:
    """One marked object, its numbers still as text."""

    name: str = ""
    sides: dict[str, str] = field(default_factory=dict)

    def box(self) -> tuple[float, float, float, float] | None:
        """Left, top, right, bottom as written; None when one is missing or no number."""
        try:
            left, top, right, bottom = (float(self.sides[side]) for side in _SIDES)
        except (KeyError, ValueError):
            return None
        return left, top, right, bottom


@dataclass(slots=True)
class VocAnnotation:
    """What an annotation file says."""

    filename: str = ""
    width: str = ""
    height: str = ""
    objects: list[VocObject] = field(default_factory=list)

    def size(self) -> tuple[int, int] | None:
        """Width and height of the annotated picture; None when they are not given, or as 0."""
        try:
            width, height = int(float(self.width)), int(float(self.height))
        except (ValueError, OverflowError):
            return None
        return (width, height) if width > 0 and height > 0 else None


def read_annotation(path: Path) -> VocAnnotation:
    """Read one file in any encoding that text_files knows. Raises Refused."""
    text = read_text(path)
    reader = _Reader()
    try:
        reader.parser.Parse(text.encode("utf-8"), True)
    except (expat.ExpatError, _Forbidden) as error:
        raise Refused(
            Sentence(
                gettext_noop("{path} cannot be read as a VOC annotation ({error}). Export it again."),
                {"path": shown(path.name), "error": shown(str(error))},
            )
        ) from error
    return reader.annotation


class _Forbidden(Exception):  # noqa: N818
    """Something that no annotation needs and that attacks use."""


class _Reader:
    """Follows the parser through the tree by the path of open elements."""

    def __init__(self) -> None:
        self.annotation = VocAnnotation()
        # The text was decoded before: whatever encoding its first line still names does not count.
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._forbid
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self._open: list[str] = []
        self._texts: list[str] = []

    def _forbid(self, *_: object) -> None:
        raise _Forbidden("it has a document type (DTD)")

    def _start(self, name: str, _: dict[str, str]) -> None:
        if not self._open and name != _ROOT:
            raise _Forbidden(f"it begins with <{name[:40]}> instead of <{_ROOT}>")
        if len(self._open) >= MAX_DEPTH:
            raise _Forbidden(f"its elements are nested more than {MAX_DEPTH} deep")
        self._open.append(name)
        self._texts.clear()
        if self._open[1:] == ["object"]:
            self.annotation.objects.append(VocObject())

    def _text(self, text: str) -> None:
        self._texts.append(text)

    def _end(self, name: str) -> None:
        text = "".join(self._texts).strip()
        self._texts.clear()
        match self._open[1:]:
            case ["filename"]:
                self.annotation.filename = text
            case ["size", "width"]:
                self.annotation.width = text
            case ["size", "height"]:
                self.annotation.height = text
            case ["object", "name"]:
                self.annotation.objects[-1].name = text
            case ["object", "bndbox", side]:
                self.annotation.objects[-1].sides[side] = text
        self._open.pop()
