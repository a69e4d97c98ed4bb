"""Ranking learns from a log what its visitors do, and says so where it cannot."""

from __future__ import annotations

import numpy as np
import pytest

from personas.entities import ContentItem, History, Touchpoint, VisitorKey
from personas.errors import NotEnoughData
from personas.ranker import Ranker
from training.dataset import SiteData, VisitorData, facts_of
from training.fit_ranker import fit_ranker
from training.fitting import silent

NOW, MINUTE = 1_795_600_000.0, 60.0


def site(visitors: int, seed: int = 0) -> SiteData:
    """Two kinds of visitors, each with a kind of content of its own."""
    random = np.random.default_rng(seed)
    contents = {f"c{k}": ContentItem(id=f"c{k}", title=f"Item {k}") for k in range(20)}
    people = []
    for number in range(visitors):
        begin = NOW + number * 30 * MINUTE
        chosen = random.permutation(10)[:4] + 10 * (number % 2)
        touchpoints = tuple(
            Touchpoint(begin + k * MINUTE, number * 10 + k, "page", content=f"c{item}")
            for k, item in enumerate(chosen)
        )
        people.append(
            VisitorData((VisitorKey("anonymous_id", f"v{number}"),), History(touchpoints))
        )
    return SiteData(people, contents, facts_of(contents.values()), {}, [], NOW)


def test_what_visitors_see_together_is_learned_and_read_back_the_same():
    fitted = fit_ranker(site(300), None, silent, NOW, 0)
    assert fitted.activate
    assert fitted.report["ndcg"] > 0.45, "of seven that are as good, one was taken"
    assert fitted.report["ndcg"] > fitted.report["ndcgOfExpert"] + 0.03
    ranker = Ranker.of(fitted)
    seen = np.asarray([ranker.items.index("c0"), ranker.items.index("c1")])
    alike = [ranker.items.index(f"c{k}") for k in range(2, 10)]
    other = [ranker.items.index(f"c{k}") for k in range(10, 20)]
    assert ranker.together is not None
    scores = ranker.together.scores(seen)
    assert scores[alike].mean() > scores[other].mean()
    assert "| together |" in fitted.card


def test_the_same_log_and_seed_give_the_same_ranker():
    one, other = (fit_ranker(site(120), None, silent, NOW, 3) for _ in range(2))
    for name, array in one.arrays.items():
        assert np.array_equal(array, other.arrays[name]), name


def test_too_small_a_log_is_refused_in_words():
    for visitors in (0, 1, 5):
        with pytest.raises(NotEnoughData, match="choices"):
            fit_ranker(site(visitors), None, silent, NOW, 0)


def test_what_was_shown_and_taken_teaches_too():
    data = site(200)
    for number, each in enumerate(data.visitors[160:], 160):
        shown = [touchpoint.content for touchpoint in each.history.touchpoints[2:3]]
        items = [{"contentId": f"c{number % 10}", "propensity": 1.0}]
        items += [{"contentId": content, "propensity": 1.0} for content in shown]
        data.impressions.append(
            {
                "recommendationId": f"r{number}",
                "visitor": str(each.ids[0]),
                "at": each.history.touchpoints[1].time + 1,
                "items": items,
            }
        )
    plain = fit_ranker(site(200), None, silent, NOW, 0)
    taught = fit_ranker(data, None, silent, NOW, 0)
    assert taught.report["cases"] > plain.report["cases"]
