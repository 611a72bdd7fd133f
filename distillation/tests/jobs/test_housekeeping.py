"""What has expired is deleted; what still counts stays."""

from __future__ import annotations

from datetime import timedelta

from axes.models import AccessAttempt
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken

from distillation.jobs.housekeeping import tidy
from distillation.tests.factories import UserFactory


def test_expired_sessions_and_old_attempts_go(db):
    user = UserFactory()
    kept = RefreshToken.for_user(user)
    RefreshToken.for_user(user)
    OutstandingToken.objects.exclude(jti=kept["jti"]).update(expires_at=timezone.now() - timedelta(seconds=1))
    AccessAttempt.objects.create(username="old", ip_address="10.0.0.1", failures_since_start=3)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(days=1))
    AccessAttempt.objects.create(username="new", ip_address="10.0.0.1", failures_since_start=3)
    assert tidy() == 2
    assert OutstandingToken.objects.get().jti == kept["jti"]
    assert AccessAttempt.objects.get().username == "new"
    assert tidy() == 0
