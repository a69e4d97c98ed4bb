"""Learning a site's phases from what its visitors did.

Maximum a posteriori by expectation-maximisation for a mixture of Markov chains in continuous time
(Liu et al. 2015), with the expert tables as prior: Dirichlet for where visitors start and for what
they do in each phase, Gamma for the rates of moves. The priors keep each rung's meaning, so that a
learned model is still about awareness and not about "state 3".

Visitors differ, and a single chain bends its phases until they tell kinds of people apart instead
of how far these have come. So the ways in which people go are found first, by who they are
(`phase_ways`), and each then has a pace, a start and habits of its own, drawn towards the others'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from personas import phase_prior
from personas.entities import CHANNELS, LADDER, Array, ContentFacts, History
from personas.errors import NotEnoughData
from personas.phase_chains import Block, Parameters, blocks_of
from personas.phase_expect import expect, tag_norms
from personas.phase_maximise import Priors, maximise, shares
from personas.phase_model import (
    Attention,
    Category,
    PhaseModel,
    expert_model,
    row_of,
    tag_factors,
)
from personas.phase_sequences import Integers, Sequences, encode
from personas.phase_ways import find_ways, log_shares

PHASES = len(LADDER)
LEAST_TOUCHPOINTS = 50
UNKNOWN_STRENGTH = 2.0  # touchpoints' worth of the flat prior of a name of unknown meaning
ENOUGH_TOUCHPOINTS = 250_000  # to come close; all are looked at in the end
ROUNDS = 10  # further ones fit the site a little better, with phases that mean something else
LAST_ROUNDS = 2
SETTLED = 6  # rounds before ways that are unlikely by now are left out
FIRST_ROUNDS = 4  # with the expert's likelihoods, to learn how common each phase is


class PhaseEstimator:
    """A phase model of one site, learned from histories.

    Args:
        iterations: of EM, at most; it begins at the expert tables, and few keep it near them.
        tolerance: stop when a touchpoint's log likelihood gains less than this.
        strength: the weight of the expert tables, in touchpoints of each category.
        share: their weight as a share of the data.
        rare: categories with fewer touchpoints share one row for each kind.
        ways: at most.
        seed: of the search for ways.

    Attributes:
        model_: the fitted `PhaseModel`.
        parameters_: the same as probabilities.
        priors_: what these were drawn towards.
        log_likelihoods_: of a touchpoint, before each iteration.
        by_phase_: p(phase | category) by the expert tables and the site's traffic [C, 7].
        phases_: the same by what was learned.
        sequences_: what was seen.

    >>> from personas.entities import History, Touchpoint
    >>> seen = [Touchpoint(86400.0 * day, day, "Pricing Viewed") for day in range(60)]
    >>> PhaseEstimator(iterations=2).fit([History(tuple(seen))], {}, {}).model_.start.shape
    (7,)
    """

    def __init__(
        self,
        iterations: int = ROUNDS,
        tolerance: float = 1e-5,
        strength: float = 10.0,
        share: float = 0.1,
        rare: int = 5,
        ways: int = 8,
        seed: int = 0,
    ) -> None:
        self.iterations = iterations
        self.tolerance = tolerance
        self.strength = strength
        self.share = share
        self.rare = rare
        self.ways = ways
        self.seed = seed

    def fit(
        self,
        histories: Sequence[History],
        facts: Mapping[str, ContentFacts],
        mapping: Mapping[str, str],
        held_out: int = 0,
        progress: Callable[[float], None] = lambda _: None,
    ) -> PhaseEstimator:
        """Learn from histories.

        Args:
            facts: by content id or URL.
            mapping: the site's own event names.
            held_out: so many of the last histories, of those with touchpoints, are kept for
                `finish`.
            progress: told the share of the work that is done.

        Raises:
            NotEnoughData: fewer than 50 touchpoints.
        """
        sequences = encode(histories, facts, mapping, self.rare)
        if sequences.size < LEAST_TOUCHPOINTS:
            raise NotEnoughData(
                f"{sequences.size} touchpoints are too few to learn phases from; "
                f"{LEAST_TOUCHPOINTS} are needed, until then the expert tables answer."
            )
        self.sequences_ = sequences
        self._memberships = find_ways(sequences, self.seed, self.ways).memberships.copy()
        learned_from = np.arange(max(sequences.visitors - held_out, 1))
        some = _some(sequences, learned_from, np.random.default_rng(self.seed))
        self.by_phase_, phases = expert_phases(sequences, some)
        self.parameters_ = beginning(sequences, self._memberships, self.by_phase_, phases)
        self.log_likelihoods_: list[float] = []
        self._rounds(some, self.iterations, progress)
        if len(some) < len(learned_from):
            self._rounds(learned_from, LAST_ROUNDS, progress)
        return self

    def finish(self) -> PhaseEstimator:
        """Learn a little more, from all histories."""
        self._rounds(np.arange(self.sequences_.visitors), LAST_ROUNDS, lambda _: None)
        return self

    def _rounds(self, visitors: Integers, most: int, progress: Callable[[float], None]) -> None:
        sequences = self.sequences_
        size = float(sequences.lengths[visitors].sum())
        priors = self.priors_ = self._priors(sequences, size / sequences.size)
        blocks: list[Block] = []
        for number in range(most):
            if number in (0, SETTLED):
                blocks = blocks_of(sequences, self._memberships, visitors)
            expected = expect(sequences, self.parameters_, blocks)
            self._memberships[visitors] = expected.memberships[visitors]
            self.parameters_ = maximise(sequences, expected, self.parameters_, priors)
            self.log_likelihoods_.append(expected.log_likelihood / size)
            progress((number + 1) / most)
            gained = np.diff(self.log_likelihoods_[-2:])
            if number > SETTLED and gained[0] < self.tolerance:
                break
        self.phases_ = shares(expected.meant.sum(0).T + self.by_phase_)
        self.model_ = model_of(sequences, self.parameters_)

    def _priors(self, sequences: Sequences, portion: float) -> Priors:
        """The expert tables as pseudo-counts, for the categories that this site has."""
        seen = sequences.frequency * portion
        strengths = [
            self._strength(category, float(count))
            for category, count in zip(sequences.categories, seen, strict=True)
        ]
        visitors = self.strength + self.share * sequences.visitors * portion
        return Priors(
            starts=visitors * phase_prior.START,
            meant=np.array(strengths) * self.by_phase_.T,
            moves=self.strength * phase_prior.MOVES,
            stays=self.strength * phase_prior.stays(),
        )

    def _strength(self, category: Category, count: float) -> float:
        """What an unknown name means is open."""
        kind, name, content_type, _ = category
        if not phase_prior.says(kind, name, content_type):
            return UNKNOWN_STRENGTH
        return self.strength + self.share * count


def _some(sequences: Sequences, visitors: Integers, rng: np.random.Generator) -> Integers:
    """Visitors with enough touchpoints between them."""
    order = rng.permutation(visitors)
    enough = int(np.searchsorted(np.cumsum(sequences.lengths[order]), ENOUGH_TOUCHPOINTS)) + 1
    return np.sort(order[:enough])


# --- the beginning ------------------------------------------------------------------------------


def expert_phases(sequences: Sequences, visitors: Integers) -> tuple[Array, Array]:
    """p(phase | category) by the expert tables and the site's own traffic [C, 7], and how common
    each phase is among touchpoints [7]."""
    expert = expert_model()
    told = np.array([row_of(expert, category) for category in sequences.categories])
    one = np.ones((sequences.visitors, 1))
    blocks = blocks_of(sequences, one, visitors)
    phases = phase_prior.START
    for _ in range(FIRST_ROUNDS):
        by_phase = shares(told * phases)
        parameters = beginning(sequences, one, by_phase, phases)
        expected = expect(sequences, parameters, blocks)
        phases = shares(expected.meant.sum((0, 2)) + 1.0)
    return by_phase, phases


def beginning(
    sequences: Sequences, memberships: Array, by_phase: Array, phases: Array
) -> Parameters:
    """Where EM begins: the expert's likelihoods, each category as frequent as it is."""
    ways = memberships.shape[1]
    frequency = shares(sequences.frequency)
    meant = shares((by_phase * frequency[:, None] / phases).T + 1e-6)
    families = np.unique([family for family, _ in sequences.signs], return_inverse=True)[1]
    weights = memberships.sum(0) + 1.0
    return Parameters(
        weights=weights / weights.sum(),
        starts=np.tile(phase_prior.START, (ways, 1)),
        generators=np.tile(phase_prior.generator(), (ways, 1, 1)),
        meant=np.tile(meant, (ways, 1, 1)),
        chance=frequency,
        slips=1 - phase_prior.MEANT,
        read=np.full(ways, np.log(phase_prior.READ_SECONDS)),
        missed=float(np.log(phase_prior.MISSED_SECONDS)),
        spread=phase_prior.DWELL_SPREAD,
        channels=np.full((ways, PHASES, len(CHANNELS)), 1 / len(CHANNELS)),
        signs=log_shares(sequences.counts.T @ memberships, families),
        tag_weight=0.0,
    )


def model_of(sequences: Sequences, parameters: Parameters) -> PhaseModel:
    """Learned parameters as a model."""
    factors = tag_factors(sequences.tags, parameters.tag_weight * sequences.tag_shares)
    norms = tag_norms(sequences, factors)
    ratios = parameters.meant / norms.T / parameters.chance
    slips = parameters.slips
    return PhaseModel(
        weights=parameters.weights,
        starts=parameters.starts,
        generators=parameters.generators,
        channels=np.log(parameters.channels).transpose(2, 0, 1).copy(),
        attention=Attention(
            np.log((1 - slips) / slips), parameters.read, parameters.missed, parameters.spread
        ),
        tag_weight=parameters.tag_weight,
        rows=dict(zip(sequences.categories, ratios.transpose(2, 0, 1).copy(), strict=True)),
        signs=dict(zip(sequences.signs, parameters.signs, strict=True)),
        cuts=sequences.cuts,
    )
