"""The search in memory finds what comparing everything finds, also when items come and go."""

import numpy as np
import pytest

from embeddings.index import ContentFilter, NumpyIndex, payload_of
from embeddings.index_scan import FEW, Scan
from personas.entities import ContentItem

SIZE = 96


def alike(count: int, seed: int) -> np.ndarray:
    """Vectors as texts have them: clustered, and with a long tail of lesser directions."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(200, SIZE))
    spread = 1 / np.sqrt(1 + np.arange(SIZE) / 4)
    vectors = (centres[rng.integers(200, size=count)] + rng.normal(size=(count, SIZE))) * spread
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def items_of(count: int) -> list[ContentItem]:
    return [
        ContentItem(
            f"/{k}",
            tags=(f"t{k % 10}",),
            hidden=k % 50 == 0,
            valid_until=9.0 if k % 20 == 1 else None,
        )
        for k in range(count)
    ]


@pytest.fixture(scope="module")
def both():
    items, vectors = items_of(3 * FEW), alike(3 * FEW, 1)
    scan, oracle = Scan(SIZE), NumpyIndex()
    for start in range(0, len(items), 1000):
        some = slice(start, start + 1000)
        scan.put([payload_of(item) for item in items[some]], vectors[some])
    oracle.put("a", items, vectors)
    return scan, oracle


@pytest.mark.parametrize(
    "where",
    [ContentFilter(), ContentFilter(visible_at=10.0), ContentFilter(tags=("t1", "t2", "t3", "t4")),
     ContentFilter(tags=("t5",), visible_at=10.0, exclude=frozenset({"/5", "/15"})),
     ContentFilter(include=frozenset(f"/{k}" for k in range(0, 9000, 7)), visible_at=1.0)],
)  # fmt: skip
def test_hardly_a_neighbour_is_missed_and_no_filter_is_broken(both, where):
    scan, oracle = both
    found = expected = 0
    for query in alike(20, 2):
        told = {hit.id for hit in scan.search(query, 20, where)}
        right = {hit.id for hit in oracle.search("a", query, 20, where)}
        found, expected = found + len(told & right), expected + len(right)
        assert len(told) == len(right)
    assert found / expected >= 0.99


def test_items_come_and_go_and_are_found_as_they_are_now():
    rng = np.random.default_rng(3)
    scan, oracle = Scan(SIZE), NumpyIndex()
    for step in range(60):
        names = rng.choice(300, size=20, replace=False)
        items = [ContentItem(f"/{k}", tags=(f"t{(k + step) % 3}",)) for k in names]
        vectors = alike(20, step + 10)
        scan.put([payload_of(item) for item in items], vectors)
        oracle.put("a", items, vectors)
        gone = [f"/{k}" for k in rng.choice(300, size=8)]
        scan.delete(gone)
        oracle.delete("a", gone)
        where = ContentFilter(tags=("t1",))
        assert len(scan) == oracle.count("a")
        expected = oracle.search("a", vectors[0], 10, where)
        assert [h.id for h in scan.search(vectors[0], 10, where)] == [h.id for h in expected]
