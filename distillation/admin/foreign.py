"""Tables of installed packages that are no page of ours: their admin pages would go past services and rights."""

from __future__ import annotations

from django.contrib import admin
from rest_framework_api_key.models import APIKey
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

for model in (APIKey, BlacklistedToken, OutstandingToken):
    if admin.site.is_registered(model):
        admin.site.unregister(model)
