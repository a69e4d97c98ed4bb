"""/openapi.json says all that there is, and /docs shows it."""

from __future__ import annotations

import re

import pytest

CONTRACT = {
    "/v1/track", "/v1/page", "/v1/screen", "/v1/identify", "/v1/group", "/v1/alias", "/v1/batch",
    "/v1/event-names/{name}", "/v1/event-names", "/v1/content/{content_id}", "/v1/content:batch",
    "/v1/content", "/v1/content:tag", "/v1/content/{content_id}/tags", "/v1/content:import",
    "/v1/webhooks", "/v1/webhooks/{system}",
    "/v1/content/{content_id}/similar", "/v1/visitors/{visitor_id}",
    "/v1/visitors/{visitor_id}/export", "/v1/visitors/{visitor_id}/merge",
    "/v1/visitors/{visitor_id}/unmerge", "/v1/journeys", "/v1/journeys/{journey_id}",
    "/v1/recommendations", "/v1/recommendations:batch", "/v1/slots/{slot_id}", "/v1/personas",
    "/v1/personas/{persona_id}", "/v1/jobs", "/v1/jobs/{job_id}", "/v1/models",
    "/v1/models/{version}:activate", "/health/live", "/health/ready", "/metrics",
}  # fmt: skip


@pytest.fixture(scope="module")
def document(running_service):
    with running_service.client(None) as client:
        return client.get("/openapi.json").json()


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_the_contract_is_there(document):
    assert sorted(CONTRACT - document["paths"].keys()) == []


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does(document):
    ids = [operation["operationId"] for _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    for name, operation in operations(document):
        assert operation.get("summary"), name
        assert operation.get("tags"), name


def test_every_operation_says_what_can_go_wrong(document):
    for name, operation in operations(document):
        for status, response in operation["responses"].items():
            if status.startswith(("4", "5")):
                schema = response["content"]["application/problem+json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Problem"}, f"{name} {status}"
        assert "422" in operation["responses"], name


def test_bodies_that_we_read_ourselves_are_documented(document):
    for name, operation in operations(document):
        if name.split()[0] in ("PUT", "PATCH"):
            assert "requestBody" in operation, name
    assert "requestBody" in document["paths"]["/v1/batch"]["post"]


def test_no_reference_leads_nowhere(document):
    names = set(re.findall(r"#/components/schemas/([^'\"]+)", str(document)))
    assert names <= document["components"]["schemas"].keys()


def test_the_page_for_people_names_every_path_and_fetches_nothing(document, nobody):
    page = nobody.get("/docs")
    assert page.status_code == 200
    for path in document["paths"]:
        assert path in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert not re.findall(r"src=|<link|@import|url\(", page.text)
