"""Pascal VOC: an XML file for each picture."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as Tree

from distillation.datasets.writing.labels import Label, LabelledPicture


def document(picture: LabelledPicture, classes: Sequence[str]) -> bytes:
    """The file for one picture; sides are in pixels from 0, as the tools of today write them."""
    root = Tree.Element("annotation")
    folder, _, name = picture.path.rpartition("/")
    _add(root, folder=folder, filename=name)
    _add(Tree.SubElement(root, "size"), width=picture.width, height=picture.height, depth=3)
    _add(root, segmented=0)
    for label in picture.labels:
        if label.box is not None:
            _add_object(root, label, classes[label.number], label.box)
    Tree.indent(root)
    return bytes(Tree.tostring(root, encoding="utf-8", xml_declaration=True))


def _add_object(root: Tree.Element, label: Label, name: str, box: tuple[float, float, float, float]) -> None:
    found = Tree.SubElement(root, "object")
    _add(found, name=name, pose="Unspecified", truncated=0, difficult=0, score=f"{label.score:.4f}")
    left, top, right, bottom = box
    _add(Tree.SubElement(found, "bndbox"), xmin=left, ymin=top, xmax=right, ymax=bottom)


def _add(parent: Tree.Element, **texts: object) -> None:
    for name, text in texts.items():
        # XML has no place for control characters, escaped or not.
        Tree.SubElement(parent, name).text = "".join(one for one in str(text) if one.isprintable())
