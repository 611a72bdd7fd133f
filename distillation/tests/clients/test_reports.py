"""What a script calls, and what arrives."""

from __future__ import annotations

import ast
import math
import os
import time

import pytest
from distillation_client import Run

from distillation.services.reports import RANGES as PLATFORM
from distillation.tests.clients.conftest import CLIENT, journals, until
from distillation.tests.clients.stub import Stub, running


def test_a_run_starts_reports_in_order_and_completes(stub, run_of, buffer):
    with run_of(stub) as run:
        for epoch in (1, 2, 3):
            run.epoch(epoch, train_loss=1 / epoch, val_accuracy=80 + epoch)
        run.model("/models/final.safetensors", url="http://files/final")
        run.evaluation(f1_score=91.5, map50=88, details={"per_class": [1, 2]}, sample_count=7)
    assert stub.status == "COMPLETED"
    assert stub.epochs() == [1, 2, 3]
    assert stub.bodies("/history")[-1][-1]["valAccuracy"] == 83
    assert stub.bodies("/progress")[-1] == {"currentEpoch": 3, "accuracy": 83.0, "loss": 1 / 3}
    assert stub.bodies("/model-path") == [{"modelPath": "/models/final.safetensors", "modelUrl": "http://files/final"}]
    (evaluation,) = stub.bodies("/evaluations")
    assert (evaluation["f1Score"], evaluation["detailedResults"]) == (91.5, '{"per_class": [1, 2]}')
    writes = [sent.path for sent in stub.sent if sent.method != "GET"]
    assert (writes[0], writes[-3:]) == ("/start", ["/model-path", "/evaluations", "/complete"])
    assert not journals(buffer), "nothing is left behind"


def test_one_connection_serves_the_whole_run(stub, run_of):
    with run_of(stub) as run:
        for epoch in range(1, 6):
            run.epoch(epoch)
            until(lambda: len(stub.bodies("/progress")) == len(stub.bodies("/history")) > 0)
    assert stub.connections == 1


def test_points_travel_in_compact_arrays(stub, run_of):
    with run_of(stub) as run:
        for step in range(100):
            run.log({"loss": step / 2, "lr": 0.1}, step=step, epoch=1)
        run.epoch(1, metrics={"spread (%)": 3})
    assert stub.steps("loss") == stub.steps("lr") == list(range(100))
    assert len(stub.bodies("/metrics")) <= 5
    first = stub.bodies("/metrics")[0]["series"][0]
    assert (first["name"], first["values"][:3], set(first["epochs"])) == ("loss", [0.0, 0.5, 1.0], {1})
    assert time.time() - 60 < first["times"][0] <= time.time()
    assert stub.steps("spread ___") == [1], "the platform takes no brackets in a name"


def test_a_backlog_of_epochs_becomes_few_requests_that_leave_the_task_the_same(run_of):
    stub = Stub()
    with running(stub):
        stub.answer = lambda sent: None
    with run_of(f"http://127.0.0.1:{stub.port}") as run:
        for epoch, accuracy in ((1, 50), (2, 90), (3, 70), (4, None)):
            run.log({"loss": epoch}, step=epoch)
            run.epoch(epoch, val_accuracy=accuracy, train_loss=epoch)
        with running(stub, stub.port):
            run.close()
    assert [len(records) for records in stub.bodies("/history")] == [4]
    assert [body["series"][0]["steps"] for body in stub.bodies("/metrics")] == [[1, 2, 3, 4]]
    assert stub.bodies("/progress") == [
        {"currentEpoch": 2, "accuracy": 90.0, "loss": 2.0}, {"currentEpoch": 4, "accuracy": 70.0, "loss": 4.0},
    ]  # fmt: skip


def test_an_exception_is_reported_and_goes_on(stub, run_of):
    with pytest.raises(ZeroDivisionError), run_of(stub):
        _ = 1 / 0
    assert stub.bodies("/error") == [{"errorMessage": "ZeroDivisionError: division by zero"}]
    assert stub.status == "FAILED"


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [(KeyboardInterrupt(), "FAILED", "interrupted"), (SystemExit(3), "FAILED", "SystemExit: 3"),
     (SystemExit(0), "COMPLETED", None), (SystemExit(), "COMPLETED", None),
     (ValueError("zwei\nZeilen \x00\ud800"), "FAILED", "Zeilen")],
)  # fmt: skip
def test_how_a_script_ends_is_how_the_task_ends(stub, run_of, error, status, said):
    with pytest.raises(type(error)), run_of(stub):
        raise error
    assert stub.status == status
    if said:
        assert said in stub.bodies("/error")[0]["errorMessage"]
        assert stub.bodies("/error")[0]["errorMessage"].isprintable()


