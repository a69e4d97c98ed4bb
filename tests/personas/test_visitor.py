"""A visitor's history is the same in whatever order, pieces and repetitions its messages come."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personas.entities import History, Link, Older, Touchpoint, VisitorKey
from personas.messages import Accepted
from personas.visitor import (
    BY_A_PERSON,
    MOST_IDS,
    MOST_LINKS,
    MOST_TOUCHPOINTS,
    MOST_TRAIT_CHANGES,
    MOST_USERS,
    as_of,
    component,
    fold,
    is_full,
    is_shared,
    linked,
    merged,
    neighbours,
    trimmed,
)
from tests.builders import (
    NOW,
    accepted,
    anonymous,
    history,
    identify,
    link,
    page,
    touchpoint,
    track,
    trait,
    user,
)

unhurried = settings(deadline=None)
IDS = [anonymous("a"), anonymous("b"), user("u"), user("v")]


@st.composite
def tellings(draw, most=25):
    """Messages of a few ids; some share a time, some claim one message id with two contents."""
    told = []
    for _ in range(draw(st.integers(0, most))):
        message_id = f"m{draw(st.integers(0, 30))}"
        at = NOW - draw(st.integers(0, 20)) * 3600
        ids = {"anonymousId": draw(st.sampled_from(["a", "b"]))}
        if draw(st.booleans()):
            ids["userId"] = draw(st.sampled_from(["u", "v"]))
        kind = draw(st.sampled_from([page, identify]))
        if kind is identify:
            name, value = draw(st.sampled_from(["x", "y"])), draw(st.integers(0, 3))
            told.append(accepted(identify(message_id, at, {name: value}, **ids)))
        else:
            told.append(accepted(page(message_id, at, **ids)))
    return told


def whole(messages, key):
    return fold(History(), key, messages)


# --- the fold -------------------------------------------------------------------------------------


@unhurried
@given(tellings(), st.randoms(use_true_random=False), st.integers(1, 6))
def test_order_pieces_and_repetitions_do_not_matter(messages, chance, pieces):
    shuffled = messages + [chance.choice(messages) for _ in range(5) if messages]
    chance.shuffle(shuffled)
    for key in IDS:
        history = History()
        for piece in range(pieces):
            history = fold(history, key, shuffled[piece::pieces])
        assert history == whole(messages, key)


@unhurried
@given(tellings())
def test_a_history_is_in_the_order_of_time(messages):
    for key in IDS:
        history = whole(messages, key)
        for items in (history.touchpoints, history.traits, history.links):
            assert list(items) == sorted(items, key=lambda item: (item.time, item.message))
        assert len({each.message for each in history.touchpoints}) == len(history.touchpoints)


@unhurried
@given(tellings(), st.integers(1, 5))
def test_merging_is_folding_everything(messages, pieces):
    for key in IDS:
        parts = [whole(messages[piece::pieces], key) for piece in range(pieces)]
        assert merged(parts) == whole(messages, key)


@unhurried
@given(tellings(), st.randoms(use_true_random=False))
def test_merging_several_ids_does_not_depend_on_order_or_grouping(messages, chance):
    histories = [whole(messages, key) for key in IDS]
    together = merged(histories)
    chance.shuffle(histories)
    assert merged([merged(histories[:2]), merged(histories[2:])]) == together
    assert merged([*histories, *histories]) == together
    everything = {each.message for history in histories for each in history.touchpoints}
    assert {each.message for each in together.touchpoints} == everything


def test_a_thousand_shuffles_of_a_history_give_one_state():
    messages = [
        accepted(track(f"Event {n % 7}", f"m{n}", NOW - n * 61.7, anonymousId="a", userId="u"))
        for n in range(150)
    ]
    chance, expected = random.Random(7), whole(messages, user("u"))
    for _ in range(1000):
        chance.shuffle(messages)
        cut = chance.randrange(150)
        assert fold(whole(messages[:cut], user("u")), user("u"), messages[cut:]) == expected


def test_only_the_owner_gets_touchpoint_and_traits_but_both_ends_get_the_link():
    message = accepted(page(anonymousId="a", userId="u"))
    assert len(whole([message], user("u")).touchpoints) == 1
    assert whole([message], anonymous("a")).touchpoints == ()
    assert neighbours(whole([message], anonymous("a"))) == (user("u"),)
    assert neighbours(whole([message], user("u"))) == (anonymous("a"),)
    assert whole([message], anonymous("stranger")) == History()


def test_the_earlier_of_two_contents_of_one_message_is_believed():
    one = accepted(page("m1", NOW - 10, properties={"contentId": "x"}))
    other = accepted(page("m1", NOW - 5, properties={"contentId": "y"}))
    assert [each.content for each in whole([other, one], anonymous()).touchpoints] == ["x"]


# --- as of a moment -------------------------------------------------------------------------------


@unhurried
@given(tellings(), st.integers(-1, 21))
def test_as_of_a_moment_is_the_fold_of_what_had_happened_by_then(messages, hours):
    at = NOW - hours * 3600
    unique = {each.message: each for each in sorted(messages, key=lambda each: -each.time)}
    before = [each for each in unique.values() if each.time <= at]
    for key in IDS:
        assert as_of(whole(list(unique.values()), key), at) == whole(before, key)


def test_a_summary_that_reaches_beyond_the_moment_is_left_out():
    older = Older(3, NOW - 100, NOW - 50, (1.0,))
    history = History(older=older)
    assert as_of(history, NOW - 49).older == older
    assert as_of(history, NOW - 51).older is None


# --- bounds ---------------------------------------------------------------------------------------


def summary(history: History) -> Older:
    """Not a belief, but tells what was summed up: how many, since when."""
    before, times = history.older, [each.time for each in history.touchpoints]
    count = len(times) + (before.count if before else 0)
    first = before.first if before else times[0]
    return Older(count, first, times[-1], (float(count), times[-1]))


def test_the_oldest_touchpoints_become_a_summary():
    long = history(*(touchpoint(days=-day) for day in range(250)))
    short = trimmed(long, summary)
    assert short.touchpoints == long.touchpoints[50:]
    assert short.older == Older(
        50, long.touchpoints[0].time, long.touchpoints[49].time, (50.0, long.touchpoints[49].time)
    )


@given(st.integers(1, 40), st.integers(1, 20))
def test_trimming_step_by_step_counts_each_touchpoint_once(count, most):
    short = History()
    for day in range(count):
        grown = replace(short, touchpoints=(*short.touchpoints, touchpoint(days=day)))
        short = trimmed(grown, summary, most)
    assert len(short.touchpoints) == min(count, most)
    assert (short.older.count if short.older else 0) == count - len(short.touchpoints)
    if short.older:
        assert short.older.first == touchpoint(days=0).time
        assert short.older.phases[0] == short.older.count


def test_what_is_short_stays_the_very_same():
    short = history(*(touchpoint(days=-day) for day in range(MOST_TOUCHPOINTS)), trait("x", 1.0))
    assert trimmed(short, summary) is short


def test_the_latest_of_each_trait_survives_trimming():
    changes = [trait("often", float(n), days=n) for n in range(MOST_TRAIT_CHANGES + 50)]
    kept = trimmed(history(trait("once", "x", days=-1), *changes), summary).traits
    assert len(kept) == MOST_TRAIT_CHANGES
    assert (kept[0].name, kept[-1]) == ("once", changes[-1])


def test_of_two_summaries_the_later_ones_belief_counts():
    early, late = Older(3, 1.0, 5.0, (0.1,)), Older(2, 2.0, 9.0, (0.9,))
    for order in ([early, late], [late, early]):
        assert merged([History(older=each) for each in order]).older == Older(5, 1.0, 9.0, (0.9,))


# --- links ----------------------------------------------------------------------------------------


def many_links(count):
    return [
        accepted(page(f"m{n}", NOW - 1000 + n, userId="u", anonymousId=f"a{n}"))
        for n in range(count)
    ]


@given(st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=20)
def test_more_links_than_are_sensible_are_refused_and_always_the_same_ones(chance):
    messages = many_links(MOST_LINKS + 30)
    chance.shuffle(messages)
    full = History()
    for message in messages:
        full = fold(full, user("u"), [message])
    assert [each.other for each in full.links] == [anonymous(f"a{n}") for n in range(MOST_LINKS)]
    assert is_full(full)


def test_a_link_told_a_thousand_times_is_kept_once():
    messages = [accepted(page(f"m{n}", NOW - n, userId="u", anonymousId="a")) for n in range(99)]
    assert len(whole(messages, user("u")).links) == 1
    assert whole(messages, user("u")).links[0].time == NOW - 98


def test_links_hold_from_the_moment_that_they_were_told():
    told = history(link(user("u"), days=0))
    assert neighbours(told, NOW - 1) == ()
    assert neighbours(told, NOW) == neighbours(told) == (user("u"),)


def test_a_persons_word_goes_before_what_messages_say():
    told = history(link(user("u"), days=-2))
    cut = linked(told, user("u"), NOW - 86400, cut=True)
    again = fold(cut, anonymous("a"), [accepted(page("m9", NOW, userId="u", anonymousId="a"))])
    assert neighbours(cut) == neighbours(again) == ()
    assert neighbours(again, NOW - 1.5 * 86400) == (user("u"),)
    assert neighbours(linked(again, user("u"), NOW)) == (user("u"),)


@given(st.permutations(range(6)))
def test_the_order_in_which_links_and_cuts_arrive_does_not_matter(order):
    def step(history, number):
        if number % 3 == 0:
            return linked(history, user("u"), NOW + number, cut=True)
        if number % 3 == 1:
            return linked(history, user("u"), NOW + number)
        return fold(
            history, anonymous("a"), [accepted(page(f"m{number}", userId="u", anonymousId="a"))]
        )

    states = [History(), History()]
    for one, other in zip(order, range(6), strict=True):
        states = [step(states[0], one), step(states[1], other)]
    assert states[0] == states[1]


# --- several ids ----------------------------------------------------------------------------------


def everyone(messages):
    keys = {
        key for each in messages for key in (each.owner, *(k for pair in each.links for k in pair))
    }
    return {key: whole(messages, key) for key in keys}


def ids_of(start, histories, at=None):
    ids, missing = component(start, histories, at)
    assert missing == ()
    return set(ids)


def test_links_join_ids_through_others():
    histories = everyone([
        accepted(page("m1", NOW - 9, anonymousId="a", userId="u")),
        accepted(page("m2", NOW - 5, anonymousId="b", userId="u")),
        accepted(page("m3", NOW - 1, anonymousId="c")),
    ])  # fmt: skip
    for start in (anonymous("a"), anonymous("b"), user("u")):
        assert ids_of(start, histories) == {anonymous("a"), anonymous("b"), user("u")}
    assert ids_of(anonymous("b"), histories, NOW - 6) == {anonymous("b")}
    assert ids_of(anonymous("c"), histories) == {anonymous("c")}


def test_ids_that_are_not_loaded_yet_are_asked_for():
    histories = everyone([accepted(page("m1", anonymousId="a", userId="u"))])
    assert component(user("u"), {}) == ((user("u"),), (user("u"),))
    some = {user("u"): histories[user("u")]}
    assert component(user("u"), some) == ((user("u"),), (anonymous("a"),))


def test_a_link_holds_where_both_ends_know_of_it():
    messages = many_links(MOST_LINKS + 1)
    histories = everyone(messages)
    refused = anonymous(f"a{MOST_LINKS}")
    assert ids_of(refused, histories) == {refused}
    assert refused not in ids_of(user("u"), histories)


def test_a_device_that_many_share_joins_nobody():
    messages = [
        accepted(page(f"m{n}", NOW - n, userId=f"u{n}", anonymousId="kiosk"))
        for n in range(MOST_USERS + 1)
    ]
    histories = everyone(messages)
    assert is_shared(anonymous("kiosk"), histories[anonymous("kiosk")])
    assert ids_of(user("u1"), histories) == {user("u1")}
    assert len(ids_of(user("u1"), everyone(messages[1:]))) == MOST_USERS + 1


def test_unmerging_gives_back_what_each_was_alone():
    messages = [
        accepted(page("m1", NOW - 9, anonymousId="a")),
        accepted(page("m2", NOW - 8, userId="u", anonymousId="a")),
    ]
    histories = everyone(messages)
    alone = {key: whole([m for m in messages if m.owner == key], key) for key in histories}
    for one, other in ((user("u"), anonymous("a")), (anonymous("a"), user("u"))):
        histories[one] = linked(histories[one], other, NOW, cut=True)
    assert ids_of(user("u"), histories) == {user("u")}
    for key, parted in histories.items():
        assert parted.touchpoints == alone[key].touchpoints


def test_a_visitor_has_a_bounded_number_of_ids():
    chain: dict[VisitorKey, History] = {}
    for n in range(MOST_IDS + 50):
        others = [anonymous(f"a{m}") for m in (n - 1, n + 1) if 0 <= m < MOST_IDS + 50]
        chain[anonymous(f"a{n}")] = history(*(link(other) for other in others))
    assert len(component(anonymous("a0"), chain)[0]) == MOST_IDS


@unhurried
@given(tellings())
def test_every_id_of_a_visitor_names_the_same_visitor(messages):
    histories = everyone(messages)
    for key in histories:
        ids = ids_of(key, histories)
        assert all(ids_of(other, histories) == ids for other in ids)


def test_the_persons_mark_is_no_messages_hash():
    assert BY_A_PERSON == 0
    with pytest.raises(AttributeError):
        Link(NOW, 1, user("u")).message = 2  # type: ignore[misc]


def test_builders_make_what_folds_make():
    told = [accepted(page(f"m{n}", NOW + n)) for n in range(3)]
    made = history(*(Touchpoint(NOW + n, each.message, "page") for n, each in enumerate(told)))
    assert made == whole(told, anonymous())
    assert all(isinstance(each, Accepted) for each in told)
