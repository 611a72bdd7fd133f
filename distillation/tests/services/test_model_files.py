"""Which files a request may name: everything outside, and everything that is no file, is refused unopened."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from distillation.contract.request import InvalidRequest
from distillation.services import model_files
from distillation.tests.model_samples import CONFIG, onnx_bytes, safetensors_bytes, tree, write_model


@pytest.fixture
def root(home: Path) -> Path:
    (home.parent / "outside").mkdir()
    (home.parent / "outside" / "model.safetensors").write_bytes(safetensors_bytes())
    (home / "secret_key").write_text("secret")
    write_model(home / "models" / "good")
    return home / "models"


def refusal(raw: object) -> str:
    with pytest.raises(InvalidRequest) as caught, model_files.open_model(raw) as file:
        model_files.check_content(file)
    assert [problem.field for problem in caught.value.problems] == ["modelPath"]
    return caught.value.problems[0].sentence.english()


@pytest.mark.parametrize(
    "named",
    ["good/model.safetensors", "./good//model.safetensors", "models/good/model.safetensors", "good", "good/",
     "models/good", "{root}/good/model.safetensors", "{root}/good", "inner.safetensors", "inner/model.safetensors"],
)  # fmt: skip
def test_a_file_below_the_root_is_found_under_each_of_its_names(root, home, named):
    (root / "inner.safetensors").symlink_to(root / "good" / "model.safetensors")
    (root / "inner").symlink_to("good")
    with model_files.open_model(named.format(root=root)) as file:
        model_files.check_content(file)
        assert model_files.stored_path(file) == "models/good/model.safetensors"
        assert len(model_files.sha256(file, time.monotonic() + 5) or "") == 64


def test_a_root_that_is_a_link_below_the_home_works_under_both_names(root, home, settings):
    (home / "here").symlink_to(root)
    settings.MODELS_ROOT = home / "here"
    for named in ("good", f"{home}/here/good", f"{root}/good"):
        with model_files.open_model(named) as file:
            assert model_files.stored_path(file) == "models/good/model.safetensors"


@pytest.mark.parametrize(
    ("named", "words"),
    [
        (None, "Name the model file in modelPath"),
        ("", "Name the model file in modelPath"),
        (7, "must be a text"),
        (["good"], "must be a text"),
        ({"a": 1}, "must be a text"),
        (True, "must be a text"),
        ("x" * 501, "501 characters"),
        ("good/\0model.safetensors", "control characters"),
        ("good/model\n.safetensors", "control characters"),
        ("\ud800", "control characters"),
        ("..", "contains “..”"),
        ("../secret_key", "contains “..”"),
        ("good/../good/model.safetensors", "contains “..”"),
        ("good\\..\\x.safetensors", "contains “..”"),
        ("{root}/../secret_key", "contains “..”"),
        ("/etc/passwd", "leads out of the models root"),
        ("//etc/passwd", "leads out of the models root"),
        ("/", "leads out of the models root"),
        ("/dev/zero", "leads out of the models root"),
        ("/proc/self/environ", "leads out of the models root"),
        ("{home}/secret_key", "leads out of the models root"),
        ("{root}x/model.safetensors", "leads out of the models root"),
        ("secret_key", "There is no file models/secret_key"),
        ("nothing.safetensors", "There is no file models/nothing.safetensors"),
        ("good/model.safetensors/x", "There is no file"),
        ("good/" + "y" * 300, "cannot be read (File name too long)"),
        ("~/model.safetensors", "There is no file"),
        (".", "is a directory"),
        ("{root}", "is a directory"),
        ("models", "is a directory"),
    ],
)
def test_a_path_trick_is_refused_with_the_rule(root, home, named, words):
    before = tree(home)
    text = named.format(root=root, home=home) if isinstance(named, str) else named
    assert words in refusal(text)
    assert tree(home) == before


@pytest.mark.parametrize("link", ["file.safetensors", "folder/model.safetensors", "chain.safetensors", "model-dir"])
def test_a_link_out_of_the_root_is_refused_and_its_target_not_named(root, home, link):
    outside = home.parent / "outside"
    (root / "file.safetensors").symlink_to(outside / "model.safetensors")
    (root / "folder").symlink_to(outside)
    (root / "chain.safetensors").symlink_to("file.safetensors")
    (root / "model-dir").symlink_to("../../outside")
    sentence = refusal(link)
    assert "is a link that leads out of the models root" in sentence
    assert "outside" not in sentence


def test_links_that_lead_nowhere_are_refused(root):
    (root / "a.safetensors").symlink_to("b.safetensors")
    (root / "b.safetensors").symlink_to("a.safetensors")
    (root / "gone.safetensors").symlink_to("good/gone.safetensors")
    assert "cannot be read (Too many levels of symbolic links)" in refusal("a.safetensors")
    assert "There is no file" in refusal("gone.safetensors")


def test_a_link_to_a_device_is_refused_unopened(root):
    (root / "zero.safetensors").symlink_to("/dev/zero")
    assert "leads out of the models root" in refusal("zero.safetensors")


@pytest.mark.timeout(10)
def test_pipes_sockets_and_devices_are_refused_unopened(root, monkeypatch):
    """Opening a pipe that nobody writes to would wait for ever."""
    os.mkfifo(root / "pipe.safetensors")
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.safetensors")
        for name in ("pipe", "socket"):
            assert "is not a regular file" in refusal(f"{name}.safetensors")
    if os.geteuid() == 0:
        os.mknod(root / "tty.safetensors", 0o600 | 0o020000, os.makedev(1, 5))  # a character device: zero
        assert "is not a regular file" in refusal("tty.safetensors")


def test_a_pipe_that_takes_the_files_place_is_refused_without_waiting(root, monkeypatch):
    path = root / "good" / "model.safetensors"

    def swap() -> None:
        path.unlink()
        os.mkfifo(path)

    swap_before(monkeypatch, "open", "model.safetensors", swap)
    assert "is not a regular file" in refusal("good/model.safetensors")


def test_a_link_that_takes_the_files_place_is_not_followed(root, home, monkeypatch):
    path = root / "good" / "model.safetensors"
    swap_before(monkeypatch, "open", "model.safetensors", lambda: (path.unlink(), path.symlink_to(home / "secret_key")))
    assert "cannot be read" in refusal("good/model.safetensors")


def test_a_link_that_takes_a_folders_place_is_not_followed(root, home, monkeypatch):
    folder = root / "good"
    outside = home.parent / "outside"
    swap_before(monkeypatch, "open", "good", lambda: (folder.rename(root / "was"), folder.symlink_to(outside)))
    assert "There is no file" in refusal("good/model.safetensors")


def swap_before(monkeypatch: pytest.MonkeyPatch, call: str, name: str, swap: Callable[[], object]) -> None:
    """Let somebody be faster: just before our open of that name, the file is exchanged."""
    real = getattr(os, call)
    done: list[bool] = []

    def opened(path: object, *arguments: object, **options: object) -> object:
        if path == name and not done:
            done.append(True)
            swap()
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, call, opened)


def test_a_file_without_the_right_to_read_it_is_refused(root, monkeypatch):
    def refuse(path: object, *arguments: object, **options: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    assert refusal("good/model.safetensors").startswith(
        "models/good/model.safetensors cannot be read (Permission denied)"
    )


def test_an_empty_file_and_other_kinds_of_files_are_refused(root):
    (root / "empty.safetensors").touch()
    (root / "weights.bin").write_bytes(b"123")
    (root / "weights").write_bytes(b"123")
    assert "is empty" in refusal("empty.safetensors")
    for name in ("weights.bin", "weights"):
        sentence = refusal(name)
        assert "is none of .safetensors, .onnx, .pt, .pth" in sentence
        assert "safetensors.torch.save_file" in sentence


def test_a_directory_needs_a_config_and_one_safetensors(root):
    (root / "two").mkdir()
    write_model(root / "two", name="a.safetensors")
    write_model(root / "two", name="b.safetensors")
    write_model(root / "bare", None)
    (root / "none").mkdir()
    assert "found: a.safetensors, b.safetensors" in refusal("two")
    assert "found: model.safetensors" in refusal("bare")
    assert "found: –" in refusal("none")


def test_contents_are_checked_by_their_kind(root, home):
    (root / "pickle.safetensors").write_bytes(b"\x80\x04}q\x00.")
    (root / "zip.onnx").write_bytes(b"PK\x03\x04" * 10)
    (root / "real.onnx").write_bytes(onnx_bytes())
    assert "not a complete safetensors file" in refusal("pickle.safetensors")
    assert "not a complete ONNX model" in refusal("zip.onnx")
    with model_files.open_model("real.onnx") as file:
        model_files.check_content(file)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (b"{", "is not JSON"),
        (b"[]", "is not a JSON object"),
        (b"\xff", "is not JSON"),
        (b'{"a":' * 50_000, "is not JSON"),
        (json.dumps({**CONFIG, "arch": "resnet99"}).encode(), "arch, classes, image_size or channels"),
        (json.dumps({**CONFIG, "classes": []}).encode(), "arch, classes, image_size or channels"),
        (json.dumps({**CONFIG, "image_size": "8"}).encode(), "arch, classes, image_size or channels"),
        (json.dumps({**CONFIG, "arch": ["x"]}).encode(), "arch, classes, image_size or channels"),
    ],
)
def test_a_damaged_config_is_refused(root, config, words):
    (root / "good" / "config.json").write_bytes(config)
    assert words in refusal("good/model.safetensors")


def test_a_config_that_is_no_file_of_the_root_is_refused(root, home):
    config = root / "good" / "config.json"
    config.unlink()
    config.symlink_to(home / "secret_key")
    assert "no readable file below the models root" in refusal("good/model.safetensors")
    config.unlink()
    os.mkfifo(config)
    assert "no readable file below the models root" in refusal("good/model.safetensors")


def test_a_file_that_grows_while_it_is_read_is_refused(root):
    path = root / "good" / "model.safetensors"
    with model_files.open_model("good/model.safetensors") as file:
        with path.open("ab") as more:
            more.write(b"x")
        with pytest.raises(InvalidRequest, match="is being written"):
            model_files.sha256(file, time.monotonic() + 5)


def test_a_checksum_that_takes_too_long_is_none(root):
    with model_files.open_model("good/model.safetensors") as file:
        assert model_files.sha256(file, time.monotonic() - 1) is None
