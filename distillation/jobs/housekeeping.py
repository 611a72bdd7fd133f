"""What a worker tidies up: expired refresh tokens, wrong passwords that no longer count, old trials, forgotten uploads,
a full cache.
"""

from __future__ import annotations

import logging

from axes.models import AccessAttempt
from django.conf import settings
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from distillation.services import cache_limit, trials, uploads

log = logging.getLogger(__name__)


def tidy() -> int:
    """Delete the rows, with the folders of trials, and return how many there were; twice does nothing more."""
    now = timezone.now()
    tokens, _ = OutstandingToken.objects.filter(expires_at__lt=now).delete()
    attempts, _ = AccessAttempt.objects.filter(attempt_time__lt=now - settings.AXES_COOLOFF_TIME).delete()
    return int(tokens) + int(attempts) + trials.remove_old(now)


def tidy_uploads() -> int:
    """Remove what uploads left behind; how many folders went."""
    try:
        return uploads.tidy()
    except OSError:
        log.exception("the uploads cannot be looked through; trying again later")
        return 0


def tidy_cache() -> bool:
    """Free one entry when the cache is too large: a worker has leases to renew. True when there may be more to free."""
    try:
        gone = cache_limit.keep_limit(most=1)
    except OSError:
        log.exception("the cache cannot be looked through; trying again later")
        return False
    for entry in gone:
        log.info("the cache is full: freed %s %s, %s bytes", entry.kind, entry.key, entry.bytes)
    return bool(gone)
