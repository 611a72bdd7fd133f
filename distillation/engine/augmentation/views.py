"""The views that training sees, one by one or a batch at a time on several threads."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from distillation.datasets.samples import IGNORED
from distillation.engine.augmentation import colour, placement
from distillation.engine.augmentation.labelled import DrawnMap, Guesses, Labelled, all_boxes, all_guesses
from distillation.engine.augmentation.placement import Placement
from distillation.engine.augmentation.strength import CLEAN, Strength

Fetch = Callable[[int], Labelled]
"""Gives the clean sample at a position, at the training size."""


def view(
    fetch: Fetch,
    count: int,
    row: int,
    *,
    seed: int,
    number: int,
    strength: Strength,
    partners: Sequence[int] | NDArray[np.int64] | None = None,
    out: NDArray[np.uint8] | None = None,
) -> Labelled:
    """Make view ``number`` of the sample at position ``row``: the same bytes for the same arguments, always.

    The pictures that a mosaic or mixup joins to it are drawn from the positions ``partners``, or from all ``count``.
    Where some samples are unlabelled, give labelled ones labelled partners: boxes that are joined with an unmarked
    picture are None, since nobody knows its objects.

    The view is as large as the sample. Its picture is written to ``out`` where given; without it, and at a strength
    that changes nothing, it is the clean sample's own. Raises ValueError where class maps would have to be mixed.
    """
    clean = fetch(row)
    if strength == CLEAN:
        return clean if out is None else _copied(clean, out)
    generator = _generator(seed, row, number)
    chosen = range(count) if partners is None else partners
    size = clean.picture.shape[-1]
    if generator.random() < strength.mosaic:
        others = [fetch(_partner(generator, chosen)) for _ in range(3)]
        seen = _compose(list(zip([clean, *others], _mosaic(generator, strength, size), strict=True)), out)
    else:
        seen = _compose([(clean, _alone(generator, strength, size))], out)
    if generator.random() < strength.mixup:
        position = _partner(generator, chosen)
        other = _compose([(fetch(position), _alone(generator, strength, size))])
        seen = _mix(seen, other, position, float(generator.beta(strength.mixup_alpha, strength.mixup_alpha)))
    colour.draw(generator, strength).apply(seen.picture)
    return seen


def batch_views(
    fetch: Fetch,
    count: int,
    rows: Sequence[int] | NDArray[np.int64],
    *,
    seed: int,
    number: int,
    strength: Strength,
    out: NDArray[np.uint8],
    pool: ThreadPoolExecutor,
    partners: Sequence[int] | NDArray[np.int64] | None = None,
) -> list[Labelled]:
    """Make a view of each of ``rows``, in their order, their pictures in ``out [rows, channels, size, size]``.

    The result does not depend on the number of threads; ``fetch`` is called from several at once. The pictures of
    the result lie in ``out`` and last until it is used again. Raises ValueError where ``out`` is for another number
    of rows, and what :func:`view` and ``fetch`` raise.
    """

    def one(index: int) -> Labelled:
        return view(
            fetch, count, int(rows[index]),
            seed=seed, number=number, strength=strength, partners=partners, out=out[index],
        )  # fmt: skip

    if len(out) != len(rows):
        raise ValueError(f"out holds {len(out)} pictures, there are {len(rows)} rows")
    return list(pool.map(one, range(len(rows))))


def _generator(seed: int, row: int, number: int) -> np.random.Generator:
    """Random numbers of one view; hashed, so that neighbours have nothing in common."""
    digest = hashlib.sha256(f"view/{seed}/{row}/{number}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


def _partner(generator: np.random.Generator, chosen: Sequence[int] | NDArray[np.int64]) -> int:
    return int(chosen[int(generator.integers(len(chosen)))])


def _alone(generator: np.random.Generator, strength: Strength, size: int) -> Placement:
    return placement.draw(generator, strength, size, zoom=strength.zoom, cell=(0, 0, size, size))


def _mosaic(generator: np.random.Generator, strength: Strength, size: int) -> list[Placement]:
    """Four places around a point in the middle half of the view."""
    x, y = (round(size * share) for share in generator.uniform(0.25, 0.75, 2))
    cells = [(0, 0, x, y), (x, 0, size, y), (0, y, x, size), (x, y, size, size)]
    order = generator.permutation(4)
    return [placement.draw(generator, strength, size, zoom=strength.mosaic_zoom, cell=cells[i]) for i in order]


def _compose(tiles: list[tuple[Labelled, Placement]], out: NDArray[np.uint8] | None = None) -> Labelled:
    """Draw samples in their places, which together fill the view."""
    first = tiles[0][0].picture
    picture = np.empty_like(first) if out is None else out
    class_map = None
    if any(sample.class_map is not None for sample, _ in tiles):
        class_map = np.full(first.shape[1:], IGNORED, np.uint8)
    drawn = None
    if all(sample.drawn is not None for sample, _ in tiles):
        drawn = DrawnMap(np.full(first.shape[1:], IGNORED, np.uint8), np.zeros(first.shape[1:], np.float32))
    shown = []
    for sample, place in tiles:
        place.paint(sample.picture, picture)
        if drawn is not None and sample.drawn is not None:
            place.paint_classes(sample.drawn.classes, drawn.classes)
            place.paint_classes(sample.drawn.logits, drawn.logits)
        if class_map is not None and sample.class_map is not None:
            place.paint_classes(sample.class_map, class_map)
        shown.append(_boxes_in(sample, place))
    return Labelled(picture, *all_boxes(shown), class_map, guesses=all_guesses(shown), drawn=drawn)


def _boxes_in(sample: Labelled, place: Placement) -> Labelled:
    if sample.boxes is not None and sample.labels is not None:
        boxes, seen = place.moved(sample.boxes)
        sample = replace(sample, boxes=boxes[seen], labels=sample.labels[seen])
    if (guesses := sample.guesses) is not None:
        boxes, seen = place.moved(guesses.boxes)
        sample = replace(sample, guesses=Guesses(boxes[seen], guesses.labels[seen], guesses.scores[seen]))
    return sample


def _mix(seen: Labelled, other: Labelled, position: int, share: float) -> Labelled:
    """Let ``other`` shine through by at most a half; both pictures' boxes count. Writes into ``seen.picture``."""
    if seen.class_map is not None or other.class_map is not None:
        raise ValueError("a pixel of a class map has one class: mixup is not for segmentation")
    weight = round(256 * min(share, 1.0 - share))
    blended = seen.picture.astype(np.uint16) * np.uint16(256 - weight)
    blended += other.picture.astype(np.uint16) * np.uint16(weight)
    blended += np.uint16(128)
    np.right_shift(blended, 8, out=blended)
    seen.picture[...] = blended
    both = [seen, other]
    return Labelled(seen.picture, *all_boxes(both), mixed=(position, weight / 256), guesses=all_guesses(both))


def _copied(clean: Labelled, out: NDArray[np.uint8]) -> Labelled:
    out[...] = clean.picture
    return replace(clean, picture=out)
