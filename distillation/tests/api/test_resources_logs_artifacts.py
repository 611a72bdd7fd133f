"""What else grows with a run: samples of its machine, its log, its files."""

from __future__ import annotations

import json

import pytest

from distillation.contract.sentence import Sentence
from distillation.models import LogLevel, LogSource
from distillation.services import resource_samples, task_log
from distillation.services.resource_samples import Reading
from distillation.services.task_log import Line
from distillation.storage.local import run_dir
from distillation.tests.api.conftest import ROOT, client_of, person
from distillation.tests.factories import TaskFactory


@pytest.fixture
def task(db):
    return TaskFactory(status="RUNNING", attempt=1)


def data(api, task, path, status=200):
    answer = api.get(f"{ROOT}/tasks/{task.task_id}/{path}")
    assert answer.status_code == status, answer.content
    return answer.json()["data"]


# Resources


def sample(task, count, begin=0, **figures):
    resource_samples.store(
        task, [Reading(1.8e9 + 5 * n, cpu_percent=float(n), memory_mb=100.0 + n, **figures)
               for n in range(begin, begin + count)]
    )  # fmt: skip


def test_resources_come_in_arrays_with_null_where_nothing_was_measured(api, task):
    sample(task, 2)
    found = data(api, task, "resources")
    assert found["times"] == [1.8e9, 1.8e9 + 5]
    assert found["cpuPercent"] == [0.0, 1.0]
    assert found["gpuPercent"] == found["gpuTemperature"] == [None, None]
    assert found["total"] == 2


def test_thinned_resources_keep_means_of_use_and_peaks_of_memory(api, task):
    sample(task, 1000, gpu_percent=None)
    found = data(api, task, "resources?maxPoints=10")
    assert found["total"] == 1000
    assert {len(found[key]) for key in ("times", "cpuPercent", "memoryMb", "gpuPercent")} == {10}
    assert found["cpuPercent"][0] == pytest.approx(49.5)
    assert (found["memoryMb"][0], found["memoryMb"][-1]) == (199.0, 1099.0)
    assert found["gpuPercent"] == [None] * 10


def test_resources_are_followed_by_cursor(api, task):
    sample(task, 3)
    cursor = data(api, task, "resources")["cursor"]
    assert data(api, task, f"resources?after={cursor}")["times"] == []
    sample(task, 1, begin=3)
    assert data(api, task, f"resources?after={cursor}")["cpuPercent"] == [3.0]
    assert data(api, task, "resources?after=999999999999999999")["cursor"] == 999999999999999999


@pytest.mark.parametrize(
    "query", ["after=-1", "after=x", "after=1.5", "after=" + "9" * 30, "maxPoints=-5", "maxPoints=a"]
)
def test_wrong_parameters_of_resources(api, task, query):
    assert list(data(api, task, f"resources?{query}", status=400)) == [query.split("=")[0]]


# Logs


def log(task, *texts, level=LogLevel.INFO, source=LogSource.ENGINE, **fields):
    task_log.store(task, 1, source, [Line(Sentence(text), level, time=1.8e9, **fields) for text in texts])


def texts(page):
    return [line["text"] for line in page["lines"]]


def test_the_newest_lines_come_first_and_older_ones_behind_a_cursor(api, task):
    log(task, *[f"line {n}" for n in range(10)])
    page = data(api, task, "logs?limit=4")
    assert texts(page) == ["line 6", "line 7", "line 8", "line 9"]
    page = data(api, task, f"logs?limit=4&before={page['before']}")
    assert texts(page) == ["line 2", "line 3", "line 4", "line 5"]
    page = data(api, task, f"logs?limit=4&before={page['before']}")
    assert texts(page) == ["line 0", "line 1"]
    assert page["before"] is None


def test_a_log_is_followed_forwards(api, task):
    log(task, "a")
    cursor = data(api, task, "logs")["cursor"]
    log(task, "b", "c", "d")
    page = data(api, task, f"logs?after={cursor}&limit=2")
    assert (texts(page), page["more"]) == (["b", "c"], True)
    page = data(api, task, f"logs?after={page['cursor']}&limit=2")
    assert (texts(page), page["more"]) == (["d"], False)
    assert texts(data(api, task, f"logs?after={page['cursor']}")) == []


def test_lines_that_the_filter_leaves_out_are_not_asked_for_again(api, task):
    log(task, "a", "b")
    cursor = data(api, task, "logs?after=0&level=error")["cursor"]
    assert texts(data(api, task, f"logs?after={cursor}")) == []


