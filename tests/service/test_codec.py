"""A history that was written is read back, to the last digit, from few bytes, or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import math
import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personas.entities import (
    Consent,
    History,
    Link,
    Older,
    Touchpoint,
    TraitChange,
    VisitorKey,
)
from personas.errors import CorruptArtefact, InvalidInput
from service import codec
from tests.service.histories import plausible_history

unhurried = settings(deadline=None)
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
finite = st.floats(allow_nan=False)
moments = st.one_of(
    finite,
    st.floats(1.6e9, 2.0e9),
    st.integers(0, 2_000_000_000_000).map(lambda thousandths: thousandths / 1_000),
    st.integers(0, 2_000_000_000_000_000).map(lambda millionths: millionths / 1_000_000),
)
hashes = st.integers(0, (1 << 63) - 1)
measures = st.one_of(st.none(), finite, st.integers(-5_000, 90_000).map(lambda n: n / 1_000))
keys = st.builds(VisitorKey, st.sampled_from(["user_id", "anonymous_id"]), text)
touchpoints = st.builds(
    Touchpoint,
    moments,
    hashes,
    text,
    text,
    st.none() | text,
    st.none() | text,
    measures,
    measures,
    measures,
    measures,
    measures,
)
values = st.one_of(st.none(), st.booleans(), finite, text)
histories = st.builds(
    History,
    st.lists(touchpoints, max_size=30).map(tuple),
    st.lists(st.builds(TraitChange, moments, hashes, text, values), max_size=5).map(tuple),
    st.lists(st.builds(Link, moments, hashes, keys, st.booleans()), max_size=5).map(tuple),
    st.none()
    | st.builds(
        Older,
        st.integers(0, 1 << 40),
        moments,
        moments,
        st.lists(finite, max_size=21).map(tuple),
        st.integers(0, 1000),
        st.lists(st.tuples(text, st.none() | text, st.integers(0, 3)), max_size=5).map(tuple),
    ),
    st.lists(st.builds(Consent, moments, hashes, text, st.booleans()), max_size=3).map(tuple),
)


def with_checksum(form: int, packed: bytes) -> bytes:
    return bytes([form]) + zlib.crc32(packed).to_bytes(4, "little") + packed


@unhurried
@given(histories)
def test_what_was_written_is_read(history):
    again = codec.decode(codec.encode(history))
    assert again == history
    assert hash(again) == hash(history)
    assert repr(again) == repr(codec.decode(codec.encode(again)))


def test_what_is_read_is_of_the_shared_classes():
    history = codec.decode(codec.encode(plausible_history(1)))
    assert type(history.touchpoints[0]) is Touchpoint
    assert type(history.traits[0]) is TraitChange
    assert type(history.links[0]) is Link
    assert type(history.links[0].other) is VisitorKey
    with pytest.raises(AttributeError):
        history.touchpoints[0].time = 0.0


@pytest.mark.parametrize("moment", [1.79e9 + 1 / 3, 1.79e9 + 2**-22, -1.0, 0.0, 1e300, math.inf])
def test_any_moment_keeps_its_last_digit(moment):
    history = History((Touchpoint(1.79e9, 1, "page"), Touchpoint(moment, 2, "page")))
    assert codec.decode(codec.encode(history)) == history


@pytest.mark.parametrize("value", [True, False, 1.0, 0.1, -1e300, "", "1", None])
def test_a_trait_keeps_its_kind(value):
    history = History(traits=(TraitChange(1.0, 1, "plan", value),))
    read = codec.decode(codec.encode(history)).traits[0].value
    assert (type(read), read) == (type(value), value)


def test_the_same_history_is_the_same_bytes():
    assert codec.encode(plausible_history(3)) == codec.encode(plausible_history(3))


def test_a_visitor_of_25_touchpoints_takes_about_800_bytes():
    sizes = [len(codec.encode(plausible_history(seed))) for seed in range(50)]
    assert max(sizes) <= 850
    assert sum(sizes) / len(sizes) <= 800


def test_every_flipped_bit_is_noticed():
    blob = codec.encode(plausible_history(4))
    for position in range(len(blob) * 8):
        changed = bytearray(blob)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(CorruptArtefact):
            codec.decode(bytes(changed))


def test_every_cut_is_noticed():
    blob = codec.encode(plausible_history(5))
    for length in range(len(blob)):
        with pytest.raises(CorruptArtefact):
            codec.decode(blob[:length])


@unhurried
@given(st.binary(max_size=200))
def test_other_bytes_are_no_history(other):
    with pytest.raises(CorruptArtefact):
        codec.decode(other)


@unhurried
@given(st.binary(max_size=200), st.integers(0, 3))
def test_other_bytes_with_a_right_checksum_are_no_history_either(other, written):
    with pytest.raises(CorruptArtefact):
        codec.decode(with_checksum(codec.FORMAT | written, other))


@unhurried
@given(histories, st.data())
def test_a_blob_of_a_careless_writer_is_an_error_of_ours_at_most(history, data):
    packed = bytearray(codec.encode(history)[5:])
    at = data.draw(st.integers(0, len(packed) - 1))
    packed[at] = data.draw(st.integers(0, 255))
    with contextlib.suppress(CorruptArtefact):
        codec.decode(with_checksum(codec.encode(history)[0], bytes(packed)))


@pytest.mark.parametrize(
    "touchpoint",
    [Touchpoint(1.0, 1 << 64, "page"), Touchpoint(1.0, 1, "\ud800"), Touchpoint(1.0, -1 << 64, "")],
)
def test_what_cannot_be_written_is_refused(touchpoint):
    with pytest.raises(InvalidInput):
        codec.encode(History((touchpoint,)))


def test_the_dictionary_of_a_format_never_changes():
    digest = hashlib.sha256(codec.WORDS).hexdigest()
    assert digest.startswith("8250b68ac70a806b"), "make a new format instead"


def test_histories_written_by_earlier_versions_are_read():
    blob = bytes.fromhex(
        "11a7b4489f93dc00160201cd03e8cf000001a106e9236701cd03e8010a00000004cd03e8cf000001a1407908"
        "d6090a0bcb406f40000000000001cd03e8cf000001a1407908d6c0c4674201020342000049000000006fe58f"
        "397139a0f9429b9bb60400510c8ab4784d574204040148750301420242000000007187508e167c71116c5e18"
        "b96cf559f42a602080fd93d5eb0bc03eb55c05aa6f6642050607084200719925f268a6140367420c420d4200"
        "c42f03ab871a045308f731c4648c88428fdbc4bcbc44bde2dccc920c3307240f333802c5194a40890b6e9da1"
        "8181811900"
    )
    assert codec.decode(blob) == plausible_history(6, touchpoints=2)


def test_random_garbage_of_every_length_is_refused():
    chance = random.Random(7)
    for length in range(0, 3000, 37):
        with pytest.raises(CorruptArtefact):
            codec.decode(chance.randbytes(length))


def test_what_was_read_or_written_lately_is_the_same_object_and_no_more_is_kept_than_allowed():
    blobs = [codec.encode(plausible_history(seed)) for seed in range(20)]
    lately = codec.Lately(most=5 * len(blobs[0]))
    first = lately.decode(blobs[0])
    assert lately.decode(bytes(bytearray(blobs[0]))) is first
    assert lately.encode(first) == blobs[0]
    for blob in blobs:
        assert lately.decode(blob) == codec.decode(blob)
    assert lately.decode(blobs[0]) is not first
    assert sum(map(len, lately._histories)) == lately._size <= 5 * len(blobs[0])
    written = plausible_history(30)
    assert lately.decode(lately.encode(written)) is written


def test_a_history_longer_than_all_that_may_be_kept_is_read_all_the_same():
    lately = codec.Lately(most=10)
    blob = codec.encode(plausible_history(1))
    assert lately.decode(blob) == lately.decode(blob) == plausible_history(1)
