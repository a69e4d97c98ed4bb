"""The command line's way to speak to a running service."""

from __future__ import annotations

import time
from typing import Any, NoReturn

import httpx

from personas.errors import InvalidInput, Unavailable

TRIES = 8
LONGEST_WAIT_S = 30.0


class Client:
    """A running service, asked with a secret key.

    Raises:
        InvalidInput: no key is known.
    """

    def __init__(self, url: str, key: str | None) -> None:
        if not key:
            raise InvalidInput(
                "Which key? Give --key sk_… or set FINGERPOST_SECRET_KEY. The first start of "
                "`fingerpost serve` printed it; `fingerpost keys create secret --data-dir DIR` "
                "makes another while the service is stopped."
            )
        self._http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=120
        )
        self._url = url

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """What GET answers."""
        return self.call("GET", path).json()

    def post(self, path: str, body: bytes | dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """What POST answers."""
        return self.call("POST", path, body).json()

    def call(
        self, method: str, path: str, body: bytes | dict[str, Any] | None = None
    ) -> httpx.Response:
        """Any call; waits and tries again where the service says so or is away for a moment.

        Raises:
            Unavailable: it does not answer, or fails.
            InvalidInput: it refuses.
        """
        for attempt in range(TRIES):
            try:
                answer = self._send(method, path, body)
            except httpx.TransportError as error:
                if attempt == TRIES - 1 or (attempt == 0 and isinstance(error, httpx.ConnectError)):
                    self._away()
                time.sleep(min(0.2 * 2**attempt, LONGEST_WAIT_S))
                continue
            if answer.status_code not in (429, 503):
                break
            time.sleep(min(float(answer.headers.get("Retry-After", 1)), LONGEST_WAIT_S))
        if answer.is_error:
            _complain(answer)
        return answer

    def _send(self, method: str, path: str, body: bytes | dict[str, Any] | None) -> httpx.Response:
        if isinstance(body, bytes):
            return self._http.request(method, path, content=body)
        return self._http.request(method, path, json=body)

    def _away(self) -> NoReturn:
        raise Unavailable(
            f"Nothing answers at {self._url}. Start it with `fingerpost serve`, or say where it "
            "runs with --url."
        ) from None


def _complain(answer: httpx.Response) -> NoReturn:
    try:
        told = answer.json()
        detail = told["detail"]
    except (ValueError, KeyError, TypeError):
        detail = answer.text[:200]
    if answer.status_code == 401:
        detail += " Give a valid one with --key."
    sentence = f"{detail} ({answer.status_code})"
    raise Unavailable(sentence) if answer.is_server_error else InvalidInput(sentence)
