"""Boxes are drawn where they are, in the colour of their class, into a picture of bounded size."""

from __future__ import annotations

import numpy as np
from PIL import Image

from distillation.engine import drawing

GREY = Image.new("L", (1600, 800), 100)
BOXES = np.array([[200, 400, 600, 700], [1000, 400, 1400, 700], [300, 500, 400, 600], [0, 0, 1600, 800]], np.float32)


def test_frames_lie_where_the_boxes_are_and_share_a_colour_by_class():
    drawn = drawing.draw(GREY, BOXES, ["red 0.9", "blue 0.8", "red 0.7", "狗 0.6"])
    assert (drawn.mode, drawn.size) == ("RGB", (drawing.LONGEST_SIDE, drawing.LONGEST_SIDE // 2))
    red, blue, again = (drawn.getpixel(place) for place in ((100, 300), (500, 300), (150, 275)))
    assert red == again != blue
    assert drawn.getpixel((250, 300)) == (100, 100, 100)


def test_a_picture_of_common_size_keeps_it_and_a_small_one_grows_with_its_boxes():
    assert drawing.draw(GREY.crop((0, 0, 600, 300)), BOXES[:0], []).size == (600, 300)
    small = drawing.draw(GREY.crop((0, 0, 40, 30)), np.array([[10, 10, 30, 30]], np.float32), ["x"])
    assert small.size == (400, 300)
    assert small.getpixel((100, 200)) != small.getpixel((90, 200)) == (100, 100, 100)
