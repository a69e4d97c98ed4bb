"""A phase model is used only where it foretells better, keeps its rungs' names, and says how good
it is."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest

from personas import phase_prior
from personas.entities import LADDER, History, Touchpoint, VisitorKey
from personas.errors import NotEnoughData
from personas.phase_foretelling import foretell
from personas.phase_learning import PhaseEstimator
from personas.phase_model import PhaseModel, expert_model, row_of
from personas.phase_naming import best_naming
from personas.phase_sequences import encode
from personas.vocabulary import KINDS, NAMES, plain
from training.dataset import SiteData, VisitorData
from training.fit_phases import NAME, Comparison, fit_phases, rungs_swapped, verdict
from training.fitting import Fitted, silent
from training.registry import Artefact

DAY, NOW = 86_400.0, 1_795_600_000.0


def somebody(rng: np.random.Generator, pace: float, emissions: np.ndarray) -> History:
    """Goes along the ladder as the expert says, at a pace; does in each phase what a table says."""
    rates = phase_prior.generator() * pace
    rung, day, touchpoints = int(rng.choice(7, p=phase_prior.START)), 0.0, []
    for number in range(int(rng.integers(4, 16))):
        day += float(rng.exponential(6.0))
        while rng.random() < 1 - np.exp(rates[rung, rung] * 6.0):
            away = np.maximum(rates[rung], 0)
            rung = int(rng.choice(7, p=away / away.sum()))
        kind = KINDS[int(rng.choice(len(KINDS), p=emissions[rung]))]
        name = NAMES.get(kind, ("Widget 7 Used",))[0]
        touchpoints.append(Touchpoint(day * DAY, number, name))
    return History(tuple(touchpoints))


def site(count: int, seed: int, emissions: np.ndarray | None = None) -> SiteData:
    rng = np.random.default_rng(seed)
    table = phase_prior.KINDS_IN_PHASE if emissions is None else emissions
    told = [somebody(rng, (0.5, 3.0)[n % 2], table) for n in range(count)]
    visitors = [VisitorData((VisitorKey("user_id", f"u{n}"),), h) for n, h in enumerate(told)]
    return SiteData(visitors, {}, {}, {}, [], NOW)


def artefact(fitted: Fitted) -> Artefact:
    return Artefact(NAME, "v", fitted.arrays, fitted.settings, fitted.card)


@pytest.fixture(scope="module")
def data() -> SiteData:
    return site(500, 1)


@pytest.fixture(scope="module")
def fitted(data) -> Fitted:
    return fit_phases(data, None, silent, NOW, 0)


@pytest.fixture(scope="module")
def estimator(data) -> PhaseEstimator:
    return PhaseEstimator(iterations=12).fit([each.history for each in data.visitors], {}, {})


def test_too_few_visitors_are_not_learned_from():
    with pytest.raises(NotEnoughData, match="30 are"):
        fit_phases(site(29, 0), None, silent, NOW, 0)


def test_what_foretells_at_least_as_well_is_used_and_says_on_what_grounds(fitted):
    assert fitted.activate
    assert "visitors set aside" in fitted.why
    held_out = fitted.report["heldOut"]
    assert held_out["touchpoints"] > 200
    assert held_out["score"] >= held_out["expert"] - 0.02
    assert fitted.report["rounds"] > 3
    assert np.isfinite(fitted.report["logLikelihood"])
    assert PhaseModel.from_arrays(fitted.arrays).ways == fitted.report["ways"]


def test_the_card_shows_the_reliability_diagram_and_its_error(fitted):
    error = fitted.report["calibration"]["error"]
    assert f"calibration error of the likeliest kind is {error:.3f}" in " ".join(
        fitted.card.split()
    )
    tenths = re.findall(r"^\| (\d+)% \| (\d+)% \| (\d+) \|$", fitted.card, re.M)
    assert len(tenths) == 10
    assert sum(int(count) for _, _, count in tenths) == fitted.report["heldOut"]["touchpoints"]
    assert all(int(one[0]) <= int(other[0]) for one, other in pairwise(tenths))
    again = sum(abs(int(said) - int(hit)) * int(n) for said, hit, n in tenths) / 100
    assert again / fitted.report["heldOut"]["touchpoints"] == pytest.approx(error, abs=0.01)
    assert fitted.settings["calibration"] == fitted.report["calibration"]
    assert error < 0.1


def truth(table: np.ndarray) -> PhaseModel:
    """The model that knows what this site's visitors do in each phase."""
    rows = {
        (kind, plain(NAMES.get(kind, ("Widget 7 Used",))[0]), "", again): (
            np.maximum(table[None, :, place], 1e-3) / table[:, place].mean()
        )
        for place, kind in enumerate(KINDS)
        for again in ("", "again")
    }
    return replace(expert_model(), rows=rows, trust=1.0, channels=np.zeros((8, 1, 7)))


