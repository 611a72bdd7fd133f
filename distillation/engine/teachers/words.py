"""The table ``prompts.json`` in a model's directory."""

from __future__ import annotations

import json
from pathlib import Path

from distillation.contract import prompts


def read_table(name: str, folder: Path) -> prompts.Table:
    """The table, empty where there is no file. Raises Refused for one that is not a JSON object of texts."""
    try:
        content = json.loads((folder / prompts.FILE).read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, RecursionError):
        content = None
    return prompts.parse(content, name)