class Tensor:
    def __float__(self) -> float:
        return 0.25


class TwoElements:
    def __float__(self) -> float:
        raise RuntimeError("a Tensor with 2 elements cannot be converted")


def test_figures_may_be_tensors_and_need_not_be_numbers_at_all(stub, run_of, caplog):
    with run_of(stub) as run:
        run.epoch(
            1, train_loss=Tensor(), val_loss=math.nan, hard_loss=math.inf, soft_loss=TwoElements(), val_accuracy="x"
        )
        run.log({"a": math.nan, "b": Tensor()}, step=1)
    record = stub.bodies("/history")[0][0]
    assert record["trainLoss"] == 0.25
    assert not {"valLoss", "hardLoss", "softLoss"} & set(record)
    values = {one["name"]: one["values"] for one in stub.bodies("/metrics")[0]["series"]}
    assert values == {"a": [None], "b": [0.25]}
    assert "softLoss is left out" in caplog.text


def test_wrong_calls_are_warnings_not_exceptions(stub, run_of, caplog):
    with run_of(stub) as run:
        run.epoch("seven")
        run.epoch(1, trainloss=1)
        run.log(None)
        run.model(object())
        run.evaluation(dataset_id=object())
        run.epoch(2)
    run.epoch(3)
    assert stub.epochs() == [2]
    assert stub.status == "COMPLETED"
    assert caplog.text.count("nothing is reported") == 5
    assert "JSON cannot hold it" in caplog.text


@pytest.mark.parametrize(
    "server", ["", "host:8080", "ftp://x", "http://", "http://[", "http://h:99999999", "http://a b", "http://\udc00"]
)
def test_a_wrong_address_costs_reports_not_the_training(server, run_of, buffer, caplog):
    began = time.monotonic()
    with run_of(server, exit_seconds=0.3) as run:
        run.epoch(1)
    assert time.monotonic() - began < 3
    assert "wait in" in caplog.text
    assert len(journals(buffer)) == 1


def test_only_rank_0_reports_unless_told_otherwise(stub, run_of, monkeypatch, buffer):
    monkeypatch.setenv("RANK", "1")
    with run_of(stub) as run:
        run.epoch(1)
    assert (stub.sent, buffer.exists(), run.stop_requested) == ([], False, False)
    with run_of(stub, rank=0) as run:
        run.epoch(1)
    assert stub.epochs() == [1]


def test_a_forked_child_reports_nothing(stub, run_of):
    with run_of(stub) as run:
        run.epoch(1)
        child = os.fork()
        if child == 0:
            run.epoch(99)
            run.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        run.epoch(2)
    assert stub.epochs() == [1, 2]
    assert stub.status == "COMPLETED"


def test_the_client_is_python_3_8():
    files = list((CLIENT / "distillation_client").glob("*.py"))
    assert len(files) >= 5
    for file in [*files, CLIENT / "example.py"]:
        ast.parse(file.read_text(), feature_version=(3, 8))


def test_a_run_without_with(stub, run_of):
    run: Run = run_of(stub).start()
    run.epoch(1)
    run.close("the grid broke")
    run.close()
    assert stub.bodies("/error") == [{"errorMessage": "the grid broke"}]


def test_limits_of_figures_are_those_of_the_platform():
    from distillation_client.values import RANGES as CLIENT

    assert PLATFORM | {"accuracy": (0, 100)} == CLIENT


def test_an_exploding_loss_is_sent_as_the_most_that_is_kept():
    from distillation_client.values import recorded

    assert recorded("trainLoss", 1e30) == 9999.999999
    assert recorded("valLoss", -1e30) == -9999.999999
    assert recorded("trainLoss", 0.5) == 0.5
    assert recorded("trainLoss", float("inf")) is None


def test_a_percentage_that_is_none_is_sent_as_the_nearest_one(caplog):
    from distillation_client.values import recorded

    assert recorded("valAccuracy", -5000) == 0
    assert recorded("gpuUsage", 180.5) == 100
    assert recorded("accuracy", 100.0000001) == 100
    assert recorded("trainAccuracy", 55.5) == 55.5
    assert "the platform takes 0.0 to 100.0, so 100.0 is sent" in caplog.text
