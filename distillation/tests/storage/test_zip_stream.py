"""Archives that are made while they are sent."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

from distillation.storage import zip_stream
from distillation.storage.zip_stream import Entry, zipped


def entry(path: Path, name: str = "") -> Entry:
    return Entry(name or path.name, path, path.stat().st_size)


def read(pieces) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(pieces)))


def test_the_archive_holds_every_byte_and_comes_in_pieces(tmp_path):
    large, text = tmp_path / "large.png", tmp_path / "标注.json"
    large.write_bytes(os.urandom(3 * zip_stream.PIECE + 7))
    text.write_text('{"猫": 1}' * 1000)
    pieces = list(zipped([entry(large), entry(text, "夹/标注.json")], tmp_path))
    assert len(pieces) >= 3
    assert max(map(len, pieces)) < 2 * zip_stream.PIECE
    archive = read(pieces)
    assert archive.testzip() is None
    assert archive.read("large.png") == large.read_bytes()
    assert archive.read("夹/标注.json") == text.read_bytes()
    assert archive.getinfo("夹/标注.json").compress_size < 1000


def test_empty_files_and_no_files_are_archives_too(tmp_path):
    empty = tmp_path / "a.txt"
    empty.touch()
    assert read(zipped([entry(empty)], tmp_path)).read("a.txt") == b""
    assert read(zipped([], tmp_path)).namelist() == []


def test_what_has_gone_or_leads_out_is_named(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    archive = read(zipped([Entry("gone.txt", root / "gone.txt", 1), Entry("link.txt", root / "link.txt", 1)], root))
    assert archive.namelist() == [zip_stream.MISSING]
    assert archive.read(zip_stream.MISSING).decode().split() == ["gone.txt", "link.txt"]
