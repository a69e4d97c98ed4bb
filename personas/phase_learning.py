"""Learning a site's phases from what its visitors did.

Maximum a posteriori by expectation-maximisation for a Markov chain in continuous time (Liu et al.
2015), with the expert tables as prior: Dirichlet for where visitors start and for what they do in
each phase, Gamma for the rates of moves. The priors keep each rung's meaning, so that a learned
model is still about awareness and not about "state 3".

Gaps between touchpoints are gathered into some hundred log-spaced bins; of each bin the expected
moves and stays come from one exponential of a block matrix (Van Loan 1978).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from personas import phase_prior
from personas.entities import CHANNELS, LADDER, Array, ContentFacts, History
from personas.errors import NotEnoughData
from personas.phase_model import Category, PhaseModel, expert_model
from personas.phase_sequences import (
    Expected,
    Sequences,
    encode,
    expect,
    filtered,
    log_likelihoods,
    row_table,
    transitions,
)

PHASES = len(LADDER)
LEAST_TOUCHPOINTS = 50
UNKNOWN_STRENGTH = 5.0  # touchpoints' worth of the flat prior of a name of unknown meaning


@dataclass(frozen=True)
class Priors:
    """Pseudo-counts, as if so much had been seen already.

    Attributes:
        start: visitors [7].
        rows: touchpoints of each category in each phase [C, 7].
        channels: visits by each channel in each phase [8, 7].
        moves: moves [7, 7].
        stays: days in each phase [7].
    """

    start: Array
    rows: Array
    channels: Array
    moves: Array
    stays: Array


@dataclass(frozen=True)
class Parameters:
    """What EM bends; probabilities, not logarithms. `rows` is p(category | phase) [C, 7]."""

    start: Array
    generator: Array
    rows: Array
    channels: Array


class PhaseEstimator:
    """A phase model of one site, learned from histories.

    Args:
        iterations: of EM, at most.
        tolerance: stop when the objective gains less than this for each touchpoint.
        strength: the weight of the expert tables, in touchpoints of each category.
        rare: categories with fewer touchpoints share one row for each kind.
        channel_weight: visits of one visitor repeat their channel by habit, so it counts less.
        share: the weight of the expert tables as a share of the data. With little of it, rungs
            that look alike (after-sales, loyalty) run into one another and lose their meaning.

    Attributes:
        model_: the fitted `PhaseModel`.
        objective_: penalised log likelihood after each iteration; it never falls.
        categories_, counts_: what was seen, and expected touchpoints in each phase [C, 7].

    >>> from personas.entities import History, Touchpoint
    >>> seen = [Touchpoint(86400.0 * day, day, "Pricing Viewed") for day in range(60)]
    >>> PhaseEstimator(iterations=2).fit([History(tuple(seen))], {}, {}).model_.start.shape
    (7,)
    """

    def __init__(
        self,
        iterations: int = 25,
        tolerance: float = 1e-5,
        strength: float = 30.0,
        rare: int = 5,
        channel_weight: float = 0.25,
        share: float = 0.25,
    ) -> None:
        self.iterations = iterations
        self.tolerance = tolerance
        self.strength = strength
        self.rare = rare
        self.channel_weight = channel_weight
        self.share = share

    def fit(
        self,
        histories: Sequence[History],
        facts: Mapping[str, ContentFacts],
        mapping: Mapping[str, str],
    ) -> PhaseEstimator:
        """Learn from histories.

        Raises:
            NotEnoughData: fewer than 50 touchpoints.
        """
        sequences = encode(histories, facts, mapping, self.rare)
        if sequences.size < LEAST_TOUCHPOINTS:
            raise NotEnoughData(
                f"{sequences.size} touchpoints are too few to learn phases from; "
                f"{LEAST_TOUCHPOINTS} are needed, until then the expert tables answer."
            )
        tags = _tag_norms(sequences)
        by_phase = _expert_phases(sequences)
        priors = self._priors(sequences, by_phase)
        parameters = _expected_of(priors, sequences)
        self.objective_: list[float] = []
        for _ in range(self.iterations):
            expected = self._expect(sequences, tags, parameters)
            self.objective_.append(expected.log_likelihood + log_prior(priors, parameters))
            if self._has_converged(sequences.size):
                break
            parameters = self._maximise(sequences, expected, parameters, priors)
        self.categories_ = sequences.categories
        self.counts_ = counts_of(sequences, expected)
        self.model_ = self._model(sequences.categories, tags, parameters)
        return self

    def _has_converged(self, touchpoints: int) -> bool:
        gained = np.diff(self.objective_[-2:])
        return bool(len(gained) and gained[0] < self.tolerance * touchpoints)

    def _expect(self, sequences: Sequences, tags: Array, parameters: Parameters) -> Expected:
        channels = self.channel_weight * np.log(parameters.channels)
        told = log_likelihoods(sequences, np.log(parameters.rows) - tags, channels)
        return expect(sequences, parameters.start, parameters.generator, told)

    def _maximise(
        self, sequences: Sequences, expected: Expected, parameters: Parameters, priors: Priors
    ) -> Parameters:
        opening = sequences.channel >= 0
        visits = _summed(sequences.channel[opening], expected.phases[opening], len(CHANNELS))
        first = expected.phases[sequences.slices[0]][np.isnan(sequences.begins[:, 0])]
        return Parameters(
            start=_shares(first.sum(0) + priors.start),
            generator=_rates(parameters.generator, sequences.gaps, expected.pairs, priors),
            rows=_shares(counts_of(sequences, expected) + priors.rows),
            channels=_shares(self.channel_weight * visits + priors.channels),
        )

    def _priors(self, sequences: Sequences, by_phase: Array) -> Priors:
        """The expert tables as pseudo-counts, for the categories that this site has."""
        counts = np.bincount(sequences.category, minlength=len(sequences.categories))
        rows = [
            self._strength(category, float(count))
            for category, count in zip(sequences.categories, counts, strict=True)
        ]
        visitors = self.strength + self.share * len(sequences.begins)
        return Priors(
            start=visitors * phase_prior.START,
            rows=np.array(rows)[:, None] * by_phase,
            channels=self.strength * len(CHANNELS) * phase_prior.CHANNELS_IN_PHASE.T,
            moves=visitors * phase_prior.MOVES,
            stays=visitors * phase_prior.DAYS_PER_WEEK * phase_prior.STAY_WEEKS,
        )

    def _strength(self, category: Category, count: float) -> float:
        """What an order means is not up for debate, what an unknown name means is open."""
        kind, name, _, _ = category
        if kind == "other" and name not in phase_prior.NAME_TILTS:
            return UNKNOWN_STRENGTH
        return self.strength + count * (1.0 if name in phase_prior.ANCHORS else self.share)

    def _model(
        self, categories: Sequence[Category], tags: Array, parameters: Parameters
    ) -> PhaseModel:
        rows = np.log(parameters.rows) - tags
        return replace(
            expert_model(),
            start=parameters.start,
            generator=parameters.generator,
            channels=self.channel_weight * np.log(parameters.channels),
            rows={
                category: row - row.max() for category, row in zip(categories, rows, strict=True)
            },
        )


def _expert_phases(sequences: Sequences) -> Array:
    """p(phase | category) by the expert tables and the site's own traffic [C, 7]."""
    expert = expert_model()
    rows = row_table(expert, sequences.categories)
    told = log_likelihoods(sequences, rows, expert.channels)
    phases = expect(sequences, expert.start, expert.generator, told).phases.mean(0)
    by_phase = np.exp(rows) * phases
    shares: Array = by_phase / by_phase.sum(1, keepdims=True)
    return shares