def test_a_line_says_all_it_knows(api, task):
    log(task, "Checkpoint", level=LogLevel.DEBUG, kind="checkpoint", arm="student", step=40)
    (line,) = data(api, task, "logs")["lines"]
    assert line.pop("id") > 0
    assert line == {"time": "2027-01-15 16:00:00", "level": "debug", "source": "engine", "kind": "checkpoint",
                    "attempt": 1, "arm": "student", "step": 40, "text": "Checkpoint"}  # fmt: skip


def test_lines_are_filtered_by_level_source_kind_and_text(api, task):
    log(task, "fine", "100% _done_")
    log(task, "careful", level=LogLevel.WARNING)
    log(task, "broken", level=LogLevel.ERROR, source=LogSource.WORKER)
    log(task, "start", kind="started")
    assert texts(data(api, task, "logs?level=warning")) == ["careful", "broken"]
    assert texts(data(api, task, "logs?source=worker")) == ["broken"]
    assert texts(data(api, task, "logs?kind=started,failed")) == ["start"]
    assert texts(data(api, task, "logs?search=CARE")) == ["careful"]
    assert texts(data(api, task, "logs?search=%25")) == ["100% _done_"]
    assert texts(data(api, task, "logs?search=%27%3B--")) == []


def test_a_sentence_is_found_by_its_values_and_in_the_language_of_the_site(api, task):
    task_log.store(task, 1, LogSource.ENGINE, [Line(Sentence("The disk {name} is full", {"name": "数据盘"}))])
    assert len(data(api, task, "logs?search=数据盘")["lines"]) == 1
    assert len(data(api, task, "logs?search=The disk")["lines"]) == 1


@pytest.mark.parametrize(
    "query",
    ["after=-1", "after=x", "before=-1", "before=x", "limit=-1", "limit=0", "limit=x", "level=loud", "kind=other",
     "source=nobody", "search=" + "x" * 201, "search=%00", "after=%E2%82%AC"],
)  # fmt: skip
def test_wrong_parameters_of_logs(api, task, query):
    assert list(data(api, task, f"logs?{query}", status=400)) == [query.split("=")[0]]


def test_both_directions_at_once_are_refused(api, task):
    assert list(data(api, task, "logs?after=1&before=2", status=400)) == ["before"]


@pytest.mark.parametrize("rows", [3, 60])
def test_the_number_of_queries_does_not_grow(api, task, django_assert_num_queries, rows):
    log(task, *["x"] * rows)
    sample(task, rows)
    for path, queries in (("logs", 2), ("logs?after=0&search=x", 2), ("resources", 1)):
        with django_assert_num_queries(3 + queries):  # session, user, task
            data(api, task, path)


def test_the_log_is_downloaded_as_text(api, task):
    log(task, *[f"行 {n}" for n in range(1200)])
    log(task, "two\nlines", level=LogLevel.ERROR)
    answer = api.get(f"{ROOT}/tasks/{task.task_id}/logs/download")
    assert answer["Content-Type"].startswith("text/plain")
    assert answer["Content-Disposition"] == f'attachment; filename="{task.task_id}.log"'
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert lines[0] == "2027-01-15 16:00:00 INFO    engine [1] 行 0"
    assert lines[-2:] == ["2027-01-15 16:00:00 ERROR   engine [1] two", "    lines"]
    answer = api.get(f"{ROOT}/tasks/{task.task_id}/logs/download?level=error")
    assert len(b"".join(answer.streaming_content).splitlines()) == 2


def test_the_download_speaks_the_readers_language(api, task):
    task_log.store(task, 1, LogSource.ENGINE, [Line(Sentence("The engine has finished."))])
    text = b"".join(api.get(f"{ROOT}/tasks/{task.task_id}/logs/download").streaming_content).decode()
    assert "The engine has finished." in text


# Files


@pytest.fixture
def files(task):
    root = run_dir(task.task_id).artifacts
    (root / "model").mkdir(parents=True)
    (root / "model" / "model.safetensors").write_bytes(b"weights")
    (root / "model" / "config.json").write_text("{}")
    (root / "evaluation.json").write_text('{"accuracy": 1}')
    (root / ".draft").write_text("x")
    task.model_path = f"runs/{task.task_id}/artifacts/model/model.safetensors"
    task.model_sha256 = "a" * 64
    task.save()
    return root


