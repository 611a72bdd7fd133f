"""Databases as older installations have them, in both vintages, with every fault that was ever seen in one.

``with database(server, "older") as url`` makes one and drops it afterwards. Which row has which fault stands beside it.
"""
# ruff: noqa: S608 - the statements are these tests' own

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import MySQLdb

TABLES = ("md_training_task", "md_training_history", "md_model_evaluation", "md_lora_preset")

NEWER = [
    """CREATE TABLE md_training_task (
        id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
        task_id VARCHAR(64) NOT NULL COMMENT '任务ID',
        task_name VARCHAR(255) NOT NULL,
        task_input_name VARCHAR(255),
        description VARCHAR(2000),
        training_mode VARCHAR(20) DEFAULT 'distillation',
        teacher_model VARCHAR(100), student_model VARCHAR(100) NOT NULL,
        total_epochs INT DEFAULT 50, current_epoch INT DEFAULT 0, batch_size INT DEFAULT 32,
        learning_rate DECIMAL(10,8) DEFAULT 0.001, temperature DECIMAL(5,2) DEFAULT 3.0, alpha DECIMAL(5,2) DEFAULT 0.7,
        lora_rank INT DEFAULT 16, lora_alpha INT DEFAULT 32, lora_dropout DECIMAL(5,3) DEFAULT 0.05,
        training_config MEDIUMTEXT,
        status VARCHAR(20) NOT NULL DEFAULT 'PENDING', progress INT DEFAULT 0,
        accuracy DECIMAL(20,4), loss DECIMAL(10,6), best_accuracy DECIMAL(10,4),
        dataset_id VARCHAR(100), dataset_name VARCHAR(255), val_dataset_id VARCHAR(100), val_dataset_name VARCHAR(255),
        model_path VARCHAR(500), model_url VARCHAR(500), checkpoint_path VARCHAR(500), error_message LONGTEXT,
        start_time DATETIME, end_time DATETIME, duration BIGINT,
        create_by VARCHAR(64), create_time DATETIME DEFAULT CURRENT_TIMESTAMP,
        update_by VARCHAR(64), update_time DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
        remark VARCHAR(500), del_flag TINYINT DEFAULT 0,
        tenant_code VARCHAR(30) NOT NULL DEFAULT '租户', priority VARCHAR(10),
        KEY idx_status (status), KEY idx_owner (create_by), UNIQUE KEY uk_task_id (task_id)
    ) ENGINE=InnoDB AUTO_INCREMENT=900 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci""",
    """CREATE TABLE md_training_history (
        id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, task_id VARCHAR(64) NOT NULL, epoch INT NOT NULL,
        train_loss DECIMAL(10,6), val_loss DECIMAL(10,6), distill_loss DECIMAL(10,6), hard_loss DECIMAL(10,6),
        soft_loss DECIMAL(10,6), train_accuracy DECIMAL(10,4), val_accuracy DECIMAL(10,4), gpu_usage DECIMAL(5,2),
        memory_usage DECIMAL(10,2), epoch_time DECIMAL(10,2), record_time DATETIME DEFAULT CURRENT_TIMESTAMP,
        KEY idx_task (task_id)
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci""",
    """CREATE TABLE md_lora_preset (
        id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, preset_name VARCHAR(100) NOT NULL, preset_desc VARCHAR(500),
        lora_rank INT DEFAULT 16, lora_alpha INT DEFAULT 32, lora_dropout DECIMAL(5,3) DEFAULT 0.05,
        target_modules VARCHAR(500), create_by VARCHAR(64), create_time DATETIME DEFAULT CURRENT_TIMESTAMP,
        update_time DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, del_flag TINYINT DEFAULT 0
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin""",
    """CREATE TABLE md_model_evaluation (
        id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, task_id VARCHAR(64) NOT NULL, `precision` DECIMAL(10,4),
        recall DECIMAL(10,4), f1_score DECIMAL(10,4), map_50 DECIMAL(10,4), map_95 DECIMAL(10,4),
        eval_dataset_id VARCHAR(100), eval_dataset_name VARCHAR(255), eval_sample_count INT,
        eval_time DATETIME DEFAULT CURRENT_TIMESTAMP, detailed_results LONGTEXT
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci""",
]

