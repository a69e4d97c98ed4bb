"""What a change would be worth before it ships, from the answers that were given.

`python -m training.evaluate --log DIR --registry DIR --site SITE < nothing`, with the question as
JSON in `--asked`; progress and result are told as `training/process.py` says.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from personas.entities import Array
from personas.errors import NotEnoughData, UnknownName
from personas.feedback import Shown
from personas.phase_model import PhaseModel, expert_model
from personas.policy_value import Trials
from personas.ranker import Ranker
from personas.ranking_features import Contents, features_of
from personas.slots import slot_of
from training.content_vectors import read_vectors
from training.dataset import SiteData, load_site
from training.evaluate_experiment import evaluate_experiment
from training.evaluate_policies import Drawer, Drawn, Policy, with_scores
from training.evaluate_replay import Moment, Stage, moments
from training.evaluate_words import METHOD, told_of
from training.fit_personas import persona_model
from training.fitting import Progress
from training.process import ran, tell
from training.ranker_cases import contents_of, with_lately
from training.ranker_ladders import goals_of, reached_soon
from training.ranker_shown import answers_given
from training.ranker_views import read_views
from training.registry import Artefact, Registry

MOST_ANSWERS = 20_000  # the latest
MOST_RANKS = 10
ACTIVE, PRIOR = "active", "prior"
USUAL = (
    {"name": "as set now", "kind": "ranker"},
    {"name": "popularity", "kind": "popularity"},
    {"name": "uniform", "kind": "uniform"},
)


@dataclass(frozen=True, slots=True)
class Played:
    """One answer, and how a policy would have drawn it."""

    moment: Moment
    drawn: Drawn
    rewards: Array


def evaluate(
    data: SiteData,
    models: Mapping[str, Artefact],
    rankers: Mapping[str, Ranker],
    asked: Mapping[str, Any],
    progress: Progress,
) -> dict[str, Any]:
    """Values the policies that are asked about.

    Args:
        models: in use.
        rankers: version → ranker, of those that policies name.
        asked: {slot?, reward?, from?, to?, policies?}, times in seconds since 1970; or
            {experiment}, for what came of that.
    """
    if asked.get("experiment") is not None:
        return evaluate_experiment(data, asked["experiment"])
    answers = _answers(data, asked)
    if not answers:
        raise NotEnoughData(
            "No answer was logged that this asks about. Recommendations are logged by themselves; "
            "look at `slot`, `from` and `to`."
        )
    items, views = read_views(data)
    number = {name: place for place, name in enumerate(items.ids)}
    stage = Stage(data, items, views, _phases(models), answers, number)
    common = with_scores(contents_of(items, Ranker.of(None)), rankers[ACTIVE], number)
    policies = [_policy(data, asked, each, rankers) for each in asked.get("policies") or USUAL]
    played = _played(stage, common, policies, asked.get("reward") or "clicks", progress)
    return {
        "slot": asked.get("slot"),
        "reward": asked.get("reward") or "clicks",
        "answers": len(answers),
        "method": METHOD,
        "policies": [
            told_of(policy, [each.moment.answer for each in own], _trials(own))
            for policy, own in zip(policies, played, strict=True)
        ],
    }


def _answers(data: SiteData, asked: Mapping[str, Any]) -> list[tuple[Shown, int | None]]:
    """Whose propensities are known, in the slot and time asked for."""
    since, until = asked.get("from") or -np.inf, asked.get("to") or np.inf
    slot = asked.get("slot")
    found = [
        (shown, visitor)
        for shown, visitor in answers_given(data)
        if since <= shown.time <= until
        and shown.contents
        and (slot is None or shown.answer.get("slot") == slot)
        and not (shown.answer.get("asked") or {}).get("query")
    ]
    return found[-MOST_ANSWERS:]


def _phases(models: Mapping[str, Artefact]) -> PhaseModel:
    kept = models.get("phases")
    return expert_model() if kept is None else PhaseModel.from_arrays(kept.arrays)


def _policy(
    data: SiteData, asked: Mapping[str, Any], told: Mapping[str, Any], rankers: Mapping[str, Ranker]
) -> Policy:
    name = asked.get("slot") or "default"
    settings = data.set_by_people.get("slot", {}).get(name, {}) | (told.get("slot") or {})
    slot = slot_of(name, settings)
    if told["kind"] == "uniform":
        slot = replace(slot, exploration=1.0)
    version = told.get("version") or ACTIVE
    return Policy(told.get("name") or version, told["kind"], slot, rankers[version])


# --- playing the answers again --------------------------------------------------------------------


def _played(
    stage: Stage,
    common: Contents,
    policies: Sequence[Policy],
    reward: str,
    progress: Progress,
) -> list[list[Played]]:
    """Of each policy, the answers that it could have drawn."""
    drawers = [Drawer(policy, stage, common) for policy in policies]
    rewards = partial(_rewards, goals_of(stage.data) if reward == "conversions" else None)
    visitor_of = {shown.recommendation: visitor for shown, visitor in stage.answers}
    found: list[list[Played]] = [[] for _ in policies]
    for done, moment in enumerate(moments(stage)):
        contents = with_lately(replace(common, popularity=moment.counts), moment.covisits)
        features = features_of(moment.situation, contents, moment.rows)
        gained = rewards(moment, visitor_of[moment.answer.recommendation])
        for drawer, own in zip(drawers, found, strict=True):
            drawn = drawer.of(moment, features)
            if drawn is not None:
                own.append(Played(moment, drawn, gained))
        if done % 200 == 0:
            progress(0.2 + 0.7 * done / len(stage.answers), "playing answers again")
    return found


def _rewards(goals: Mapping[int, Array] | None, moment: Moment, visitor: int | None) -> Array:
    """What came of each shown item: 1 for a click; with goals, if one followed soon."""
    gained = np.zeros(len(moment.shown))
    taken = [place for place in moment.answer.taken if place < len(gained)]
    if goals is not None:
        known = goals.get(visitor) if visitor is not None else None
        if not reached_soon(known, np.asarray([moment.answer.time]))[0]:
            return gained
    gained[taken] = 1.0
    return gained


def _trials(played: Sequence[Played]) -> Trials:
    """As arrays; places beyond a list's end have no reward and chances of 1."""
    ranks = min(max((len(each.rewards) for each in played), default=0), MOST_RANKS)
    columns = played[0].drawn.meant.shape[1] if played else 0
    size = len(played)
    rewards, stated = np.zeros((size, ranks)), np.ones((size, ranks))
    wanted = np.ones((size, ranks))
    shown, meant = np.zeros((size, ranks, columns)), np.zeros((size, ranks, columns))
    for number, each in enumerate(played):
        length = min(len(each.rewards), ranks)
        rewards[number, :length] = each.rewards[:length]
        stated[number, :length] = each.moment.answer.propensities[:length]
        wanted[number, :length] = each.drawn.wanted[:length]
        shown[number, :length] = each.drawn.shown[:length]
        meant[number, :length] = each.drawn.meant[:length]
    visitors = np.asarray([each.moment.group for each in played], np.intp)
    return Trials(rewards, stated, wanted, shown, meant, visitors)


