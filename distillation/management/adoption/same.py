"""Which texts the database takes for equal: case, width and accents, as its collation has it."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.backends.utils import CursorWrapper

_AT_ONCE = 200


class Weights:
    """Sort keys of texts under one collation; two texts are equal exactly when their keys are."""

    def __init__(self, cursor: CursorWrapper, collation: str) -> None:
        self._cursor = cursor
        self._collation = collation
        self._known: dict[str, str] = {}

    def learn(self, texts: Iterable[str | None]) -> None:
        """Ask the server for many at once."""
        new = sorted({_padded(text) for text in texts if text is not None} - self._known.keys())
        for begin in range(0, len(new), _AT_ONCE):
            some = new[begin : begin + _AT_ONCE]
            # The collation comes out of information_schema; a parameter cannot stand there.
            one = f"SELECT HEX(WEIGHT_STRING(CONVERT(%s USING utf8mb4) COLLATE {self._collation}))"
            self._cursor.execute(" UNION ALL ".join([one] * len(some)), some)
            self._known.update(zip(some, (str(row[0]) for row in self._cursor.fetchall()), strict=True))

    def of(self, text: str) -> str:
        """The key of one text."""
        if _padded(text) not in self._known:
            self.learn([text])
        return self._known[_padded(text)]


def _padded(text: str) -> str:
    """Most collations ignore blanks at the end, and nobody means two ids that differ in them."""
    return text.rstrip(" ")
