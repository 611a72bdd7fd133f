"""The people and the teacher of the console's other tests."""

from __future__ import annotations

from distillation.tests.admin.conftest import alice, console, staff, teacher

__all__ = ["alice", "console", "staff", "teacher"]
