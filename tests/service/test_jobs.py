"""Long work is started, followed, and its versions of models are used or taken back."""

from __future__ import annotations

import time

import httpx
import pytest

from service.active import MODELS
from tests.service.test_cli import run

PATIENCE_S = 240


@pytest.fixture(scope="module")
def visited(tmp_path_factory):
    """A service with some visitors, enough to try all models on."""
    from tests.conftest import Service

    service = Service(tmp_path_factory.mktemp("jobs") / "data")
    service.start()
    with service.client() as client:
        batch = []
        for visitor in range(60):
            names = ("page", "Pricing Viewed", "Demo Requested", "Order Completed")[
                : 1 + visitor % 4
            ]
            for day, name in enumerate(names):
                kind = {"type": "page"} if name == "page" else {"type": "track", "event": name}
                stamp = f"2026-0{1 + visitor % 9}-{1 + day * 3:02}T10:00:00Z"
                batch.append(kind | {"userId": f"v{visitor}", "timestamp": stamp})
            traits = {"plan": ("free", "pro")[visitor % 2], "seats": 1 + visitor % 5}
            batch.append({"type": "identify", "userId": f"v{visitor}", "traits": traits})
        assert client.post("/v1/batch", json={"batch": batch}).json()["rejected"] == []
    yield service
    service.stop()


def ended(client: httpx.Client, location: str) -> dict:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        job = client.get(location).json()
        if job["status"] in ("succeeded", "failed"):
            return job
        assert 0 <= job["progress"] <= 1
        time.sleep(0.1)
    raise TimeoutError(job)


@pytest.mark.slow
def test_training_is_started_followed_and_used_without_a_restart(visited):
    with visited.client() as client:
        started = client.post("/v1/jobs", json={"kind": "train"})
        assert started.status_code == 202
        assert started.headers["location"] == f"/v1/jobs/{started.json()['id']}"
        assert started.json()["status"] in ("queued", "running")
        job = ended(client, started.headers["location"])
        assert job["status"] == "succeeded", job
        assert job["progress"] == 1
        assert job["result"]["models"].keys() == set(MODELS)
        assert job["id"] in {row["id"] for row in client.get("/v1/jobs").json()["data"]}
        versions = client.get("/v1/models").json()
        if job["result"]["version"] is not None:
            assert versions["active"] == job["result"]["version"]
            told = client.get("/v1/visitors/user_id:v1").json()["modelVersions"]
            assert set(told.values()) & {versions["active"]}
            again = client.post(f"/v1/models/{versions['active']}:activate").json()
            assert again["active"] == versions["active"]


@pytest.mark.slow
def test_the_command_line_trains_and_tells_what_came_of_it(visited):
    told = run("train", "phases", "--url", visited.url, "--key", "sk_test_secret_0123456789")
    assert "phases" in told


def test_a_replay_folds_the_log_again(visited):
    with visited.client() as client:
        started = client.post("/v1/jobs", json={"kind": "replay"})
        job = ended(client, started.headers["location"])
        assert job["status"] == "succeeded", job
        assert job["result"]["messages"] > 60


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/kind"),
        ({"kind": "dance"}, "/kind"),
        ({"kind": "train", "models": ["horoscope"]}, "/models/0"),
        ({"kind": "train", "models": []}, "/models"),
        ({"kind": "train", "model": ["phases"]}, "/model"),
        ({"kind": "replay", "models": ["phases"]}, "/models"),
    ],
)
def test_work_that_nobody_can_do_is_refused_with_the_place(secret, body, pointer):
    answer = secret.post("/v1/jobs", json=body)
    assert answer.status_code == 422
    assert pointer in {error["pointer"] for error in answer.json()["errors"]}


def test_a_job_or_version_that_is_nowhere_is_a_404(secret):
    for path in ("/v1/jobs/j_nowhere", "/v1/jobs/%2F"):
        assert secret.get(path).status_code == 404
    assert secret.post("/v1/models/nowhere:activate").status_code == 404
