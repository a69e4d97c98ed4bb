"""Where visitors stand, learned from what they did; in use only where it foretells better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from personas.entities import LADDER, History
from personas.errors import CorruptArtefact, NotEnoughData
from personas.phase_foretelling import Foretold, foretell, gain
from personas.phase_leanings import lean
from personas.phase_learning import PhaseEstimator
from personas.phase_model import PhaseModel, expert_model
from personas.phase_naming import best_naming
from personas.vocabulary import in_words
from training.dataset import SiteData
from training.fitting import Fitted, Progress
from training.registry import Artefact

NAME = "phases"
FEWEST_VISITORS = 30
HELD_OUT = 0.1  # share of visitors that models are compared on
MOST_HELD_OUT = 2000
MOST_TOUCHPOINTS = 20_000  # that are foretold
WORSE = -2.0  # standard errors: so much worse than the model in use is worse
WORDS_SHOWN = 4


@dataclass(frozen=True)
class Comparison:
    """What was foretold of the same visitors by the new model, the one in use and the expert's."""

    new: Foretold
    expert: Foretold
    used: Foretold | None

    @property
    def rival(self) -> Foretold:
        return self.expert if self.used is None else self.used

    @property
    def is_worse(self) -> bool:
        for other in (self.rival, self.expert):
            better, error = gain(self.new, other)
            if better < 0 and better < WORSE * error:
                return True
        return False


def fit_phases(
    data: SiteData, before: Artefact | None, progress: Progress, now: float, seed: int
) -> Fitted:
    """Learn a site's phases, and hold them against the model in use on visitors set aside.

    Args:
        before: the phases in use; None for the expert tables.
        now: seconds since 1970, for the card.

    Raises:
        NotEnoughData: too few visitors or touchpoints to learn anything from.
    """
    histories = _shuffled(data, seed)
    held_out = min(int(len(histories) * HELD_OUT), MOST_HELD_OUT)
    progress(0.0, "reading what visitors did")
    estimator = PhaseEstimator(seed=seed).fit(
        histories,
        data.facts,
        data.mapping,
        held_out,
        lambda share: progress(0.1 + 0.6 * share, "learning how visitors move"),
    )
    progress(0.7, "foretelling visitors set aside")
    compared = _compare(estimator, histories[len(histories) - held_out :], data, before)
    swapped = rungs_swapped(estimator)
    progress(0.9, "learning from all visitors")
    model = lean(estimator.finish().model_, histories, data.facts, data.mapping, seed)
    activate, why = verdict(compared, swapped)
    report = _report(estimator, compared, len(histories), model)
    card = _card(model, estimator, report, why)
    settings = {"calibration": report["calibration"], "learnedAt": now, "ways": model.ways}
    return Fitted(NAME, model.to_arrays(), settings, card, report, activate, why)


def _shuffled(data: SiteData, seed: int) -> list[History]:
    """All histories with touchpoints, in an order that says nothing."""
    histories = [visitor.history for visitor in data.visitors if visitor.history.touchpoints]
    if len(histories) < FEWEST_VISITORS:
        raise NotEnoughData(
            f"{len(histories)} visitors are too few to learn phases from; {FEWEST_VISITORS} are "
            "needed, until then the expert tables answer."
        )
    order = np.random.default_rng(seed).permutation(len(histories))
    return [histories[place] for place in order]


def _compare(
    estimator: PhaseEstimator, held_out: Sequence[History], data: SiteData, before: Artefact | None
) -> Comparison:
    counted = np.cumsum([len(history.touchpoints) for history in held_out])
    enough = held_out[: int(np.searchsorted(counted, MOST_TOUCHPOINTS)) + 1]
    sequences = estimator.sequences_
    frequency = dict(zip(sequences.categories, sequences.frequency.tolist(), strict=True))

    def foretold(model: PhaseModel) -> Foretold:
        return foretell(model, enough, data.facts, data.mapping, frequency)

    used = _model(before)
    return Comparison(
        new=foretold(estimator.model_),
        expert=foretold(expert_model()),
        used=None if used is None else foretold(used),
    )


def _model(artefact: Artefact | None) -> PhaseModel | None:
    """The model in use; one that cannot be read is no rival."""
    if artefact is None:
        return None
    try:
        return PhaseModel.from_arrays(artefact.arrays)
    except CorruptArtefact:
        return None


def rungs_swapped(estimator: PhaseEstimator) -> list[tuple[str, str]]:
    """Rungs that took on the meaning of another one: (rung, whose meaning it took)."""
    named = best_naming(estimator.parameters_, estimator.priors_)
    return [(LADDER[rung], LADDER[name]) for name, rung in enumerate(named) if rung != name]


