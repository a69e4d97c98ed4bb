"""Long histories are believed like whole ones: summed up, merged, parted, late, as of then."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import numpy as np
import pytest

from personas.entities import ContentFacts, History
from personas.phase_model import PhaseModel
from personas.phases import expert_model, ladder_at
from personas.visitor import fold
from tests.builders import accepted, identify, track
from tests.personas.phase_cases import TWO_WAYS
from tests.stories.test_visitors import fresh, ladder, sent, visitor, wait_for
from training.fitting import Fitted
from training.registry import Registry

NAMES = ("Pricing Viewed", "page", "Logged In", "Product Viewed", "Order Completed")
FACTS: dict[str, ContentFacts] = {}


def moment(number: int) -> str:
    """Four touchpoints in each visit, one visit a day."""
    when = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number // 4, minutes=5 * (number % 4))
    return when.isoformat()


def did(name: str, number: int, **ids) -> dict:
    """The pages of a visit repeat one another; orders come again."""
    event = NAMES[(number * number) % 5 if number % 4 else 0]
    return track(event, f"{name}-{number}", moment(number), **ids or {"anonymousId": name})


def believed(model: PhaseModel, messages: list[dict], at: str) -> list[float]:
    """The oracle: the same history, never summed up, folded as a whole."""
    told = [accepted(message) for message in messages]
    history = fold(History(), told[0].owner, told)
    when = datetime.fromisoformat(at).timestamp()
    return [float(p) for p in ladder_at(model, history, FACTS, when, {})]


@pytest.fixture
def with_two_ways(new_service):
    """A service in whose active version visitors go in two ways."""
    service = new_service()
    registry = Registry(service.data_dir / "models")
    signs = {("device", "mobile"): np.log([0.2, 0.8])}
    model = replace(TWO_WAYS, cuts={}, signs=signs, channels=np.zeros((8, 2, 7)))
    version = registry.write("default", [Fitted("phases", model.to_arrays(), {}, "made")], 0.0)
    registry.activate("default", version)
    service.start()
    return service, model


def test_five_hundred_touchpoints_are_believed_as_if_none_were_summed_up(secret):
    name = fresh()
    messages = [did(name, number) for number in range(500)]
    for begin in (0, 90, 91, 200, 433):  # in pieces of any size
        end = {0: 90, 90: 91, 91: 200, 200: 433, 433: 500}[begin]
        sent(secret, *messages[begin:end])
    assert visitor(secret, f"anonymous_id:{name}")["evidenceCount"] == 500
    for at in (moment(499), moment(700)):
        found = ladder(secret, f"anonymous_id:{name}", at=at)
        assert found == pytest.approx(believed(expert_model(), messages, at), abs=1e-6)


def test_a_summary_keeps_who_it_is_as_well_as_where(with_two_ways):
    service, model = with_two_ways
    name, phone = fresh(), {"device": {"type": "mobile"}}
    messages = [did(name, number) for number in range(300)]
    messages = [each | {"context": phone} for each in messages[:60]] + messages[60:]
    with service.client() as client:
        for message in messages:
            sent(client, message)
        found = ladder(client, f"anonymous_id:{name}", at=moment(320))
    assert found == pytest.approx(believed(model, messages, moment(320)), abs=1e-6)
    ways_lost = [each | {"context": {}} for each in messages]
    assert found != pytest.approx(believed(model, ways_lost, moment(320)), abs=1e-3)


def test_as_of_any_listed_moment_the_belief_is_that_of_the_prefix(secret):
    name = fresh()
    messages = [did(name, number) for number in range(230)]
    sent(secret, *messages)
    for count in (40, 117, 201, 229):
        found = ladder(secret, f"anonymous_id:{name}", at=moment(count - 1))
        assert found == pytest.approx(
            believed(expert_model(), messages[:count], moment(count - 1)), abs=1e-6
        )


def test_merged_long_histories_are_folded_again_from_the_log(secret):
    """Each id's list holds its latest 200; what both did before is interleaved, too."""
    user, device, alone = fresh("user"), fresh("device"), fresh("alone")

    def by_one_of_both(number: int) -> dict:
        return did(user, number, **({"userId": user} if number % 3 else {"anonymousId": device}))

    sent(secret, *(by_one_of_both(number) for number in range(660)))
    keys, at = [f"user_id:{user}", f"anonymous_id:{device}"], "2027-01-01T00:00:00Z"
    sent(secret, identify(fresh(), moment(700), userId=user, anonymousId=device))
    oracle = believed(expert_model(), [did(alone, number) for number in range(660)], at)
    wait_for(lambda: ladder(secret, keys[1], at=at) == pytest.approx(oracle, abs=1e-6), 20)
    assert ladder(secret, keys[0], at=at) == ladder(secret, keys[1], at=at)
    sent(secret, *(by_one_of_both(number) for number in range(660, 690)))
    oracle = believed(expert_model(), [did(alone, number) for number in range(690)], at)
    assert ladder(secret, keys[0], at=at) == pytest.approx(oracle, abs=1e-6)
    path = f"/v1/visitors/{quote(keys[0], safe='')}/unmerge"
    assert secret.post(path, json={"id": keys[1]}).status_code == 200
    parts = [[n for n in range(690) if (n % 3 > 0) == users] for users in (True, False)]
    for key, part in zip(keys, parts, strict=True):
        oracle = believed(expert_model(), [did(alone, number) for number in part], at)
        assert ladder(secret, key, at=at) == pytest.approx(oracle, abs=1e-6)