def test_a_version_that_foretells_worse_than_the_one_in_use_is_refused():
    table = np.random.default_rng(4).dirichlet(0.3 * np.ones(len(KINDS)), 7)
    data = site(200, 6, table)
    histories = [each.history for each in data.visitors]
    sequences = encode(histories, {}, {})
    frequency = dict(zip(sequences.categories, sequences.frequency.tolist(), strict=True))
    expert, knowing = (
        foretell(model, histories, {}, {}, frequency) for model in (expert_model(), truth(table))
    )
    assert knowing.score > expert.score
    worse = Comparison(new=expert, expert=expert, used=knowing)
    assert worse.is_worse
    assert not Comparison(new=knowing, expert=expert, used=expert).is_worse
    activate, why = verdict(worse, [])
    assert not activate
    assert "worse" in why
    assert "the model in use stays" in why
    assert verdict(Comparison(knowing, expert, None), [])[0]
    swapped, why = verdict(Comparison(knowing, expert, None), [("intent", "loyalty")])
    assert not swapped
    assert "intent for loyalty" in why


def test_the_model_in_use_is_the_rival_of_the_next_one():
    table = np.random.default_rng(4).dirichlet(0.3 * np.ones(len(KINDS)), 7)
    used = Artefact(NAME, "v", truth(table).to_arrays(), {}, "")
    fitted = fit_phases(site(120, 6, table), used, silent, NOW, 0)
    assert "against the model in use" in fitted.why
    assert fitted.report["heldOut"]["active"] > fitted.report["heldOut"]["expert"]


def test_a_model_in_use_that_is_damaged_is_no_rival(data):
    broken = Artefact(NAME, "v", {"weights": np.ones(1)}, {}, "")
    assert fit_phases(data, broken, silent, NOW, 0).activate


def test_learned_rungs_keep_their_names(estimator):
    assert rungs_swapped(estimator) == []


@pytest.mark.parametrize(("one", "other"), [*combinations(range(7), 2)])
def test_any_two_rungs_that_changed_places_are_noticed(estimator, one, other):
    """Renaming the rungs changes nothing in what is foretold, so only this can tell."""
    order = np.arange(7)
    order[[one, other]] = order[[other, one]]
    learned = estimator.parameters_
    swapped = replace(
        learned,
        starts=learned.starts[:, order],
        generators=learned.generators[:, order][:, :, order],
        meant=learned.meant[:, order],
    )
    assert best_naming(swapped, estimator.priors_) == tuple(int(place) for place in order)
    assert best_naming(learned, estimator.priors_) == tuple(range(7))


def test_swapped_rungs_foretell_just_as_well(estimator, data):
    """So a comparison of what is foretold would never notice them."""
    model, order = estimator.model_, np.array([1, 0, 2, 3, 4, 6, 5])
    other = replace(
        model,
        starts=model.starts[:, order],
        generators=model.generators[:, order][:, :, order],
        channels=model.channels[:, :, order],
        rows={category: row_of(model, category)[:, order] for category in model.rows},
    )
    sequences = estimator.sequences_
    frequency = dict(zip(sequences.categories, sequences.frequency.tolist(), strict=True))
    histories = [each.history for each in data.visitors[:60]]
    scores = [foretell(each, histories, {}, {}, frequency).score for each in (model, other)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-6)
    assert scores[0] > foretell(expert_model(), histories, {}, {}, frequency).score - 0.05
    assert len(LADDER) == len(order)
