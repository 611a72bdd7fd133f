"""What ``data`` holds, by serializer: answers of a real installation, shortened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ANSWERS: dict[str, Any] = json.loads(Path(__file__).with_name("answers.json").read_text(encoding="utf-8"))

TEXTS: dict[str, tuple[str, str]] = {
    "logs_download": (
        "text/plain",
        "2026-11-24 08:38:53 INFO    worker  worker-1 has started the engine (attempt 1).\n",
    ),
    "tasks_stream": (
        "text/event-stream",
        'retry: 3000\n\nid: 0-2.7.3.4\nevent: task\ndata: {"status": "RUNNING", "progress": 40}\n\n: still here\n\n',
    ),
}
"""Answers that are not JSON, by operation: media type and text."""
