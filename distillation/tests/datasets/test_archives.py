"""What people upload: whole archives become folders, harmful ones are refused with the entry's name."""

from __future__ import annotations

import gzip
import io
import os
import stat
import struct
import tarfile
import warnings
import zipfile
from pathlib import Path

import pytest

from distillation.contract.sentence import Refused
from distillation.datasets import archives
from distillation.datasets.unpacking import limits
from distillation.datasets.unpacking.limits import Limits

ROOMY = Limits(entries=1000, bytes=10**9)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The hidden folder below the data root."""
    found = tmp_path / "below" / ".upload-1"
    found.mkdir(parents=True)
    return found


def zipped(path: Path, entries: dict[str, bytes], **changes: int) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            for field, value in changes.items():
                setattr(info, field, value)
            file.writestr(info, content)
    return path


def windows_zip(path: Path, entries: dict[bytes, bytes], system: int = 0) -> Path:
    """Names as bytes without the UTF-8 flag, as Windows Explorer and 7-Zip write them: each stands in its place."""
    stand_ins = {f"{number:0{len(name)}d}"[-len(name) :]: name for number, name in enumerate(entries)}
    assert len(stand_ins) == len(entries)
    path = zipped(path, dict(zip(stand_ins, entries.values(), strict=True)), create_system=system)
    content = path.read_bytes()
    for ascii_name, name in stand_ins.items():
        for offset in (30, 46):  # of the name in a local and in a central header
            content = _renamed(content, ascii_name.encode(), name, offset)
    path.write_bytes(content)
    return path


def _renamed(content: bytes, old: bytes, new: bytes, offset: int) -> bytes:
    magic = b"PK\x03\x04" if offset == 30 else b"PK\x01\x02"
    place = content.find(magic)
    while place >= 0:
        length = struct.unpack_from("<H", content, place + (26 if offset == 30 else 28))[0]
        start = place + offset
        if content[start : start + length] == old:
            return content[:start] + new + content[start + length :]
        place = content.find(magic, place + 4)
    raise AssertionError(old)


def tarred(path: Path, members: list[tuple[tarfile.TarInfo, bytes]], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as file:  # type: ignore[call-overload]
        for info, content in members:
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, **more: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type = kind
    for key, value in more.items():
        setattr(info, key, value)
    return info, b"content" if kind == tarfile.REGTYPE else b""


def found(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def refusal(archive: Path, root: Path, allowed: Limits = ROOMY) -> str:
    with pytest.raises(Refused) as caught:
        archives.unpack(archive, root, allowed)
    assert {path.name for path in root.parent.parent.rglob("*")} & {"evil", "escaped", "x"} == set()
    return caught.value.sentence.english()


class TestWholeArchives:
    @pytest.mark.parametrize("mode", ["zip", "w", "w:gz"])
    def test_every_kind_gives_the_same_folder(self, tmp_path, root, mode):
        wanted = {"train/a/1.png": b"one", "train/b/2.png": b"two", "dataset.json": b"{}"}
        if mode == "zip":
            archive = zipped(tmp_path / "a", wanted)
        else:
            archive = tarred(
                tmp_path / "a", [(tarfile.TarInfo(name), content) for name, content in wanted.items()], mode
            )
        archives.unpack(archive, root, ROOMY)
        assert found(root) == wanted
        assert all(stat.S_IMODE(path.stat().st_mode) & 0o111 == 0 for path in root.rglob("*.png"))

    def test_one_folder_around_everything_is_taken_off_once(self, tmp_path, root):
        archives.unpack(zipped(tmp_path / "a", {"mine/mine/train/a/1.png": b"1"}), root, ROOMY)
        assert set(found(root)) == {"mine/train/a/1.png"}

    @pytest.mark.parametrize("top", ["train", "images", "Unlabeled"])
    def test_a_folder_that_means_something_stays(self, tmp_path, root, top):
        archives.unpack(zipped(tmp_path / "a", {f"{top}/a/1.png": b"1"}), root, ROOMY)
        assert set(found(root)) == {f"{top}/a/1.png"}

    def test_what_systems_leave_behind_is_left_out_and_counted(self, tmp_path, root):
        junk = ["__MACOSX/d/._1.png", "d/.DS_Store", "d/Thumbs.db", "d/train/desktop.ini", "d/train/._a"]
        done = archives.unpack(
            zipped(tmp_path / "a", {**dict.fromkeys(junk, b"?"), "d/train/a/1.png": b"1"}), root, ROOMY
        )
        assert set(found(root)) == {"train/a/1.png"}
        assert done.junk == len(junk)

    def test_an_archive_of_nothing_is_refused(self, tmp_path, root):
        assert "holds no file" in refusal(zipped(tmp_path / "a", {".DS_Store": b""}), root)

    @pytest.mark.parametrize("content", [b"", b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"text" * 1000])
    def test_what_is_no_archive_is_told_which_ones_are_read(self, tmp_path, root, content):
        (tmp_path / "a").write_bytes(content)
        assert "zip, tar or tar.gz" in refusal(tmp_path / "a", root)


class TestNames:
    @pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
    def test_names_of_windows_without_the_flag_are_chinese(self, tmp_path, root, encoding):
        names = ["训练/猫咪/图一.png", "训练/狗狗/图二.png"]
        archives.unpack(windows_zip(tmp_path / "a", {name.encode(encoding): b"1" for name in names}), root, ROOMY)
        expected = {name.removeprefix("训练/") for name in names}
        if encoding == "gbk":
            assert set(found(root)) == expected

    def test_a_short_name_that_could_be_utf_8_too_is_gbk_from_windows(self, tmp_path, root):
        assert "猫".encode("gbk").decode("utf-8") == "è"
        archives.unpack(windows_zip(tmp_path / "a", {"train/猫/1.png".encode("gbk"): b"1"}), root, ROOMY)
        assert set(found(root)) == {"train/猫/1.png"}

    def test_names_of_macos_without_the_flag_are_utf_8(self, tmp_path, root):
        archives.unpack(windows_zip(tmp_path / "a", {"train/小猫/1.png".encode(): b"1"}, system=3), root, ROOMY)
        assert set(found(root)) == {"train/小猫/1.png"}

    def test_flagged_names_stay_as_they_are(self, tmp_path, root):
        archives.unpack(zipped(tmp_path / "a", {"train/è猫/1.png": b"1"}, create_system=0), root, ROOMY)
        assert set(found(root)) == {"train/è猫/1.png"}

    @pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
    def test_names_in_a_tar_are_read_in_either(self, tmp_path, root, encoding):
        with tarfile.open(tmp_path / "a", "w", format=tarfile.GNU_FORMAT, encoding=encoding) as file:
            file.addfile(tarfile.TarInfo("train/狗狗/1.png"))
        archives.unpack(tmp_path / "a", root, ROOMY)
        assert set(found(root)) == {"train/狗狗/1.png"}

    def test_backslashes_are_folders(self, tmp_path, root):
        archives.unpack(zipped(tmp_path / "a", {"train\\a\\1.png": b"1"}), root, ROOMY)
        assert set(found(root)) == {"train/a/1.png"}


EVIL = ["../evil", "a/../../evil", "/tmp/evil", "C:\\evil", "C:evil", "..\\evil", "\\\\host\\evil", "a/" * 40 + "evil",
        "n" * 300, "a\x01b"]  # fmt: skip


class TestHostileNames:
    @pytest.mark.parametrize("name", EVIL)
    def test_a_zip_cannot_leave_its_folder(self, tmp_path, root, name):
        sentence = refusal(zipped(tmp_path / "a", {"good/1.png": b"1", name: b"x"}), root)
        assert name[:20].replace("\x01", "?") in sentence

    @pytest.mark.parametrize("name", EVIL)
    def test_a_tar_cannot_leave_its_folder(self, tmp_path, root, name):
        sentence = refusal(tarred(tmp_path / "a", [member("good/1.png"), member(name)]), root)
        assert name[:20].replace("\x01", "?") in sentence

    @pytest.mark.parametrize("names", [("d/x.png", "d/x.png"), ("d/x", "d/x/y.png"), ("d/x/y.png", "d/x")])
    def test_one_name_stands_for_one_file(self, tmp_path, root, names):
        with zipfile.ZipFile(tmp_path / "a", "w") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # zipfile's own, about the same
            for name in names:
                file.writestr(name, b"1")
        with pytest.raises(Refused) as caught:
            archives.unpack(tmp_path / "a", root, ROOMY)
        assert names[1] in str(caught.value)


class TestLinksAndDevices:
    def test_a_link_in_a_zip(self, tmp_path, root):
        link = (stat.S_IFLNK | 0o777) << 16
        archive = zipped(tmp_path / "a", {"evil": b"/etc/passwd"}, external_attr=link, create_system=3)
        assert "evil" in (sentence := refusal(archive, root))
        assert "link" in sentence

    def test_a_device_in_a_zip(self, tmp_path, root):
        archive = zipped(tmp_path / "a", {"evil": b""}, external_attr=(stat.S_IFCHR | 0o777) << 16, create_system=3)
        assert "device" in refusal(archive, root)

    @pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
    def test_links_in_a_tar(self, tmp_path, root, kind):
        archive = tarred(tmp_path / "a", [member("d/1.png"), member("d/evil", kind, linkname="../../../etc/passwd")])
        assert "d/evil" in (sentence := refusal(archive, root))
        assert "link" in sentence

    @pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, b"Z"])
    def test_devices_in_a_tar(self, tmp_path, root, kind):
        assert "device" in refusal(tarred(tmp_path / "a", [member("d/evil", kind)]), root)

    def test_a_sparse_file_in_a_tar(self, tmp_path, root):
        for key, value in (("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "d/evil")):
            info, content = member("d/evil")
            info.pax_headers = {key: value}
            assert "evil" in refusal(tarred(tmp_path / "a", [(info, content)]), root)

    def test_an_encrypted_entry_is_named(self, tmp_path, root):
        archive = zipped(tmp_path / "a", {"good.png": b"1", "secret.png": b"2"})
        content = bytearray(archive.read_bytes())
        for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            content[content.rfind(magic) + offset] |= 1
        archive.write_bytes(content)
        assert "secret.png" in (sentence := refusal(archive, root))
        assert "encrypted" in sentence


class TestBombs:
    def test_a_zip_entry_that_hardly_any_bytes_unpack_to(self, tmp_path, root):
        archive = zipped(tmp_path / "a", {"good": b"1", "bomb.bin": bytes(limits.BOMB_BYTES)})
        assert "bomb.bin" in refusal(archive, root)
        assert found(root) == {}  # judged before anything was unpacked

    def test_a_tar_that_hardly_any_bytes_unpack_to(self, tmp_path, root):
        with tarfile.open(tmp_path / "a", "w:gz") as file:
            info = tarfile.TarInfo("bomb.bin")
            info.size = limits.BOMB_BYTES + 1
            file.addfile(info, io.BytesIO(bytes(info.size)))
        assert "bomb.bin" in refusal(tmp_path / "a", root)

    def test_a_zip_entry_that_states_less_than_it_holds(self, tmp_path, root):
        archive = zipped(tmp_path / "a", {"liar.bin": os.urandom(5000)})
        content = bytearray(archive.read_bytes())
        for magic, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
            struct.pack_into("<I", content, content.find(magic) + offset, 10)
        archive.write_bytes(content)
        assert "liar.bin" in refusal(archive, root)

    def test_the_sum_of_all_files_is_limited(self, tmp_path, root):
        small = Limits(entries=100, bytes=1500)
        many = {f"{number}.bin": os.urandom(400) for number in range(5)}
        assert "3.bin" in refusal(zipped(tmp_path / "a", many), root, small)
        members = [(tarfile.TarInfo(name), content) for name, content in many.items()]
        sentence = refusal(tarred(tmp_path / "b", members), root, small)
        assert "3.bin" in sentence
        assert "DISTILLATION_UNPACKED_LIMIT_MB" in sentence

    def test_junk_counts_too(self, tmp_path, root):
        members = [(tarfile.TarInfo(f"__MACOSX/{number}"), os.urandom(400)) for number in range(5)]
        assert "__MACOSX/3" in refusal(tarred(tmp_path / "b", members), root, Limits(100, 1500))

    def test_the_number_of_entries_is_limited(self, tmp_path, root):
        few = Limits(entries=3, bytes=10**6)
        many = {f"{number}.png": b"1" for number in range(4)}
        assert "DISTILLATION_UPLOAD_ENTRIES" in refusal(zipped(tmp_path / "a", many), root, few)
        assert "3" in refusal(tarred(tmp_path / "b", [member(name) for name in many]), root, few)


class TestDamage:
    def test_a_zip_whose_content_has_changed(self, tmp_path, root):
        archive = zipped(tmp_path / "a", {"good.png": b"1" * 50, "hurt.png": os.urandom(500)})
        content = bytearray(archive.read_bytes())
        place = content.find(b"hurt.png") + 200
        content[place] ^= 0xFF
        archive.write_bytes(content)
        assert "hurt.png" in refusal(archive, root)

    @pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
    def test_a_zip_that_ends_early(self, tmp_path, root, share):
        archive = zipped(tmp_path / "a", {f"{number}.png": os.urandom(500) for number in range(20)})
        archive.write_bytes(archive.read_bytes()[: int(archive.stat().st_size * share)])
        assert "damaged" in refusal(archive, root)

    @pytest.mark.parametrize("mode", ["w", "w:gz"])
    @pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
    def test_a_tar_that_ends_early(self, tmp_path, root, share, mode):
        archive = tarred(tmp_path / "a", [(tarfile.TarInfo(f"{n}.png"), os.urandom(700)) for n in range(20)], mode)
        archive.write_bytes(archive.read_bytes()[: int(archive.stat().st_size * share)])
        assert "damaged" in refusal(archive, root)

    def test_a_tar_with_a_spoilt_header_in_the_middle(self, tmp_path, root):
        archive = tarred(tmp_path / "a", [(tarfile.TarInfo(f"{n}.png"), b"1" * 10) for n in range(5)], "w")
        content = bytearray(archive.read_bytes())
        content[2 * 1024 + 150] ^= 0xFF  # the checksum of the third
        archive.write_bytes(content)
        assert "damaged" in refusal(archive, root)

    def test_noise_after_a_beginning_is_no_crash(self, tmp_path, root):
        for beginning in (b"PK\x03\x04", b"PK\x05\x06", archives.GZIP, gzip.compress(b"noise" * 5000)):
            (tmp_path / "a").write_bytes(beginning + os.urandom(3000))
            refusal(tmp_path / "a", root)

    def test_a_full_disk_is_told_before(self, tmp_path, root, monkeypatch):
        monkeypatch.setattr("shutil.disk_usage", lambda path: type("", (), {"free": 10**6})())
        assert "MB are free" in refusal(zipped(tmp_path / "a", {"1.png": b"1"}), root)
