"""What visitors deny is heeded, asked of the running service and looked for on its disk."""

from __future__ import annotations

import shutil
from urllib.parse import quote

import pytest

from tests.builders import identify, page, track
from tests.conftest import PUBLISHABLE
from tests.stories.test_recommendations import Corner
from tests.stories.test_visitors import day, fresh, sent, visitor, wait_for, way

PRIVATE = {"Sec-GPC": "1"}
DENIES = {"consent": {"categoryPreferences": {"Analytics": False, "Advertising": True}}}


def path_of(key: str, kind: str = "analytics") -> str:
    return f"/v1/visitors/{quote(key, safe='')}/consents/{kind}"


def told(client, key: str, kind: str, status: str) -> dict:
    answer = client.put(path_of(key, kind), json={"status": status})
    assert answer.status_code == 200, answer.text
    return answer.json()


def consents(client, key: str, **parameters) -> dict[str, str]:
    found = visitor(client, key, include="consents", **parameters)["consents"]
    return {name: each["status"] for name, each in found.items()}


def refusals(client, *messages, **headers) -> list[str]:
    answer = client.post("/v1/batch", json={"batch": list(messages)}, headers=headers)
    assert answer.status_code == 200, answer.text
    return [each["code"] for each in answer.json()["rejected"]]


def test_a_consent_is_not_set_without_a_secret_key(nobody, publishable):
    for client, status in ((nobody, 401), (publishable, 403)):
        answer = client.put(path_of("anonymous_id:a"), json={"status": "DENIED"})
        assert answer.status_code == status


