"""A task's type, told by the database: what the configuration states, else what the student's name says.

The configuration is a text column that legacy rows fill with anything, so each database asks first whether it is
JSON. At 10,000 rows this costs a few milliseconds, which is why no column repeats it.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Case, CharField, F, Func, Value, When
from django.db.models.functions import Coalesce

from distillation.contract.task_types import FAMILY_TYPES, USUAL_TYPE


class StatedTaskType(Func):
    """``taskType`` of a text that may hold JSON; NULL when it is not there, not a text or empty."""

    arity = 1
    output_field = CharField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """SQLite."""
        return self.as_sql(
            compiler,
            connection,
            template=(
                "CASE WHEN JSON_VALID(%(expressions)s) THEN"
                " CASE WHEN JSON_TYPE(%(expressions)s, '$.taskType') = 'text'"
                " THEN NULLIF(JSON_EXTRACT(%(expressions)s, '$.taskType'), '') END END"
            ),
            **extra,
        )

    def as_mysql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """MySQL and MariaDB; only the outer CASE keeps them from reading what is no JSON."""
        return self.as_sql(
            compiler,
            connection,
            template=(
                "CASE WHEN JSON_VALID(%(expressions)s) THEN"
                " CASE WHEN JSON_TYPE(JSON_EXTRACT(%(expressions)s, '$.taskType')) = 'STRING'"
                " THEN NULLIF(JSON_UNQUOTE(JSON_EXTRACT(%(expressions)s, '$.taskType')), '') END END"
            ),
            **extra,
        )

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """PostgreSQL before 16 cannot ask whether a text is JSON; the pattern finds the key without."""
        return self.as_sql(
            compiler,
            connection,
            template="""SUBSTRING(%(expressions)s FROM '"taskType"[[:space:]]*:[[:space:]]*"([^"\\\\]+)"')""",
            **extra,
        )


def type_of_task() -> Coalesce:
    """The expression for ``annotate``, ``filter`` and ``values``."""
    by_name = Case(
        *(When(student_model__istartswith=start, then=Value(kind)) for start, kind in FAMILY_TYPES.items()),
        default=Value(USUAL_TYPE),
        output_field=CharField(),
    )
    return Coalesce(StatedTaskType(F("training_config")), by_name, output_field=CharField())
