"""The training program: one run, one process, started as ``python -m distillation.engine``.

Knows contract and datasets; nothing imports it. It never downloads: models come from local directories.
"""

import os

os.environ["HF_HUB_OFFLINE"] = "1"