# --- the program ----------------------------------------------------------------------------------


def evaluate_site(
    log: Path, registry: Registry, site: str, asked: Mapping[str, Any], progress: Progress
) -> dict[str, Any]:
    """Reads a site's log and models, and values what is asked about."""
    progress(0.0, "reading the event log")
    data = replace(load_site(log, site), vectors=read_vectors(registry.folder, site))
    progress(0.15, "reading models")
    active = registry.active(site)
    models = registry.load(site, active) if active is not None else {}
    if "personas" in models:
        data = replace(data, personas=persona_model(models["personas"]))
    versions = {each.get("version") or ACTIVE for each in asked.get("policies") or USUAL}
    rankers = dict(_rankers(registry, site, models, versions))
    return evaluate(data, models, rankers, asked, progress)


def _rankers(
    registry: Registry, site: str, models: Mapping[str, Artefact], versions: set[str]
) -> Iterator[tuple[str, Ranker]]:
    yield ACTIVE, Ranker.of(models.get("ranker"))
    yield PRIOR, Ranker.of(None)
    known = {each.version for each in registry.versions(site)}
    for version in sorted(versions - {ACTIVE, PRIOR}):
        if version not in known:
            raise UnknownName(f"There is no version {version!r}.", "unknown-version")
        yield version, Ranker.of(registry.load(site, version).get("ranker"))


def main(arguments: Sequence[str] | None = None) -> int:
    """The program; ends with 1, and a sentence on standard error, where nothing can be told."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--registry", type=Path, required=True)
    parser.add_argument("--site", default="default")
    parser.add_argument("--asked", type=json.loads, default={})
    args = parser.parse_args(arguments)
    registry = Registry(args.registry)
    return ran(lambda: evaluate_site(args.log, registry, args.site, args.asked, tell))


if __name__ == "__main__":
    sys.exit(main())
