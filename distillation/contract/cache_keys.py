"""Names of what runs share in ``$DISTILLATION_HOME/cache/<kind>/<key>/``: the engine makes it, others keep or free it.

Who makes an entry holds ``lock``; who has it open holds ``used`` shared, until its process ends. Who removes one holds
both alone, renames the folder to a hidden name, and deletes that.
"""

from __future__ import annotations

import hashlib
from typing import Any

from distillation.contract.task_types import DENSE

PACK_VERSION = 2

PICTURES, TEACHER, ADAPTERS = "pictures", "teacher", "adapters"
KINDS = (PICTURES, TEACHER, ADAPTERS)

LOCK, USED, PINNED, ABOUT = "lock", "used", "pinned", "about.json"
"""Files of an entry beside its content. The time of ``used`` is that of the last use; ``pinned`` says that it stays."""


def picture_key(reader_version: int, digest: Any, size: Any, channels: Any, task_type: Any) -> str:
    """The folder of a pack of pictures: by data, size, channels and how a picture fits into the square."""
    fit = "maps" if task_type == "segmentation" else "letterbox" if task_type in DENSE else "stretch"
    text = f"{PACK_VERSION}/{reader_version}/{digest}/{size}/{channels}/{fit}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]
