"""What is believed of a site's journeys, and what a touchpoint says of the phase.

Visitors go in several *ways*: in pace, in where they start, in what they do and through which
channels they come. A belief is over ways and rungs at once; the ladder is its sum over the ways.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import log

import numpy as np

from personas import phase_prior
from personas.entities import CHANNELS, LADDER, Array, ContentFacts, Touchpoint
from personas.errors import CorruptArtefact
from personas.phase_signs import Sign, signs_of_touchpoint
from personas.phase_tables import Leanings
from personas.vocabulary import VIEWS, is_named, kind_of_plain, plain_mapping, resolve

Category = tuple[str, str, str, str]  # kind, plain name, content type, "again" of a repeated order

RUNGS = len(LADDER)
SECONDS_PER_DAY = 86400.0
LEAST_TAG = 0.02  # of a content's phase tag: taggers err
LEAST_SECONDS = 0.2
LEAST_ATTENTION, MOST_ATTENTION = -4.0, 3.0  # what the time on a page can say, in log-odds
BASE, DIGITS = 16, 9  # gaps as base-16 numbers of seconds, up to 2,000 years
_CHANNEL = {channel: index for index, channel in enumerate(CHANNELS)}
TAGGED = VIEWS | {"video playback started", "recommendation clicked"}


@dataclass(frozen=True)
class Attention:
    """Whether a touchpoint is meant, or a slip that says nothing of the phase.

    Attributes:
        odds: log-odds that it is meant, by how often the same came before in the visit [4].
        read: mean of the logarithm of a meant view's seconds, in each way [K].
        missed: the same of a view by mistake.
        spread: standard deviation of both.
    """

    odds: Array
    read: Array
    missed: float
    spread: float


@dataclass(frozen=True)
class PhaseModel:
    """What is believed of a site's journeys, in each of K ways.

    Attributes:
        weights: share of each way [K].
        starts: where visitors stand at their first touchpoint [K, 7].
        generators: rates of moves per day [K, 7, 7]; rows sum to 0.
        channels: log likelihood of a visit's channel [8, K, 7].
        attention: whether a touchpoint is meant.
        tag_weight: how much a content's own phase tag counts.
        trust: how much evidence counts; 1 where it was learned.
        rows: category → p(category | phase, meant) / p(category | by chance) [K, 7], learned; a
            category without a row is read by the row of its kind ("kind", "", "", ""), else by
            the expert tables.
        signs: log likelihood of what tells the ways apart [K].
        cuts: bins of numeric traits.
        leanings: what speaks for intent and beyond besides (see `phase_leanings`).
    """

    weights: Array
    starts: Array
    generators: Array
    channels: Array
    attention: Attention
    tag_weight: float = phase_prior.TAG_WEIGHT
    trust: float = 1.0
    rows: Mapping[Category, Array] = field(default_factory=dict)
    signs: Mapping[Sign, Array] = field(default_factory=dict)
    cuts: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    leanings: Leanings | None = None

    @property
    def ways(self) -> int:
        return len(self.weights)

    @cached_property
    def prior(self) -> Array:
        """The belief about a visitor of whom nothing is known, over ways and rungs [K * 7]."""
        prior: Array = (self.weights[:, None] * self.starts).ravel()
        return prior

    @property
    def start(self) -> Array:
        """The same over the ladder [7]."""
        return ladder_of(self.prior)

    @cached_property
    def generator(self) -> Array:
        """Of ways and rungs at once; nobody changes the way [K * 7, K * 7]."""
        return _blocks(self.generators)

    @cached_property
    def steps(self) -> list[list[Array]]:
        """exp(generator · t) for t = digit · 16^place seconds, as [place][digit]."""
        from scipy.linalg import expm

        seconds = np.outer(float(BASE) ** np.arange(DIGITS), np.arange(BASE))
        days = seconds[:, :, None, None, None] / SECONDS_PER_DAY
        moved = _stochastic(expm(self.generators * days))
        return [[_blocks(digit) for digit in place] for place in moved]

    def to_arrays(self) -> dict[str, np.ndarray]:
        """As arrays for a registry; names are JSON in bytes."""
        names = {
            "categories": [list(category) for category in self.rows],
            "signs": [list(sign) for sign in self.signs],
            "cuts": {name: list(cuts) for name, cuts in self.cuts.items()},
            "leanings": None if self.leanings is None else self.leanings.scales.values,
        }
        told = self.attention
        return {
            "weights": self.weights,
            "starts": self.starts,
            "generators": self.generators,
            "channels": self.channels,
            "attention": np.array([*told.odds, told.missed, told.spread]),
            "read": told.read,
            "scalars": np.array([self.tag_weight, self.trust]),
            "names": np.frombuffer(json.dumps(names).encode(), np.uint8).copy(),
            "rows": np.array(list(self.rows.values())).reshape(-1, self.ways, RUNGS),
            "signs": np.array(list(self.signs.values())).reshape(-1, self.ways),
            **({} if self.leanings is None else self.leanings.to_arrays()),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> PhaseModel:
        """The model that `to_arrays` wrote down.

        Raises:
            CorruptArtefact: its parts do not fit together.
        """
        try:
            return cls._from_arrays(arrays)
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptArtefact(f"the phase model cannot be read: {error}") from error

    @classmethod
    def _from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> PhaseModel:
        names = json.loads(bytes(arrays["names"]))
        *odds, missed, spread = (float(number) for number in arrays["attention"])
        tag_weight, trust = (float(number) for number in arrays["scalars"])
        rows = zip(names["categories"], arrays["rows"], strict=True)
        return cls(
            weights=arrays["weights"],
            starts=arrays["starts"],
            generators=arrays["generators"],
            channels=arrays["channels"],
            attention=Attention(np.array(odds), arrays["read"], missed, spread),
            tag_weight=tag_weight,
            trust=trust,
            rows={(kind, name, type_, again): row for (kind, name, type_, again), row in rows},
            signs={
                (family, value): row
                for (family, value), row in zip(names["signs"], arrays["signs"], strict=True)
            },
            cuts={name: tuple(cuts) for name, cuts in names["cuts"].items()},
            leanings=(
                Leanings.from_arrays(names["leanings"], arrays) if names.get("leanings") else None
            ),
        )


def expert_attention(ways: int = 1) -> Attention:
    odds = phase_prior.MEANT
    return Attention(
        odds=np.log(odds / (1 - odds)),
        read=np.full(ways, log(phase_prior.READ_SECONDS)),
        missed=log(phase_prior.MISSED_SECONDS),
        spread=phase_prior.DWELL_SPREAD,
    )


def expert_model() -> PhaseModel:
    """The model of day one: the expert tables, one way, no data."""
    channels = phase_prior.CHANNEL_WEIGHT * np.log(phase_prior.CHANNELS_IN_PHASE.T)
    return PhaseModel(
        weights=np.ones(1),
        starts=phase_prior.START[None],
        generators=phase_prior.generator()[None],
        channels=channels[:, None],
        attention=expert_attention(),
        trust=phase_prior.TRUST,
    )


def ladder_of(belief: Array) -> Array:
    """The belief over the ladder [7] of one over ways and rungs [K * 7]."""
    ladder: Array = belief.reshape(-1, RUNGS).sum(0)
    return ladder


def _stochastic(matrices: Array) -> Array:
    """Rounding may leave a tiny negative number or a sum that is not 1."""
    kept = np.maximum(matrices, 0.0)
    result: Array = kept / kept.sum(-1, keepdims=True)
    return result


def _blocks(matrices: Array) -> Array:
    """Matrices [K, 7, 7] along the diagonal of a larger one."""
    ways = len(matrices)
    whole = np.zeros((ways, RUNGS, ways, RUNGS))
    for way, matrix in enumerate(matrices):
        whole[way, :, way, :] = matrix
    return whole.reshape(ways * RUNGS, ways * RUNGS)


# --- what a touchpoint says -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Observed:
    """A touchpoint, and what it is among others."""

    touchpoint: Touchpoint
    fact: ContentFacts | None
    category: Category
    repeats: int  # how often the same came before in the visit
    opens_visit: bool


def category_of(
    touchpoint: Touchpoint, fact: ContentFacts | None, mapping: Mapping[str, str], orders: int
) -> Category:
    """What kind of thing a touchpoint is.

    A name that nobody has explained is read by the content that it came with.

    Args:
        mapping: of `plain_mapping`.
        orders: how many came before.
    """
    name, given = resolve(touchpoint.name, mapping)
    views = name in TAGGED or (given is None and not is_named(name))
    content_type = (fact.type or "other") if fact is not None and views else ""
    kind = given or kind_of_plain(name, content_type)
    again = "again" if orders and name in phase_prior.ANCHORS else ""
    return kind, name, content_type, again


def row_of(model: PhaseModel, category: Category) -> Array:
    """p(category | phase, meant) / p(category | by chance), [K, 7] or [7] where all ways agree."""
    row = model.rows.get(category)
    if row is None and not phase_prior.knows(category[1], category[2]):
        row = model.rows.get((category[0], "", "", ""))
    return phase_prior.meant(*category) if row is None else row


def log_likelihood(
    model: PhaseModel,
    touchpoint: Touchpoint,
    facts: Mapping[str, ContentFacts],
    mapping: Mapping[str, str],
    repeats: int,
    opens_visit: bool = False,
) -> Array:
    """How well each way and rung explains a touchpoint: log likelihood [K * 7], up to a constant.

    Args:
        facts: by content id or URL; a missing key is unknown content.
        mapping: the site's own names (see `vocabulary`).
        repeats: how often the same came before; a repetition says less.
        opens_visit: only then does the channel say something.
    """
    fact = facts.get(touchpoint.content) if touchpoint.content is not None else None
    category = category_of(touchpoint, fact, plain_mapping(mapping), repeats)
    one: Array = said(model, [Observed(touchpoint, fact, category, repeats, opens_visit)])[0]
    return one


def said(model: PhaseModel, steps: Sequence[Observed]) -> Array:
    """The same of touchpoints whose category is known [S, K * 7]."""
    rows = np.empty((len(steps), model.ways, RUNGS))
    for number, step in enumerate(steps):
        rows[number] = row_of(model, step.category)
    _times_tags(rows, model.tag_weight, steps)
    odds = np.exp(attention(model.attention, steps))
    told = model.trust * np.log1p(odds[:, :, None] * rows)
    for number, step in enumerate(steps):
        if step.touchpoint.rating is not None:
            told[number] += phase_prior.RATING * (step.touchpoint.rating - 0.5)
        if step.opens_visit:
            told[number] += model.channels[_CHANNEL.get(step.touchpoint.channel, -1)]
        if model.signs:
            for sign in signs_of_touchpoint(step.touchpoint, step.fact, step.opens_visit):
                if sign in model.signs:
                    told[number] += model.signs[sign][:, None]
    return told.reshape(len(steps), model.ways * RUNGS)


def _times_tags(rows: Array, weight: float, steps: Sequence[Observed]) -> None:
    """What contents' own tags say beside the rows of their categories [S, K, 7]."""
    tagged = [
        (number, own, step.fact.phases)
        for number, step in enumerate(steps)
        if step.fact is not None and (own := tag_weight(weight, step.fact, step.category))
    ]
    if tagged:
        numbers, weights, phases = zip(*tagged, strict=True)
        rows[list(numbers)] *= tag_factors(tag_logs(np.array(phases)), np.array(weights))[:, None]