@pytest.mark.parametrize("body", [{}, {"status": "MAYBE"}, {"status": None}, []])
def test_a_status_is_granted_or_denied(secret, body):
    answer = secret.put(path_of("anonymous_id:a"), json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"] or answer.json()["detail"]


def test_what_was_said_is_told_also_as_of_then(secret):
    key = f"anonymous_id:{fresh()}"
    first = told(secret, key, "Marketing", "GRANTED")
    assert first["type"] == "marketing"
    told(secret, key, "marketing", "DENIED")
    assert consents(secret, key) == {"marketing": "DENIED"}
    assert consents(secret, key, at=first["at"]) == {"marketing": "GRANTED"}
    assert consents(secret, key, at=day(0)) == {}


def test_nothing_is_kept_of_who_denies_being_remembered(secret):
    name = fresh()
    key = f"anonymous_id:{name}"
    sent(secret, *way(name)[:2])
    told(secret, key, "analytics", "DENIED")
    assert refusals(secret, *way(name)[2:]) == ["no-consent"] * 2
    assert refusals(secret, identify(fresh(), anonymousId=name, userId=fresh())) == ["no-consent"]
    assert visitor(secret, key)["evidenceCount"] == 2
    assert len(visitor(secret, key)["ids"]) == 1
    told(secret, key, "analytics", "GRANTED")
    sent(secret, *way(name)[2:])
    assert visitor(secret, key)["evidenceCount"] == 4


def test_a_word_holds_for_all_ids_of_the_visitor_and_the_stricter_for_those_who_join(secret):
    phone, laptop, other = fresh("phone"), fresh("laptop"), fresh("other")
    user = fresh("user")
    sent(secret, identify(fresh(), day(1), anonymousId=phone, userId=user))
    told(secret, f"user_id:{user}", "ads", "GRANTED")
    assert consents(secret, f"anonymous_id:{phone}") == {"ads": "GRANTED"}
    told(secret, f"anonymous_id:{other}", "ads", "DENIED")
    path = f"/v1/visitors/user_id%3A{user}"
    secret.post(f"{path}/merge", json={"with": f"anonymous_id:{other}"})
    assert consents(secret, f"anonymous_id:{phone}") == {"ads": "DENIED"}
    secret.post(f"{path}/unmerge", json={"id": f"anonymous_id:{other}"})
    assert consents(secret, f"anonymous_id:{phone}") == {"ads": "GRANTED"}
    assert consents(secret, f"anonymous_id:{laptop}") == {}


def test_nothing_is_chosen_by_what_is_known_of_who_denies_that(secret):
    corner = Corner(secret)
    name, stranger = fresh(), fresh()
    key = f"anonymous_id:{name}"
    sent(
        secret, *way(name), page(fresh(), anonymousId=name, properties={"contentId": corner.ids[0]})
    )
    assert corner.listed(name)[-1] == corner.ids[0]  # what was seen comes last
    told(secret, key, "personalization", "DENIED")
    denied, unknown = (corner.ask(who) for who in (name, stranger))
    for part in ("items", "persona", "phase", "fallback"):
        assert denied[part] == unknown[part]
    sent(secret, page(fresh(), anonymousId=name))
    assert visitor(secret, key)["evidenceCount"] == 6
    told(secret, key, "personalization", "GRANTED")
    assert corner.listed(name)[-1] == corner.ids[0]


def test_a_message_may_tell_it_too(secret):
    corner, name = Corner(secret), fresh()
    context = {"consentManagement": {"deniedConsentIds": ["C0003"], "allowedConsentIds": ["C0002"]}}
    seen = page(fresh(), anonymousId=name, context=context, properties={"contentId": corner.ids[0]})
    sent(secret, seen)
    assert consents(secret, f"anonymous_id:{name}") == {"c0003": "DENIED", "c0002": "GRANTED"}
    assert corner.ask(name)["items"] == corner.ask(fresh())["items"]


def test_no_byte_is_kept_of_who_wishes_for_privacy_and_content_is_recommended_all_the_same(
    new_service,
):
    service = new_service()
    service.start()
    canary = "canary-" + fresh()
    with service.client() as client, service.client(PUBLISHABLE) as browser:
        corner = Corner(client)
        seen = {"anonymousId": canary, "properties": {"contentId": corner.ids[0], "x": canary}}
        assert refusals(browser, page(canary, **seen), **PRIVATE) == ["no-consent"]
        assert refusals(browser, page(canary, context=DENIES, **seen)) == ["no-consent"]
        assert refusals(client, page(canary, context=DENIES, **seen)) == ["no-consent"]
        sent(client, page("fine", anonymousId="somebody"), track("Order Completed", "o"))
        request = {"anonymousId": canary, "count": 3, "events": [page(canary, **seen)]}
        answers = [
            browser.post("/v1/recommendations", json=request, headers=PRIVATE),
            browser.post("/v1/recommendations", json=request | {"context": DENIES}),
            browser.get(
                "/v1/recommendations", params={"anonymousId": canary, "count": 3}, headers=PRIVATE
            ),
        ]
        for answer in answers:
            assert answer.status_code == 200, answer.text
            assert answer.json()["visitorId"] is None
            assert len(answer.json()["items"]) == 3
        assert corner.ids[0] not in [item["contentId"] for item in answers[0].json()["items"]]
        metrics = client.get("/metrics").text
    assert 'fingerpost_messages_rejected_total{code="no-consent",site="default"} 5.0' in metrics
    service.stop()
    for file in service.data_dir.rglob("*"):
        if file.is_file():
            assert canary.encode() not in file.read_bytes(), file
    assert canary not in service.log.read_text()


def test_what_was_denied_stays_denied_when_the_store_is_lost_and_goes_with_the_visitor(
    new_service,
):
    service = new_service()
    service.start()
    name = fresh()
    key = f"anonymous_id:{name}"
    with service.client() as client:
        sent(client, *way(name))
        told(client, key, "analytics", "DENIED")
    service.stop()
    shutil.rmtree(service.data_dir / "store")
    service.start()
    with service.client() as client:
        wait_for(lambda: visitor(client, key)["evidenceCount"] == 4)
        wait_for(lambda: consents(client, key) == {"analytics": "DENIED"})
        assert refusals(client, page(fresh(), anonymousId=name)) == ["no-consent"]
        assert client.delete(f"/v1/visitors/{quote(key, safe='')}").status_code == 204
        assert consents(client, key) == {}
        sent(client, page(fresh(), anonymousId=name))
    service.stop()
    service.start()
    with service.client() as client:
        assert consents(client, key) == {}
        sent(client, page(fresh(), anonymousId=name))
