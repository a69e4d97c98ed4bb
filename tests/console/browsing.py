"""A browser without a screen: it signs in, follows links, sends forms with their tokens."""

from __future__ import annotations

import time
from contextlib import contextmanager

import httpx
from selectolax.lexbor import LexborHTMLParser

from tests.conftest import SECRET, Service

HOSTILE = '<script>document.title="broken in"</script><img src=x onerror=alert(1)>'


class Browser:
    """Somebody at the console."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def get(self, path: str, **query: str) -> LexborHTMLParser:
        answer = self.client.get(path, params=query or None)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])
        return LexborHTMLParser(answer.text)

    def sign_in(self, key: str) -> httpx.Response:
        mark = field(self.get("/console/sign-in"), "mark")
        return self.client.post("/console/sign-in", data={"mark": mark, "key": key, "next": ""})

    def token(self) -> str:
        return field(self.get("/console"), "token")

    def send(self, path: str, **fields: object) -> httpx.Response:
        """A form of a page that was opened."""
        return self.client.post(path, data={"token": self.token(), **fields})


def field(page: LexborHTMLParser, name: str) -> str:
    found = page.css_first(f"input[name={name}]")
    assert found is not None, name
    return found.attributes["value"]


@contextmanager
def at_the_console(service: Service, key: str | None = SECRET, language: str = "en"):
    headers = {"Accept-Language": language}
    with httpx.Client(base_url=service.url, headers=headers, timeout=30) as client:
        browser = Browser(client)
        if key is not None:
            assert browser.sign_in(key).status_code == 303
        yield browser


def learned(client: httpx.Client, within: float = 120.0) -> None:
    """Train phases and personas, until that has ended and visitors were looked at again."""
    client.post("/v1/jobs", json={"kind": "train", "models": ["phases", "personas"]})
    ended(client, within)


def ended(client: httpx.Client, within: float = 120.0) -> None:
    """Until no training runs, and visitors were looked at again."""
    deadline = time.monotonic() + within
    while any(
        job["status"] in ("queued", "running") for job in client.get("/v1/jobs").json()["data"]
    ):
        assert time.monotonic() < deadline, "training takes too long"
        time.sleep(0.2)
    while not client.get("/v1/insights/drift").json()["current"]:
        assert time.monotonic() < deadline, "the census takes too long"
        time.sleep(0.2)
