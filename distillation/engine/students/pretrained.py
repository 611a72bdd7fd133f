"""Start a student from weights that exist: published ones, or those of another task's student.

The model is changed only when enough fits. Weights trained on pictures of another scaling fit too: the batch
normalisation (or the first steps) takes up the difference to [-1, 1].
"""

from __future__ import annotations

import math
import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import named, shown
from distillation.engine import export
from distillation.engine.students import fitting, key_maps
from distillation.engine.students.key_maps import Naming, Origin
from distillation.engine.students.stored_weights import StoredWeights

LEAST_SHARE = 0.9
"""With less than this the network is most likely another one."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was taken over."""

    naming: str
    """Whose names the file has."""
    share: float
    """Of the trained parameters, 0 to 1; those that depend on the classes count only where the classes are the same."""
    head: bool
    """Whether the layer with one row a class was taken over too."""
    missing: tuple[str, ...]
    """Names of the student that got nothing: absent from the file, or of a shape that does not fit."""
    unused: tuple[str, ...]
    """Names of the file that found no place."""


def load(model: nn.Module, arch: str, path: Path, *, classes: tuple[str, ...], force: bool = False) -> Loaded:
    """Copy the weights in ``path``, a safetensors file or a directory of them, into a new ``model``.

    For other classes all but the last layer is taken over. ViT positions are resized to the student's pictures
    (Dosovitskiy et al. 2021, section 3.2), a first convolution is summed over colours for grey pictures.

    Raises Refused for files that cannot be read, another architecture, figures that are not finite, and a share
    under 90 % unless ``force``; the model is then as it was.
    """
    stored = StoredWeights(path)
    known = _own_classes(path, arch)
    naming, origins = _recognise(model, arch, stored)
    layers = key_maps.class_layers(arch)
    head = _same_classes(origins, stored, layers.last, classes, known)
    wanted = {name: origin for name, origin in origins.items() if head or not re.fullmatch(layers.last, name)}
    weights = fitting.read(stored, wanted, {name: tensor.shape for name, tensor in model.state_dict().items()})
    free = None if head else re.compile(layers.branch)
    share = _share(model, weights, free)
    missing = tuple(name for name in _names(model, free) if name not in weights)
    if share < LEAST_SHARE and not force:
        raise _too_little(arch, path, share, missing)
    _require_finite(path, weights)
    model.load_state_dict(weights, strict=False)
    used = {origins[name].name for name in origins}
    unused = tuple(name for name in stored.shapes if name not in used and not key_maps.CONSTANTS.fullmatch(name))
    return Loaded(naming, share, head, missing, unused)


def load_student(model: nn.Module, arch: str, folder: Path, *, classes: tuple[str, ...], force: bool = False) -> Loaded:
    """Start from another task's student of the same architecture. Raises Refused as :func:`load` does."""
    export.read_config(folder)
    return load(model, arch, folder, classes=classes, force=force)


def _own_classes(path: Path, arch: str) -> tuple[str, ...] | None:
    """The classes of a student that a task of ours finished; None for weights from elsewhere."""
    config = export.own_config(path if path.is_dir() else path.parent)
    if config is None:
        return None
    if config.get("arch") != arch:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The weights in {path} are those of a {found}, the student is a {arch}. Choose weights of the same "
                    "architecture, or that student."
                ),
                {"path": shown(path.name), "found": str(config.get("arch")), "arch": arch},
            )
        )
    names = config.get("classes")
    return tuple(map(str, names)) if isinstance(names, list) else ()


def _recognise(model: nn.Module, arch: str, stored: StoredWeights) -> tuple[str, dict[str, Origin]]:
    """The naming under which the file has most of the student's weights. Raises Refused where none has any."""
    best: tuple[str, dict[str, Origin]] = ("", {})
    names = _names(model, None)
    for label, naming in key_maps.namings(arch).items():
        for prefix in key_maps.PREFIXES:
            found = _found(names, naming, prefix, stored)
            if len(found) > len(best[1]):
                best = (label, found)
    if not best[1]:
        raise Refused(
            Sentence(
                gettext_noop(
                    "No weight in {path} has a name of the architecture {arch} (known namings: {namings}); found: "
                    "{found}. Choose weights of this architecture."
                ),
                {
                    "path": shown(stored.path.name),
                    "arch": arch,
                    "namings": "; ".join(key_maps.namings(arch)),
                    "found": named(sorted(stored.shapes)[:5]) or "–",
                },
            )
        )
    return best


def _names(model: nn.Module, free: re.Pattern[str] | None) -> list[str]:
    """Weights and running statistics, without those that may stay as they are."""
    return [
        name
        for name in model.state_dict()
        if not name.endswith("num_batches_tracked") and not (free and free.fullmatch(name))
    ]


def _share(model: nn.Module, weights: Container[str], free: re.Pattern[str] | None) -> float:
    sizes = {name: p.numel() for name, p in model.named_parameters() if not (free and free.fullmatch(name))}
    return sum(size for name, size in sizes.items() if name in weights) / sum(sizes.values())


def _found(names: list[str], naming: Naming, prefix: str, stored: StoredWeights) -> dict[str, Origin]:
    found = {}
    for name in names:
        origin = naming(name)
        if origin is not None and prefix + origin.name in stored.shapes:
            found[name] = Origin(prefix + origin.name, origin.third)
    return found


def _same_classes(
    origins: dict[str, Origin],
    stored: StoredWeights,
    last: str,
    classes: tuple[str, ...],
    known: tuple[str, ...] | None,
) -> bool:
    """Names where they are known, else their number; a file without the last layer has no classes."""
    rows = {stored.shapes[origin.name][:1] for name, origin in origins.items() if re.fullmatch(last, name)}
    return rows == {(len(classes),)} and known in (None, classes)


def _require_finite(path: Path, weights: Mapping[str, Tensor]) -> None:
    broken = [name for name, tensor in weights.items() if not torch.isfinite(tensor).all()]
    if broken:
        raise Refused(
            Sentence(
                gettext_noop(
                    "Weights in {path} are not finite numbers: {names}. They come from a training that diverged; "
                    "choose others."
                ),
                {"path": shown(path.name), "names": named(broken)},
            )
        )


def _too_little(arch: str, path: Path, share: float, missing: tuple[str, ...]) -> Refused:
    return Refused(
        Sentence(
            gettext_noop(
                "The weights in {path} fill {share} % of the student {arch}, at least {least} % are needed. Nothing "
                "fits {missing}. Choose weights of this architecture, or force the start from them."
            ),
            {
                "path": shown(path.name),
                "share": math.floor(share * 1000) / 10,
                "arch": arch,
                "least": round(LEAST_SHARE * 100),
                "missing": named(missing),
            },
        )
    )
