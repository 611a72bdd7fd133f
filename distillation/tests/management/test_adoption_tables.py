"""Which tables an adoption may drop and build again."""

from __future__ import annotations

from distillation.management.adoption.situation import platform_tables, tables_of


def test_the_tables_of_accounts_are_not_ours():
    ours = tables_of("distillation")
    assert {"md_training_task", "md_quarantine", "md_worker"} <= ours
    assert not {name for name in ours if name.startswith(("auth_", "django_"))}
    assert {"auth_user", "auth_user_groups", "django_session"} <= platform_tables()