OLDER = [
    """CREATE TABLE md_training_task (
        id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
        task_id VARCHAR(128), task_name VARCHAR(300), task_input_name VARCHAR(255),
        teacher_model VARCHAR(100), student_model VARCHAR(100),
        total_epochs INT, current_epoch INT, batch_size INT, learning_rate DOUBLE, temperature FLOAT, alpha FLOAT,
        lora_rank INT, lora_alpha INT, lora_dropout FLOAT,
        status VARCHAR(20), progress INT, accuracy DOUBLE, loss DOUBLE, best_accuracy DOUBLE,
        dataset_id BIGINT, dataset_name VARCHAR(255),
        model_path VARCHAR(800), model_url VARCHAR(500), checkpoint_path VARCHAR(500), error_message TEXT,
        start_time DATETIME, end_time DATETIME, duration BIGINT,
        create_by VARCHAR(64), create_time TIMESTAMP NULL, update_by VARCHAR(64), update_time DATETIME,
        remark VARCHAR(500), del_flag CHAR(1) DEFAULT '0'
    ) ENGINE=MyISAM DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci""",
    """CREATE TABLE md_training_history (
        id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, task_id VARCHAR(64), epoch INT,
        train_loss DOUBLE, val_loss DOUBLE, distill_loss DOUBLE, hard_loss DOUBLE, soft_loss DOUBLE,
        train_accuracy DOUBLE, val_accuracy DOUBLE, gpu_usage DOUBLE, memory_usage DOUBLE, epoch_time DOUBLE,
        record_time DATETIME
    ) ENGINE=MyISAM DEFAULT CHARSET=latin1""",
    """CREATE TABLE md_lora_preset (
        id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, preset_name VARCHAR(100), preset_desc VARCHAR(500),
        lora_rank INT, lora_alpha INT, lora_dropout FLOAT, target_modules TEXT, create_by VARCHAR(64),
        create_time DATETIME, update_time DATETIME, del_flag BIT(1) DEFAULT b'0'
    ) ENGINE=InnoDB DEFAULT CHARSET=latin1""",
    """CREATE TABLE md_model_evaluation (
        id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, task_id VARCHAR(64), `precision` DOUBLE, recall DOUBLE,
        f1_score DOUBLE, map_50 DOUBLE, map_95 DOUBLE, eval_dataset_id BIGINT, eval_dataset_name VARCHAR(255),
        eval_sample_count BIGINT, eval_time DATETIME, detailed_results BLOB
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_unicode_ci""",
]

