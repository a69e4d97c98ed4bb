"""Where a visitor stands: an exact filter over the ladder, in continuous time, and why.

Two verbs: time passes (`predict`), something happens (`condition`). The phase is a Markov chain in
continuous time, touchpoints are what can be seen of it (Liu et al. 2015, "Efficient learning of
continuous-time hidden Markov models for disease progression"). Visitors go in several ways, each
with a chain of its own; the filter follows all ways at once, so a belief here is over ways and
rungs [K * 7], and the ladder is its sum over the ways.

The evidence of an answer adds up: the log-odds of the winning phase are followed from the prior to
the answer, each item is the change that one event, or the time before it, made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import log, log1p

import numpy as np

from personas import phase_prior
from personas.entities import (
    Array,
    ContentFacts,
    Evidence,
    History,
    Older,
    PhaseBelief,
)
from personas.journeys import BUILT_IN, DEFAULT, RUNG, Journey, view
from personas.phase_model import (
    BASE,
    DIGITS,
    RUNGS,
    SECONDS_PER_DAY,
    PhaseModel,
    expert_model,
    ladder_of,
    log_likelihood,
    said,
)
from personas.phase_signs import sign_of_trait, traits_told
from personas.phase_steps import Step, steps_of
from personas.vocabulary import in_words, plain_mapping

__all__ = [
    "PhaseModel",
    "beginning",
    "belief_at",
    "believe",
    "condition",
    "expert_model",
    "ladder_at",
    "ladder_of",
    "log_likelihood",
    "predict",
    "summary_of",
]

LEANING = RUNG["intent"]  # from here on speaks what else foretells orders
LEAST_BELIEF = 1e-9  # no rung is ever ruled out
LEAST_LOG_LIKELIHOOD = -40.0  # against the likeliest rung
MOST_ITEMS = 12
MOST_REPEATS = len(phase_prior.MEANT) - 1  # beyond, one more says what the last one said
MOST_OF_A_VISIT = 100  # different touchpoints of the visit under way that a summary remembers
LEAST_TIME_ITEM = 0.005  # log-odds; less is told with the event that follows
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_UNITS = ((365.25, "year"), (30.44, "month"), (1.0, "day"), (1 / 24, "hour"), (1 / 1440, "minute"))

# The belief at a moment, and what led to it: event name or "time", in words, when.
_Moment = tuple[Array, str, str, float | None]


# --- the two verbs --------------------------------------------------------------------------------


def predict(model: PhaseModel, belief: Array, seconds: float) -> Array:
    """The belief after `seconds` in which nothing was seen; a negative gap counts as 0.

    Exact: exp(generator · t) is put together from factors that were each computed by themselves.
    """
    if not seconds > 0:
        return belief
    whole = int(min(seconds, BASE**DIGITS - 1))
    rest = min(seconds, BASE**DIGITS - 1) - whole
    for place in model.steps:
        digit = whole % BASE
        if digit:
            belief = belief @ place[digit]
        whole //= BASE
    return belief + (belief @ model.generator) * (rest / SECONDS_PER_DAY) if rest else belief


def condition(belief: Array, log_likelihood: Array) -> Array:
    """The belief after something was seen, by Bayes' rule; never zero, whatever was seen.

    >>> bool(condition(np.full(7, 1 / 7), np.array([0.0, 0, 0, 0, 0, 0, -np.inf])).min() > 0)
    True
    """
    return _weighed(belief, likelihood_of(log_likelihood))


def likelihood_of(log_likelihood: Array) -> Array:
    """Likelihoods [..., n], the greatest of each n at 1 and none at 0."""
    seen = log_likelihood
    if not np.isfinite(seen).all():
        seen = np.nan_to_num(seen, nan=0.0, posinf=0.0, neginf=-1e9)
    likelihood: Array = np.exp(
        np.maximum(seen - seen.max(axis=-1, keepdims=True), LEAST_LOG_LIKELIHOOD)
    )
    return likelihood


def _weighed(belief: Array, likelihood: Array) -> Array:
    product = belief * likelihood
    kept = np.maximum(product / product.sum(), LEAST_BELIEF)
    result: Array = kept / kept.sum()
    return result


# --- the fold -------------------------------------------------------------------------------------


def said_by(model: PhaseModel, steps: Sequence[Step]) -> Array:
    """Log likelihood of one visitor's steps [S, K * 7], each up to a constant."""
    told = said(model, steps)
    if model.leanings is not None and steps:
        who = dict(sign_of_trait(*trait, model.cuts) for trait in steps[0].traits.items())
        for each, step in zip(told, steps, strict=True):
            if step.reached is not step.before:
                leaning = model.leanings.by_step(who, step.before, step.reached)
                each.reshape(-1, RUNGS)[:, LEANING:] += leaning
    return told


