"""One error a status: its name, sentence and field errors."""

from __future__ import annotations

from typing import Any

_LIMIT = "totalEpochs is 0; it must be between 1 and 100000."

ERRORS: dict[int, tuple[str, str, Any]] = {
    400: ("A value that cannot be", _LIMIT, {"totalEpochs": [_LIMIT]}),
    401: ("No session", "Log in first.", None),
    403: (
        "Somebody else's",
        "This belongs to alice; only the owner, as an engineer, and administrators change it.",
        None,
    ),
    404: ("Nothing there", "There is no task TASK_1A2B3C4D.", None),
    409: (
        "A move that is refused",
        "TASK_1A2B3C4D is COMPLETED; stop is possible when it is QUEUED, PAUSED, RUNNING.",
        None,
    ),
    413: ("A body that is too large", "The body of the request is too large.", None),
    415: ("A body of another type", "Send the body as application/json.", None),
    422: ("A model that cannot be used", "The file is not a model.", None),
    429: ("Too many requests", "Too many requests; try again in 17 seconds.", None),
    503: ("Not now", "The server is busy; try again.", None),
}