NEWER_ROWS = [
    # In order, with Chinese text and emoji.
    """INSERT INTO md_training_task (id, task_id, task_name, description, teacher_model, student_model,
        training_config, status, progress, current_epoch, accuracy, loss, best_accuracy, dataset_id, dataset_name,
        model_path, start_time, end_time, duration, create_by, create_time, update_time, remark, tenant_code,
        priority) VALUES
        (1, 'TASK_0000000A', '目标检测 🚀', '说明 “引号” \\'x\\' <b>%s</b>', 'qwen-7b', 'yolov8n',
        '{"optimizer": "adamw", "说明": "😀"}', 'COMPLETED', 100, 50, 92.5, 0.0234, 93.2, '101', 'COCO 数据',
        '/models/distillation/TASK_0000000A/final_model.pth', '2024-03-01 08:00:00', '2024-03-01 10:00:00', 7200,
        '张三', '2024-02-29 23:59:59', '2024-03-01 10:00:01', '备注', 'T-7', 'hoch')""",
    # Completed without an end; a configuration that is no JSON; an accuracy beyond the column; deleted.
    """INSERT INTO md_training_task (id, task_id, task_name, student_model, teacher_model, status, training_config,
        accuracy, create_time, update_time, del_flag, create_by) VALUES
        (2, 'TASK_0000000B', '没有结束时间', 'resnet50', 'qwen-7b', 'COMPLETED', '{optimizer: adamw', 12345678901.5,
        '2024-03-02 08:00:00', '2024-03-02 09:30:00', 0, 'alice'),
        (3, 'TASK_0000000C', '已删除', 'resnet50', 'qwen-7b', 'FAILED', '"a text"', 10, '2024-03-02 08:00:00',
        '2024-03-02 09:30:00', 1, 'alice')""",
    # Running since long; queued in a queue that is gone; a status of another system; one in lower case.
    """INSERT INTO md_training_task (id, task_id, task_name, student_model, teacher_model, status, progress, start_time,
        create_time, update_time, training_mode) VALUES
        (4, 'TASK_0000000D', '运行中', 'lstm-small', 'qwen-7b', 'RUNNING', 60, '2024-03-03 08:00:00',
        '2024-03-03 08:00:00', '2024-03-03 09:00:00', 'distillation'),
        (5, 'TASK_0000000E', 'queued', 'vit', 'qwen-7b', 'QUEUED', 0, NULL, '2024-03-03 08:00:00',
        '2024-03-03 09:00:00', NULL),
        (6, 'TASK_0000000F', 'cancelled', 'vit', NULL, 'CANCELLED', 3, NULL, '2024-03-03 08:00:00',
        '2024-03-03 09:00:00', 'direct'),
        (7, 'TASK_00000010', 'lower', 'vit', '', 'completed', 100, NULL, '2024-03-03 08:00:00',
        '2024-03-03 09:00:00', 'direct')""",
    # Zero dates; NULL where there is a default; a description and an error that are too long.
    """INSERT INTO md_training_task (id, task_id, task_name, student_model, status, start_time, end_time, create_time,
        update_time, total_epochs, description, error_message, learning_rate) VALUES
        (8, 'TASK_00000011', 'zero', 'vit', 'STOPPED', '0000-00-00 00:00:00', '2024-02-00 00:00:00',
        '0000-00-00 00:00:00', '2024-03-03 09:00:00', NULL, REPEAT('长', 501), REPEAT('错', 30000), NULL)""",
    # A number 0 as id is a number.
    """INSERT INTO md_training_task (id, task_id, task_name, student_model, create_time, update_time) VALUES
        (0, 'TASK_00000000', 'null', 'vit', '2024-03-03 08:00:00', '2024-03-03 09:00:00')""",
    """INSERT INTO md_training_history (id, task_id, epoch, train_loss, val_accuracy, gpu_usage, record_time) VALUES
        (1, 'TASK_0000000A', 1, 0.9, 50.5, 88.1, '2024-03-01 08:10:00'),
        (2, 'TASK_0000000A', 2, 0.8, 60.5, 88.2, '2024-03-01 08:20:00'),
        (3, 'TASK_0000000A', 2, 0.7, 61.5, 88.3, '2024-03-01 08:25:00'),
        (4, 'TASK_0000000A', 2, 0.6, 62.5, 88.4, '2024-03-01 08:25:00'),
        (5, 'TASK_0000000A', 2, 0.5, 63.5, 88.5, NULL),
        (6, 'task_0000000a ', 3, 0.4, 64.5, NULL, '2024-03-01 08:30:00'),
        (7, 'TASK_0000000A', 4, NULL, NULL, NULL, '0000-00-00 00:00:00'),
        (8, 'TASK_GONE', 1, 0.1, 1, 1, '2024-03-01 08:30:00'),
        (9, '不存在的任务 👻', 1, 0.1, 1, 1, '2024-03-01 08:30:00'),
        (10, 'TASK_0000000C', 1, 0.1, 1, 1, '2024-03-01 08:30:00')""",
    """INSERT INTO md_model_evaluation (id, task_id, `precision`, f1_score, eval_dataset_name, eval_time,
        detailed_results) VALUES
        (1, 'TASK_0000000A', 93.5, 92.33, '验证集', '2024-03-01 11:00:00', '{"混淆矩阵": [[1, 2], [3, 4]]}'),
        (2, 'TASK_0000000A', 90, 91, NULL, NULL, 'NaN'),
        (3, 'TASK_GONE', 90, 91, '孤儿', '2024-03-01 11:00:00', NULL)""",
    """INSERT INTO md_lora_preset (id, preset_name, lora_rank, lora_alpha, lora_dropout, target_modules, create_time,
        update_time, del_flag) VALUES
        (1, '标准配置', 12, 24, 0.07, '["q_proj"]', '2024-01-01 00:00:00', '2024-01-01 00:00:00', 0),
        (2, 'Fast', 8, 16, 0.05, 'q_proj,v_proj', '2024-01-01 00:00:00', '2024-01-02 00:00:00', 0),
        (3, 'FAST', 9, 16, 0.05, '["q_proj"]', '2024-01-01 00:00:00', '2024-01-01 00:00:00', 0),
        (4, 'Ｆａｓｔ', 10, 16, 0.05, NULL, '2024-01-01 00:00:00', '2024-01-01 00:00:00', 0),
        (5, ' fast', 11, 16, 0.05, NULL, '2024-01-01 00:00:00', '2024-01-05 00:00:00', 1),
        (6, '我的预设 😀', NULL, NULL, NULL, '{"a": 1}', NULL, NULL, NULL)""",
]

