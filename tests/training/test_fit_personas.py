"""Personas outlive retraining, obey people, and keep sensitive traits out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from personas.entities import History, TraitChange, VisitorKey
from personas.errors import CorruptArtefact, NotEnoughData
from personas.features import features_of
from personas.hand import edits_of
from personas.persona_model import NOBODY_YET, PersonaModel
from tests.personas.populations import drawn, independent
from training.dataset import SiteData, VisitorData
from training.fit_personas import fit_personas, persona_model
from training.fitting import Fitted, silent
from training.registry import Artefact

NOW = 1_795_600_000.0
TRAITS = ("role", "plan", "size", "income")


def histories(rows: list[dict[str, Any]]) -> list[History]:
    """Visitors who told their traits and nothing else."""
    return [
        History(
            traits=tuple(
                TraitChange(NOW, n, name, row[f"trait:{name}"])
                for n, name in enumerate(TRAITS)
                if f"trait:{name}" in row
            )
        )
        for row in rows
    ]


def people(visitors: int, seed: int = 3, missing: float = 0.0) -> list[History]:
    return histories(drawn(visitors, missing, seed).rows)


def site(told: list[History], decided: dict[str, Any] | None = None, **options: Any) -> SiteData:
    visitors = [VisitorData((VisitorKey("user_id", f"u{n}"),), h) for n, h in enumerate(told)]
    settings = {
        "persona": decided or {},
        "option": {name: {"value": value} for name, value in options.items()},
    }
    return SiteData(visitors, {}, {}, {}, [], NOW, set_by_people=settings)


def artefact(fitted: Fitted) -> Artefact:
    return Artefact("personas", "v", fitted.arrays, fitted.settings, fitted.card)


def trained(data: SiteData, before: Artefact | None = None, now: float = NOW) -> Artefact:
    return artefact(fit_personas(data, before, silent, now, 0))


def ids_of(model: PersonaModel, told: list[History]) -> list[str]:
    return [model.believe(features_of(history, {})).id for history in told]


@pytest.fixture(scope="module")
def first() -> Artefact:
    return trained(site(people(900)))


@pytest.fixture(scope="module")
def model(first) -> PersonaModel:
    return persona_model(first)


# --- retraining -------------------------------------------------------------------------------


def test_visitors_keep_their_persona_when_more_come(first, model):
    more = people(900) + people(100, seed=9)
    again = persona_model(trained(site(more), first, NOW + 1))
    before, after = ids_of(model, more[:900]), ids_of(again, more[:900])
    assert np.mean([old == new for old, new in zip(before, after, strict=True)]) >= 0.95
    assert {name for name, _ in again.names} == {name for name, _ in model.names}


def test_ids_and_names_are_each_personas_own(model):
    assert len({identity for identity, _ in model.names}) == len(model.names)
    assert len({name.casefold() for _, name in model.names}) == len(model.names)


def test_the_same_data_and_seed_give_the_same_personas(first):
    again = trained(site(people(900)))
    assert again.settings == first.settings
    np.testing.assert_array_equal(again.arrays["sums"], first.arrays["sums"])


def test_what_happened_is_told(first):
    report = trained(site(people(1000)), first, NOW + 1).settings["report"]
    assert report["lineage"][-1].endswith("of the visitors moved to another persona.")


# --- the marketer's hand ----------------------------------------------------------------------


def three_times(first: Artefact, decided: dict[str, Any]) -> PersonaModel:
    """After three trainings, each with other visitors besides."""
    before = first
    for turn in range(3):
        told = people(900) + people(60, seed=20 + turn)
        before = trained(site(told, decided), before, NOW + 1 + turn)
    return persona_model(before)


def test_a_name_and_a_description_survive_three_trainings(first, model):
    identity = model.names[0][0]
    decided = {identity: {"name": "Our darlings", "description": "They pay."}}
    found = three_times(first, decided).find(identity)
    assert found is not None
    assert (found["name"], found["description"]) == ("Our darlings", "They pay.")


def test_merged_personas_stay_one_through_three_trainings(first, model):
    one, other = model.names[0][0], model.names[1][0]
    decided = {other: {"mergedInto": one}}
    after = three_times(first, decided)
    names = [identity for identity, _ in after.names]
    assert one in names
    assert other not in names
    together = np.isin(ids_of(model, people(200)), [one, other])
    assert np.mean((np.array(ids_of(after, people(200))) == one) == together) > 0.9


def test_a_retired_persona_gets_no_members_through_three_trainings(first, model):
    identity = model.names[2][0]
    after = three_times(first, {identity: {"status": "retired"}})
    assert identity not in ids_of(after, people(300))
    found = after.find(identity)
    assert found is not None
    assert found["status"] == "retired"


def test_a_split_persona_stays_two_through_three_trainings(first, model):
    identity = model.names[0][0]
    after = three_times(first, {identity: {"splitInto": "p_other"}})
    assert {identity, "p_other"} <= {name for name, _ in after.names}


def test_a_locked_persona_keeps_its_parameters_through_three_trainings(first, model):
    identity = model.names[0][0]
    after = three_times(first, {identity: {"locked": True}})
    assert _roles(after, identity) == pytest.approx(_roles(model, identity), abs=0.02)


def _roles(model: PersonaModel, identity: str) -> list[float]:
    assert model.mixture is not None
    place = [name for name, _ in model.names].index(identity)
    names = [column.name for column in model.mixture.schema_.columns]
    part = model.mixture.schema_.slices[names.index("trait:role")]
    sums = model.mixture.persona_parameters().sums[part, place]
    return list(sums / sums.sum())


def test_edits_hold_at_once(model):
    one, other = model.names[0][0], model.names[1][0]
    edited = model.edited(edits_of({one: {"name": "Us"}, other: {"mergedInto": one}}))
    assert dict(edited.names)[one] == "Us"
    features = features_of(people(1)[0], {})
    apart = model.believe(features).distribution
    assert edited.believe(features).distribution[one] == pytest.approx(
        apart[one] + apart[other], abs=1e-6
    )


def test_a_persona_drawn_by_hand_works_without_any_data():
    drawing = [{"feature": "role", "value": "buyer"}, {"feature": "channel", "value": "search"}]
    drawn_by_hand = NOBODY_YET.edited(edits_of({"p_a": {"name": "Buyers", "drawn": drawing}}))
    buyer, other = {"trait:role": "buyer"}, {"trait:role": "engineer"}
    assert drawn_by_hand.believe(buyer).id == "p_a"
    assert drawn_by_hand.believe(other).id != "p_a"


def test_a_drawing_merged_into_a_persona_widens_it_at_once_and_through_three_trainings(
    first, model
):
    one = model.names[0][0]
    drawing = {"name": "Bakers", "drawn": [{"feature": "trade", "value": "baker"}]}
    decided = {"p_drawn": drawing | {"mergedInto": one}}
    baker = {"trait:trade": "baker"}
    for after in (model.edited(edits_of(decided)), three_times(first, decided)):
        assert after.believe(baker).id == one
        assert [name for name, _ in after.names].count(one) == 1
        drawn = after.find("p_drawn")
        assert drawn is not None
        assert (drawn["status"], drawn["mergedInto"]) == ("retired", one)


def test_a_persona_drawn_by_hand_keeps_its_id_and_its_traits(first):
    drawing = [{"feature": "role", "value": "owner"}, {"feature": "plan", "value": "free"}]
    after = three_times(first, {"p_a": {"name": "Free owners", "drawn": drawing}})
    assert ("p_a", "Free owners") in after.names
    believed = after.believe({"trait:role": "owner", "trait:plan": "free"})
    assert believed.id == "p_a"


# --- what must not happen ---------------------------------------------------------------------


def test_sensitive_traits_shape_nothing_and_near_ones_are_warned_about():
    rows = drawn(600, 0.0, 3).rows
    told = [
        History(
            traits=(
                *history.traits,
                TraitChange(NOW, 90, "gender", "f" if row["trait:plan"] == "pro" else "m"),
            )
        )
        for row, history in zip(rows, histories(rows), strict=True)
    ]
    fitted = fit_personas(site(told), None, silent, NOW, 0)
    columns = {column["name"] for column in fitted.settings["mixture"]["columns"]}
    assert "trait:gender" not in columns
    assert fitted.report["keptOut"] == ["gender"]
    assert fitted.report["proxies"][0]["trait"] == "plan"
    traits = [trait for persona in fitted.settings["personas"] for trait in persona["traits"]]
    near = {trait["feature"] for trait in traits if "near" in trait}
    assert near == {each["trait"] for each in fitted.report["proxies"]}
    assert "`plan` goes along with `gender`" in fitted.card
    asked = fit_personas(site(told, allowSensitive=True), None, silent, NOW, 0)
    assert "trait:gender" in {c["name"] for c in asked.settings["mixture"]["columns"]}


def test_visitors_without_structure_are_one_persona():
    rows = [{k: v for k, v in row.items() if k != "channel"} for row in independent(600, 2)]
    fitted = fit_personas(site(histories(rows)), None, silent, NOW, 0)
    assert fitted.report["personas"] == 1


def test_a_handful_of_visitors_is_not_enough():
    with pytest.raises(NotEnoughData, match="30 visitors"):
        fit_personas(site(people(10)), None, silent, NOW, 0)


def test_an_artefact_that_does_not_fit_together_is_refused(first):
    settings = {**first.settings, "personas": first.settings["personas"][:-1]}
    with pytest.raises(CorruptArtefact):
        persona_model(Artefact("personas", "v", first.arrays, settings, ""))


# --- more visitors than memory holds ----------------------------------------------------------


def test_a_million_would_be_learned_like_a_few(monkeypatch, first, model):
    """Against a fit that looks all of them through."""
    monkeypatch.setattr("training.fit_personas.MOST_LOOKED_THROUGH", 500)
    partly = trained(site(people(900)))
    assert partly.settings["report"]["visitors"] == 900
    sampled = persona_model(partly)
    assert len(sampled.personas) == len(model.personas)
    assert sum(persona["size"] for persona in sampled.personas) == 900
    assert sum(persona["share"] for persona in sampled.personas) == pytest.approx(1.0)
    theirs, ours = ids_of(sampled, people(900)), ids_of(model, people(900))
    assert adjusted_rand_score(theirs, ours) > 0.95
    sizes = {persona["id"]: persona["size"] for persona in sampled.personas}
    assert all(abs(theirs.count(name) - size) <= 9 for name, size in sizes.items())
