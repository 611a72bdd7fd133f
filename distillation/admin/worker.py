"""Workers, read-only: they write themselves."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from distillation import selectors
from distillation.admin import figures
from distillation.admin.access import RolePage
from distillation.models import Worker


@admin.register(Worker)
class WorkerAdmin(RolePage, ModelAdmin):
    """Who can run tasks, and whether it lives."""

    list_display = ["name", "state", "host", "slot_count", "device_names", "seen", "started"]
    fields = ["name", "state", "host", "pid", "slot_count", "device_names", "seen", "started"]
    readonly_fields = fields
    search_fields = ["name", "host"]
    empty_title = _("No worker has been seen yet")
    empty_text = _(
        "A worker takes tasks from the queue and trains them. Start one with manage.py run_worker, or everything with "
        "make run."
    )

    @display(description=_("Status"))
    def state(self, worker: Worker) -> SafeString:
        """Alive or not seen, as the queue judges it."""
        alive = worker.seen_at >= timezone.now() - selectors.WORKER_SILENCE
        words = ("ok", gettext("Alive")) if alive else ("danger", gettext("Not seen"))
        return format_html('<span class="dd-chip dd-chip-{}">{}</span>', *words)

    @display(description=_("Slots"), ordering="slots")
    def slot_count(self, worker: Worker) -> SafeString:
        """How many runs at a time."""
        return format_html('<span class="dd-right dd-figure">{}</span>', worker.slots)

    @display(description=_("Devices"))
    def device_names(self, worker: Worker) -> str:
        """What it trains on."""
        try:
            devices = json.loads(worker.devices)
        except ValueError:
            return worker.devices
        if not isinstance(devices, list):
            return str(devices)
        names = [str(item.get("name", item)) if isinstance(item, dict) else str(item) for item in devices]
        return ", ".join(names) or figures.DASH

    @display(description=_("Last seen"), ordering="seen_at")
    def seen(self, worker: Worker) -> SafeString:
        """How long ago."""
        return _when(worker.seen_at)

    @display(description=_("Started at"), ordering="started_at")
    def started(self, worker: Worker) -> SafeString:
        """How long ago."""
        return _when(worker.started_at)


def _when(at: Any) -> SafeString:
    return format_html('<span class="dd-figure" title="{}">{}</span>', figures.moment(at), figures.ago(at))