OLDER_ROWS = [
    """INSERT INTO md_training_task (id, task_id, task_name, teacher_model, student_model, status, progress,
        total_epochs, learning_rate, temperature, alpha, accuracy, loss, dataset_id, model_path, start_time,
        end_time, duration,
        create_by, create_time, update_time) VALUES
        (1, 'TASK_000000A1', '旧任务', 'llama2-7b', 'yolov5s', 'COMPLETED', 100, 40, 0.0005, 2.5, 0.6, 92.5, 0.0234,
        9007199254740993, '/models/旧/final.pth', '2019-03-01 08:00:00', '2019-03-01 10:00:00', 7200, 'admin',
        '2019-03-01 08:00:00', '2019-03-01 10:00:00'),
        (2, 'TASK_000000A2', 'no end', 'llama2-7b', 'yolov5s', 'COMPLETED', 100, NULL, NULL, NULL, NULL, 0.123456789,
        1e9, NULL, NULL, NULL, '0000-00-00 00:00:00', NULL, NULL, NULL, '2019-03-01 10:00:00'),
        (3, 'TASK_000000A3', 'runs', NULL, NULL, 'RUNNING', 10, 30, 0.001, 3, 0.7, NULL, NULL, 7, NULL,
        '2019-03-01 08:00:00', NULL, NULL, 'admin', '2019-03-01 08:00:00', '2019-03-01 10:00:00')""",
    # The same task id again: older and alive, deleted, in other letters; none; one that is too long; no name.
    """INSERT INTO md_training_task (id, task_id, task_name, student_model, status, create_time, update_time, del_flag)
        VALUES
        (4, 'TASK_DOUBLE', 'deleted first', 'vit', 'FAILED', '2019-03-01 08:00:00', '2019-03-01 10:00:00', '1'),
        (5, 'TASK_DOUBLE', 'the owner', 'vit', 'FAILED', '2019-03-01 08:00:00', '2019-03-01 10:00:00', '0'),
        (6, 'task_double ', 'other letters', 'vit', 'PAUSED', '2019-03-01 08:00:00', '2019-03-01 10:00:00', '0'),
        (7, NULL, 'no id', 'vit', NULL, '2019-03-01 08:00:00', '2019-03-01 10:00:00', '2'),
        (8, REPEAT('L', 100), REPEAT('名', 300), 'vit', 'PENDING', '2019-03-01 08:00:00', NULL, '0'),
        (9, 'TASK_NONAME', NULL, 'vit', 'PENDING', NULL, NULL, NULL)""",
    # latin1 tables: ids are plain, what a UTF-8 client wrote through a latin1 connection is not.
    """INSERT INTO md_training_history (id, task_id, epoch, train_loss, val_accuracy, gpu_usage, record_time) VALUES
        (1, 'TASK_000000A1', 1, 0.25, 76.3, 85.3, '2019-03-01 08:10:00'),
        (2, 'TASK_000000A1', 1, 0.5, 76.4, 85.3, '2019-03-01 08:09:00'),
        (3, 'TASK_000000A1', 2, 12345678.5, 76.3, 5000, '0000-00-00 00:00:00'),
        (4, 'TASK_000000A1', NULL, 0.5, 76.3, 85.3, '2019-03-01 08:10:00'),
        (5, NULL, 1, 0.5, 76.3, 85.3, '2019-03-01 08:10:00'),
        (6, 'TASK_DOUBLE', 1, 0.123456789, 76.3, 85.3, '2019-03-01 08:10:00'),
        (7, 'task_double', 1, 0.5, 76.3, 85.3, '2019-03-01 08:11:00'),
        (8, REPEAT('L', 64), 1, 0.5, 76.3, 85.3, '2019-03-01 08:11:00')""",
    """INSERT INTO md_lora_preset (id, preset_name, preset_desc, lora_rank, target_modules, create_time, update_time)
        VALUES
        (1, CONVERT(_binary '标准配置' USING latin1), CONVERT(_binary '说明 😀' USING latin1), 16, '["q_proj"]', NULL,
        NULL),
        (2, CONVERT(_latin1 X'636166E9' USING latin1), NULL, 300, CONCAT('["', REPEAT('x', 600), '"]'),
        '2019-01-01 00:00:00', '2019-01-01 00:00:00'),
        (3, NULL, NULL, NULL, 'none', NULL, NULL)""",
    """INSERT INTO md_model_evaluation (id, task_id, `precision`, eval_dataset_id, eval_sample_count, eval_time,
        detailed_results) VALUES
        (1, 'TASK_000000A1', 93.5, 101, 5000, '2019-03-01 11:00:00', _binary '{"类": 1}'),
        (2, 'TASK_000000A1', 93.5, 101, 9999999999, '2019-03-01 11:00:00', X'FF00FE'),
        (3, NULL, 93.5, 101, 5000, '2019-03-01 11:00:00', NULL)""",
]
VINTAGES = {"newer": [*NEWER, *NEWER_ROWS], "older": [*OLDER, *OLDER_ROWS]}


