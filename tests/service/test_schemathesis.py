"""The documented API, asked by a machine that wants to break it."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from tests.conftest import PUBLISHABLE, SECRET

LONG_WORK = "/v1/jobs"  # a training run for each example would take all day


@pytest.fixture
def api(running_service):
    return schemathesis.openapi.from_url(running_service.url + "/openapi.json")


schema = schemathesis.pytest.from_fixture("api").exclude(path=LONG_WORK, method="POST")


@pytest.mark.slow
@schema.parametrize()
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_documented_call_is_ever_an_error_of_ours(case):
    for key in (SECRET, PUBLISHABLE, None):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        answer = case.call(headers=headers)
        assert answer.status_code < 500 or answer.status_code == 503, answer.text
        documented = case.operation.definition.raw["responses"]
        assert str(answer.status_code) in documented, f"{answer.status_code} is not documented"
        if answer.status_code >= 400:
            assert answer.headers["content-type"][0] == "application/problem+json"