def log_prior(priors: Priors, parameters: Parameters) -> float:
    """Logarithm of the prior density of parameters, up to a constant."""
    away = ~np.eye(PHASES, dtype=bool)
    rates = parameters.generator[away]
    moves = priors.moves[away] * np.log(rates) - np.repeat(priors.stays, PHASES - 1) * rates
    shares = (
        (priors.start, parameters.start),
        (priors.rows, parameters.rows),
        (priors.channels, parameters.channels),
    )
    return float(moves.sum() + sum((count * np.log(share)).sum() for count, share in shares))


def counts_of(sequences: Sequences, expected: Expected) -> Array:
    """Expected touchpoints of each category in each phase, repetitions counting less [C, 7]."""
    weighted = expected.phases * sequences.weight[:, None]
    return _summed(sequences.category, weighted, len(sequences.categories))


def score(model: PhaseModel, sequences: Sequences) -> float:
    """How well a model foretells what comes next: mean log p(category | all before it).

    Models are compared by what they say of phases alone: how frequent each category is at all is
    taken from the sequences themselves, for each model alike.
    """
    rows = row_table(model, sequences.categories)
    told = log_likelihoods(sequences, rows, model.channels)
    moves = transitions(model.generator, sequences.gaps)
    befores, afters = np.empty_like(told), np.zeros(PHASES)
    for here, before, after, _ in filtered(sequences, model.start, moves, told):
        befores[here] = before
        afters += after.sum(0)
    emissions = _emissions(rows, sequences, afters / afters.sum())
    foretold = np.einsum("ei,ei->e", befores, emissions[sequences.category])
    return float(np.log(foretold).mean())


