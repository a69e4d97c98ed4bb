"""Models, facts and histories for the tests of phases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st

from personas import phase_prior
from personas.entities import (
    CHANNELS,
    CONTENT_TYPES,
    ContentFacts,
    History,
    Touchpoint,
    TraitChange,
)
from personas.phases import expert_model
from personas.vocabulary import NAMES

unhurried = settings(deadline=None)
DAY = 86400.0
MODEL = expert_model()
SLOW_AND_FAST = np.array([0.5, 4.0])
TWO_WAYS = replace(  # as learning leaves a model: who reads on solar goes fast and starts later
    MODEL,
    weights=np.array([0.7, 0.3]),
    starts=np.stack([phase_prior.START, np.roll(phase_prior.START, 2)]),
    generators=phase_prior.generator() * SLOW_AND_FAST[:, None, None],
    channels=np.log(np.random.default_rng(1).dirichlet(np.ones(7), (8, 2))),
    attention=replace(MODEL.attention, read=np.array([3.5, 4.5])),
    rows={
        ("other", "ünbekannt | x", "", ""): np.arange(1.0, 15).reshape(2, 7),
        ("after", "", "", ""): np.ones((2, 7)),
    },
    signs={("topic", "solar"): np.log([0.2, 0.8]), ("trait:size", "#1"): np.log([0.9, 0.1])},
    cuts={"size": (10.0,)},
)
MODELS = pytest.mark.parametrize("model", [MODEL, TWO_WAYS], ids=["expert", "two ways"])
TOPICS = ("solar", "heating")
FACTS = {
    f"/{content_type}": ContentFacts(
        content_type, np.roll([0.4] + [0.1] * 6, number % 7), TOPICS[: number % 3]
    )
    for number, content_type in enumerate(CONTENT_TYPES)
}
EVENT_NAMES = [name for names in NAMES.values() for name in names] + ["Widget 7 Used"]
touchpoints = st.builds(
    Touchpoint,
    time=st.floats(0, 400 * DAY),
    message=st.integers(0, 2**64 - 1),
    name=st.sampled_from(EVENT_NAMES),
    channel=st.sampled_from([*CHANNELS, "pigeon"]),
    content=st.sampled_from([None, "/unknown", *FACTS]),
    dwell=st.none() | st.floats(0, 1e5),
    scroll=st.none() | st.floats(0, 1),
    completion=st.none() | st.floats(0, 1),
    rating=st.none() | st.floats(0, 1),
)
histories = st.lists(touchpoints, max_size=40, unique_by=lambda touchpoint: touchpoint.message).map(
    lambda items: History(
        tuple(sorted(items, key=lambda t: (t.time, t.message))),
        tuple(TraitChange(t.time, t.message, "size", t.time / DAY) for t in items[:2]),
    )
)
FEW = ("page", "Pricing Viewed", "Order Completed")


@st.composite
def visits(draw) -> History:
    """A few names, again and again, many in a visit."""
    seconds, touchpoints = 0.0, []
    for number in range(draw(st.integers(1, 25))):
        seconds += draw(st.sampled_from([0.0, 40.0, 900.0, 3 * DAY]))
        name, content = draw(st.sampled_from(FEW)), draw(st.sampled_from([None, "/pricing"]))
        touchpoints.append(Touchpoint(seconds, number, name, content=content))
    return History(tuple(touchpoints), (TraitChange(DAY, 99, "size", 12.0),))


beliefs = st.lists(st.floats(1e-6, 1.0), min_size=7, max_size=7).map(
    lambda weights: np.array(weights) / sum(weights)
)


def happened(*names_and_days: tuple[str, float]) -> History:
    return History(
        tuple(Touchpoint(day * DAY, i, name) for i, (name, day) in enumerate(names_and_days))
    )
