"""Colours change as their names say, and never beyond a byte."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillation.engine.augmentation import colour
from distillation.engine.augmentation.colour import Colour
from distillation.engine.augmentation.strength import Strength
from distillation.tests.engine.augmentation.scenes import noise


def changed(picture: np.ndarray, *change: float) -> np.ndarray:
    result = picture.copy()
    Colour(*change).apply(result)
    return result


def flat(*rgb: int) -> np.ndarray:
    return np.tile(np.array(rgb, np.uint8)[:, None, None], (1, 8, 8))


def muted(channels: int = 3) -> np.ndarray:
    """Colours so far from black and white that small changes are not cut off."""
    return (noise(16, 0, channels=channels).picture // 4 + 96).astype(np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_brightness_multiplies(channels: int):
    picture = muted(channels)
    assert np.abs(changed(picture, 1.2, 1.0, 1.0, 0.0) - 1.2 * picture.astype(float)).max() <= 1.0


@pytest.mark.parametrize("channels", [1, 3])
def test_contrast_pulls_towards_the_mean(channels: int):
    picture = muted(channels)
    result = changed(picture, 1.0, 0.5, 1.0, 0.0)
    assert result.std() == pytest.approx(picture.std() / 2, rel=0.05)
    assert result.mean() == pytest.approx(picture.mean(), abs=2.0)


def test_without_saturation_everything_is_grey_of_the_same_brightness():
    result = changed(flat(200, 100, 50), 1.0, 1.0, 0.0, 0.0)
    assert np.abs(result.astype(int) - round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)).max() <= 1


def test_a_turn_of_the_hue_turns_the_hue_and_leaves_grey_alone():
    red, green, blue = changed(flat(140, 110, 110), 1.0, 1.0, 1.0, 1 / 3)[:, 0, 0] / 255
    before, after = colorsys.rgb_to_hsv(140, 110, 110)[0], colorsys.rgb_to_hsv(red, green, blue)[0]
    assert abs(after - before) > 0.2
    assert np.abs(changed(flat(120, 120, 120), 1.0, 1.0, 1.0, 0.2).astype(int) - 120).max() <= 1


def test_no_change_is_no_change():
    picture = noise(16, 0).picture
    assert (changed(picture, 1.0, 1.0, 1.0, 0.0) == picture).all()


@given(st.floats(0.0, 2.0), st.floats(0.0, 2.0), st.floats(0.0, 2.0), st.floats(-0.5, 0.5), st.sampled_from([1, 3]))
def test_extremes_are_cut_off_and_do_not_wrap_around(
    brightness: float, contrast: float, saturation: float, hue: float, channels: int
):
    picture = np.concatenate([np.zeros((channels, 4, 8)), np.full((channels, 4, 8), 255)], axis=1).astype(np.uint8)
    result = changed(picture, brightness, contrast, saturation, hue)
    assert (result[:, 0] <= result[:, -1]).all()  # black stays below white


def test_changes_are_drawn_on_both_sides_within_their_limits():
    limits = Strength(brightness=0.1, contrast=0.2, saturation=0.3, hue=0.04)
    drawn = [colour.draw(np.random.default_rng(seed), limits) for seed in range(200)]
    for name, middle in (("brightness", 1.0), ("contrast", 1.0), ("saturation", 1.0), ("hue", 0.0)):
        limit, values = getattr(limits, name), [getattr(change, name) - middle for change in drawn]
        assert -limit <= min(values) < -0.9 * limit
        assert limit >= max(values) > 0.9 * limit
