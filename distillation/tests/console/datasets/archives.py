"""Small archives of real pictures, and the way that a browser sends them."""

from __future__ import annotations

import io
import time
import zipfile
from typing import Any

import numpy as np
from django.test import Client
from django.urls import reverse
from PIL import Image

BEGIN = "/admin/data/uploads/"


def png(seed: int = 0, size: tuple[int, int] = (12, 10), mode: str = "RGB") -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    encoded = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(encoded, "PNG")
    return encoded.getvalue()


def archive(entries: dict[str, bytes] | None = None) -> bytes:
    """By default two classes in two splits, each picture different."""
    if entries is None:
        names = [f"cats/{split}/{label}/{n}.png" for split in ("train", "val") for label in "ab" for n in range(3)]
        entries = {name: png(seed) for seed, name in enumerate(names)}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name, body in entries.items():
            file.writestr(name, body)
    return content.getvalue()


def begin(client: Client, content: bytes, name: str = "cats.zip", stamp: str = "1") -> Any:
    return client.post(BEGIN, {"name": name, "size": len(content), "stamp": stamp})


def send(client: Client, url: str, offset: int, piece: bytes) -> Any:
    return client.post(f"{url}?offset={offset}", piece, content_type="application/octet-stream")


def upload(client: Client, content: bytes, name: str = "cats.zip", pieces: int = 2) -> str:
    """The address of the draft's page, once all has come."""
    begun: dict[str, Any] = begin(client, content, name).json()
    step = -(-len(content) // pieces)
    for offset in range(0, len(content), step):
        assert send(client, begun["url"], offset, content[offset : offset + step]).status_code == 200
    return str(begun["page"])


def surveyed(client: Client, page: str, seconds: float = 60.0) -> Any:
    """The page once the survey is over, as a browser waits for it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if client.get(f"{page}live/").json()["over"]:
            return client.get(page)
        time.sleep(0.1)
    raise AssertionError(client.get(f"{page}live/").content)


def address(name: str, *args: Any) -> str:
    return reverse(f"admin:data_{name}", args=args)
