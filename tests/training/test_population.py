"""The features that an engine works out of the log are those that the service folds."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personas.entities import ContentFacts, VisitorKey
from personas.errors import LogUnavailable
from personas.features import FEATURES, Average, Features, features_of
from personas.visitor import MOST_LINKS, MOST_USERS
from tests.builders import (
    DAY,
    DESKTOP,
    NOW,
    PHONE,
    anonymous,
    identify,
    page,
    record_of,
    track,
    user,
)
from tests.training import logs
from training.dataset import load_site
from training.eventlog import Record, link_record
from training.feature_table import READINGS
from training.population_open import opened

EVEN = np.full(7, 1 / 7)
FACTS = {
    "/guide": ContentFacts("guide", EVEN, ("heating", "money")),
    "/compare": ContentFacts("comparison", EVEN, ("heating", "heating")),
    "/bare": ContentFacts("article", EVEN),
}
REFERRERS = ("", "https://www.google.com/", "https://t.co/x", "https://other.example/")
TRAITS: dict[str, list[Any]] = {
    "role": ["buyer", " buyer\u00a0", "\tengineer\n", "", "  ", "YES", "Müller & Co", None],
    "plan": ["pro", "free", "2026-01-02T03:04:05Z", "a@b.example", "not@mail", "no ", None],
    "seats": [3, 0, -2.5, "12", True, False, 1e300, None],
    "employee id": ["x", 7],
    "website": ["https://a.example", 4, "yes"],
    "age": [41, "old"],
    "company.industry": ["steel", "Öl"],
}


def known(folder: Path, records: list[Record], seal_after: int | None = None) -> Path:
    """A log with these records, some of them sealed."""

    async def story() -> None:
        async with logs.opened(folder / "log") as log:
            if seal_after is not None:
                await log.append(records[:seal_after])
                log.seal()
            await log.append(records[seal_after or 0 :])

    logs.run(story())
    return folder / "log"


def by_engine(
    log: Path, facts: Mapping[str, ContentFacts], **options: Any
) -> dict[tuple[VisitorKey, ...], Features]:
    with opened(log, "default", log.parent / "scratch", options.pop("until", None)) as population:
        found = {}
        for part in population.parts(facts, **options):
            found |= dict(zip(population.ids(part.visitors), part.rows, strict=True))
        assert len(found) == population.count
    assert list((log.parent / "scratch").iterdir()) == []
    return found


def by_fold(
    log: Path, facts: Mapping[str, ContentFacts], allow_sensitive: bool = False, until: Any = None
) -> dict[tuple[VisitorKey, ...], Features]:
    visitors = load_site(log, "default", until).visitors
    return {v.ids: features_of(v.history, facts, None, allow_sensitive) for v in visitors}


def assert_alike(one: dict[Any, Features], other: dict[Any, Features]) -> None:
    assert one.keys() == other.keys()
    for ids, features in one.items():
        assert features.keys() == other[ids].keys(), ids
        for name, value in features.items():
            theirs = other[ids][name]
            if isinstance(value, Average):
                assert isinstance(theirs, Average)
                assert theirs.count == value.count
                assert theirs.mean == pytest.approx(value.mean, rel=1e-9, abs=1e-9)
            else:
                assert theirs == value, (ids, name)


# --- made-up logs -------------------------------------------------------------------------------


@st.composite
def messages(draw: st.DrawFn, number: int) -> dict[str, Any]:
    """A page, an event or traits of one of a few ids, some of which a message links."""
    # Quarters of an hour: many at one moment, many just at the end of a visit.
    moment = NOW - DAY + 900.0 * draw(st.integers(0, 40)) + draw(st.sampled_from([0.0, 0.125]))
    anonymous_id = draw(st.none() | st.sampled_from("abcd"))
    user_id = draw(st.none() | st.sampled_from("uvw")) if anonymous_id else "u"
    ids = {"anonymousId": anonymous_id, "userId": user_id}
    fields = {name: value for name, value in ids.items() if value is not None}
    kind = draw(st.integers(0, 3))
    if kind == 0:
        names = draw(st.lists(st.sampled_from(sorted(TRAITS)), max_size=4, unique=True))
        traits = {name: draw(st.sampled_from(TRAITS[name])) for name in names}
        return identify(f"m{number}", moment, traits, **fields)
    fields["context"] = {
        "userAgent": draw(st.sampled_from(["", DESKTOP, PHONE])),
        "page": {"referrer": draw(st.sampled_from(REFERRERS)), "url": "https://shop.example/"},
    }
    fields["properties"] = {
        "contentId": draw(st.none() | st.sampled_from([*FACTS, "/unknown"])),
        "dwellMs": draw(st.none() | st.integers(0, 90_000)),
        "revenue": draw(st.none() | st.sampled_from([0, 12.5, 99])),
    }
    if kind == 1:
        name = draw(st.sampled_from(["Recommendation Shown", "Order Completed"]))
        return track(name, f"m{number}", moment, **fields)
    return page(f"m{number}", moment, **fields)


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Messages in any order; some come again, later or under another id."""
    told = [draw(messages(number)) for number in range(draw(st.integers(0, 40)))]
    again = draw(st.lists(st.sampled_from(told), max_size=8)) if told else []
    moved = [
        {
            **raw,
            "timestamp": raw["timestamp"] + draw(st.sampled_from([0.0, -3600.0, 7200.0])),
            **draw(st.sampled_from([{}, {"anonymousId": "a"}])),
        }
        for raw in again
    ]
    return draw(st.permutations([*told, *moved]))


