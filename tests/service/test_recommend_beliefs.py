"""What a list believes of its visitor is remembered, and never older than what is known."""

from __future__ import annotations

import pytest

READ = {"type": "page", "anonymousId": "believed", "properties": {"contentId": "believed-1"}}


def phase_of_list(secret) -> dict:
    answer = secret.post("/v1/recommendations", json={"anonymousId": "believed", "count": 1})
    return answer.json()["phase"]


def phase_of_visitor(secret) -> dict:
    return secret.get("/v1/visitors/anonymous_id:believed").json()["phase"]


def test_a_list_believes_what_the_visitor_is_told_whatever_content_changes(secret):
    for name in ("believed-1", "believed-2"):
        content = {"title": "Words on heating", "type": "guide"}
        assert secret.put(f"/v1/content/{name}", json=content).status_code == 200
    secret.put("/v1/content/believed-1/tags", json={"phase": "awareness"})
    assert secret.post("/v1/batch", json={"batch": [READ] * 3}).json()["rejected"] == []
    seen = []
    for name, phase in (("believed-2", "intent"), ("believed-1", "after-sales")):
        secret.put(f"/v1/content/{name}/tags", json={"phase": phase})
        of_list, of_visitor = phase_of_list(secret), phase_of_visitor(secret)
        assert of_list["id"] == of_visitor["id"]
        assert of_list["probability"] == pytest.approx(of_visitor["probability"], abs=1e-4)
        seen.append(of_visitor["distribution"]["after-sales"])
    assert seen[1] > seen[0] + 0.01
