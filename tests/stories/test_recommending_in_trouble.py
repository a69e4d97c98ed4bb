"""Lists come while parts are down, and after a restart as if nothing had been."""

from __future__ import annotations

import signal
import time

from tests.builders import page
from tests.conftest import free_port
from tests.stories.test_trouble import valkey

ITEMS = [{"id": f"c{k}", "title": f"Guide number {k}", "locale": "en"} for k in range(8)]


def filled(service) -> None:
    with service.client() as client:
        client.post("/v1/content:batch", json={"items": ITEMS}).raise_for_status()
        views = [
            page(f"m{k}", anonymousId=f"v{k}", properties={"contentId": "c5"}) for k in range(9)
        ]
        client.post("/v1/batch", json={"batch": views}).raise_for_status()


def listed(client, **fields) -> tuple[list[str], dict]:
    answer = client.post("/v1/recommendations", json={"count": 3} | fields)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    return [item["contentId"] for item in told["items"]], told


def test_lists_come_from_memory_while_the_store_stands_still(new_service):
    port = free_port()
    with valkey(port) as store:
        service = new_service(FINGERPOST_STORE_URL=f"redis://127.0.0.1:{port}/0")
        service.start()
        filled(service)
        with service.client() as client:
            store.send_signal(signal.SIGSTOP)
            begun = time.monotonic()
            for number in range(20):
                items, told = listed(client, anonymousId=f"w{number}")
                assert items[0] == "c5"
                assert told["degraded"] == ["store"]
            assert time.monotonic() - begun < 3.0, "each waited for the dead store"
            view = page("seen", anonymousId="y", properties={"contentId": "c5"})
            assert "c5" not in listed(client, anonymousId="y", events=[view])[0]
            store.send_signal(signal.SIGCONT)
            deadline = time.monotonic() + 5
            while listed(client, anonymousId="x")[1]["degraded"]:
                assert time.monotonic() < deadline, "the store is back"
                time.sleep(0.1)


def test_what_rises_and_what_was_shown_outlive_a_kill(new_service):
    service = new_service()
    service.start()
    filled(service)
    with service.client() as client:
        cap = {"frequencyCap": {"count": 1, "hours": 5}}
        client.put("/v1/slots/once", json=cap).raise_for_status()
        shown, _ = listed(client, anonymousId="w", slot="once")
    service.stop(signal.SIGKILL)
    service.start()
    with service.client() as client:
        deadline = time.monotonic() + 10
        while listed(client, anonymousId="somebody-else")[0][0] != "c5":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        again, _ = listed(client, anonymousId="w", slot="once")
        assert not set(shown) & set(again)
