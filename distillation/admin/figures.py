"""Numbers for people: each with its unit, a dash where there is no figure. Everything returns plain text."""

from __future__ import annotations

import math
from datetime import datetime
from decimal import Decimal

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

DASH = "–"
Number = float | Decimal | None


def percent(value: Number, decimals: int = 2) -> str:
    """``92.50 %``; the tables keep percent already."""
    return DASH if not _known(value) else f"{value:,.{decimals}f} %"


def points(value: Number) -> str:
    """A difference of two percentages, with its sign."""
    return DASH if not _known(value) else f"{value:+.2f}"


def loss(value: Number) -> str:
    """Four significant digits."""
    return DASH if not _known(value) else f"{value:.4g}"


def count(value: Number) -> str:
    """With separators of thousands."""
    return DASH if not _known(value) else f"{value:,.0f}"


def parameters(value: Number) -> str:
    """``11.7 M``: as model cards write it."""
    if value is None or not _known(value):
        return DASH
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "K")):
        if value >= limit:
            return f"{float(value) / limit:.3g} {unit}"
    return count(value)


def size(value: Number) -> str:
    """Bytes in the unit that suits them."""
    if value is None or not _known(value):
        return DASH
    for limit, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "KB")):
        if value >= limit:
            return f"{float(value) / limit:,.2f} {unit}"
    return f"{value:.0f} B"


def rate(value: Number, unit: str) -> str:
    """``1,240 images/s``."""
    if value is None or not _known(value):
        return DASH
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:,.1f} {unit}"


def milliseconds(value: Number) -> str:
    """``12.3 ms``; three significant digits."""
    return DASH if not _known(value) else f"{value:,.3g} ms"


def duration(seconds: Number) -> str:
    """``3 min 12 s``: the two largest units."""
    if seconds is None or not _known(seconds) or seconds < 0:
        return DASH
    whole = int(seconds)
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if days:
        return _("%(days)s d %(hours)s h") % {"days": days, "hours": hours % 24}
    if hours:
        return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes % 60}
    if minutes:
        return _("%(minutes)s min %(seconds)s s") % {"minutes": minutes, "seconds": whole % 60}
    return _("%(seconds)s s") % {"seconds": whole}


def moment(at: datetime | None) -> str:
    """Date and time in the site's zone, to the second."""
    return DASH if at is None else timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S")


def day(at: datetime | None) -> str:
    """The date in the site's zone."""
    return DASH if at is None else timezone.localtime(at).strftime("%Y-%m-%d")


def ago(at: datetime | None) -> str:
    """How long ago; the date when that is more than a week."""
    if at is None:
        return DASH
    seconds = (timezone.now() - at).total_seconds()
    if seconds < 60:
        return _("%(time)s ago") % {"time": duration(max(seconds, 0))}
    if seconds < 7 * 86400:
        return _("%(time)s ago") % {"time": timesince(at, depth=1)}
    return date_format(timezone.localtime(at), "Y-m-d")


def _known(value: Number) -> bool:
    return value is not None and math.isfinite(value)
