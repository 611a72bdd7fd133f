"""A client written for the older service, unchanged, over real HTTP: it knows the conventions and nothing else."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from rest_framework_simplejwt.tokens import AccessToken

from distillation.tests.api.conftest import PASSWORD, ROOT, person
from distillation.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db(transaction=True)


class Refusal(Exception):  # noqa: N818
    """What the old page shows: ``data``."""


class LegacyClient:
    """Bearer header, ``code`` 200 or a refusal, refresh on "9999", login page on "8888", four tries on a 5xx."""

    def __init__(self, base: str) -> None:
        self.base, self.token, self.refresh_token, self.requests = base, "", "", 0

    def log_in(self, name: str, password: str) -> None:
        session = self.call("POST", "/auth/login", {"userName": name, "password": password})
        self.token, self.refresh_token = session["token"], session["refreshToken"]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._send(method, path, body)
        if answer["code"] == "9999":
            session = self._send("POST", "/auth/refreshToken", {"refreshToken": self.refresh_token})
            if session["code"] != 200:
                raise Refusal("logged out")
            self.token, self.refresh_token = session["data"]["token"], session["data"]["refreshToken"]
            answer = self._send(method, path, body)
        if answer["code"] == "8888":
            raise Refusal("logged out")
        if answer["code"] != 200:
            raise Refusal(answer["data"])
        return answer["data"]  # a KeyError here is what the old page takes for a failure

    def _send(self, method: str, path: str, body: Any) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", "Accept-Language": "zh-CN"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        for _attempt in range(4):
            self.requests += 1
            data = None if body is None else json.dumps(body).encode()
            request = urllib.request.Request(self.base + path, data, headers, method=method)  # noqa: S310
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code < 500:
                    raise AssertionError(f"{method} {path} answered {error.code} to a legacy client") from error
        raise AssertionError("the server failed four times")


@pytest.fixture
def legacy(live_server, settings):
    settings.DISTILLATION_ERROR_STYLE = "legacy"
    person("alice", "R_ENGINEER")
    return LegacyClient(live_server.url)


FORM = {
    "taskName": "图像分类协同训练", "description": "", "trainingMode": "direct", "teacherModel": "",
    "studentModel": "cnn-tiny", "datasetId": "digits", "datasetName": "", "valDatasetId": "", "epochs": 5,
    "batchSize": 8, "learningRate": 0.001, "temperature": 0, "alpha": 0, "loraRank": 0, "loraAlpha": None,
    "loraDropout": None, "optimizer": "adamw", "imageSize": 8, "taskId": "ignored", "somethingOld": True,
}  # fmt: skip


def test_a_day_of_an_old_client(legacy, digits):
    with pytest.raises(Refusal, match="用户名或密码"):
        legacy.log_in("alice", "wrong")
    legacy.log_in("alice", PASSWORD)
    assert legacy.call("GET", "/auth/getUserInfo")["roles"] == ["R_ENGINEER"]

    assert legacy.call("GET", f"{ROOT}/tasks") == []
    task = legacy.call("POST", f"{ROOT}/tasks", FORM)
    path = f"{ROOT}/tasks/{task['taskId']}"
    assert (task["status"], task["totalEpochs"], task["createBy"]) == ("PENDING", 5, "alice")
    assert json.loads(task["trainingConfig"])["optimizer"] == "adamw"
    assert [row["taskId"] for row in legacy.call("GET", f"{ROOT}/tasks")] == [task["taskId"]]
    page = legacy.call("GET", f"{ROOT}/tasks?{urlencode({'page': 1, 'pageSize': 10, 'status': '', 'keyword': '图像'})}")
    assert (page["total"], page["current"], page["size"], page["pages"]) == (1, 1, 10, 1)

    assert legacy.call("POST", f"{path}/start")["status"] == "QUEUED"
    with pytest.raises(Refusal, match="QUEUED"):
        legacy.call("POST", f"{path}/start")
    assert legacy.call("POST", f"{path}/stop")["status"] == "STOPPED"
    assert legacy.call("GET", f"{ROOT}/tasks/running") == []
    assert legacy.call("DELETE", path) is None
    with pytest.raises(Refusal, match=task["taskId"]):
        legacy.call("DELETE", path)
    assert legacy.call("GET", f"{ROOT}/tasks") == []


def test_completed_models_data_sets_and_presets(legacy, digits):
    legacy.log_in("alice", PASSWORD)
    TaskFactory(task_id="TASK_1", status="COMPLETED", accuracy="92.5", executor="external")
    TaskFactory(task_id="TASK_2", status="COMPLETED", accuracy="80", executor="external")
    query = urlencode({"minAccuracy": "", "teacherModel": "", "studentModel": "", "taskType": ""})
    models = legacy.call("GET", f"{ROOT}/completed-models?{query}")
    assert [(model["taskId"], round(model["accuracy"], 2)) for model in models] == [("TASK_1", 92.5), ("TASK_2", 80.0)]
    assert len(legacy.call("GET", f"{ROOT}/completed-models?minAccuracy=90")) == 1
    assert [row["value"] for row in legacy.call("GET", f"{ROOT}/datasets")] == ["digits"]
    assert legacy.call("GET", f"{ROOT}/lora-presets/{quote('标准配置')}")["loraRank"] == 16
    with pytest.raises(Refusal, match="LoRA预设名称已存在"):
        legacy.call("POST", f"{ROOT}/lora-presets", {"presetName": "标准配置"})


def test_an_old_script_reports(legacy):
    legacy.log_in("alice", PASSWORD)
    task = legacy.call("POST", f"{ROOT}/tasks", {**FORM, "executor": "external", "datasetId": "101"})
    path = f"{ROOT}/tasks/{task['taskId']}"
    assert legacy.call("POST", f"{path}/start")["status"] == "RUNNING"
    assert legacy.call("PUT", f"{path}/progress?currentEpoch=2&accuracy=88.5&loss=0.2")["progress"] == 40
    assert legacy.call("POST", f"{path}/history", {"epoch": 2, "trainLoss": 0.2}) is None
    assert legacy.call("GET", f"{path}/history/latest?limit=1")[0]["epoch"] == 2
    assert legacy.call("GET", f"{path}/evaluations/best") is None
    done = legacy.call("POST", f"{path}/complete")
    assert (done["status"], done["progress"]) == ("COMPLETED", 100)


def test_the_session_is_renewed_without_the_page_noticing(legacy):
    legacy.log_in("alice", PASSWORD)
    stale = AccessToken(legacy.token)
    stale.set_exp(lifetime=-timedelta(seconds=1))
    legacy.token, before = str(stale), legacy.requests
    assert legacy.call("GET", f"{ROOT}/tasks") == []
    assert legacy.requests == before + 3
    legacy.refresh_token = legacy.token = str(stale)
    with pytest.raises(Refusal, match="logged out"):
        legacy.call("GET", f"{ROOT}/tasks")
