"""A JPEG decoded at a smaller scale: nearly the same pixels, and the usual ones where nobody asks for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from distillation.datasets import pictures
from distillation.datasets.pictures import read_picture


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Soft colours with hard edges, 640 × 480."""
    coarse = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC)
    image.paste("yellow", (100, 50, 300, 200))
    path = tmp_path / "photo.jpg"
    image.save(path, quality=90)
    return path


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The sizes at which pictures leave the decoder."""
    sizes = []
    displayed = pictures._displayed

    def noted(image: Image.Image, channels: int) -> Image.Image:
        sizes.append(image.size)
        return displayed(image, channels)

    monkeypatch.setattr(pictures, "_displayed", noted)
    return sizes


@pytest.mark.parametrize("channels", [1, 3])
def test_quick_pixels_are_close_to_the_others_and_come_from_a_smaller_decoding(photo, decoded, channels: int):
    usual, quick = (read_picture(photo, 224, channels, quick=quick) for quick in (False, True))
    assert decoded == [(640, 480), (320, 240)]
    assert quick.shape == usual.shape
    difference = np.abs(quick.astype(int) - usual)
    assert 0 < difference.mean() < 1.5
    assert np.percentile(difference, 99) <= 16


def test_without_being_asked_twice_the_size_is_decoded(photo, decoded):
    read_picture(photo, 120, 3)
    assert decoded == [(320, 240)]


def test_quick_decoding_never_falls_below_the_size_asked_for(photo, decoded):
    for size in (480, 241, 240, 121, 60):
        read_picture(photo, size, 3, quick=True)
    assert decoded == [(640, 480), (640, 480), (320, 240), (320, 240), (80, 60)]


def test_other_formats_have_the_same_pixels_either_way(tmp_path: Path):
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = tmp_path / "noise.png"
    Image.fromarray(noise).save(path)
    assert (read_picture(path, 16, 3, quick=True) == read_picture(path, 16, 3)).all()
