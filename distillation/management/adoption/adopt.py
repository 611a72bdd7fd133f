"""The adoption from the first look to the last count."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.core.management import CommandError
from django.db import DatabaseError, NotSupportedError, connection
from django.utils import timezone

from distillation.management.adoption import plan, steps
from distillation.management.adoption.copying import Survey, hand_over
from distillation.management.adoption.situation import SUFFIX, Situation, look, obstacles
from distillation.management.adoption.start_over import worked_since
from distillation.management.installation import pending_migrations

_LOCK_WAIT = 1205
_DENIED = frozenset({1044, 1142, 1143, 1227})


class Adoption:
    """What the command does; ``say`` gets its lines."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._step = ""

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep a second run out. Raises CommandError, also where there is no MySQL at all."""
        if connection.vendor != "mysql":
            raise CommandError(
                f"DATABASE_URL points at {connection.display_name}; only a MySQL or MariaDB database can be adopted. "
                "Set DATABASE_URL=mysql://user:password@host:3306/database"
            )
        with connection.cursor() as cursor:
            cursor.execute("SELECT GET_LOCK(LEFT(CONCAT('adopt ', DATABASE()), 64), 0)")
            if cursor.fetchone() != (1,):
                raise CommandError("Another run of this command is at work on this database. Wait for its end.")
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT RELEASE_LOCK(LEFT(CONCAT('adopt ', DATABASE()), 64))")

    def adopt(self, ask_for_backup: Callable[[], None], *, dry_run: bool) -> None:
        """Show the plan and carry it out. Raises CommandError and DatabaseError."""
        with connection.cursor() as cursor:
            found = look(cursor)
            if found.finished or found.in_use:
                self._say(_already(found))
                return
            if problems := obstacles(cursor, found):
                raise CommandError("\n- ".join(["This database cannot be adopted as it is:", *problems]))
            if found.copied and not pending_migrations():
                self._complete(found, dry_run=dry_run)
                return
            if found.aside and (tables := worked_since(cursor, found)):
                raise CommandError(
                    f"An earlier run stopped before its end, and since then rows were written to {', '.join(tables)}. "
                    "Beginning anew would lose them, so this is not done. Save these rows elsewhere and delete them "
                    "here, or restore the backup; then run the command again."
                )
            survey = Survey()
            now = timezone.localtime().replace(tzinfo=None).isoformat(" ", "seconds")
            hand_over(cursor, found.originals, found.collation, now, survey)
            for line in plan.plan(cursor, found, survey, len(pending_migrations())):
                self._say(line)
        if dry_run:
            self._say("Nothing was changed (--dry-run).")
            return
        ask_for_backup()
        self._carry_out(steps.Run(found, self._say))

    def drop_originals(self, ask_for_backup: Callable[[], None], *, dry_run: bool) -> None:
        """Drop the tables that were set aside, once everything is adopted. Raises CommandError and DatabaseError."""
        with connection.cursor() as cursor:
            found = look(cursor)
        if not found.finished:
            raise CommandError("No adoption has been finished here, so the original tables are still needed.")
        if dry_run:
            self._say(f"Would drop the tables *{SUFFIX}. Nothing was changed (--dry-run).")
            return
        ask_for_backup()
        self._say(f"Dropped: {', '.join(steps.drop_originals()) or 'nothing, they were dropped before'}.")

    def explained(self, error: DatabaseError) -> str:
        """The server's word, where it happened, and that nothing is lost."""
        text = f"The database said: {error}."
        code = error.args[0] if error.args else None
        if code == _LOCK_WAIT:
            text += " Another connection uses one of the tables: stop the scripts and services that write to it."
        elif code in _DENIED:
            text += " The user of DATABASE_URL needs all rights on its database (docs/mysql.md)."
        elif isinstance(error, NotSupportedError):
            text += " docs/mysql.md says how to move the dump of an old server to a newer one."
        if self._step:
            text += (
                f" The step {self._step!r} was not finished. No row is lost: the original tables are unchanged "
                f"(from the step 'set_aside' on their names end in {SUFFIX}). Remove the cause and run the command "
                "again; it begins anew from them."
            )
        return text

    def _carry_out(self, run: steps.Run) -> None:
        self._say("Adopting:")
        for step in steps.STEPS:
            self._step = step.__name__
            step(run)
        self._say("Adopted:")
        for line in plan.counts(run.survey or Survey()):
            self._say(line)
        self._say("Look at md_quarantine for what did not fit, and at md_adoption_step for what was done.")

    def _complete(self, found: Situation, *, dry_run: bool) -> None:
        """An earlier run stopped just before its end, or somebody has applied the migrations since."""
        if dry_run:
            self._say("Everything is in place; a run would only note that. Nothing was changed (--dry-run).")
            return
        steps.finish(steps.Run(found, self._say))
        self._say("Everything was in place already; the adoption is finished.")


def _already(found: Situation) -> str:
    if found.finished:
        return f"The database {found.database} has been adopted already; nothing to do."
    return f"The tables of {found.database} are those of this platform already; nothing to adopt."