def test_the_files_of_a_run_are_listed_with_their_bytes(api, task, files):
    found = data(api, task, "artifacts")
    assert [(file["name"], file["bytes"], file["sha256"]) for file in found] == [
        ("evaluation.json", 15, None), ("model/config.json", 2, None), ("model/model.safetensors", 7, "a" * 64),
    ]  # fmt: skip
    for file in found:
        answer = api.get(file["url"])
        assert answer.status_code == 200
        assert len(b"".join(answer.streaming_content)) == file["bytes"]
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer["Content-Type"] == "application/octet-stream"


def test_each_file_has_its_kind_and_the_checksum_that_the_run_states(api, task, files):
    for name in ("model/model.onnx", "model/model.int8.onnx", "model/README.md", "pictures/examples/1.jpg", "x.bin"):
        (files / name).parent.mkdir(parents=True, exist_ok=True)
        (files / name).write_bytes(b"x")
    index = {"examples": [{"file": "1.jpg", "sha256": "c" * 64}]}
    (files / "pictures/examples/index.json").write_text(json.dumps(index))
    stated = {"path": "artifacts/model/model.onnx", "sha256": "b" * 64}
    run_dir(task.task_id).result.write_text(json.dumps({"evaluation": {"files": [stated, {"path": "../x"}, 7]}}))
    found = {file["name"]: (file["kind"], file["sha256"]) for file in data(api, task, "artifacts")}
    assert found == {
        "evaluation.json": ("evaluation", None),
        "model/README.md": ("card", None),
        "model/config.json": ("config", None),
        "model/model.int8.onnx": ("onnx-int8", None),
        "model/model.onnx": ("onnx", "b" * 64),
        "model/model.safetensors": ("weights", "a" * 64),
        "pictures/examples/1.jpg": ("example", "c" * 64),
        "pictures/examples/index.json": ("example", None),
        "x.bin": ("other", None),
    }


@pytest.mark.parametrize("text", ["", "[", "[]", '{"evaluation": 3, "control": 4}', '{"evaluation": {"files": {}}}'])
def test_a_damaged_result_costs_the_checksums_alone(api, task, files, text):
    run_dir(task.task_id).result.write_text(text)
    assert len(data(api, task, "artifacts")) == 3


def test_a_run_without_files_has_none(api, task):
    assert data(api, task, "artifacts") == []


def test_a_bound_model_is_listed_with_its_own_address(api, task, home):
    (home / "models" / "mine").mkdir()
    (home / "models" / "mine" / "m.safetensors").write_bytes(b"12345")
    task.model_path = "models/mine/m.safetensors"
    task.save()
    (file,) = data(api, task, "artifacts")
    assert (file["name"], file["bytes"]) == ("m.safetensors", 5)
    assert b"".join(api.get(file["url"]).streaming_content) == b"12345"


def test_other_files_of_the_home_are_no_artifacts(api, task, home):
    (home / "secret_key").write_text("secret")
    task.model_path = "secret_key"
    task.save()
    assert data(api, task, "artifacts") == []


def test_links_are_neither_listed_nor_followed(api, task, files, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (files / "link").symlink_to(secret)
    (files / "folder").symlink_to(tmp_path)
    assert len(data(api, task, "artifacts")) == 3
    for name in ("link", "folder/secret"):
        data(api, task, f"artifacts/{name}", status=404)


def test_a_run_directory_that_is_a_link_shows_nothing(api, task, tmp_path):
    elsewhere = tmp_path / "elsewhere" / "artifacts"
    elsewhere.mkdir(parents=True)
    (elsewhere / "file").write_text("x")
    run_dir(task.task_id).root.symlink_to(elsewhere.parent)
    assert data(api, task, "artifacts") == []
    data(api, task, "artifacts/file", status=404)


@pytest.mark.parametrize(
    "name",
    ["../result.json", "..%2Fspec.json", "model/../../spec.json", "%2Fetc/passwd", "/etc/passwd", "model", ".",
     "nothing", ".draft", "model%00", "a" * 5000, "%ED%A0%80", "..\\spec.json", "model/", "%2e%2e/spec.json"],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_404(api, task, files, name):
    run_dir(task.task_id).spec.write_text("{}")
    assert api.get(f"{ROOT}/tasks/{task.task_id}/artifacts/{name}").status_code == 404


def test_viewers_do_not_download(task, files):
    viewer = client_of(person("victor", "R_VIEWER"))
    assert viewer.get(f"{ROOT}/tasks/{task.task_id}/artifacts").status_code == 403
    assert viewer.get(f"{ROOT}/tasks/{task.task_id}/artifacts/evaluation.json").status_code == 403
