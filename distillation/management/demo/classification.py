"""The usual demo: handwritten digits, a large classifier teaches a tiny one in about a minute."""

from __future__ import annotations

import io
import time
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from distillation.management.demo import report, tasks
from distillation.management.demo.rest import Rest, RestError
from distillation.management.demo.story import carry_out
from distillation.management.demo.watching import Display, TaskFailed
from distillation.management.supervisor import Supervisor


class Classification:
    """ResNet-18 teaches cnn-tiny."""

    steps = 6

    def make_data(self, display: Display) -> None:
        """1797 digits."""
        display.say(
            "3/6 Data sets: 1797 handwritten digits of scikit-learn as PNG files (about 3 s, nothing is fetched) …"
        )
        call_command("create_demo_datasets", stdout=io.StringIO())

    def tell(self, rest: Rest, children: Supervisor, display: Display, began: float) -> str | None:
        """Train and compare; return what went wrong, or None."""
        try:
            display.say("5/6 The large model: ResNet-18 learns from all 1257 labels.")
            display.say(
                "    It stands in for a large model that knows the task already; yours would come from models/."
            )
            teacher = carry_out(rest, tasks.TEACHER, "teacher  ", children, display)
            display.say(
                "6/6 Distillation: cnn-tiny learns from 100 labels and the teacher's answers to 1157 unlabelled"
            )
            display.say("    pictures; then the same small model without the teacher, as a control.")
            distilled = carry_out(rest, tasks.distillation(teacher), "distilled", children, display)
            evaluation = rest.get(f"/tasks/{distilled}/evaluations/latest")
        except (RestError, TaskFailed) as error:
            return f"The demo failed: {error}"
        return conclude(evaluation, {"teacher": teacher, "distilled": distilled}, display, began)


def conclude(evaluation: dict[str, object] | None, ids: dict[str, str], display: Display, began: float) -> str | None:
    """Show and keep the figures; return what went wrong, or None."""
    try:
        content = report.result(evaluation or {}, tasks=ids, seconds=time.monotonic() - began)
    except (KeyError, ValueError, TypeError) as error:
        return f"The demo failed: the evaluation of {ids['distilled']} is incomplete ({error})."
    file = Path(settings.DISTILLATION_HOME) / "demo-result.json"
    report.write(file, content)
    display.say()
    for text in report.table(content):
        display.say(text)
    display.say(f"  {content['seconds']:.0f} s in all. The same figures: {file}")
    if content["gain_points"] < report.NEEDED_GAIN:
        return (
            f"The demo failed: the gain is {content['gain_points']:+.2f} points; "
            f"in this setting at least {report.NEEDED_GAIN:.0f} are expected."
        )
    return None
