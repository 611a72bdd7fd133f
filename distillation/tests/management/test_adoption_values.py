"""Single values of legacy columns: what fits stays to the letter, what does not is told with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from distillation.management.adoption import schema
from distillation.management.adoption.columns import EVALUATION, HISTORY, PRESET, SHARED_TABLES, TASK, reserved, rules
from distillation.management.adoption.values import fit
from distillation.models import QuarantineReason as Reason

CASES = [
    # table, column, original, what stays, reason
    (TASK, "task_input_name", "输入 😀", "输入 😀", None),
    (TASK, "task_input_name", None, None, None),
    (TASK, "task_input_name", "x" * 256, None, Reason.TOO_LONG),
    (TASK, "task_name", "名" * 256, "名" * 255, Reason.TOO_LONG),
    (TASK, "task_name", None, None, Reason.MISSING),
    (TASK, "error_message", "错" * 21_845, "错" * 21_845, None),
    (TASK, "error_message", "错" * 21_846, None, Reason.TOO_LONG),
    (TASK, "batch_size", "64", "64", None),
    (TASK, "batch_size", "64.0", "64", None),
    (TASK, "batch_size", "64.5", None, Reason.OUT_OF_RANGE),
    (TASK, "batch_size", "2147483648", None, Reason.OUT_OF_RANGE),
    (TASK, "batch_size", "many", None, Reason.OUT_OF_RANGE),
    (TASK, "duration", "9223372036854775807", "9223372036854775807", None),
    (TASK, "duration", "9223372036854775808", None, Reason.OUT_OF_RANGE),
    (TASK, "del_flag", "2", "2", None),
    (TASK, "del_flag", "128", None, Reason.OUT_OF_RANGE),
    (TASK, "accuracy", "92.5", "92.5000", None),
    (TASK, "accuracy", "1e-4", "0.0001", None),
    (TASK, "accuracy", "92.12345", "92.1234", Reason.ROUNDED),
    (TASK, "accuracy", "1000000", None, Reason.OUT_OF_RANGE),
    (TASK, "accuracy", "999999.99999", None, Reason.OUT_OF_RANGE),
    (TASK, "accuracy", "NaN", None, Reason.OUT_OF_RANGE),
    (TASK, "accuracy", "1e999999999", None, Reason.OUT_OF_RANGE),
    (TASK, "accuracy", "0E-50", None, Reason.OUT_OF_RANGE),
    (TASK, "loss", "-0.5", "-0.500000", None),
    (TASK, "start_time", "2024-02-29 23:59:59.123456", "2024-02-29 23:59:59.123456", None),
    (TASK, "start_time", "2024-02-29", "2024-02-29 00:00:00", None),
    (TASK, "start_time", "2024-02-30 00:00:00", None, Reason.NO_DATE),
    (TASK, "start_time", "0000-00-00 00:00:00", None, Reason.NO_DATE),
    (TASK, "start_time", "0001-01-01 00:00:00", None, Reason.NO_DATE),
    (TASK, "start_time", "yesterday", None, Reason.NO_DATE),
    (TASK, "training_config", '{"说明": "😀"}', '{"说明": "😀"}', None),
    (TASK, "training_config", "", None, Reason.NOT_JSON),
    (TASK, "training_config", "[1]", None, Reason.NOT_JSON),
    (TASK, "training_config", '{"a": NaN}', None, Reason.NOT_JSON),
    (TASK, "training_config", "[" * 100_000, None, Reason.NOT_JSON),
    (TASK, "training_config", '{"a": "' + "x" * 65_536 + '"}', None, Reason.TOO_LONG),
    (PRESET, "target_modules", '["q_proj"]', '["q_proj"]', None),
    (PRESET, "target_modules", "q_proj,v_proj", None, Reason.NOT_JSON),
    (EVALUATION, "detailed_results", "[[1, 2]]", "[[1, 2]]", None),
    (HISTORY, "gpu_usage", "1000", None, Reason.OUT_OF_RANGE),
]


@pytest.mark.parametrize(("table", "column", "text", "stays", "reason"), CASES)
def test_a_value_stays_or_is_told_with_the_reason(table, column, text, stays, reason):
    assert fit(rules(table)[column], text) == (stays, reason)


def test_the_rules_are_those_of_the_contract():
    assert len(rules(TASK)) == 39
    assert rules(TASK)["learning_rate"].default == "0.001"
    assert {name for table in SHARED_TABLES for name, rule in rules(table).items() if rule.kind.value == "json"} == {
        "training_config", "target_modules", "detailed_results",
    }  # fmt: skip
    assert "executor" in reserved(TASK)
    assert "visibility" in reserved(PRESET)
    assert "task_id" not in reserved(TASK)


GRANTS = [
    ("GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION", "any", 0),
    ("GRANT ALL PRIVILEGES ON `dist\\_1`.* TO `u`@`%`", "dist_1", 0),
    ("GRANT ALL PRIVILEGES ON `dist\\_1`.* TO `u`@`%`", "dist11", 9),
    ("GRANT ALL PRIVILEGES ON `dist%`.* TO `u`@`%`", "distillation", 0),
    ("GRANT SELECT, INSERT, UPDATE, DELETE ON `d`.* TO `u`@`%`", "d", 5),
    ("GRANT ALL PRIVILEGES ON `d`.`one_table` TO `u`@`%`", "d", 9),
    ("GRANT `a_role` TO `u`@`%`", "d", 0),
]


@pytest.mark.parametrize(("grant", "database", "missing"), GRANTS)
def test_rights_are_read_off_the_grants(grant: str, database: str, missing: int):
    class Cursor:
        def execute(self, statement, parameters=None):
            pass

        def fetchall(self):
            return [("GRANT USAGE ON *.* TO `u`@`%`",), (grant,)]

    cursor: Any = Cursor()
    assert len(schema.missing_rights(cursor, database)) == missing