def verdict(compared: Comparison, swapped: Sequence[tuple[str, str]]) -> tuple[bool, str]:
    """Is the new model to be used, and why."""
    if swapped:
        told = ", ".join(f"{rung} for {meaning}" for rung, meaning in swapped)
        return False, f"what was learned took {told}; the model in use stays"
    better, error = gain(compared.new, compared.rival)
    rival = "the expert tables" if compared.used is None else "the model in use"
    told = f"{better:+.4f} ± {error:.4f} nats a touchpoint against {rival}"
    if compared.is_worse:
        return False, f"it foretells visitors set aside worse ({told}); the model in use stays"
    return True, f"it foretells visitors set aside as well or better ({told})"


# --- what is told of it ---------------------------------------------------------------------------


def _report(
    estimator: PhaseEstimator, compared: Comparison, visitors: int, model: PhaseModel
) -> dict[str, Any]:
    likelihoods = estimator.log_likelihoods_
    return {
        "visitors": visitors,
        "touchpoints": estimator.sequences_.size,
        "categories": len(estimator.sequences_.categories),
        "ways": estimator.model_.ways,
        "rounds": len(likelihoods),
        "logLikelihood": likelihoods[-1],
        "leanings": 0 if model.leanings is None else model.leanings.signs,
        "trust": model.trust,
        "heldOut": {
            "touchpoints": len(compared.new.scores),
            "score": compared.new.score,
            "expert": compared.expert.score,
            "active": None if compared.used is None else compared.used.score,
        },
        "calibration": {
            "error": compared.new.calibration_error(),
            "expert": compared.expert.calibration_error(),
            "reliability": [
                {"confidence": said, "hits": hit, "touchpoints": count}
                for said, hit, count in compared.new.reliability()
            ],
        },
    }


def _card(model: PhaseModel, estimator: PhaseEstimator, report: Mapping[str, Any], why: str) -> str:
    held_out, calibration = report["heldOut"], report["calibration"]
    lines = [
        "# Phases",
        "",
        f"Learned from {report['touchpoints']} touchpoints of {report['visitors']} visitors, who "
        f"go in {model.ways} ways. {why[0].upper()}{why[1:]}.",
        "",
        "## How well it foretells what visitors do next",
        "",
        f"On {held_out['touchpoints']} touchpoints of visitors set aside, log p of a touchpoint is "
        f"{held_out['score']:.3f}; by the expert tables {held_out['expert']:.3f}. The expected "
        f"calibration error of the likeliest kind is {calibration['error']:.3f}.",
        "",
        "| it said | it was | touchpoints |",
        "|---|---|---|",
        *(
            f"| {tenth['confidence']:.0%} | {tenth['hits']:.0%} | {tenth['touchpoints']} |"
            for tenth in calibration["reliability"]
        ),
        "",
        "## Where visitors stand, and what speaks for it",
        "",
        "| phase | a stay lasts | at the first touchpoint | what speaks for it |",
        "|---|---|---|---|",
        *_phases_in_words(model, estimator),
        "",
        *_leanings_in_words(model),
        "What cannot be seen here: how often the phase itself is right. Where a site knows it of "
        "some visitors, hold the answers against that.",
    ]
    return "\n".join(lines) + "\n"


def _phases_in_words(model: PhaseModel, estimator: PhaseEstimator) -> list[str]:
    leaving = -np.einsum("k,kii->i", model.weights, model.generators)
    return [
        f"| {name} | {1 / leaving[rung]:.0f} days | {model.start[rung]:.0%} | "
        f"{', '.join(_spoken_by(estimator, rung))} |"
        for rung, name in enumerate(LADDER)
    ]


def _leanings_in_words(model: PhaseModel) -> list[str]:
    if model.leanings is None:
        return []
    return [
        "Orders are foretold clearly better by what else is known: how many pages a visit reaches, "
        f"how long it lasts, who comes ({model.leanings.signs} signs, alone and two at a time). "
        "These speak for intent and beyond; what single touchpoints say counts "
        f"{model.trust:.0%} beside them.",
        "",
    ]


def _spoken_by(estimator: PhaseEstimator, rung: int) -> list[str]:
    """What speaks for a rung, the touchpoints that tell most of it first."""
    sequences, phases = estimator.sequences_, estimator.phases_
    lifts = phases[:, rung] / (sequences.frequency @ phases / sequences.size)[rung]
    worth = sequences.frequency * phases[:, rung] * np.log(lifts)
    told = [sequences.categories[place] for place in np.argsort(-worth)[:WORDS_SHOWN]]
    return list(
        dict.fromkeys(in_words(name or kind, type_ or None) for kind, name, type_, _ in told)
    )