def steps_said(
    model: PhaseModel,
    history: History,
    facts: Mapping[str, ContentFacts],
    at: float,
    mapping: Mapping[str, str],
) -> Iterator[tuple[Step, Array]]:
    """Each step of `steps_of`, and what it says."""
    steps = list(steps_of(history, facts, at, mapping))
    return zip(steps, said_by(model, steps), strict=True)


def summed_up(model: PhaseModel, older: Older | None, at: float) -> tuple[Array, float | None]:
    """The belief before the listed touchpoints, and since when it holds (None: ever).

    A summary that was made with other ways than the model's keeps its ladder.
    """
    if older is None or older.last > at or not older.phases or len(older.phases) % RUNGS:
        return model.prior, None
    kept = np.maximum(np.asarray(older.phases, np.float64), LEAST_BELIEF)
    if len(kept) != len(model.prior):
        kept = (model.weights[:, None] * ladder_of(kept)).ravel()
    return kept / kept.sum(), older.last


def told_of_traits(model: PhaseModel, history: History, at: float) -> Array | None:
    """What the traits known at a moment say: log likelihood [K * 7]; None: nothing.

    They tell the way, and where somebody begins; the latter is long past once there is a summary.
    """
    leans = model.leanings is not None and history.older is None
    if not (history.traits and model.signs) and not leans:
        return None
    known = traits_told(history.traits, at)
    signs = [sign_of_trait(name, value, model.cuts) for name, value in known.items()]
    rows = [model.signs[sign] for sign in signs if sign in model.signs]
    if not rows and not leans:
        return None
    told = np.zeros((model.ways, RUNGS))
    told += np.sum(rows, axis=0)[:, None] if rows else 0.0
    if leans and model.leanings is not None:
        told[:, LEANING:] += model.leanings.by_visitor(dict(signs))
    return told.ravel()


def beginning(model: PhaseModel, history: History, at: float) -> tuple[Array, float | None]:
    """The belief over ways and rungs before the listed touchpoints, by all that is known of who it
    is, and since when it holds (None: ever)."""
    belief, last = summed_up(model, history.older, at)
    told = told_of_traits(model, history, at)
    return belief if told is None else condition(belief, told), last


def ladder_at(
    model: PhaseModel,
    history: History,
    facts: Mapping[str, ContentFacts],
    at: float,
    mapping: Mapping[str, str],
) -> Array:
    """The belief over the ladder [7] at a moment, from what happened up to then."""
    return ladder_of(belief_at(model, history, facts, at, mapping))


def belief_at(
    model: PhaseModel,
    history: History,
    facts: Mapping[str, ContentFacts],
    at: float,
    mapping: Mapping[str, str],
) -> Array:
    """The belief over ways and rungs [K * 7] at a moment, from which `predict` goes on."""
    belief, last = beginning(model, history, at)
    steps = list(steps_of(history, facts, at, plain_mapping(mapping)))
    for step in steps:
        last = step.touchpoint.time if last is None else max(last, step.touchpoint.time)
    belief = _after(model, belief, steps)
    return belief if last is None else predict(model, belief, at - last)


def summary_of(
    model: PhaseModel,
    history: History,
    facts: Mapping[str, ContentFacts],
    mapping: Mapping[str, str],
) -> Older:
    """What to keep of touchpoints that leave the list, so that nothing that follows is believed
    otherwise. Traits stay out of it; they are told again at every reading.

    Args:
        history: those touchpoints, at least one, after the summary of older ones still.
    """
    before, times = history.older, [touchpoint.time for touchpoint in history.touchpoints]
    belief, _ = summed_up(model, before, np.inf)
    visit = {} if before is None else {(name, content): n for name, content, n in before.visit}
    orders = 0 if before is None else before.orders
    steps = list(steps_of(history, facts, np.inf, plain_mapping(mapping)))
    belief = _after(model, belief, steps)
    for step in steps:
        if step.opens_visit:
            visit.clear()
        same = step.touchpoint.name, step.touchpoint.content
        visit[same] = min(visit.pop(same, 0) + 1, MOST_REPEATS)
        orders += step.category[1] in phase_prior.ANCHORS
    kept = list(visit.items())[-MOST_OF_A_VISIT:]
    return Older(
        count=len(times) + (before.count if before is not None else 0),
        first=min([*times, before.first] if before is not None else times),
        last=max([*times, before.last] if before is not None else times),
        phases=tuple(float(share) for share in belief),
        orders=orders,
        visit=tuple((name, content, count) for (name, content), count in kept),
    )


