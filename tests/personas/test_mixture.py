"""Who a visitor is: a mixture that finds what is there, and nothing where nothing is."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from personas.errors import CorruptArtefact, InvalidInput, NotEnoughData
from personas.features import Average
from personas.mixture import EVERYONE, PersonaMixture, believe
from personas.mixture_bonds import Bond
from personas.mixture_choice import Choice, Comparison, adjusted_rand, chosen
from personas.mixture_em import Problem, climb
from personas.mixture_kinds import loadings_of, statistics_of
from personas.mixture_schema import Parameters, learn_schema, loadings
from tests.personas.populations import drawn, independent, likelihoods

unhurried = settings(deadline=None, max_examples=25)


@pytest.fixture(scope="module")
def population():
    return drawn(visitors=900, missing=0.0, seed=3)


@pytest.fixture(scope="module")
def fitted(population):
    return PersonaMixture(random_state=0).fit(population.rows)


# --- finding what is there --------------------------------------------------------------------


@pytest.mark.parametrize(("missing", "lost"), [(0.0, 0.02), (0.4, 0.05), (0.7, 0.12)])
def test_the_truth_is_found_nearly_as_well_as_by_who_knows_it(missing, lost):
    population = drawn(visitors=1500, missing=missing, seed=5)
    mixture = PersonaMixture(count=3, random_state=0).fit(population.rows)
    ideal = adjusted_rand(likelihoods(population).argmax(1), population.personas)
    assert adjusted_rand(mixture.predict(population.rows), population.personas) > ideal - lost


def test_the_number_of_personas_is_found(fitted):
    assert fitted.personas == 3


@pytest.mark.parametrize("seed", range(4))
def test_where_there_is_no_structure_there_is_one_persona(seed):
    assert PersonaMixture(random_state=0).fit(independent(800, seed)).personas == 1


def test_another_method_finds_the_same():
    from stepmix.stepmix import StepMix

    population = drawn(visitors=900, missing=0.0, seed=3)
    categories = [sorted({str(row[name]) for row in population.rows}) for name in CATEGORIES]
    table = np.array(
        [
            [
                labels.index(str(row[name]))
                for name, labels in zip(CATEGORIES, categories, strict=True)
            ]
            for row in population.rows
        ]
    )
    other = StepMix(3, measurement="categorical", n_init=5, random_state=0, progress_bar=0)
    theirs = other.fit(table).predict(table)
    only = [{name: row[name] for name in CATEGORIES} for row in population.rows]
    ours = PersonaMixture(count=3, random_state=0).fit(only).predict(only)
    assert adjusted_rand(ours, theirs) > 0.85


CATEGORIES = ("trait:role", "trait:plan", "trait:size")


# --- what must not matter ---------------------------------------------------------------------


def test_the_order_of_features_does_not_matter(population, fitted):
    turned = [dict(reversed(list(row.items()))) for row in population.rows]
    again = PersonaMixture(random_state=0).fit(turned)
    np.testing.assert_allclose(
        again.predict_proba(turned), fitted.predict_proba(population.rows), atol=1e-9
    )


def test_the_names_of_categories_do_not_matter(population, fitted):
    renamed = [
        {name: value[::-1] if name == "trait:role" else value for name, value in row.items()}
        for row in population.rows
    ]
    again = PersonaMixture(random_state=0).fit(renamed)
    assert adjusted_rand(again.predict(renamed), fitted.predict(population.rows)) > 0.99


def test_units_do_not_matter(population, fitted):
    in_cents = [{**row, "trait:income": 100 * row["trait:income"]} for row in population.rows]
    again = PersonaMixture(random_state=0).fit(in_cents)
    np.testing.assert_allclose(
        again.predict_proba(in_cents), fitted.predict_proba(population.rows), atol=1e-6
    )


# --- one visitor ------------------------------------------------------------------------------


def test_one_visitor_is_read_as_many_are(population, fitted):
    together = fitted.predict_proba(population.rows[:50])
    for row, memberships in zip(population.rows[:50], together, strict=True):
        np.testing.assert_allclose(fitted.memberships(row), memberships, atol=1e-9)


@unhurried
@given(st.sets(st.integers(0, 5)), st.integers(0, 899))
def test_the_evidence_adds_up(population, fitted, kept, number):
    row = dict(item for n, item in enumerate(population.rows[number].items()) if n in kept)
    names = [(f"p_{n}", f"Persona {n}") for n in range(fitted.personas)]
    belief = believe(fitted, row, names)
    odds = belief.prior_log_odds + sum(item.log_odds for item in belief.evidence)
    assert odds == pytest.approx(np.log(belief.probability / (1 - belief.probability)), abs=1e-6)
    assert sum(belief.distribution.values()) == pytest.approx(1.0)


def test_who_says_nothing_gets_the_shares(fitted):
    np.testing.assert_allclose(fitted.memberships({}), fitted.shares_, atol=1e-9)


def test_a_value_never_seen_tells_nothing(fitted):
    np.testing.assert_allclose(fitted.memberships({"trait:new": "x"}), fitted.shares_, atol=1e-9)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1e308, "", None, {}])
def test_absurd_values_never_break_an_answer(fitted, value):
    for name in ("trait:income", "trait:role", "channel", "dwell"):
        assert fitted.memberships({name: value}).sum() == pytest.approx(1.0)


def test_before_any_training_there_is_everyone():
    belief = believe(None, {"trait:role": "buyer"})
    assert (belief.id, belief.name) == EVERYONE
    assert belief.probability == 1.0


def test_as_many_names_as_personas_are_needed(fitted):
    with pytest.raises(InvalidInput, match="personas need as many names"):
        believe(fitted, {}, [("p_1", "One")])


def test_few_observations_say_less_than_many(population, fitted):
    one, many = Average(5.2, 1.0), Average(5.2, 30.0)
    spread = [np.ptp(fitted.said({"dwell": value})[0][2]) for value in (one, many)]
    assert spread[0] < spread[1]


def test_visitors_who_tell_nothing_cannot_be_learnt_from():
    with pytest.raises(NotEnoughData):
        PersonaMixture().fit([{} for _ in range(50)])


# --- the same in two ways ---------------------------------------------------------------------


def test_a_block_holds_what_each_value_says(population):
    schema = learn_schema(population.rows)
    table = schema.encode(population.rows)
    for number, row in enumerate(population.rows[:100]):
        for column, part in zip(schema.columns, schema.slices, strict=True):
            expected = np.zeros(column.width)
            for place, amount in statistics_of(column, row.get(column.name)):
                expected[place] = amount
            if column.name in row:
                np.testing.assert_allclose(table[number, part], expected, atol=1e-12)


def test_all_columns_at_once_are_each_column_alone(population, fitted):
    schema = fitted.schema_
    sums = fitted.parameters_.sums + fitted.prior * schema.everyone[:, None]
    alone = [
        column.weight * loadings_of(column, sums[part])
        for column, part in zip(schema.columns, schema.slices, strict=True)
    ]
    together = loadings(schema, fitted.parameters_, fitted.prior)
    np.testing.assert_allclose(together, np.vstack(alone), atol=1e-10)


def test_agreement_is_that_of_hubert_and_arabie():
    rng = np.random.default_rng(1)
    for _ in range(20):
        left, right = rng.integers(0, 4, 50), rng.integers(0, 3, 50)
        assert adjusted_rand(left, right) == pytest.approx(adjusted_rand_score(left, right))


def test_a_table_beyond_the_sample_is_read_to_its_end(population, fitted):
    streamed = PersonaMixture(count=3, sample=500, random_state=0).fit(population.rows)
    assert streamed.parameters_.sizes.sum() == pytest.approx(len(population.rows))
    assert adjusted_rand(streamed.predict(population.rows), fitted.predict(population.rows)) > 0.95


# --- how many ---------------------------------------------------------------------------------


def test_without_gain_there_is_one_persona():
    curve = [Choice(1, 0.0, 0.0, 1.0, 900.0), Choice(2, 0.001, 0.01, 0.9, 400.0)]
    assert chosen(curve) == 1


def test_what_does_not_come_back_is_not_chosen():
    curve = [Choice(1, 0.0, 0.0, 1.0, 900.0), Choice(2, 1.0, 0.01, 0.3, 400.0)]
    assert chosen(curve) == 1


def test_the_number_of_before_stays_unless_clearly_beaten():
    curve = [
        Choice(1, 0.0, 0.0, 1.0, 900.0),
        Choice(2, 0.96, 0.01, 0.95, 400.0),
        Choice(3, 1.0, 0.01, 0.95, 300.0),
    ]
    assert (chosen(curve), chosen(curve, before=2), chosen(curve, before=3)) == (3, 2, 3)


@pytest.mark.parametrize("count", [2, 3, 6, 8])
def test_a_number_that_gains_all_and_always_comes_back_is_in_the_data(count):
    gains = [min(number / count, 1.0) for number in range(10)]
    curve = [
        Choice(number + 1, gain, 0.01, 0.99 if number <= count else 0.9, 300.0, wavering=0.01)
        for number, gain in enumerate(gains)
    ]
    assert chosen(curve) == count + 1


def test_of_numbers_about_as_good_the_nearest_to_a_handful_is_chosen():
    curve = [
        Choice(1, 0.0, 0.0, 1.0, 900.0),
        Choice(2, 0.6, 0.01, 0.95, 400.0),
        Choice(3, 0.9, 0.01, 0.9, 300.0),
        Choice(5, 0.96, 0.01, 0.86, 200.0),
        Choice(8, 1.0, 0.01, 0.87, 100.0),
    ]
    assert chosen(curve) == 5
    best_is_lower = [*curve[:3], replace(curve[3], stability=0.7), replace(curve[4], stability=0.6)]
    assert chosen(best_is_lower) == 3


def test_what_wavers_is_not_taken_for_its_own_doubt():
    curve = [
        Choice(1, 0.0, 0.0, 1.0, 900.0),
        Choice(2, 0.5, 0.01, 0.58, 400.0, wavering=0.2),
        Choice(4, 1.0, 0.01, 0.85, 200.0, wavering=0.02),
    ]
    assert chosen(curve) == 4


def test_what_gains_more_but_comes_back_less_is_not_chosen():
    curve = [
        Choice(1, 0.0, 0.0, 1.0, 900.0),
        Choice(3, 0.9, 0.01, 0.93, 300.0, wavering=0.01),
        Choice(7, 1.0, 0.01, 0.6, 100.0, wavering=0.02),
    ]
    assert chosen(curve) == 3


def test_a_handful_of_odd_visitors_is_no_persona(population):
    odd = [
        {"trait:role": "odd", "trait:plan": "odd", "trait:size": "odd", "trait:income": 1e6 + n}
        for n in range(8)
    ]
    mixture = PersonaMixture(random_state=0).fit([*population.rows, *odd])
    labels = mixture.predict([*population.rows, *odd])
    assert np.bincount(labels, minlength=mixture.personas).min() >= 0.03 * len(labels)


def test_of_two_ways_to_group_visitors_the_one_that_most_samples_find_is_taken():
    rng = np.random.default_rng(2)
    one, other = rng.integers(2, size=400), rng.integers(2, size=400)
    rows = [
        {"trait:a": "xy"[a], "trait:b": "xy"[a], "trait:c": "xy"[b], "trait:d": "xy"[b]}
        for a, b in zip(one, other, strict=True)
    ]
    schema = learn_schema(rows)
    problem = Problem(schema, schema.encode(rows), 4.0)
    first, second = (np.log(np.eye(2)[labels] + 1e-3) for labels in (one, other))
    alike = [climb(problem, np.eye(2)[labels]) for labels in (one, other)]
    for fits, found in (([first, first, second], one), ([second, first, second], other)):
        compared = Comparison((), tuple([np.zeros((400, 1)), fit] for fit in fits))
        usual = compared.usual(problem, 2, alike)
        assert adjusted_rand(problem.joint(usual.parameters).argmax(1), found) > 0.95


# --- what people say --------------------------------------------------------------------------


def test_what_is_locked_stays_as_it_was(population, fitted):
    kept = Bond(kept=(fitted.schema_, fitted.parameters_.take([0])))
    fresh = drawn(visitors=900, missing=0.0, seed=3, shift=0.6).rows
    again = PersonaMixture(random_state=0).fit(
        fresh, fitted.components(fresh), fitted.schema_, [kept]
    )
    named = next(c for c in fitted.schema_.columns if c.name == "trait:role")
    for mixture in (fitted, again):
        assert next(c for c in mixture.schema_.columns if c.name == named.name).kind == named.kind
    shares = [_shares(m, "trait:role") for m in (fitted, again)]
    np.testing.assert_allclose(shares[1], shares[0], atol=1e-3)


def _shares(mixture: PersonaMixture, name: str) -> np.ndarray:
    place = [column.name for column in mixture.schema_.columns].index(name)
    sums = mixture.parameters_.sums[mixture.schema_.slices[place], 0]
    return sums / sums.sum()


def test_joined_components_answer_as_one(population, fitted):
    apart = fitted.predict_proba(population.rows[:40])
    parameters = Parameters(fitted.parameters_.sums, fitted.parameters_.sizes)
    joined = PersonaMixture.of(fitted.schema_, parameters, [0, 0, 1])
    together = joined.predict_proba(population.rows[:40])
    np.testing.assert_allclose(together[:, 0], apart[:, 0] + apart[:, 1], atol=1e-9)


# --- to disk and back -------------------------------------------------------------------------


def test_a_mixture_comes_back_from_arrays_and_json(population, fitted):
    settings = json.loads(json.dumps(fitted.settings()))
    again = PersonaMixture.from_arrays(fitted.to_arrays(), settings)
    np.testing.assert_array_equal(
        again.predict_proba(population.rows), fitted.predict_proba(population.rows)
    )


def test_parts_that_do_not_fit_are_refused(fitted):
    arrays = {**fitted.to_arrays(), "sums": fitted.parameters_.sums[:-1]}
    with pytest.raises(CorruptArtefact):
        PersonaMixture.from_arrays(arrays, fitted.settings())