def attention(told: Attention, steps: Sequence[Observed]) -> Array:
    """Log-odds that each touchpoint is meant, in each way [S, K]."""
    odds = np.empty((len(steps), len(told.read)))
    timed: list[int] = []
    seconds: list[float] = []
    most = len(told.odds) - 1
    for number, step in enumerate(steps):
        repeats = 0 if step.category[3] else step.repeats
        one = told.odds[min(repeats, most)]
        looked = closeness(step.touchpoint)
        if looked is not None:
            one += phase_prior.CLOSENESS * (looked - phase_prior.EXPECTED_CLOSENESS)
        odds[number] = one
        if step.touchpoint.dwell is not None:
            timed.append(number)
            seconds.append(log(max(step.touchpoint.dwell, LEAST_SECONDS)))
    if timed:
        above = np.array(seconds)[:, None] - 0.5 * (told.read + told.missed)
        by_time = above * (told.read - told.missed) / told.spread**2
        odds[timed] += np.clip(by_time, LEAST_ATTENTION, MOST_ATTENTION)
    return odds


def closeness(touchpoint: Touchpoint) -> float | None:
    """How far a visitor went through what was looked at (0-1); None where nothing tells."""
    looked = [seen for seen in (touchpoint.scroll, touchpoint.completion) if seen is not None]
    return max(looked) if looked else None


def tag_weight(weight: float, fact: ContentFacts | None, category: Category) -> float:
    """How much the content's own phase tag says beside a touchpoint's category."""
    if fact is None or not category[2]:
        return 0.0
    return weight if category[2] == "other" else weight * phase_prior.TAG_BESIDE_TYPE


def tag_logs(phases: Array) -> Array:
    """Logarithms of contents' phase tags [..., 7]."""
    logs: Array = np.log(np.maximum(phases, LEAST_TAG))
    return logs


def tag_factors(tags: Array, weights: Array) -> Array:
    """What contents' tags [S, 7], of `tag_logs`, say [S, 7]: factors that are 1 on average."""
    told = np.exp(weights[:, None] * tags)
    factors: Array = told * (RUNGS / told.sum(axis=1, keepdims=True))
    return factors
