"""What a demo tells between the start of the servers and the invitation to look around."""

from __future__ import annotations

from typing import Protocol

from distillation.management.demo.rest import Rest
from distillation.management.demo.watching import Display, follow
from distillation.management.supervisor import Supervisor


class Story(Protocol):
    """One kind of task, shown from data to figures."""

    @property
    def steps(self) -> int:
        """Of the whole demo; the first four are the same in all."""

    def make_data(self, display: Display) -> None:
        """Step 3. Raises CommandError when the data sets cannot be made."""

    def tell(self, rest: Rest, children: Supervisor, display: Display, began: float) -> str | None:
        """Steps 5 and on; returns what went wrong, or None. ``began`` is by the monotonic clock."""


def carry_out(rest: Rest, request: dict[str, object], name: str, children: Supervisor, display: Display) -> str:
    """Create a task, start it and follow it to its end; return its id. Raises RestError and TaskFailed."""
    task_id: str = rest.post("/tasks", request)["taskId"]
    rest.post(f"/tasks/{task_id}/start")
    follow(rest, task_id, name, children, display)
    return task_id
