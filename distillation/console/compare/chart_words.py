"""The words that the page's scripts show, in the reader's language; ``{n}`` and the like are filled there."""

from __future__ import annotations

from django.utils.translation import gettext as _


def words() -> dict[str, str]:
    """By the name that the scripts know them by; the first ones are those of charts.js."""
    return {
        "png": _("PNG"),
        "table": _("As a table"),
        "chart": _("As a chart"),
        "reset": _("Reset zoom"),
        "leftOut": _("{n} values are zero or less and have no place on a logarithmic axis"),
        "tableRows": _("{n} of {total} rows, the newest"),
        "step": _("Step"),
        "epoch": _("Epoch"),
        "empty": _("No points"),
        "broken": _("The charts could not be loaded; reload the page."),
        "points": _("{n} of {total} points"),
        "without": _("no such curve: {letters}"),
        "seconds": _("seconds since its first point"),
        "minutes": _("minutes since its first point"),
        "hours": _("hours since its first point"),
        "asOf": _("as of {time}"),
        "reading": _("Reading …"),
        "failed": _("No answer from the server."),
        "smoothed": _("smoothed over all points"),
    }
