"""Learns from a site's own log how to rank: item models, then the weights of all features.

The log is parted in time. Item models learn from the first part; choices in the second, played
again as they came, teach the weights, around the expert's as prior. The last of them, which taught
nothing, tell whether the weights are better than those in use. Then the item models learn from all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from personas.choice import Cases, fit_weights, log_likelihood, mean_ndcg
from personas.entities import CONTENT_TYPES, Array
from personas.errors import NotEnoughData
from personas.feedback import fit_progress
from personas.phase_model import expert_model
from personas.ranker import Ranker
from personas.ranking_features import FEATURES, INDEX, PRIOR, SPREAD
from training.fit_affinities import fit_affinities
from training.fit_contacts import fit_contacts
from training.fit_item_item import ItemModels, Plan, choose_plan, fit_item_models
from training.fitting import Fitted, Progress
from training.ranker_cases import Offer, Replay, replay
from training.ranker_ladders import ladders_at, moved_on
from training.ranker_people import People
from training.ranker_shown import choices_shown
from training.ranker_views import Items, Views, read_views

if TYPE_CHECKING:
    from training.dataset import SiteData
    from training.registry import Artefact

LEAST_CASES = 30
MOST_CASES = 5000
FIRST_PART = 0.7  # of the views, from which item models learn before weights do
TESTED = 0.25  # of the cases, the latest, that judge
LEAST_OF_PATTERN = 0.05  # weight of a pattern that is worth its place


@dataclass(frozen=True)
class Lesson:
    """What was learned, and how well it did on choices that taught nothing."""

    ranker: Ranker
    figures: Mapping[str, float]


def fit_ranker(
    data: SiteData, _before: Artefact | None, progress: Progress, _now: float, seed: int
) -> Fitted:
    """Weights and item models of a site.

    Raises:
        NotEnoughData: too few views to learn anything from.
    """
    progress(0.0, "reading the views")
    items, views = read_views(data)
    progress(0.02, "following visitors along their journeys")
    ladders = ladders_at(data, views)
    shown, people = choices_shown(data, items), People(data)
    lesson = learn(Log(items, views, ladders, shown, people), seed, progress)
    types, moved = items.types[views.items], moved_on(data, views)
    ranker = replace(
        lesson.ranker,
        progress=fit_progress(types, ladders, moved, len(CONTENT_TYPES)),
        contacts=fit_contacts(data, expert_model(), people),
    )
    lesson = replace(lesson, ranker=ranker)
    return _fitted(lesson, len(views), len(items))


@dataclass(frozen=True)
class Log:
    """What there is to learn from.

    Attributes:
        ladders: belief over the ladder before each view [views, 7].
        shown: choices among what was shown in answers.
        people: who visitors were.
    """

    items: Items
    views: Views
    ladders: Array
    shown: tuple[Offer, ...] = ()
    people: People | None = None

    def liked(self, ranker: Ranker, until: int, seed: int) -> Ranker:
        """The ranker, and what personas like by the first `until` views."""
        if self.people is None:
            return ranker
        found = fit_affinities(self.views, len(self.items), self.people, until, seed)
        return replace(ranker, personas=self.people.ids, affinities=found)


@dataclass(frozen=True)
class Study:
    """Choices to learn weights from, and how item models are to be learned.

    Attributes:
        following: what came next; together: what was seen together, in whatever order.
    """

    plan: Plan
    following: Cases
    together: Cases


def studied(log: Log, seed: int, progress: Progress) -> Study:
    """Item models of the first part of a log, and choices in the second.

    Raises:
        NotEnoughData: there are too few.
    """
    items, views = log.items, log.views
    begin = int(len(views) * FIRST_PART)
    first = views.histories(begin)
    progress(0.05, "choosing how to learn what goes together")
    plan = choose_plan(first, len(items), seed)
    models = fit_item_models(
        first, len(items), plan, seed, lambda share: progress(0.05 + 0.35 * share, "patterns")
    )
    progress(0.45, "playing the log again")
    ranker = log.liked(_ranker(items, PRIOR, PRIOR, models), begin, seed)
    played = Replay(items, views, log.ladders, ranker, begin, log.shown, log.people)
    following, together = replay(played, MOST_CASES, seed)
    if len(following) < LEAST_CASES:
        raise NotEnoughData(
            f"Ranking learns from {LEAST_CASES} or more choices between known content; "
            f"the log holds {len(following)}."
        )
    return Study(plan, following, together)


def learn(log: Log, seed: int, progress: Progress) -> Lesson:
    """The ranker of a log."""
    items, views = log.items, log.views
    study = studied(log, seed, progress)
    progress(0.55, "weighing what decides")
    weights, figures = weigh(study.following, study.plan)
    enough = len(study.together) >= LEAST_CASES
    of_sets = fit_weights(study.together, PRIOR, SPREAD) if enough else weights
    progress(0.6, "learning from all views")
    plan = _kept(study.plan, weights, of_sets)
    models = fit_item_models(
        views.histories(), len(items), plan, seed, lambda share: progress(0.6 + 0.4 * share, "all")
    )
    return Lesson(log.liked(_ranker(items, weights, of_sets, models), len(views), seed), figures)


def weigh(cases: Cases, plan: Plan) -> tuple[Array, dict[str, float]]:
    """Weights from the earlier cases, judged by the later ones, and then from all."""
    bound = np.quantile(cases.times, 1 - TESTED)
    early, late = cases.part(cases.times <= bound), cases.part(cases.times > bound)
    tried = fit_weights(early, PRIOR, SPREAD)
    figures = {
        "cases": float(len(cases)),
        "ndcg": mean_ndcg(late, tried),
        "ndcgOfExpert": mean_ndcg(late, PRIOR),
        "logLikelihood": log_likelihood(late, tried),
        "logLikelihoodOfExpert": log_likelihood(late, PRIOR),
        "penalty": plan.penalty or 0.0,
    }
    return fit_weights(cases, PRIOR, SPREAD), figures


def _kept(plan: Plan, *weights: Array) -> Plan:
    """Without the pattern where it decides nothing."""
    used = max(float(each[INDEX["pattern"]]) for each in weights)
    return plan if used > LEAST_OF_PATTERN else replace(plan, pattern=None)


def _ranker(items: Items, weights: Array, of_sets: Array, models: ItemModels) -> Ranker:
    learned = (models.together, models.sequence, models.pattern, models.neighbours)
    return Ranker(weights, of_sets, items.ids, *learned)


def _fitted(lesson: Lesson, views: int, items: int) -> Fitted:
    figures = lesson.figures
    better = figures["logLikelihood"] > figures["logLikelihoodOfExpert"]
    why = (
        f"NDCG@10 {figures['ndcg']:.3f} on the latest choices, "
        f"{figures['ndcgOfExpert']:.3f} with the expert's weights."
    )
    settings: dict[str, Any] = {
        "features": [feature.name for feature in FEATURES],
        "personas": list(lesson.ranker.personas),
    }
    return Fitted(
        name="ranker",
        arrays=lesson.ranker.to_arrays(),
        settings=settings | {"figures": dict(figures)},
        card=card_of(lesson, views, items),
        report=dict(figures),
        activate=better,
        why=why,
    )


def card_of(lesson: Lesson, views: int, items: int) -> str:
    """What a marketer may want to know of it."""
    weights = lesson.ranker.weights
    rows = "\n".join(
        f"| {feature.name} | {feature.prior:.2f} | {weight:.2f} |"
        for feature, weight in zip(FEATURES, weights.tolist(), strict=True)
    )
    figures = lesson.figures
    return (
        "# Ranking\n\n"
        f"Learned from {views:,} first views of {items:,} items. On the latest choices, which "
        f"taught nothing, NDCG@10 is {figures['ndcg']:.3f}; with the expert's weights "
        f"{figures['ndcgOfExpert']:.3f}.\n\n"
        "| what speaks for an item | expert's weight | learned weight |\n|---|---|---|\n"
        f"{rows}\n"
    )
