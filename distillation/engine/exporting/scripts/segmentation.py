"""Draw the classes of a picture's pixels into PICTURE.mask.png: python label_picture.py PICTURE [MODEL.onnx].

Needs onnxruntime, pillow and numpy. Prints the share of each class; the mask holds their numbers.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from PIL import Image, ImageOps

path = sys.argv[1]
model = sys.argv[2] if len(sys.argv) > 2 else Path(__file__).with_name("model.onnx")
session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
about = session.get_modelmeta().custom_metadata_map
classes, size, channels, border = (json.loads(about[name]) for name in ("classes", "size", "channels", "border"))

# Upright, opaque on white, in its proportions within a square with a grey border, as in training.
picture = ImageOps.exif_transpose(Image.open(path)).convert("RGBA")
picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
picture = picture.convert("L" if channels == 1 else "RGB")
width, height = (max(1, round(side * size / max(picture.size))) for side in picture.size)
left, top = (size - width) // 2, (size - height) // 2
square = Image.new(picture.mode, (size, size), (border,) * channels)
square.paste(picture.resize((width, height), Image.Resampling.BILINEAR), (left, top))
pixels = np.asarray(square, np.float32).reshape(1, size, size, channels).transpose(0, 3, 1, 2)

logits = session.run(None, {"input": pixels})[0][0, :, top : top + height, left : left + width]
likely = np.exp(logits - logits.max(axis=0))
likely /= likely.sum(axis=0)
planes = [Image.fromarray(plane).resize(picture.size, Image.Resampling.BILINEAR) for plane in likely]
best = np.stack([np.asarray(plane) for plane in planes]).argmax(axis=0)
Image.fromarray(best.astype(np.uint8)).save(f"{path}.mask.png")
shares = np.bincount(best.ravel(), minlength=len(classes)) / best.size
found = {"mask": f"{path}.mask.png", "shares": dict(zip(classes, shares.round(4).tolist()))}
print(json.dumps(found, ensure_ascii=False))
