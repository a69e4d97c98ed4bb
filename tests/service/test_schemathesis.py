"""The documented API, asked by a machine that wants to break it."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from tests.conftest import PUBLISHABLE, SECRET

# A training run, or an import from nowhere, for each example would take all day.
LONG_WORK = {("POST", "/v1/jobs"), ("POST", "/v1/content:import")}


EXAMPLES = 25


def check(case: schemathesis.Case) -> None:
    documented = case.operation.definition.raw["responses"]
    for key in (SECRET, PUBLISHABLE, None):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        answer = case.call(headers=headers, timeout=60)
        assert answer.status_code < 500 or answer.status_code == 503, answer.text
        assert str(answer.status_code) in documented, f"{answer.status_code} is not documented"
        if answer.status_code >= 400:
            assert answer.headers["content-type"][0] == "application/problem+json"


@pytest.mark.slow
def test_no_documented_call_is_ever_an_error_of_ours(running_service):
    schema = schemathesis.openapi.from_url(running_service.url + "/openapi.json")
    asked = set()
    for operation in (found.ok() for found in schema.get_all_operations()):
        if (operation.method.upper(), operation.path) in LONG_WORK:
            continue
        asked.add(operation.label)
        hurried = settings(
            max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck)
        )
        hurried(given(operation.as_strategy())(check))()
    assert len(asked) > 40
