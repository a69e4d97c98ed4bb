"""Simulated visitors: the messages follow the tables, and the truth is the truth."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import numpy as np
import pytest

from personas.entities import CHANNELS, CONTENT_TYPES, LADDER
from personas.messages import Accepted, read_message
from personas.vocabulary import is_known
from training.simulate import Simulation, accepts, attraction, demo_messages
from training.simulate_businesses import B2B_SOFTWARE, HOME_ENERGY
from training.simulate_tables import DWELL, TYPES_OF_ACTION, Number

NOW = 1_795_000_000.0
DAY = 86400.0
BUSINESSES = {"home energy": HOME_ENERGY, "B2B software": B2B_SOFTWARE}
TYPES = ("guide", "article", "comparison", "pricing", "landing-page", "documentation", "webinar")


def catalogue(business):
    """An item of each topic for each rung."""
    topics = sorted({topic for persona in business.personas for topic in persona.topics})
    return [
        {"id": f"/{topic}/{rung}", "type": TYPES[place], "phase": rung, "tags": [topic]}
        for topic in topics
        for place, rung in enumerate(LADDER)
    ]


def simulated(business=HOME_ENERGY, count=300, seed=3, span_days=120.0):
    items = catalogue(business)
    return Simulation.drawn(business, items, count, now=NOW, span_days=span_days, seed=seed)


@pytest.fixture(scope="module")
def many():
    simulation = simulated(count=1500)
    return simulation, {each.id: simulation.messages(each) for each in simulation.visitors}


def time_of(message):
    return datetime.fromisoformat(message["timestamp"]).timestamp()


def within(found, expected, count):
    """Within four standard errors of a share."""
    return abs(found - expected) < 4 * np.sqrt(expected * (1 - expected) / count) + 1e-9


@pytest.mark.parametrize("business", BUSINESSES.values(), ids=BUSINESSES)
class TestTables:
    def test_moves_are_chances_that_leave_the_rung(self, business):
        moves = np.array(business.moves)
        assert moves.shape == (7, 7)
        assert np.allclose(moves.sum(1), 1)
        assert not moves.diagonal().any()
        assert sum(business.start) == pytest.approx(1)
        assert len(business.stay_days) == len(business.visits_a_week) == len(business.lost) == 7

    def test_words_are_those_of_the_contract(self, business):
        assert set(business.actions) == set(LADDER)
        events = {event for chances in business.actions.values() for event in chances}
        assert all(is_known(event, {}) for event in events)
        assert {kind for kinds in TYPES_OF_ACTION.values() for kind in kinds} <= set(CONTENT_TYPES)
        assert set(DWELL) == set(CONTENT_TYPES)
        for persona in business.personas:
            assert set(persona.channels) <= set(CHANNELS)
            assert set(persona.types) <= set(CONTENT_TYPES)

    def test_every_message_is_accepted(self, business):
        simulation = simulated(business, 60)
        for visitor in simulation.visitors:
            for raw in simulation.messages(visitor):
                read = read_message(raw, NOW)
                assert isinstance(read, Accepted), read
                assert not read.clamped


# --- messages ---------------------------------------------------------------------------------


def test_messages_come_in_the_order_of_time_and_never_after_now(many):
    simulation, sent = many
    for visitor in simulation.visitors:
        times = [time_of(message) for message in sent[visitor.id]]
        assert times == sorted(times)
        assert times
        assert visitor.arrived - 0.01 <= times[0]
        assert times[-1] <= NOW


def test_the_same_seed_gives_the_same_messages_in_whatever_order_visitors_are_asked_for():
    one, other = simulated(count=20), simulated(count=20)
    forwards = [one.messages(visitor) for visitor in one.visitors]
    backwards = [other.messages(visitor) for visitor in reversed(other.visitors)]
    assert forwards == backwards[::-1]
    assert forwards != [
        each.messages(v) for each in [simulated(seed=4)] for v in each.visitors[:20]
    ]


def test_message_ids_are_unique(many):
    _, sent = many
    ids = [message["messageId"] for messages in sent.values() for message in messages]
    assert len(set(ids)) == len(ids)


def test_a_second_device_is_joined_by_the_user_id(many):
    _, sent = many
    joined = 0
    for messages in sent.values():
        ids = {message["anonymousId"] for message in messages}
        users = {message["userId"] for message in messages if "userId" in message}
        assert len(users) <= 1
        known = {m["anonymousId"] for m in messages if m["type"] == "identify" and "userId" in m}
        joined += len(ids) == 2 and known == ids
    assert joined > 20


def test_most_tell_one_to_four_traits_and_some_none(many):
    simulation, sent = many
    told = Counter()
    for visitor in simulation.visitors:
        traits = {}
        for message in sent[visitor.id]:
            traits |= message.get("traits") or {}
        assert traits.items() <= visitor.traits.items()
        told[len(traits)] += 1
    assert set(told) == {0, 1, 2, 3, 4}
    assert 0.2 < told[0] / len(simulation.visitors) < 0.7


# --- truth ------------------------------------------------------------------------------------


def test_the_phase_at_a_moment_is_where_the_visitor_stood():
    visitor = simulated(count=40).visitors[7]
    for (since, rung), following in zip(visitor.way, [*visitor.way[1:], (NOW, "")], strict=True):
        assert visitor.phase_at(since) == rung
        assert visitor.phase_at((since + following[0]) / 2) == rung
    assert visitor.phase_at(visitor.arrived - DAY) == visitor.way[0][1]
    assert visitor.phase_at(NOW) == visitor.way[-1][1]


def test_orders_happen_where_the_tables_have_them(many):
    simulation, sent = many
    buying = {
        visitor.phase_at(time_of(message) - 4 * 3600)
        for visitor in simulation.visitors
        for message in sent[visitor.id]
        if message.get("event") == "Order Completed"
    }
    assert "conversion" in buying
    # A visit may end on another rung than it began on: a few hours, not more.
    assert buying <= {"conversion", "loyalty", "intent", "after-sales"}


def test_personas_and_first_rungs_have_the_shares_of_the_tables(many):
    simulation, _ = many
    count = len(simulation.visitors)
    personas = Counter(visitor.persona.id for visitor in simulation.visitors)
    total = sum(persona.share for persona in HOME_ENERGY.personas)
    for persona in HOME_ENERGY.personas:
        assert within(personas[persona.id] / count, persona.share / total, count)
    first = Counter(visitor.way[0][1] for visitor in simulation.visitors)
    for rung, share in zip(LADDER, HOME_ENERGY.start, strict=True):
        assert within(first[rung] / count, share, count)


def test_moves_and_stays_follow_the_tables():
    visitors = simulated(count=1500, span_days=3000.0).visitors
    moves, stays = np.zeros((7, 7)), [[] for _ in LADDER]
    for visitor in visitors:
        rungs = [LADDER.index(rung) for _, rung in visitor.way]
        # The stays that end long before now: those cut off by it are shorter.
        for (since, rung), (until, following) in zip(visitor.way, visitor.way[1:], strict=False):
            moves[LADDER.index(rung), LADDER.index(following)] += 1
            if since < NOW - 1500 * DAY:
                stays[LADDER.index(rung)].append((until - since) / DAY * visitor.persona.pace)
        assert len(rungs) == len(visitor.way)
    for rung in range(7):
        count = moves[rung].sum()
        found, expected = moves[rung] / count, np.array(HOME_ENERGY.moves[rung])
        assert all(within(f, e, count) for f, e in zip(found, expected, strict=True))
        mean, error = np.mean(stays[rung]), np.std(stays[rung]) / np.sqrt(len(stays[rung]))
        assert abs(mean - HOME_ENERGY.stay_days[rung]) < 4 * error


def test_channels_and_devices_are_the_personas_habits(many):
    simulation, sent = many
    opened = {persona.id: Counter() for persona in HOME_ENERGY.personas}
    for visitor in simulation.visitors:
        for message in sent[visitor.id][:1]:
            touchpoint = read_message(message, NOW).touchpoint
            opened[visitor.persona.id][touchpoint.channel] += 1
    for persona in HOME_ENERGY.personas:
        count, weights = opened[persona.id].total(), persona.channels
        for channel, weight in weights.items():
            expected = weight / sum(weights.values())
            assert within(opened[persona.id][channel] / count, expected, count)


def test_what_is_read_fits_the_persona_and_the_rung(many):
    simulation, sent = many
    by_id = {item["id"]: item for item in simulation.catalogue}
    fits, topics = [], []
    for visitor in simulation.visitors:
        for message in sent[visitor.id]:
            if message["type"] == "page":
                item = by_id[message["properties"]["contentId"]]
                fits.append(item["phase"] == visitor.phase_at(time_of(message)))
                topics.append(set(item["tags"]) <= set(visitor.persona.topics))
    assert np.mean(fits) > 0.4
    assert np.mean(topics) > 0.75


def test_traits_are_the_personas(many):
    simulation, _ = many
    for persona in HOME_ENERGY.personas:
        own = [v.traits for v in simulation.visitors if v.persona.id == persona.id]
        for name, told in persona.traits.items():
            values = [traits[name] for traits in own]
            if isinstance(told, Number):
                assert abs(np.mean(values) - told.mean) < 4 * told.spread / np.sqrt(len(own)) + 0.1
            else:
                assert set(values) <= set(told)


# --- recommendations --------------------------------------------------------------------------


def test_fitting_recommendations_are_followed_more_often_and_move_further():
    visitor = next(v for v in simulated().visitors if v.persona.id == "tenants")
    items = sorted(
        catalogue(HOME_ENERGY), key=lambda i: attraction(visitor.persona, i, "awareness")
    )
    responses = {}
    for name, item in (("bad", items[0]), ("good", items[-1])):
        random = np.random.default_rng(1)
        answers = [accepts(visitor, item, "awareness", random) for _ in range(1000)]
        responses[name] = answers
        assert all(answer.clicked or answer.moved is None for answer in answers)
        assert {answer.moved for answer in answers} <= {None, "favorability"}
    clicks = {name: np.mean([a.clicked for a in found]) for name, found in responses.items()}
    moved = {
        name: np.mean([a.moved is not None for a in found]) for name, found in responses.items()
    }
    assert clicks["good"] > 3 * clicks["bad"]
    assert moved["good"] > moved["bad"]


def test_nobody_moves_beyond_the_top():
    visitor, random = simulated(count=1).visitors[0], np.random.default_rng(0)
    item = catalogue(HOME_ENERGY)[6]
    assert {accepts(visitor, item, "loyalty", random).moved for _ in range(200)} == {None}


# --- the demo's batches -----------------------------------------------------------------------


def test_batches_hold_every_message_once_and_tell_how_far_they_are():
    items = catalogue(HOME_ENERGY)
    batches = list(demo_messages(items, 40, NOW, 60.0, 5, 50))
    dones = [done for _, done in batches]
    assert dones == sorted(dones)
    assert dones[-1] == 40
    assert all(0 < len(messages) <= 50 for messages, _ in batches)
    simulation = Simulation.drawn(HOME_ENERGY, items, 40, now=NOW, span_days=60.0, seed=5)
    expected = {
        m["messageId"] for visitor in simulation.visitors for m in simulation.messages(visitor)
    }
    sent = [message["messageId"] for messages, _ in batches for message in messages]
    assert len(sent) == len(set(sent))
    assert set(sent) == expected


def test_a_batch_is_in_the_order_of_time():
    for messages, _ in demo_messages(catalogue(HOME_ENERGY), 30, NOW, 60.0, 5, 80):
        times = [message["timestamp"] for message in messages]
        assert times == sorted(times)
