"""Coverage: who stands where, what is there for them, and what is missing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.entities import CONTENT_TYPES, LADDER, ContentItem
from personas.journeys import BUILT_IN
from personas.persona_model import NOBODY_YET
from service.coverage import FEWEST, cover, described
from service.coverage_audience import Audience, audience_of, nobody_yet, readers
from service.coverage_words import best_type
from tests.builders import page
from tests.service.test_content_teaching import path, service  # noqa: F401 - a fixture

RUNGS = len(LADDER)
journeys = st.sampled_from(list(BUILT_IN.values()))


def audience(cells: np.ndarray, views: dict[str, np.ndarray] | None = None) -> Audience:
    nothing = np.zeros_like(cells)
    names = tuple(f"p_{k}" for k in range(len(cells)))
    onward = np.full_like(cells, 0.3)
    return Audience(names, float(cells.sum()), 9, cells, views or {}, nothing, nothing, nothing,
                    nothing, onward, 1.0)  # fmt: skip


@st.composite
def sites(draw):
    """An audience, and items with their phases."""
    personas, items = draw(st.integers(1, 4)), draw(st.integers(1, 8))
    chance = np.random.default_rng(draw(st.integers(0, 1000)))
    cells = chance.exponential(30, (personas, RUNGS)) * (chance.random((personas, RUNGS)) < 0.7)
    phases = chance.dirichlet(np.full(RUNGS, 0.3), items)
    views = {f"/{k}": chance.exponential(5, personas) for k in range(0, items, 2)}
    return audience(cells, views), phases, [ContentItem(f"/{k}") for k in range(items)]


@given(sites(), journeys)
def test_demand_adds_up_to_the_visitors_supply_to_the_items_and_attention_to_the_served(
    site, journey
):
    who, phases, items = site
    shares = readers(who, phases, [item.id for item in items])
    assert shares.sum(1) == pytest.approx(1)
    rungs = np.array([[float(rung in each.of) for each in journey.phases] for rung in LADDER])
    found = cover(who, shares, phases, rungs)
    assert found.demand.sum() == pytest.approx(who.visitors)
    assert found.supply.sum() == pytest.approx(len(items))
    assert (found.lost >= 0).all()
    assert (found.lost <= found.demand + 1e-9).all()
    assert found.attention.sum() == pytest.approx(who.visitors)


@given(sites(), journeys)
def test_of_few_visitors_nothing_is_told_and_gaps_come_by_what_is_lost(site, journey):
    who, phases, items = site
    shares = readers(who, phases, [item.id for item in items])
    told = described(who, items, shares, phases, journey, {})
    assert len(told["cells"]) == len(who.personas) * len(journey.phases)
    for cell in told["cells"]:
        hidden = cell["demand"]["visitors"] is None
        assert hidden == cell["blurred"] == (cell["performance"] is None) == (cell["gap"] is None)
        assert hidden or cell["demand"]["visitors"] >= FEWEST
    lost = [cell["gap"]["lostProgress"] for cell in told["gaps"]]
    assert lost == sorted(lost, reverse=True)
    assert all(len(gap["brief"]) == 2 for gap in told["gaps"])


def test_the_first_thing_to_write_is_for_the_many_for_whom_there_is_least():
    cells = np.zeros((2, RUNGS))
    cells[0, LADDER.index("awareness")] = 100
    cells[1, LADDER.index("consideration")] = 90
    phases = np.zeros((12, RUNGS))
    phases[:, LADDER.index("awareness")] = 1
    views = {f"/{k}": np.array([20.0, 1.0]) for k in range(12)} | {"/0": np.array([0.0, 50.0])}
    items = [ContentItem(f"/{k}", tags=("boilers",) if k == 0 else ("pumps",)) for k in range(12)]
    who = audience(cells, views)
    shares = readers(who, phases, [item.id for item in items])
    names = {"p_0": "Starters", "p_1": "Comparers"}
    told = described(who, items, shares, phases, BUILT_IN["classic-5"], names)
    first = told["gaps"][0]
    assert (first["persona"]["name"], first["phase"]["id"]) == ("Comparers", "consideration")
    assert first["brief"][0] == (
        "Write a comparison about “boilers” for “Comparers”: those of them who compare solutions."
    )
    assert "About 90 visitors stand there" in first["brief"][1]


def test_content_that_nobody_is_there_for_is_named():
    cells = np.zeros((1, RUNGS))
    cells[0, 0] = 50
    phases = np.eye(RUNGS)[[0, 0, 0, 6]]
    items = [ContentItem(f"/{k}") for k in range(4)]
    shares = readers(audience(cells), phases, [item.id for item in items])
    told = described(audience(cells), items, shares, phases, BUILT_IN["classic-5"], {})
    assert [each["contentId"] for each in told["forNobody"]] == ["/3"]


def test_whom_an_item_is_for_is_expected_by_its_phase_and_told_by_its_readers():
    cells = np.array([[80.0, *[0.0] * 6], [20.0, *[0.0] * 6], [0.0] * 6 + [50.0]])
    phases = np.eye(RUNGS)[[0, 6]]
    prior = readers(audience(cells), phases, ["/a", "/b"])
    assert prior == pytest.approx(np.array([[0.8, 0.2, 0], [0, 0, 1]]), abs=1e-6)
    read = readers(audience(cells, {"/a": np.array([0, 995.0, 0])}), phases, ["/a", "/b"])
    assert read[0, 1] == pytest.approx(0.996)
    assert read[1] == pytest.approx(prior[1])
    nobody = readers(nobody_yet(NOBODY_YET), phases, ["/a", "/b"])
    assert nobody == pytest.approx(1)


def test_every_rung_has_a_type_that_can_be_written():
    kinds = [best_type([rung]) for rung in range(RUNGS)]
    assert set(kinds) <= set(CONTENT_TYPES) - {"other"}
    assert kinds[LADDER.index("consideration")] == "comparison"


def test_a_census_of_a_sample_is_scaled_up_to_all():
    nothing = np.zeros((1, RUNGS)).tolist()
    now = [[6.0, 4.0, 0, 0, 0, 0, 0]]
    told = {
        "personas": ["everyone"], "counted": 10, "of": 40, "now": now,
        "moves": np.zeros((1, RUNGS, RUNGS)).tolist(),
        "measures": {"dwelt": nothing, "dwell": nothing},
        "tables": {"content": [["/a", now]], "type": [["guide", now]], "event": []},
    }  # fmt: skip
    who = audience_of(told, 5.0)
    assert who.visitors == 40
    assert who.views["/a"] == pytest.approx([40])
    assert np.isnan(who.dwell).all()
    assert (who.onward > 0).all()


# --- from outside ---------------------------------------------------------------------------------


def test_coverage_needs_a_key(service):  # noqa: F811 - the fixture
    with service.client(None) as nobody:
        assert nobody.get("/v1/insights/coverage").status_code == 401


def test_a_site_with_visitors_learns_what_it_lacks(service):  # noqa: F811 - the fixture
    with service.client() as client:
        client.timeout = 120  # the encoder may be starting
        guide = {"title": "How a heat pump works: a guide", "body": "What is a heat pump?"}
        client.put(path("/g"), json={**guide, "tags": ["heating"]}).raise_for_status()
        views = [
            page(f"c{k}", anonymousId=f"c{k}", properties={"contentId": "/g", "dwellMs": 9000})
            for k in range(60)
        ]
        client.post("/v1/batch", json={"batch": views}).raise_for_status()
        told = client.get("/v1/insights/coverage", params={"journey": "buyer-3"})
        assert told.status_code == 200
        body = told.json()
        while body["degraded"]:  # the first census is being taken
            body = client.get("/v1/insights/coverage", params={"journey": "buyer-3"}).json()
        assert body["visitors"] == pytest.approx(60)
        assert body["items"] == 1
        assert sum(cell["supply"]["items"] for cell in body["cells"]) == pytest.approx(1)
        told = sum(cell["demand"]["visitors"] or 0 for cell in body["cells"])
        assert 60 - FEWEST * len(body["cells"]) <= told <= 60 + 1e-6
        assert body["gaps"][0]["brief"][0].startswith("Write ")
        assert {cell["phase"]["id"] for cell in body["cells"]} == {
            "awareness", "consideration", "decision",
        }  # fmt: skip
        personas = client.get(path("/g")).json()["tagging"]["personas"]
        assert sum(personas["distribution"].values()) == pytest.approx(1)
        client.delete(path("/g"))
