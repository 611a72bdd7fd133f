"""Name the class of a picture: python label_picture.py PICTURE [MODEL.onnx]. Needs onnxruntime, pillow and numpy."""

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
classes, size, channels = (json.loads(about[name]) for name in ("classes", "size", "channels"))

# Upright, opaque on white, stretched to a square; a large JPEG is decoded smaller, as in training.
opened = Image.open(path)
opened.draft(None, (2 * size, 2 * size))
picture = ImageOps.exif_transpose(opened).convert("RGBA")
picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
square = picture.convert("L" if channels == 1 else "RGB").resize((size, size), Image.Resampling.BILINEAR)
pixels = np.asarray(square, np.float32).reshape(1, size, size, channels).transpose(0, 3, 1, 2)

logits = session.run(None, {"input": pixels})[0][0]
likely = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
best = [{"class": classes[n], "probability": round(float(likely[n]), 4)} for n in np.argsort(-likely)[:5]]
print(json.dumps(best, ensure_ascii=False))