def _after(model: PhaseModel, belief: Array, steps: Sequence[Step]) -> Array:
    """The belief after each step and the time before it."""
    if not steps:
        return belief
    likelihoods = likelihood_of(said_by(model, steps))
    for step, likelihood in zip(steps, likelihoods, strict=True):
        belief = _weighed(predict(model, belief, step.gap or 0.0), likelihood)
    return belief


# --- the answer, and why -------------------------------------------------------------------------


def believe(
    model: PhaseModel,
    history: History,
    facts: Mapping[str, ContentFacts],
    at: float,
    journey: Journey = BUILT_IN[DEFAULT],
    mapping: Mapping[str, str] | None = None,
) -> PhaseBelief:
    """Where a visitor stands at a moment, in the words of a journey.

    Args:
        facts: by content id or URL.
        at: seconds since 1970; what happened later is not known yet.
        mapping: the site's own event names.

    Returns:
        A belief whose `prior_log_odds` and evidence add up to the log-odds of its `probability`.
        A visitor without touchpoints gets the prior.
    """
    moments = list(_moments(model, history, facts, at, plain_mapping(mapping or {})))
    ladder = ladder_of(moments[-1][0]) if moments else model.start
    distribution = view(journey, ladder)
    winner = max(distribution, key=lambda phase: distribution[phase])
    rungs = next(phase.of for phase in journey.phases if phase.id == winner)
    prior = _log_odds(model.start, rungs)
    return PhaseBelief(
        journey=journey.id,
        id=winner,
        probability=distribution[winner],
        ladder=ladder,
        distribution=distribution,
        prior_log_odds=prior,
        evidence=_shortened(_items(moments, rungs, prior)),
    )


def _moments(
    model: PhaseModel,
    history: History,
    facts: Mapping[str, ContentFacts],
    at: float,
    mapping: Mapping[str, str],
) -> Iterator[_Moment]:
    belief, last = summed_up(model, history.older, at)
    if last is not None and history.older is not None:
        yield belief, "earlier", f"{history.older.count} earlier touchpoints", last
    told = told_of_traits(model, history, at)
    if told is not None:
        belief = condition(belief, told)
        yield belief, "traits", "What is known about the visitor", None
    for step, says in steps_said(model, history, facts, at, mapping):
        if step.gap is not None and step.gap > 0:
            belief = predict(model, belief, step.gap)
            yield belief, "time", _passed(step.gap), step.touchpoint.time
        belief = condition(belief, says)
        yield belief, step.touchpoint.name, _words(step), step.touchpoint.time
        last = step.touchpoint.time if last is None else max(last, step.touchpoint.time)
    if last is not None and at > last:
        yield predict(model, belief, at - last), "time", _passed(at - last), at


def _items(moments: Sequence[_Moment], rungs: Sequence[str], prior: float) -> list[Evidence]:
    items: list[Evidence] = []
    before = prior
    for number, (belief, what, text, time) in enumerate(moments):
        now = _log_odds(ladder_of(belief), rungs)
        small_time = what == "time" and abs(now - before) < LEAST_TIME_ITEM
        if small_time and number + 1 < len(moments):
            continue
        items.append(Evidence(what, text, now - before, time))
        before = now
    return items


def _shortened(items: list[Evidence]) -> tuple[Evidence, ...]:
    """The most telling items in the order of time, the rest as one."""
    if len(items) <= MOST_ITEMS:
        return tuple(items)
    ranked = sorted(range(len(items)), key=lambda index: -abs(items[index].log_odds))
    kept = sorted(ranked[: MOST_ITEMS - 1])
    rest = sum(items[index].log_odds for index in ranked[MOST_ITEMS - 1 :])
    return (*(items[index] for index in kept), Evidence("other", "everything else", rest))


def _log_odds(ladder: Array, rungs: Sequence[str]) -> float:
    # The same sum as in `view`: rounding must not part the evidence from the probability.
    probability = float(sum(ladder[RUNG[rung]] for rung in rungs))
    return log(probability) - log1p(-probability)


def _words(step: Step) -> str:
    return in_words(step.touchpoint.name, step.fact.type if step.fact is not None else None)


def _passed(seconds: float) -> str:
    days = seconds / 86400
    for length, unit in _UNITS:
        count = round(days / length)
        if count >= 1:
            number = _NUMBERS[count] if count < len(_NUMBERS) else f"{count}"
            return f"{number} {unit}{'s' if count > 1 else ''} without a visit"
    return "less than a minute"
