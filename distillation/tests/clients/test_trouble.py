"""The server is away, busy, broken, slow, or refuses: what the training notices (nothing) and what arrives (all)."""

from __future__ import annotations

import json
import logging
import time

import pytest
from distillation_client import sender as sending
from distillation_client.link import Answer

from distillation.tests.clients.conftest import journals, until
from distillation.tests.clients.stub import TASK, TOKEN, Reply, Stub, running


def failing(times: int, reply: Reply, path: str = "/history"):
    """Answers so often with the reply to what is sent there, then as the platform does."""
    left = [times]

    def answer(sent):
        if sent.path != path or not left[0]:
            return None
        left[0] -= 1
        return reply

    return answer


def refuse_epochs_below_0(sent):
    below = sent.path == "/history" and any(record["epoch"] < 0 for record in sent.body)
    return Reply(400) if below else None


@pytest.mark.parametrize(
    "reply",
    [
        Reply(500), Reply(503, raw=b"<html>Service Unavailable</html>"), Reply(502, raw=b""), Reply(408),
        Reply(429), Reply(404, raw=b"default backend - 404"), Reply(200, raw=b"<html>Log in to the hotel</html>"),
        Reply(200, raw=b"[1, 2]"), Reply(200, raw=b"\xff\x00"), Reply(302, raw=b"", headers={"Location": "/elsewhere"}),
        Reply(200, delay=1.3), Reply(200, raw=b"{", headers={"Content-Length": "100", "Connection": "close"}),
    ],
)  # fmt: skip
def test_trouble_is_waited_for_and_costs_nothing(stub, run_of, reply):
    stub.answer = failing(3 if not reply.delay else 1, reply)
    with run_of(stub) as run:
        for epoch in (1, 2, 3):
            run.epoch(epoch)
    assert stub.status == "COMPLETED"
    assert list(dict.fromkeys(stub.epochs())) == [1, 2, 3]
    assert stub.bodies("/progress")[-1]["currentEpoch"] == 3


def test_the_wait_that_the_server_asks_for_is_kept(stub, run_of):
    stub.answer = failing(1, Reply(429, headers={"Retry-After": "1"}))
    began = time.monotonic()
    with run_of(stub) as run:
        run.epoch(1)
    assert 1.0 <= time.monotonic() - began < 3
    assert stub.status == "COMPLETED"


def test_delays_grow_and_scatter(monkeypatch):
    monkeypatch.setattr(sending, "LONGEST_DELAY", 60.0)
    waited: list[float] = []
    idle = sending.Sender(None, [], alive=False)  # type: ignore[arg-type]
    clock = [0.0]

    def pass_by(seconds: float) -> None:
        clock[0] += seconds

    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(idle.halt, "wait", pass_by)
    for _ in range(10):
        before = clock[0]
        idle._back_off(Answer(0, None, "away"))
        waited.append(clock[0] - before)
    assert all(0.5 * min(60, 2**n) - 0.2 <= seconds <= min(60, 2**n) + 0.2 for n, seconds in enumerate(waited))
    assert waited[-1] >= 29.9
    assert len({round(seconds / min(60, 2**n), 3) for n, seconds in enumerate(waited)}) > 3


def test_the_training_does_not_wait_for_a_server_that_is_away(run_of, buffer, caplog):
    with run_of("http://127.0.0.1:9", exit_seconds=0.2) as run:
        began = time.monotonic()
        for epoch in range(1, 51):
            run.epoch(epoch)
            run.log({"loss": 1}, step=epoch)
        assert time.monotonic() - began < 2
        assert run.problem
    assert "102 reports have not arrived" in caplog.text
    assert str(buffer / TASK) in caplog.text


def test_what_was_left_goes_with_the_next_start_before_anything_new(run_of, stub, buffer):
    with run_of("http://127.0.0.1:9", exit_seconds=0.1) as run:
        run.epoch(1)
        run.log({"loss": 1}, step=1)
    run.close()
    left = journals(buffer)
    assert len(left) == 1
    with run_of(stub) as run:
        run.epoch(2)
    assert stub.epochs()[0] == 1
    assert stub.steps("loss") == [1]
    assert not journals(buffer)


