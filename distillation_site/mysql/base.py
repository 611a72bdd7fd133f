"""The connection. Django looks for this name in the package that a database's ENGINE names.

Django refuses an old server when it connects, in the middle of whatever was asked for: of all checks only the back
end's own can speak before that.
"""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.mysql import base
from django.db.backends.mysql.validation import DatabaseValidation
from django.db.utils import NotSupportedError
from django.utils.functional import cached_property

HINT = (
    "Upgrade the server, or move the data to a newer one (docs/mysql.md says how) and point DATABASE_URL at it, or "
    "unset DATABASE_URL to use SQLite."
)


_server_data = vars(base.DatabaseWrapper)["mysql_server_data"].func


class UnservableServer(NotSupportedError, ImproperlyConfigured):  # noqa: N818 - it says what is wrong
    """The server is older than Django supports; as ImproperlyConfigured it ends a command with its sentence."""


class Validation(DatabaseValidation):
    """The checks of the back end, after the one without which none can run."""

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        """Answer with the sentence alone when the server is too old."""
        try:
            self.connection.ensure_connection()
        except UnservableServer as error:
            return [Error(str(error), hint=HINT, id="distillation.E001")]
        return list(super().check(**kwargs))


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to a server that is new enough."""

    validation_class = Validation

    @cached_property
    def mysql_server_data(self) -> dict[str, Any]:
        """What the server says of itself, also when it is too old: checks of models ask before ours can answer."""
        opened = self.connection is None
        if opened:
            self.connection = self.get_new_connection(self.get_connection_params())
        try:
            data: dict[str, Any] = _server_data(self)
        finally:
            if opened:
                self.close()
        return data

    def check_database_version_supported(self) -> None:
        """Raise UnservableServer with the version found and the one needed."""
        try:
            super().check_database_version_supported()
        except NotSupportedError:
            found = self.mysql_server_data["version"]
            needed = ".".join(str(part) for part in self.features.minimum_database_version)
            # Django leaves the connection open, and whoever asks again would get it without a check.
            self.close()
            raise UnservableServer(
                f"The database server at {self.settings_dict['HOST'] or 'the local socket'} is {self.display_name} "
                f"{found}, which Django 5.2 cannot serve; {self.display_name} {needed} or newer is needed"
            ) from None
