"""Find objects in a picture: python label_picture.py PICTURE [MODEL.nms.onnx]. Needs onnxruntime, pillow and numpy."""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from PIL import Image, ImageOps

path = sys.argv[1]
model = sys.argv[2] if len(sys.argv) > 2 else Path(__file__).with_name("model.nms.onnx")
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

_, labels, scores, boxes = session.run(None, {"input": pixels})  # objects: the graph has suppressed the others
boxes = (boxes.astype(np.float64) - [left, top] * 2) * ([picture.width / width, picture.height / height] * 2)
boxes = boxes.clip(0, [*picture.size] * 2).round(2).tolist()
order = np.argsort(-scores, kind="stable")
found = [{"class": classes[labels[n]], "score": round(float(scores[n]), 4), "box": boxes[n]} for n in order]
print(json.dumps(found, ensure_ascii=False))