def test_a_refused_report_is_kept_with_its_sentence_and_the_rest_goes_on(stub, run_of, buffer, caplog):
    stub.answer = lambda sent: (
        Reply(400) if sent.path == "/history" and any(r["epoch"] < 0 for r in sent.body) else None
    )
    with run_of(f"{stub.url}/model-distillation") as run:
        for epoch in (1, -5, 2):
            run.epoch(epoch)
        run.log({"loss": 1}, step=1)
    assert sorted(set(stub.epochs())) == [-5, 1, 2]
    assert stub.status == "COMPLETED"
    (row,) = [json.loads(line) for line in (buffer / TASK / "rejected.jsonl").read_text().splitlines()]
    assert (row["status"], row["sentence"], row["report"]["data"]["record"]["epoch"]) == (400, "sentence 400", -5)
    assert "sentence 400" in caplog.text


def test_one_bad_report_in_a_batch_does_not_cost_the_others(run_of, buffer):
    stub = Stub()
    with running(stub):
        pass
    with run_of(stub.url) as run:
        for epoch in (1, -5, 2):
            run.epoch(epoch)
        stub.answer = refuse_epochs_below_0
        with running(stub, stub.port):
            run.close()
    assert stub.bodies("/progress")[-1]["currentEpoch"] == 2
    assert len((buffer / TASK / "rejected.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_without_the_right_nothing_is_sent_any_more_but_nothing_is_lost(stub, run_of, buffer, status):
    stub.answer = lambda sent: Reply(status)
    with run_of(stub) as run:
        run.epoch(1)
        until(lambda: run.problem)
        calls = len(stub.sent)
        run.epoch(2)
        began = time.monotonic()
    assert time.monotonic() - began < 2, "there is nothing to wait for"
    assert len(stub.sent) == calls == 1
    assert len(journals(buffer)) == 1
    stub.answer = lambda sent: None
    with run_of(stub):
        pass
    assert stub.epochs() == [1, 2]


@pytest.mark.parametrize("token", ["", "two words", "zeile\nzwei", "令牌"])
def test_a_token_that_is_none_never_leaves_the_machine(stub, run_of, token, monkeypatch):
    monkeypatch.delenv("DISTILLATION_TOKEN", raising=False)
    with run_of(stub, token=token) as run:
        run.epoch(1)
        until(lambda: run.problem)
    assert stub.sent == []


def test_the_token_is_in_no_file_and_no_log(stub, run_of, buffer, caplog):
    caplog.set_level(logging.DEBUG)
    stub.answer = lambda sent: Reply(400) if sent.path == "/error" else Reply(503) if sent.path == "/history" else None
    run = run_of(stub, exit_seconds=0.3).start()
    run.epoch(1)
    run.close(RuntimeError(f"could not use {TOKEN}"))
    files = b"".join(path.read_bytes() for path in buffer.rglob("*") if path.is_file())
    assert b"could not use ***" in files
    assert TOKEN.encode() not in files
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(vars(run))


def test_a_name_and_password_in_the_address_are_not_kept(stub, run_of, buffer):
    with run_of(stub.url.replace("//", "//someone:pass-word@"), exit_seconds=0.1) as run:
        stub.answer = lambda sent: Reply(503)
        run.epoch(1)
    assert "pass-word" not in "".join(path.read_text() for path in buffer.rglob("*") if path.is_file())


def test_a_stop_by_a_person_is_seen_in_the_answer(stub, run_of, buffer):
    with run_of(stub) as run:
        run.epoch(1)
        until(lambda: stub.epoch == 1)
        assert not run.stop_requested
        stub.status = "STOPPED"
        run.epoch(2)
        until(lambda: run.stop_requested)
    assert stub.bodies("/complete") == [], "a stopped task is not completed"
    assert stub.epochs() == [1, 2], "what was trained is kept"


def test_a_backlog_for_a_stopped_task_is_refused_at_once_and_its_history_kept(run_of, buffer):
    stub = Stub()
    with running(stub):
        pass
    with run_of(stub.url) as run:
        for epoch in range(1, 101):
            run.epoch(epoch)
            run.log({"loss": 1}, step=epoch)
        stub.status = "STOPPED"
        stub.answer = lambda sent: Reply() if sent.path == "/start" else None
        with running(stub, stub.port):
            run.close()
    assert stub.epochs() == stub.steps("loss") == list(range(1, 101))
    assert len(stub.sent) < 12
    rows = [json.loads(line) for line in (buffer / TASK / "rejected.jsonl").read_text().splitlines()]
    assert {row["report"]["kind"] for row in rows[:100]} == {"epoch"}
    assert len(rows) == 101, "the epochs' progress and the completion"


def test_a_task_that_somebody_starts_again_goes_on(stub, run_of):
    with run_of(stub) as run:
        until(lambda: stub.status == "RUNNING")
        stub.status = "STOPPED"
        run.epoch(1)
        until(lambda: run.stop_requested)
        stub.status = "RUNNING"
        run.epoch(2)
        until(lambda: not run.stop_requested)
    assert stub.status == "COMPLETED"


def test_a_deleted_task_asks_the_script_to_stop(stub, run_of, buffer):
    with run_of(stub) as run:
        run.epoch(1)
        until(lambda: stub.epoch == 1)
        stub.answer = lambda sent: Reply(404)
        run.epoch(2)
        until(lambda: run.stop_requested)
    assert len((buffer / TASK / "rejected.jsonl").read_text().splitlines()) == 1


def test_an_intent_is_a_request_to_stop(stub, run_of):
    stub.answer = lambda sent: (
        Reply(data={"status": "RUNNING", "intent": "stop", "currentEpoch": 1}) if sent.path == "/progress" else None
    )
    with run_of(stub) as run:
        run.epoch(1)
        until(lambda: run.stop_requested)


def test_a_running_task_is_taken_over(stub, run_of):
    stub.status = "RUNNING"
    with run_of(stub) as run:
        run.epoch(1)
    assert stub.status == "COMPLETED"


def test_reports_to_a_completed_task_touch_nothing(stub, run_of, buffer, caplog):
    stub.status = "COMPLETED"
    with run_of(stub) as run:
        run.epoch(1)
    assert [sent.path for sent in stub.sent] == ["/start", ""]
    assert "refused a report (start, 409)" in caplog.text
    assert len((buffer / TASK / "rejected.jsonl").read_text().splitlines()) == 2


def test_a_repeated_end_is_no_error(stub, run_of, buffer):
    dropped = [True]

    def lose_the_answer(sent):
        if sent.path == "/complete" and dropped.pop() if dropped else False:
            stub.status = "COMPLETED"
            return Reply(200, raw=b"cut of")
        return None

    stub.answer = lose_the_answer
    with run_of(stub) as run:
        run.epoch(1)
    assert len(stub.bodies("/complete")) == 2
    assert not buffer.exists() or not list(buffer.rglob("rejected.jsonl"))


def test_a_long_epoch_is_not_silence(stub, run_of, monkeypatch):
    monkeypatch.setattr(sending, "SILENCE_SECONDS", 0.2)
    stub.epoch = 7
    with run_of(stub):
        until(lambda: len(stub.bodies("/progress")) >= 2)
        assert stub.bodies("/progress")[0] == {"currentEpoch": 7}, "it must not set the task back"
        stub.status = "STOPPED"
        until(lambda: any(sent.method == "GET" for sent in stub.sent))


def test_the_older_error_style_is_understood(stub, run_of, buffer):
    """Every answer has HTTP status 200 there; the code says what is the matter."""

    def legacy(sent):
        if sent.path == "/start" and stub.status == "RUNNING":
            return Reply(raw=json.dumps({"code": 500, "message": "not now", "data": "not now"}).encode())
        if sent.path == "/evaluations":
            return Reply(raw=json.dumps({"code": 500, "message": "wrong", "data": "wrong"}).encode())
        return None

    stub.status, stub.answer = "RUNNING", legacy
    with run_of(stub) as run:
        run.evaluation(f1_score=200)
        run.epoch(1)
    assert (stub.status, stub.epochs()) == ("COMPLETED", [1])
    assert len((buffer / TASK / "rejected.jsonl").read_text().splitlines()) == 1


def test_a_deletion_is_seen_in_the_older_style_too(stub, run_of):
    with run_of(stub) as run:
        until(lambda: stub.status == "RUNNING")
        stub.answer = lambda sent: Reply(raw=b'{"code": 500, "message": "gone", "data": "gone"}')
        run.epoch(1)
        until(lambda: run.stop_requested)


def test_the_older_style_says_8888_for_a_session_that_is_none(stub, run_of):
    stub.answer = lambda sent: Reply(raw=b'{"code": "8888", "message": "log in", "data": "log in"}')
    with run_of(stub) as run:
        until(lambda: run.problem == "log in")


def test_the_end_waits_so_long_and_no_longer(stub, run_of, caplog):
    stub.answer = lambda sent: Reply(503)
    began = time.monotonic()
    with run_of(stub, exit_seconds=0.5) as run:
        run.epoch(1)
    assert 0.4 < time.monotonic() - began < 2
    assert "have not arrived" in caplog.text


def test_two_runs_at_once_do_not_mix(stub, run_of, buffer):
    with run_of(stub) as one, run_of(stub) as two:
        for epoch in range(1, 21):
            (one if epoch % 2 else two).epoch(epoch)
    assert sorted(stub.epochs()) == list(range(1, 21))
    assert not journals(buffer)
