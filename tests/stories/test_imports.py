"""An import that the end of the service cut off goes on where it was."""

from __future__ import annotations

import json
import signal
import time

import pytest

from tests.conftest import IMPORTS_FROM_HERE
from tests.service.websites import Page, Website

PATIENCE_S = 90
PAGES = 60


def ended(client, location: str) -> dict:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        job = client.get(location).json()
        if job["status"] in ("succeeded", "failed"):
            return job
        time.sleep(0.05)
    raise TimeoutError(job)


@pytest.mark.slow
def test_an_import_that_a_kill_cut_off_goes_on_without_duplicates(new_service):
    service = new_service(**IMPORTS_FROM_HERE)
    service.start()
    with Website().running() as website, service.client() as client:
        paths = [f"/p/{n}" for n in range(PAGES)]
        for path in paths:
            website.article(path, f"Page {path}")
        for path in paths[40:]:  # so that the end comes amid them
            website.pages[path] = Page(website.pages[path].body, seconds=0.2)
        sitemap = website.sitemap(dict.fromkeys(paths, ""))
        rows = [{"id": f"row-{n}", "title": f"Row {n}"} for n in range(10)]
        table = "\n".join(map(json.dumps, rows))
        jobs = [
            client.post("/v1/content:import", json=body).headers["location"]
            for body in ({"sitemapUrl": sitemap}, {"jsonl": table})
        ]
        deadline = time.monotonic() + PATIENCE_S
        while client.get(jobs[0]).json()["progress"] < 0.5:
            assert time.monotonic() < deadline, "it does not move"
            time.sleep(0.02)
        service.stop(signal.SIGKILL)
        before = {path: website.asked(path) for path in paths}
        service.start()
        for job in jobs:
            told = ended(client, job)
            assert told["status"] == "succeeded", told
            assert told["result"]["failed"] == 0
            assert told["result"]["total"] in (PAGES, len(rows))
        found = [row["id"] for row in client.get("/v1/content?limit=1000").json()["data"]]
        wanted = [website.url + path for path in paths] + [row["id"] for row in rows]
        assert sorted(found) == sorted(wanted)
        again = [path for path in paths if before[path] and website.asked(path) > before[path]]
        assert len(again) <= 16, "what was saved is not fetched again"
        assert all(website.asked(path) == 1 for path in paths if path not in again)
    assert not list((service.data_dir / "imports").iterdir())
