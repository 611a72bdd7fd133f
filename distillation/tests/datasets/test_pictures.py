"""Every mode of picture is read as a person would see it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from distillation.datasets import pictures
from distillation.datasets.pictures import Unreadable, is_grey, open_picture, read_picture


def save(tmp_path: Path, image: Image.Image, name: str = "picture.png", **options: Any) -> Path:
    path = tmp_path / name
    image.save(path, **options)
    return path


def ramp(dtype: type, top: float) -> np.ndarray:
    """Dark left, bright right."""
    return np.tile(np.linspace(0, top, 16), (16, 1)).astype(dtype)


@pytest.mark.parametrize(
    ("mode", "name"),
    [
        ("1", "a.png"),
        ("L", "a.png"),
        ("L", "a.jpg"),
        ("LA", "a.png"),
        ("P", "a.gif"),
        ("RGB", "a.bmp"),
        ("RGB", "a.webp"),
        ("RGBA", "a.png"),
        ("CMYK", "a.jpg"),
        ("CMYK", "a.tif"),
        ("YCbCr", "a.jpg"),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_white_picture_is_white_in_every_mode(tmp_path: Path, mode: str, name: str, channels: int):
    white = Image.new("RGBA" if mode in ("LA", "RGBA") else "RGB", (20, 10), "white").convert(mode)
    pixels = read_picture(save(tmp_path, white, name), 8, channels)
    assert pixels.shape == (8, 8, channels)
    assert pixels.dtype == np.uint8
    assert (pixels >= 250).all()


@pytest.mark.parametrize(
    "array", [ramp(np.uint16, 65535), ramp(np.int32, 65535), ramp(np.float32, 1.0), ramp(np.float32, 255.0)]
)
def test_deep_pictures_are_scaled_not_clipped(tmp_path: Path, array: np.ndarray):
    path = save(tmp_path, Image.fromarray(array), "deep.tif")
    pixels = read_picture(path, 16, 1)[0, :, 0].astype(int)
    assert np.abs(pixels - np.linspace(0, 255, 16)).max() <= 1
    assert is_grey(path)


def test_a_float_picture_outside_the_usual_ranges_is_stretched(tmp_path: Path):
    path = save(tmp_path, Image.fromarray(ramp(np.float32, 4000.0) - 2000), "deep.tif")
    pixels = read_picture(path, 16, 1)[0, :, 0]
    assert (pixels[0], pixels[-1]) == (0, 255)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_lies_on_white(tmp_path: Path, mode: str):
    path = save(tmp_path, Image.new("RGBA", (8, 8), (0, 0, 0, 0)).convert(mode))
    assert (read_picture(path, 8, 3) == 255).all()


def test_a_transparent_palette_colour_lies_on_white(tmp_path: Path):
    image = Image.new("P", (8, 8), 0)
    image.putpalette([200, 0, 0, 0, 0, 200])
    path = save(tmp_path, image, "p.png", transparency=0)
    assert (read_picture(path, 8, 3) == 255).all()


def test_a_rotated_photograph_is_turned_upright(tmp_path: Path):
    image = Image.fromarray(ramp(np.uint8, 255))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90° clockwise to see it
    path = save(tmp_path, image, "photo.png", exif=exif)
    column = read_picture(path, 16, 1)[:, 8, 0].astype(int)
    assert column[0] < 20
    assert column[-1] > 235


def test_the_picture_is_squeezed_to_a_square_not_cropped(tmp_path: Path):
    wide = np.zeros((10, 40), np.uint8)
    wide[:, 20:] = 255
    pixels = read_picture(save(tmp_path, Image.fromarray(wide)), 8, 1)
    assert (pixels[:, 0] == 0).all()
    assert (pixels[:, -1] == 255).all()


def test_a_picture_in_its_own_size(tmp_path: Path):
    image = open_picture(save(tmp_path, Image.new("RGB", (20, 10), "red")), 3)
    assert (image.size, image.mode) == ((20, 10), "RGB")
    assert pictures.as_array(image).shape == (10, 20, 3)
    assert pictures.as_array(image.convert("L")).shape == (10, 20, 1)


def test_grey_is_a_matter_of_pixels_not_of_the_mode(tmp_path: Path):
    assert is_grey(save(tmp_path, Image.new("RGB", (8, 8), (70, 70, 70)), "a.png"))
    assert is_grey(save(tmp_path, Image.new("P", (8, 8)), "b.png"))
    assert not is_grey(save(tmp_path, Image.new("RGB", (8, 8), (70, 70, 71)), "c.png"))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"",
        lambda data: b"no picture at all",
        lambda data: data[: len(data) // 2],
    ],
)
@pytest.mark.parametrize("name", ["a.png", "a.gif", "a.webp", "a.tif"])
def test_a_damaged_file_is_unreadable_and_named(tmp_path: Path, name: str, spoil):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    path = save(tmp_path, Image.fromarray(noise), name)
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(Unreadable, match=re.escape(name)):
        read_picture(path, 8, 3)


def test_a_truncated_jpeg_is_unreadable(tmp_path: Path):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    path = save(tmp_path, Image.fromarray(noise), "a.jpg")
    path.write_bytes(path.read_bytes()[:2000])
    for read in (lambda: read_picture(path, 64, 3), lambda: open_picture(path, 3), lambda: is_grey(path)):
        with pytest.raises(Unreadable, match=r"a\.jpg cannot be read"):
            read()


def test_a_missing_file_is_unreadable(tmp_path: Path):
    with pytest.raises(Unreadable):
        read_picture(tmp_path / "nothing.png", 8, 3)


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = save(tmp_path, Image.new("L", (20, 10)))
    monkeypatch.setattr(pictures, "MAX_PIXELS", 199)
    with pytest.raises(Unreadable, match="20 × 10 pixels"):
        read_picture(path, 8, 1)
