"""Everything that a labelling job writes, in its formats::

    labelme/<path>.json   labels/<path>.txt + data.yaml + classes.txt (YOLO)   annotations/<path>.xml (VOC)
    coco.json             labels.csv (classification)                          masks/<path>.png + classes.txt

As a data set the pictures lie in ``images/``, and the list is called ``train.csv``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from distillation.datasets.writing import class_list, coco, labelme, masks, voc, yolo
from distillation.datasets.writing.files import OutputFolder
from distillation.datasets.writing.labels import LabelledPicture

IMAGES = "images"
_FOLDERS = {
    "labelme": ("labelme", ".json"),
    "yolo": ("labels", ".txt"),
    "voc": ("annotations", ".xml"),
    "masks": ("masks", ".png"),
}


class Output:
    """Writes labels of pictures below ``pictures`` into a folder."""

    def __init__(
        self,
        root: Path,
        pictures: Path,
        classes: Sequence[str],
        formats: Sequence[str],
        *,
        classifies: bool,
        with_pictures: bool,
    ) -> None:
        """``classifies``: a label is one of the whole picture.

        Raises Refused when a link leads out of ``root``, and OSError; so do all methods.
        """
        self._folder = OutputFolder(root)
        self._pictures = pictures.resolve()
        self._classes = tuple(classes)
        self._formats = tuple(formats)
        self._classifies = classifies
        self._with_pictures = with_pictures

    def add(self, picture: LabelledPicture) -> None:
        """Write what each format has for one picture."""
        if self._with_pictures:
            self._folder.include(self._pictures / picture.path, f"{IMAGES}/{picture.path}")
        for name, content in self._documents(picture).items():
            self._folder.write(name, content)

    def repair(self, picture: LabelledPicture) -> None:
        """Write again what a power cut has lost or emptied; what is there stays, somebody may have corrected it."""
        for name, content in self._documents(picture).items():
            path = self._folder.place(name)
            if not path.is_file() or (path.stat().st_size == 0 and content):
                self._folder.write(name, content)
        if self._with_pictures:
            self._folder.include(self._pictures / picture.path, f"{IMAGES}/{picture.path}")

    def finish(self, pictures: coco.Pictures) -> None:
        """Write what covers all pictures; each call of ``pictures`` gives all of them."""
        if "yolo" in self._formats:
            self._folder.write("data.yaml", yolo.settings(self._classes))
        if "yolo" in self._formats or "masks" in self._formats:
            self._folder.write("classes.txt", yolo.names(self._classes))
        if "coco" in self._formats:
            with self._folder.replacing("coco.json") as file:
                coco.write(file, pictures, self._classes, f"{IMAGES}/" if self._with_pictures else "")
        if "csv" in self._formats:
            with self._folder.replacing("train.csv" if self._with_pictures else "labels.csv") as file:
                class_list.write(file, pictures(), self._classes)
        # Files were renamed without being synced one by one; after this a power cut takes none of them back.
        os.sync()

    def _documents(self, picture: LabelledPicture) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for name in self._formats:
            if name in _FOLDERS:
                folder, suffix = _FOLDERS[name]
                path = f"{folder}/{picture.stem}{suffix}"
                found[path] = self._document(name, picture, self._folder.root / path)
        return found

    def _document(self, name: str, picture: LabelledPicture, path: Path) -> bytes:
        if name == "yolo":
            return yolo.document(picture)
        if name == "voc":
            return voc.document(picture, self._classes)
        if name == "masks":
            return masks.document(picture, self._classes)
        image = self._folder.root / IMAGES if self._with_pictures else self._pictures
        way = PurePosixPath(os.path.relpath(image / picture.path, path.parent)).as_posix()
        return labelme.document(picture, self._classes, way, flags=self._classifies)
