"""What a labelling job leaves for people to look at: a few of its pictures with the labels drawn."""

from __future__ import annotations

from distillation.storage.local import inference_dir
from distillation.storage.opening import NotAFile, OpenFile, Outside, open_inside

FOLDER = "pictures"
MOST = 12


def previews_of(inference_id: str) -> list[int]:
    """The numbers of the drawn pictures."""
    folder = inference_dir(inference_id).root / FOLDER
    return [number for number in range(1, MOST + 1) if (folder / f"{number}.jpg").is_file()]


def open_preview(inference_id: str, number: int) -> OpenFile | None:
    """One of them; None when there is none. Close it."""
    folder = inference_dir(inference_id).root / FOLDER
    try:
        return open_inside(folder / f"{number}.jpg", folder)
    except (Outside, NotAFile, OSError):
        return None
