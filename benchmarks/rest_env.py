"""A temporary home for the benchmarks of the API. Import it before anything that needs Django's settings."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

import django

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

HOME = Path(tempfile.mkdtemp(prefix="distillation-benchmark-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
for name in [name for name in os.environ if name.startswith("DISTILLATION_")] + ["DATABASE_URL"]:
    os.environ.pop(name, None)
os.environ |= {
    "DISTILLATION_HOME": str(HOME),
    "DJANGO_SETTINGS_MODULE": "distillation_site.settings",
    "LOG_LEVEL": "ERROR",
    # Counted like everywhere, but never reached.
    **dict.fromkeys(("DISTILLATION_THROTTLE_USER", "DISTILLATION_THROTTLE_WRITE"), "1000000000/minute"),
}
django.setup()
