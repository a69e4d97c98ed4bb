"""What else foretells orders: how many pages a visit reaches, how long it lasts, who comes.

The chain of phases is learned from all that visitors do, of which orders are a small part; where
most visitors come once, it knows little of what parts those who order from those who do not. So a
logistic regression is held against it: a visit that could still end with an order, did it? Where
it foretells visitors set aside clearly better than what the chain knows, what it has learned speaks
for intent and beyond, as evidence like any other, and the chain's own evidence counts as much as
it is worth beside it. Elsewhere the model stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from personas import phase_prior
from personas.entities import Array, ContentFacts, History
from personas.phase_model import RUNGS, PhaseModel, row_of
from personas.phase_sequences import Integers
from personas.phase_signs import USUAL, Sign, sign_of_trait, traits_told
from personas.phase_steps import Step, marks_of, steps_of
from personas.phases import LEANING, beginning, condition, predict, said_by
from personas.vocabulary import plain_mapping

ENOUGH_TOUCHPOINTS = 100_000
FEWEST = 50  # visits with an order, and without
ASIDE = 4  # one visitor in so many is foretold and not learned from
STRENGTH = 10.0  # of the belief that a sign says nothing, as an inverse variance
CLEARLY = 3.0  # standard errors
LEAST_GAIN = 0.01  # share of the loss
LEAST_TRUST = 0.05


@dataclass(frozen=True)
class Visits:
    """Visits up to their order, or whole where there was none.

    Attributes:
        known: by the chain: log-odds of intent or beyond, log p of an order next [N, 2].
        shown: signs of each visit, and of whose it is.
        ordered: whether the visit went on to an order [N].
        visitor: whose it is [N].
    """

    known: Array
    shown: Sequence[Mapping[Sign, float]]
    ordered: Integers
    visitor: Integers


def lean(
    model: PhaseModel,
    histories: Sequence[History],
    facts: Mapping[str, ContentFacts],
    mapping: Mapping[str, str],
    seed: int = 0,
) -> PhaseModel:
    """The model with what else foretells orders, where that is clearly better.

    Args:
        model: learned, without leanings.
        histories: what it was learned from.
        facts: by content id or URL.
        mapping: the site's own event names.
        seed: of the histories that are looked at, where there are many.
    """
    visits = visits_of(model, _some(histories, seed), facts, mapping)
    orders = int(visits.ordered.sum())
    if min(orders, len(visits.ordered) - orders) < FEWEST:
        return model
    signs = DictVectorizer()
    shown = csr_array(signs.fit_transform(visits.shown))
    if not _is_better(visits, shown):
        return model
    columns = csr_array(hstack([csr_array(visits.known[:, :1]), shown]))
    trust, *weights = _fitted(columns, visits.ordered).coef_[0].tolist()
    leanings = dict(zip(signs.feature_names_, weights, strict=True))
    leanings[USUAL] = -float((shown @ np.array(weights)).mean())
    return replace(
        model,
        trust=model.trust * float(np.clip(trust, LEAST_TRUST, 1.0)),
        leanings={sign: float(weight) for sign, weight in leanings.items()},
    )


def _is_better(visits: Visits, shown: csr_array) -> bool:
    """Do signs foretell orders of visitors set aside better than the chain does alone?"""
    known = csr_array(visits.known)
    aside = visits.visitor % ASIDE == 0
    alone, together = (
        _losses(columns, visits.ordered, aside)
        for columns in (known, csr_array(hstack([known, shown])))
    )
    gained = alone - together
    error = gained.std() / np.sqrt(len(gained))
    return bool(gained.mean() > max(CLEARLY * error, LEAST_GAIN * alone.mean()))


def _losses(columns: csr_array, ordered: Integers, aside: NDArray[np.bool_]) -> Array:
    shares = _fitted(columns[~aside], ordered[~aside]).predict_proba(columns[aside])
    losses: Array = -np.log(shares[np.arange(len(shares)), ordered[aside]])
    return losses


def _fitted(columns: csr_array, ordered: Integers) -> LogisticRegression:
    return LogisticRegression(C=1 / STRENGTH, max_iter=1000).fit(columns, ordered)


# --- visits ---------------------------------------------------------------------------------------


def visits_of(
    model: PhaseModel,
    histories: Sequence[History],
    facts: Mapping[str, ContentFacts],
    mapping: Mapping[str, str],
) -> Visits:
    """All visits that began with something else than an order."""
    plain = plain_mapping(mapping)
    order = _order_next(model)
    told = [
        (number, *visit)
        for number, history in enumerate(histories)
        for visit in _of_one(model, history, facts, plain, order)
    ]
    return Visits(
        known=np.array([known for _, known, _, _ in told]).reshape(-1, 2),
        shown=[shown for _, _, shown, _ in told],
        ordered=np.array([ordered for *_, ordered in told], np.int64),
        visitor=np.array([number for number, *_ in told], np.int64),
    )


def _order_next(model: PhaseModel) -> Array:
    """How much more likely than by chance an order is [K * 7]."""
    rows = [row_of(model, ("buying", name, "", "")) for name in sorted(phase_prior.ANCHORS)]
    wide = [np.broadcast_to(row, (model.ways, RUNGS)) for row in rows]
    result: Array = np.max(wide, axis=0).ravel()
    return result


def _of_one(
    model: PhaseModel,
    history: History,
    facts: Mapping[str, ContentFacts],
    mapping: Mapping[str, str],
    order: Array,
) -> Iterator[tuple[tuple[float, float], dict[Sign, float], bool]]:
    belief, _ = beginning(model, history, np.inf)
    traits = traits_told(history.traits, np.inf).items()
    who = {sign_of_trait(name, value, model.cuts): 1.0 for name, value in traits}
    visit: list[tuple[Step, Array]] = []
    for step in steps_of(history, facts, np.inf, mapping):
        if step.opens_visit:
            yield from _told(visit, who, order)
            visit = []
        belief = condition(predict(model, belief, step.gap or 0.0), said_by(model, step))
        visit.append((step, belief))
    yield from _told(visit, who, order)


def _told(
    visit: Sequence[tuple[Step, Array]], who: Mapping[Sign, float], order: Array
) -> Iterator[tuple[tuple[float, float], dict[Sign, float], bool]]:
    places = [place for place, (step, _) in enumerate(visit) if _is_order(step)]
    before = visit[: places[0]] if places else visit
    if not before:
        return
    marks = {mark: 1.0 for step, _ in before for mark in marks_of(step)}
    belief = before[-1][1]
    beyond = float(belief.reshape(-1, RUNGS)[:, LEANING:].sum())
    known = float(np.log(beyond / (1 - beyond))), float(np.log(belief @ order))
    yield known, {**who, **marks}, bool(places)


def _is_order(step: Step) -> bool:
    return step.category[1] in phase_prior.ANCHORS


def _some(histories: Sequence[History], seed: int) -> list[History]:
    """Histories with enough touchpoints between them."""
    order = np.random.default_rng(seed).permutation(len(histories))
    lengths = np.cumsum([len(histories[place].touchpoints) for place in order])
    enough = int(np.searchsorted(lengths, ENOUGH_TOUCHPOINTS)) + 1
    return [histories[place] for place in order[:enough]]