def _emissions(rows: Array, sequences: Sequences, phases: Array) -> Array:
    """p(category | phase) from relative likelihoods and the categories' frequencies [C, 7]."""
    frequency = np.bincount(sequences.category, minlength=len(rows)) / sequences.size
    relative = np.exp(rows)
    relative /= (relative @ phases)[:, None]
    return _shares(frequency[:, None] * relative)


def _tag_norms(sequences: Sequences) -> Array:
    """What tags and ratings say on average of each category, which its row has said already."""
    told = _summed(sequences.category, np.exp(sequences.beside), len(sequences.categories))
    counts = np.bincount(sequences.category, minlength=len(sequences.categories))
    norms: Array = np.log(told / counts[:, None])
    return norms


def _expected_of(priors: Priors, sequences: Sequences) -> Parameters:
    """Where EM begins: the prior's means, each category as frequent as it is."""
    rates = priors.moves / priors.stays[:, None]
    frequency = np.bincount(sequences.category, minlength=len(priors.rows))
    return Parameters(
        start=_shares(priors.start),
        generator=rates - np.diag(rates.sum(1)),
        rows=_shares(frequency[:, None] * priors.rows / priors.rows.sum(1, keepdims=True)),
        channels=_shares(priors.channels),
    )


def _rates(generator: Array, gaps: Array, pairs: Array, priors: Priors) -> Array:
    """The generator that fits expected moves and stays best (the M step)."""
    moves, stays = moves_and_stays(generator, gaps, pairs)
    rates = (moves + priors.moves) / (stays + priors.stays)[:, None]
    np.fill_diagonal(rates, 0.0)
    return rates - np.diag(rates.sum(1))


def moves_and_stays(generator: Array, gaps: Array, pairs: Array) -> tuple[Array, Array]:
    """Expected moves [7, 7] and days in each phase [7], given what was seen at the gaps' ends.

    exp([[Q', S], [0, Q']] t) holds the integral of exp(Q's) S exp(Q'(t - s)) over s (Van Loan
    1978, "Computing integrals involving the matrix exponential").

    Args:
        gaps: days of each bin [B].
        pairs: of `Expected` [B, 7, 7].
    """
    from scipy.linalg import expm

    block = np.zeros((len(gaps), 2 * PHASES, 2 * PHASES))
    block[:, :PHASES, :PHASES] = block[:, PHASES:, PHASES:] = generator.T
    block[:, :PHASES, PHASES:] = pairs
    integral = expm(block * gaps[:, None, None])[:, :PHASES, PHASES:].sum(0)
    return np.maximum(generator * integral, 0.0), np.diag(integral).copy()


def _summed(index: np.ndarray, values: Array, length: int) -> Array:
    columns = [np.bincount(index, column, minlength=length) for column in values.T]
    return np.stack(columns, axis=1)


def _shares(counts: Array) -> Array:
    """Columns that sum to 1, or a row that does."""
    shares: Array = counts / counts.sum(0)
    return shares