@contextlib.contextmanager
def database(server: str, vintage: str | None, charset: str = "latin1") -> Iterator[str]:
    """``DATABASE_URL`` of a database of the vintage, or of an empty one, with the default of old servers."""
    name = f"test_adoption_{secrets.token_hex(4)}"
    execute(f"{server}/", f"CREATE DATABASE {name} CHARACTER SET {charset}")
    try:
        execute(f"{server}/{name}", *VINTAGES.get(vintage or "", []))
        yield f"{server}/{name}"
    finally:
        execute(f"{server}/", f"DROP DATABASE {name}")


def connect(url: str) -> MySQLdb.Connection:
    """A connection without strictness, as an old script has it."""
    parts = urlsplit(url)
    return MySQLdb.connect(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=unquote(parts.username or "root"),
        password=unquote(parts.password or ""),
        database=parts.path.strip("/"),
        charset="utf8mb4",
        init_command="SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO', time_zone = '+08:00'",
    )


def execute(url: str, *statements: str) -> None:
    """Run the statements one by one."""
    with contextlib.closing(connect(url)) as connection:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        connection.commit()


def query(url: str, statement: str) -> list[tuple]:
    """Every row of the answer."""
    with contextlib.closing(connect(url)) as connection:
        cursor = connection.cursor()
        cursor.execute(statement)
        return list(cursor.fetchall())


def texts(url: str, table: str) -> dict[int, dict[str, str | None]]:
    """Every row as the server writes it, by id."""
    columns = [
        row[0]
        for row in query(
            url,
            "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() "
            f"AND table_name = '{table}' ORDER BY ordinal_position",
        )
    ]
    shown = ", ".join(f"CONVERT(CAST(`{column}` AS CHAR) USING utf8mb4)" for column in columns)
    return {
        int(row[0]): dict(zip(columns, row[1:], strict=True))
        for row in query(url, f"SELECT id, {shown} FROM `{table}` ORDER BY id")
    }