WORDS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("uvw"), st.integers(0, 3), st.booleans()),
    max_size=3,
)


@settings(deadline=None, max_examples=12)
@given(histories(), WORDS, st.booleans(), st.booleans())
def test_engine_and_fold_agree(told, words, allow_sensitive, half):
    with TemporaryDirectory() as folder:
        decided = [
            link_record("default", anonymous(one), user(other), NOW + moment, cut)
            for one, other, moment, cut in words
        ]
        records = [*map(record_of, told), *decided, record_of(page("x"), "other-site")]
        log = known(Path(folder), records, len(records) // 2 if half else None)
        options = {"allow_sensitive": allow_sensitive}
        assert_alike(by_fold(log, FACTS, **options), by_engine(log, FACTS, **options))


def test_every_feature_is_read_in_both_ways():
    assert list(READINGS) == [feature.name for feature in FEATURES]


# --- who is one visitor -------------------------------------------------------------------------


def logged_in(pairs: list[tuple[str, str]]) -> list[Record]:
    return [
        record_of(identify(f"m{n}", NOW + n, {"plan": "pro"}, anonymousId=a, userId=u))
        for n, (a, u) in enumerate(pairs)
    ]


@pytest.mark.parametrize(
    "pairs",
    [
        [("shared", f"u{n}") for n in range(MOST_USERS + 1)],
        [(f"a{n}", "busy") for n in range(MOST_LINKS + 5)],
        [(f"a{n // 2}", f"u{(n + 1) // 2}") for n in range(220)],
    ],
    ids=["a shared device", "more links than are kept", "a long chain"],
)
def test_links_are_refused_by_the_same_rules(tmp_path, pairs):
    pairs = [*pairs, ("alone", "single")]
    log = known(tmp_path, logged_in(pairs))
    assert_alike(by_fold(log, {}), by_engine(log, {}))


# --- the log as it is ---------------------------------------------------------------------------


def test_of_a_moment_only_what_had_happened_is_read(tmp_path):
    told = [page(f"m{n}", NOW - n * DAY, anonymousId="a") for n in range(5)]
    log = known(tmp_path, list(map(record_of, told)), seal_after=2)
    until = NOW - 2 * DAY
    assert_alike(by_fold(log, {}, until=until), by_engine(log, {}, until=until))


def test_an_empty_log_has_no_visitors(tmp_path):
    assert by_engine(known(tmp_path, []), {}) == {}
    with pytest.raises(LogUnavailable):
        by_engine(tmp_path / "nowhere" / "log", {})


def test_a_sample_is_the_same_for_the_same_seed(tmp_path):
    told = [page(f"m{n}", NOW, anonymousId=f"a{n}") for n in range(400)]
    log = known(tmp_path, list(map(record_of, told)))
    with opened(log, "default", tmp_path / "scratch") as population:
        assert (population.count, population.size) == (400, 400)
        first, again, other = (population.sample(0.25, seed) for seed in (1, 1, 2))
    assert first.tolist() == again.tolist() != other.tolist()
    assert 60 < len(first) < 140


def test_what_a_killed_process_left_is_removed(tmp_path):
    log = known(tmp_path, [record_of(page("m1", NOW))])
    left = tmp_path / "scratch" / "population-4194305-x"
    left.mkdir(parents=True)
    assert by_engine(log, {}) != {}
    assert not left.exists()


def test_the_service_starts_without_the_engine():
    loaded = "{'ibis', 'duckdb', 'pandas'} & {*sys.modules}"
    script = f"import sys, service.app, training.run; print({loaded})"
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ
    )
    assert told.stdout.strip() == "set()"
