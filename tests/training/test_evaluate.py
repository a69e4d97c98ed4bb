"""Answers are played again from the log alone, and tell what another policy would be worth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from personas.entities import ContentItem, History, Touchpoint, VisitorKey
from personas.errors import NotEnoughData
from personas.phase_model import expert_model
from personas.phases import ladder_of
from personas.ranker import Ranker
from personas.ranking import Taste, draw
from personas.ranking_features import PRIOR, Situation, features_of
from training.dataset import SiteData, VisitorData, facts_of
from training.evaluate import ACTIVE, evaluate
from training.evaluate import PRIOR as PRIOR_VERSION
from training.evaluate_replay import Stage, moments
from training.fitting import silent
from training.ranker_cases import contents_of
from training.ranker_shown import answers_given
from training.ranker_views import read_views

NOW, DAY = 1_795_600_000.0, 86_400.0
GOOD = {"c0", "c1", "c2"}  # what is clicked most
RANKERS = {ACTIVE: Ranker(PRIOR, PRIOR), PRIOR_VERSION: Ranker(PRIOR, PRIOR)}


def site(visitors: int, seed: int = 0, items: int = 8) -> SiteData:
    """New visitors, each of whom looks at one list that was drawn by chance alone."""
    random = np.random.default_rng(seed)
    contents = {f"c{k}": ContentItem(id=f"c{k}", title=f"Item {k}") for k in range(items)}
    people, answers, outcomes = [], [], []
    for number in range(visitors):
        key, at = VisitorKey("anonymous_id", f"v{number}"), NOW + number * DAY / 100
        picks = draw(np.zeros(items), Taste(2, exploration=1.0), random)
        shown = [f"c{pick.place}" for pick in picks]
        name = f"r{number}"
        answers.append(
            {
                "recommendationId": name,
                "slot": "s",
                "visitor": str(key),
                "at": at,
                "phase": "awareness",
                "persona": "everyone",
                "items": [
                    {"contentId": content, "propensity": pick.propensity}
                    for content, pick in zip(shown, picks, strict=True)
                ],
            }
        )
        taken = [c for c in shown if random.random() < (0.6 if c in GOOD else 0.1)]
        outcomes += [
            {"recommendationId": name, "name": "Recommendation Clicked", "contentId": content}
            for content in taken
        ]
        clicks = tuple(
            Touchpoint(at + 5 + k, number * 10 + k, "Recommendation Clicked", content=content)
            for k, content in enumerate(taken)
        )
        people.append(VisitorData((key,), History(clicks)))
    data = SiteData(people, contents, facts_of(contents.values()), {}, answers, NOW)
    return replace(data, outcomes=outcomes)


def asked(data: SiteData, **question) -> dict:
    return evaluate(data, {}, RANKERS, {"slot": "s", **question}, silent)


def test_chance_alone_is_worth_what_chance_alone_reached():
    told = asked(site(400), policies=[{"kind": "uniform", "name": "chance"}])["policies"][0]
    assert told["estimates"]["ips"]["value"] == pytest.approx(told["logged"]["value"])
    assert told["gain"]["low"] < 0 < told["gain"]["high"]
    assert "cannot tell" in told["words"]


def test_a_slot_that_pins_what_is_clicked_most_is_worth_more_and_one_that_hides_it_less():
    policies = [
        {"kind": "uniform", "name": "pinned", "slot": {"pins": ["c0"]}},
        {"kind": "uniform", "name": "hidden", "slot": {"exclude": sorted(GOOD)}},
    ]
    pinned, hidden = asked(site(1500), policies=policies)["policies"]
    first = pinned["estimates"]["dr"]
    assert first["low"] < 0.6 + 2 / 7 * 0.6 + 5 / 7 * 0.1 < first["high"]
    assert pinned["gain"]["low"] > 0
    assert "more" in pinned["words"]
    assert hidden["estimates"]["dr"]["low"] < 0.2 < hidden["estimates"]["dr"]["high"]
    assert hidden["gain"]["high"] < 0


def test_personas_and_phases_are_told_apart_and_thin_ones_refused():
    data = site(600)
    for answer in data.impressions[:40]:
        answer["phase"] = "intent"
    told = asked(data, policies=[{"kind": "uniform"}])["policies"][0]
    by = {each["phase"]: each for each in told["byPhase"]}
    assert not by["awareness"]["refused"]
    assert by["intent"]["refused"]
    assert "takes" in by["intent"]["words"]


def test_what_the_log_never_shows_is_refused():
    data = site(300)
    for answer in data.impressions:
        for item in answer["items"]:
            item["propensity"] = 1.0  # as of a slot that explores nothing
    told = asked(data, policies=[{"kind": "uniform"}])["policies"][0]
    assert told["refused"]
    assert "explor" in told["words"]


def test_without_answers_it_says_so():
    with pytest.raises(NotEnoughData, match="No answer"):
        asked(site(0))


def test_a_played_answer_knows_what_was_known_and_nothing_later():
    data = site(30)
    items, views = read_views(data)
    number = {name: place for place, name in enumerate(items.ids)}
    stage = Stage(data, items, views, expert_model(), answers_given(data), number)
    seen = 0
    for moment in moments(stage):
        seen += int((views.times < moment.answer.time).sum() > 0)
        expected = np.bincount(views.items[views.times < moment.answer.time], minlength=8)
        assert moment.counts[-2].tolist() == expected.tolist()
        assert len(moment.situation.seen) == 0, "each visitor is new"
        features = features_of(
            Situation(moment.answer.time, moment.situation.seen, ladder_of(expert_model().start)),
            contents_of(items, Ranker(PRIOR, PRIOR), moment.counts),
            moment.rows,
        )
        assert np.isfinite(features).all()
    assert seen > 20
