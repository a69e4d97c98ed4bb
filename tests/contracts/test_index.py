"""One law for every index: what the plain comparison of all items finds, in its order."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeddings.index import ContentFilter, ContentIndex, Hit, NumpyIndex, Terms, fused
from embeddings.index_edge import EdgeIndex
from embeddings.index_server import ServerIndex
from personas.entities import ContentItem, Tag
from personas.errors import InvalidInput

pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]
SIZE = 8
URL = os.environ.get("FINGERPOST_TEST_QDRANT_URL")


def edge(folder: Path) -> ContentIndex:
    return EdgeIndex(folder, least_free=0)


def edge_in_memory(folder: Path) -> ContentIndex:
    return EdgeIndex(folder, least_free=0, scan_above=0)


def server_in_memory(folder: Path) -> ContentIndex:
    from qdrant_client import QdrantClient

    return ServerIndex(QdrantClient(":memory:"))


def server(folder: Path) -> ContentIndex:
    index = ServerIndex.at(URL or "")
    for site in ("a", "b", "drawn", "words"):
        index.forget(site)
    return index


MAKERS: list[Callable[[Path], ContentIndex]] = [
    lambda folder: NumpyIndex(),
    edge,
    edge_in_memory,
    server_in_memory,
]
NAMES = ["numpy", "edge", "edge-in-memory", "server-in-memory"]
if URL:
    MAKERS, NAMES = [*MAKERS, server], [*NAMES, "server"]


@pytest.fixture(params=MAKERS, ids=NAMES, scope="module")
def index(request, tmp_path_factory):
    made = request.param(tmp_path_factory.mktemp("index"))
    yield made
    made.close()


@pytest.fixture
def empty(index):
    for site in ("a", "b"):
        index.forget(site)
    return index


def kind(name: str) -> Tag:
    return Tag(name, {name: 1.0})


# Vectors of few, coarse numbers: many ties, and sums that single precision holds exactly.
coarse = st.lists(st.integers(-2, 2), min_size=SIZE, max_size=SIZE).map(
    lambda numbers: np.array(numbers, np.float32) / 8
)
IDS = [f"/{k}" for k in range(40)] + ["é", "a b", "x" * 256]
moments = st.none() | st.integers(0, 20).map(float)
scalars = st.sampled_from(["x", "1", 1, 1.0, 2.5, True, False])
items = st.builds(
    ContentItem,
    id=st.sampled_from(IDS),
    type=st.none() | st.sampled_from(["guide", "article", "other"]).map(kind),
    locale=st.none() | st.sampled_from(["en", "en-GB", "en-US", "de"]),
    tags=st.lists(st.sampled_from("pqr"), max_size=3).map(tuple),
    valid_from=moments,
    valid_until=moments,
    hidden=st.booleans(),
    properties=st.dictionaries(
        st.sampled_from(["k", "l"]), scalars | st.lists(scalars, max_size=3), max_size=2
    ),
)
ids = st.frozensets(st.sampled_from([*IDS, "unknown"]), max_size=20)


def some(values):
    return st.lists(st.sampled_from(values), max_size=2).map(tuple)


filters = st.builds(
    ContentFilter,
    types=some(["guide", "article"]),
    tags=some(["p", "q", "z"]),
    locale=some(["en", "en-GB", "de", "fr"]),
    properties=st.dictionaries(
        st.sampled_from(["k", "l"]),
        st.lists(scalars, min_size=1, max_size=2).map(tuple),
        max_size=1,
    ),
    include=st.none() | ids,
    exclude=ids | st.just(frozenset()),
    visible_at=st.none() | st.integers(-1, 21).map(float),
)
catalogues = st.lists(items, max_size=40, unique_by=lambda item: item.id)


@given(
    items=catalogues,
    data=st.data(),
    vector=coarse,
    count=st.integers(1, 12),
    where=filters,
)
@settings(max_examples=60, deadline=None)
def test_every_back_end_finds_what_comparing_all_items_finds(
    index, items, data, vector, count, where
):
    oracle = NumpyIndex()
    index.delete("drawn", IDS)
    if items:
        vectors = np.array([data.draw(coarse) for _ in items])
        for each in (oracle, index):
            each.put("drawn", items, vectors)
        gone = [item.id for item in items if data.draw(st.booleans())][:5]
        for each in (oracle, index):
            each.delete("drawn", gone)
    expected = oracle.search("drawn", vector, count, where)
    found = index.search("drawn", vector, count, where)
    assert [hit.id for hit in found] == [hit.id for hit in expected]
    assert [hit.score for hit in found] == pytest.approx([hit.score for hit in expected], abs=1e-6)
    assert index.count("drawn") == oracle.count("drawn")


@pytest.fixture(scope="module")
def worded(index):
    """The index and its oracle with the same items, each of some words, coarsely weighted."""
    chance = np.random.default_rng(7)
    made = [
        ContentItem(
            name,
            type=kind(("guide", "article", "other")[chance.integers(3)]),
            locale=(None, "en", "en-GB", "de")[chance.integers(4)],
            tags=tuple("pqr"[: chance.integers(4)]),
            valid_from=float(chance.integers(20)) if chance.random() < 0.5 else None,
            hidden=bool(chance.random() < 0.2),
        )
        for name in IDS
    ]
    words = [sorted(chance.choice(6, chance.integers(5), replace=False) + 1) for _ in made]
    held = [Terms(tuple(map(int, w)), tuple(chance.integers(1, 4, len(w)) / 2)) for w in words]
    vectors = (chance.integers(-2, 3, (len(made), SIZE)) / 8).astype(np.float32)
    oracle = NumpyIndex()
    for each in (oracle, index):
        each.put("words", made, vectors, held)
    return index, oracle


@given(
    wanted=st.sets(st.integers(1, 7), max_size=4).map(sorted),
    vector=coarse,
    count=st.integers(1, 12),
    where=filters,
)
@settings(max_examples=60, deadline=None)
def test_every_back_end_finds_by_words_what_bm25_finds(worded, wanted, vector, count, where):
    asked = Terms(tuple(wanted), (1.0,) * len(wanted))
    index, oracle = (each.search_terms("words", asked, count, where) for each in worded)
    assert [hit.id for hit in index] == [hit.id for hit in oracle]
    assert [hit.score for hit in index] == pytest.approx([hit.score for hit in oracle], rel=1e-4)
    near = (each.search("words", vector, count, where) for each in worded)
    found, expected = (fused(lists, count) for lists in zip(near, (index, oracle), strict=True))
    assert found == expected


def test_an_item_is_found_by_its_words_until_it_is_put_without_them(empty):
    vectors = np.eye(SIZE, dtype=np.float32)
    words = [Terms((3, 9), (1.0, 2.0)), Terms((9,), (1.0,)), Terms()]
    empty.put("a", [ContentItem(f"/{k}") for k in range(3)], vectors[:3], words)
    nine = Terms((9,), (1.0,))
    assert [hit.id for hit in empty.search_terms("a", nine, 5, ContentFilter())] == ["/0", "/1"]
    empty.put("a", [ContentItem("/0")], vectors[:1])
    assert [hit.id for hit in empty.search_terms("a", nine, 5, ContentFilter())] == ["/1"]
    empty.delete("a", ["/1"])
    assert empty.search_terms("a", nine, 5, ContentFilter()) == []
    assert empty.search_terms("a", Terms(), 5, ContentFilter()) == []


def test_what_stands_high_in_both_lists_comes_first():
    one, other = [Hit("a", 9), Hit("b", 8), Hit("c", 7)], [Hit("b", 0.2), Hit("d", 0.1)]
    found = fused([one, other], 4)
    assert [hit.id for hit in found] == ["b", "a", "d", "c"]
    assert fused([one], 1) == [Hit("a", 1.0)]
    assert fused([[], []], 3) == []


def test_an_item_that_is_put_again_is_replaced(empty):
    vectors = np.eye(SIZE, dtype=np.float32)
    empty.put("a", [ContentItem("/1", type=kind("guide"))], vectors[:1])
    empty.put("a", [ContentItem("/1", type=kind("article"))], vectors[1:2])
    assert empty.count("a") == 1
    assert empty.search("a", vectors[0], 3, ContentFilter(types=("guide",))) == []
    assert empty.search("a", vectors[1], 3, ContentFilter(types=("article",))) == [Hit("/1", 1.0)]


def test_a_site_never_sees_anothers_content(empty):
    vectors = np.eye(SIZE, dtype=np.float32)
    empty.put("a", [ContentItem("/1")], vectors[:1])
    empty.put("b", [ContentItem("/1"), ContentItem("/2")], vectors[1:3])
    empty.delete("a", ["/2"])
    assert empty.search("a", vectors[1], 3, ContentFilter()) == [Hit("/1", 0.0)]
    assert {hit.id for hit in empty.search("b", vectors[1], 3, ContentFilter())} == {"/1", "/2"}
    np.testing.assert_array_equal(empty.vectors("a", ["/1"])["/1"], vectors[0])
    empty.forget("a")
    assert (empty.count("a"), empty.count("b")) == (0, 2)


def test_vectors_come_back_as_they_were_put(empty):
    vectors = np.random.default_rng(0).normal(size=(2_500, SIZE)).astype(np.float32)
    items = [ContentItem(f"/{k}") for k in range(len(vectors))]
    empty.put("a", items, vectors)
    pages = list(empty.all_vectors("a"))
    told = {key: row for ids, rows in pages for key, row in zip(ids, rows, strict=True)}
    assert told.keys() == {item.id for item in items}
    np.testing.assert_allclose([told[item.id] for item in items], vectors, rtol=1e-6)
    assert empty.vectors("a", ["/7", "unknown"]).keys() == {"/7"}


def test_a_site_without_content_finds_nothing(empty):
    assert empty.search("a", np.ones(SIZE, np.float32), 3, ContentFilter()) == []
    assert empty.vectors("a", ["/1"]) == {}
    assert list(empty.all_vectors("a")) == []
    assert empty.count("a") == 0
    empty.delete("a", ["/1"])


def test_vectors_of_another_encoder_take_the_place_of_the_old(empty):
    empty.put("a", [ContentItem("/1")], np.ones((1, SIZE), np.float32))
    empty.put("a", [ContentItem("/2")], np.ones((1, 3), np.float32))
    if not isinstance(empty, NumpyIndex):
        assert empty.count("a") == 1
        with pytest.raises(InvalidInput):
            empty.search("a", np.ones(SIZE, np.float32), 3, ContentFilter())
