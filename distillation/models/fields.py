"""Column types of the shared tables that Django has no field for."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.functions import Now


class TinyIntegerField(models.SmallIntegerField):  # type: ignore[type-arg]
    """``tinyint`` on MySQL, a small integer elsewhere."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        """The column's type."""
        return "tinyint" if connection.vendor == "mysql" else super().db_type(connection)


class ShortTextField(models.TextField):  # type: ignore[type-arg]
    """``text`` on MySQL (65,535 bytes) where Django would make a ``longtext``."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        """The column's type."""
        return "text" if connection.vendor == "mysql" else super().db_type(connection)


class ExactCharField(models.CharField):  # type: ignore[type-arg]
    """Text in which case and accents make a difference, on MySQL too."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        """The column's type."""
        if connection.vendor == "mysql":
            return f"varchar({self.max_length}) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        return super().db_type(connection)


class LocalNow(Now):
    """CURRENT_TIMESTAMP in the zone of the connection.

    MySQL and PostgreSQL follow their session; SQLite's clock is UTC, while Django keeps naive local times
    there, so rows that scripts insert by SQL would be hours off.
    """

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """SQLite's clock, in local time."""
        return self.as_sql(
            compiler,
            connection,
            template="STRFTIME('%%%%Y-%%%%m-%%%%d %%%%H:%%%%M:%%%%f', 'NOW', 'localtime')",
            **extra,
        )
