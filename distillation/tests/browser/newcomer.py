"""What a newcomer has and does: a platform that was just installed, a zip of pictures, and a hand that is counted."""

from __future__ import annotations

import signal
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from playwright.sync_api import Locator, Page

from distillation.tests.datasets.test_archives import windows_zip
from distillation.tests.management.test_supervisor import SECONDS, Served

SIDE = 48
EACH = 40
SHAPES = ("screw", "nut", "washer")
CHINESE = {"screw": "螺丝", "nut": "螺母", "washer": "垫圈"}


@contextmanager
def platform(folder: Path) -> Iterator[Served]:
    """``manage.py serve --migrate`` in a home of its own: web, worker and the administrator of the first start."""
    served = Served(folder)
    served.env.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)  # ours, because of playwright
    try:
        served.start()
        yield served
    finally:
        if served.process is not None and served.process.poll() is None:
            served.process.send_signal(signal.SIGINT)
            served.process.wait(SECONDS)


def picture(path: Path, shape: str, seed: int) -> Path:
    """A part on a table, somewhere in the picture, under changing light."""
    random = np.random.default_rng([SHAPES.index(shape), seed])
    table = random.normal(random.integers(90, 160), 8, (SIDE, SIDE, 3)).clip(0, 255).astype(np.uint8)
    image = Image.fromarray(table)
    draw = ImageDraw.Draw(image)
    x, y = (int(place) for place in random.integers(16, SIDE - 16, 2))
    if shape == "screw":
        draw.line((x - 12, y - 12, x + 12, y + 12), (220, 40, 40), 6)
    elif shape == "nut":
        draw.regular_polygon((x, y, 12), 6, fill=(30, 60, 220))
    else:
        draw.ellipse((x - 12, y - 12, x + 12, y + 12), outline=(240, 220, 40), width=5)
    image.save(path)
    return path


def pictures(folder: Path, *, chinese: bool) -> Path:
    """A zip as people make it, pictures sorted by class: as the documents say and with names in GBK from a Chinese
    Windows, or the folders of the classes alone."""
    entries: dict[bytes, bytes] = {}
    draft = folder / "draft.png"
    for shape in SHAPES:
        for number in range(EACH):
            name = (
                f"零件照片/train/{CHINESE[shape]}/照片{number:02}.png" if chinese
                else f"my parts/{shape}/photo {number:02}.png"
            )  # fmt: skip
            entries[name.encode("gbk")] = picture(draft, shape, number).read_bytes()
    draft.unlink()
    if chinese:
        return windows_zip(folder / "零件照片.zip", entries)
    path = folder / "my parts.zip"
    with zipfile.ZipFile(path, "w") as file:
        for raw, content in entries.items():
            file.writestr(raw.decode(), content)
    return path


def log_in(page: Page, served: Served) -> None:
    """With the password that the first start has written."""
    page.goto("/admin/")
    page.fill("input[name=username]", "admin")
    page.fill("input[name=password]", (served.home / "admin-password").read_text().strip())
    page.click("button[type=submit]")
    page.wait_for_url("**/admin/")


class Hand:
    """Counts what a person does; what happens in the file dialog of the system is not ours."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks: list[str] = []
        self.fields: list[str] = []

    def click(self, place: Locator) -> None:
        """One click."""
        self.clicks.append(" ".join(place.inner_text().split()[:8]))
        place.click()

    def choose(self, place: Locator, *files: Path) -> None:
        """One click that opens the file dialog."""
        with self.page.expect_file_chooser() as chooser:
            self.click(place)
        chooser.value.set_files(list(files))

    def type(self, name: str, value: str) -> None:
        """A field that is not as one wants it."""
        self.fields.append(name)
        self.page.fill(f"[name={name}]", value)

    @property
    def steps(self) -> int:
        """Clicks and fields."""
        return len(self.clicks) + len(self.fields)
