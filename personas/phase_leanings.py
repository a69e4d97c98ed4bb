"""What else foretells orders: how many pages a visit reaches, how long it lasts, who comes.

The chain of phases is learned from all that visitors do, of which orders are a small part; where
most visitors come once, it knows little of what parts those who order from those who do not. So an
additive model of signs, alone and two at a time, is held against it: a visit that could still end
with an order, did it? It is boosted (Lou et al. 2013, "Accurate intelligible models with pairwise
interactions"), each part of the visitors being foretold by what was learned from the others. Where
it foretells clearly better than what the chain knows, it speaks for intent and beyond, as evidence
like any other, and the chain's own evidence counts as much as it is worth beside it. Elsewhere the
model stays as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from personas import phase_prior
from personas.entities import Array, ContentFacts, History
from personas.features import TRAIT
from personas.phase_model import RUNGS, PhaseModel, row_of
from personas.phase_signs import BIN, sign_of_trait, traits_told
from personas.phase_steps import Step
from personas.phase_tables import Integers, Scales, Shown, taken_apart
from personas.phases import LEANING, beginning, condition, predict, steps_said
from personas.vocabulary import plain_mapping

ENOUGH_TOUCHPOINTS = 300_000
FEWEST = 50  # visits with an order, and without
PARTS = 4  # of the visitors, each foretold by what was learned from the others
MOST_FAMILIES = 24  # of signs
MOST_VALUES = 30  # of one family
FEWEST_SHOWN = 5  # visits that show a value
LEAVES = 4  # of a tree; it splits two families at most
ROUNDS, PATIENCE = 500, 20  # of boosting: at most, and without a gain on the part set aside
CLEARLY = 3.0  # standard errors
LEAST_GAIN = 0.01  # share of the loss
LEAST_TRUST = 0.02


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
    shown: Sequence[Shown]
    ordered: Integers
    visitor: Integers

    @property
    def part(self) -> Integers:
        """Of the visitors [N]."""
        return self.visitor % PARTS

    @property
    def are_enough(self) -> bool:
        """Is there something to learn, and to hold it against in each part?"""
        orders = np.bincount(self.part, self.ordered, PARTS)
        others = np.bincount(self.part, 1 - self.ordered, PARTS)
        return bool(min(orders.sum(), others.sum()) >= FEWEST and min(*orders, *others) > 0)


@dataclass(frozen=True)
class Boosted:
    """One model for each part of the visitors, learned from the others; together their mean."""

    models: Sequence[HistGradientBoostingClassifier]

    @classmethod
    def fit(cls, codes: Integers, visits: Visits, scales: Scales, seed: int) -> Boosted:
        models = []
        for part in range(PARTS):
            aside = visits.part == part
            model = HistGradientBoostingClassifier(
                max_iter=ROUNDS,
                max_leaf_nodes=LEAVES,
                interaction_cst="pairwise",
                categorical_features=[not _is_ordered(*each) for each in scales.values.items()],
                early_stopping=True,
                n_iter_no_change=PATIENCE,
                random_state=seed,
            )
            model.fit(
                codes[~aside],
                visits.ordered[~aside],
                X_val=codes[aside],
                y_val=visits.ordered[aside],
            )
            models.append(model)
        return cls(models)

    def score(self, codes: Integers) -> Array:
        """Log-odds [N] of codes [N, F]."""
        mean: Array = np.mean([model.decision_function(codes) for model in self.models], axis=0)
        return mean

    def score_aside(self, codes: Integers, visits: Visits) -> Array:
        """Log-odds [N] of what was learned from, each by the model that did not see it."""
        scores = np.zeros(len(codes))
        for part, model in enumerate(self.models):
            scores[visits.part == part] = model.decision_function(codes[visits.part == part])
        return scores


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
    if not visits.are_enough:
        return model
    scales = scales_of(visits.shown)
    if not scales.values:
        return model
    codes = np.array([scales.codes(shown) for shown in visits.shown])
    boosted = Boosted.fit(codes, visits, scales, seed)
    scores = boosted.score_aside(codes, visits)
    if not _is_better(visits, scores):
        return model
    both = np.column_stack([visits.known[:, 0], scores])
    trust, weight = LogisticRegression().fit(both, visits.ordered).coef_[0].tolist()
    return replace(
        model,
        trust=model.trust * float(np.clip(trust, LEAST_TRUST, 1.0)),
        leanings=taken_apart(scales, codes, boosted.score).times(weight),
    )


def _is_better(visits: Visits, scores: Array) -> bool:
    """Do signs foretell orders of visitors set aside better than the chain does alone?"""
    together = _losses(np.column_stack([visits.known, scores]), visits)
    alone = _losses(visits.known, visits)
    gained = alone - together
    error = gained.std() / np.sqrt(len(gained))
    return bool(gained.mean() > max(CLEARLY * error, LEAST_GAIN * alone.mean()))


def _losses(columns: Array, visits: Visits) -> Array:
    """Of each visit, foretold by what the other parts tell of columns [N, C]."""
    losses = np.zeros(len(columns))
    for part in range(PARTS):
        aside = visits.part == part
        model = LogisticRegression().fit(columns[~aside], visits.ordered[~aside])
        shares = model.predict_proba(columns[aside])
        losses[aside] = -np.log(shares[np.arange(len(shares)), visits.ordered[aside]])
    return losses


def scales_of(shown: Sequence[Shown]) -> Scales:
    """The families of signs that are shown most, and of each the values that are shown enough."""
    totals = Counter(sign for each in shown for sign in each.items())
    families: dict[str, list[str]] = {}
    for (family, value), count in totals.most_common():
        if count >= FEWEST_SHOWN:
            families.setdefault(family, []).append(value)
    # A family with one value tells something where it is not always shown.
    told = {
        family: values
        for family, values in families.items()
        if len(values) > 1 or totals[family, values[0]] < len(shown)
    }
    most = sorted(told, key=lambda family: -sum(totals[family, each] for each in told[family]))
    return Scales(
        {family: _sorted(family, told[family][:MOST_VALUES]) for family in most[:MOST_FAMILIES]}
    )


def _sorted(family: str, values: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(values, key=_number if _is_ordered(family, values) else str))


def _number(value: str) -> int:
    return int(value.removeprefix(BIN))


def _is_ordered(family: str, values: Sequence[str]) -> bool:
    """Are they bins of a number, or what a visit reached?"""
    return not family.startswith(TRAIT) or all(value.startswith(BIN) for value in values)


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
) -> Iterator[tuple[tuple[float, float], Shown, bool]]:
    belief, _ = beginning(model, history, np.inf)
    traits = traits_told(history.traits, np.inf).items()
    who = dict(sign_of_trait(name, value, model.cuts) for name, value in traits)
    visit: list[tuple[Step, Array]] = []
    for step, says in steps_said(model, history, facts, np.inf, mapping):
        if step.opens_visit:
            yield from _told(visit, who, order)
            visit = []
        belief = condition(predict(model, belief, step.gap or 0.0), says)
        visit.append((step, belief))
    yield from _told(visit, who, order)


def _told(
    visit: Sequence[tuple[Step, Array]], who: Shown, order: Array
) -> Iterator[tuple[tuple[float, float], Shown, bool]]:
    places = [place for place, (step, _) in enumerate(visit) if _is_order(step)]
    before = visit[: places[0]] if places else visit
    if not before:
        return
    step, belief = before[-1]
    beyond = float(belief.reshape(-1, RUNGS)[:, LEANING:].sum())
    known = float(np.log(beyond / (1 - beyond))), float(np.log(belief @ order))
    yield known, {**who, **step.reached}, bool(places)


def _is_order(step: Step) -> bool:
    return step.category[1] in phase_prior.ANCHORS


def _some(histories: Sequence[History], seed: int) -> list[History]:
    """Histories with enough touchpoints between them."""
    order = np.random.default_rng(seed).permutation(len(histories))
    lengths = np.cumsum([len(histories[place].touchpoints) for place in order])
    enough = int(np.searchsorted(lengths, ENOUGH_TOUCHPOINTS)) + 1
    return [histories[place] for place in order[:enough]]
