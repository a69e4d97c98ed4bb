"""What the index in a folder costs: inserting, searching under filters, opening again.

    python benchmarks/index.py [10000 100000]

Vectors are drawn in clusters, as those of texts are. Filters are those of a recommendation: visible
now, some of the types, a tag, without fifty items seen. Recall is against comparing all items.
Each item holds some hundred terms, drawn as words are (Zipf); a query by words has three.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from threadpoolctl import threadpool_limits

from embeddings.index import ContentFilter, Terms
from embeddings.index_edge import EdgeIndex
from personas.entities import CONTENT_TYPES, ContentItem, Tag

SIZE, NOW, QUERIES, COUNT = 384, 1_795_600_000.0, 300, 10
VOCABULARY, TERMS = 30_000, 250
FILTERS = {
    "none": ContentFilter(),
    "visible": ContentFilter(visible_at=NOW),
    "visible, type": ContentFilter(types=("guide", "video"), visible_at=NOW),
    "visible, types, tag, seen": ContentFilter(
        types=CONTENT_TYPES[:9],
        tags=("t1", "t2"),
        exclude=frozenset(f"/{k}" for k in range(50)),
        visible_at=NOW,
    ),
}


def vectors_of(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(300, SIZE))
    spread = 1 / np.sqrt(1 + np.arange(SIZE) / 8)
    made = (centres[rng.integers(300, size=count)] + rng.normal(size=(count, SIZE))) * spread
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


def items_of(count: int) -> list[ContentItem]:
    kinds = [Tag(name, {name: 1.0}) for name in CONTENT_TYPES]
    return [
        ContentItem(
            f"/{k}",
            type=kinds[k % len(kinds)],
            tags=(f"t{k % 7}", f"u{k % 50}"),
            locale="en",
            hidden=k % 40 == 0,
            valid_until=NOW - 1 if k % 25 == 0 else None,
            properties={"region": f"r{k % 5}"},
        )
        for k in range(count)
    ]


def terms_of(count: int) -> list[Terms]:
    rng = np.random.default_rng(3)
    shares = 1 / np.arange(1, VOCABULARY + 1)
    drawn = rng.choice(VOCABULARY, (count, TERMS), p=shares / shares.sum())
    held = (np.unique(row, return_counts=True) for row in drawn)
    return [Terms(tuple(names.tolist()), tuple(np.sqrt(n).tolist())) for names, n in held]


def timed(asked: Callable[[int], object]) -> tuple[float, float, float]:
    """Median and 99th percentile, and the latter of the processor, in ms."""
    walls, works = [], []
    for number in range(QUERIES):
        wall, work = time.perf_counter(), time.process_time()
        asked(number)
        walls.append(time.perf_counter() - wall)
        works.append(time.process_time() - work)
    p50, p99 = np.percentile(np.array(walls) * 1e3, [50, 99])
    return p50, p99, np.percentile(np.array(works) * 1e3, 99)


def recall(
    index: EdgeIndex,
    where: ContentFilter,
    items: list[ContentItem],
    vectors: np.ndarray,
    queries: np.ndarray,
) -> float:
    rows = np.array([k for k, item in enumerate(items) if where.allows(item)])
    shares = []
    for query in queries:
        scores = vectors[rows] @ query
        right = {items[rows[k]].id for k in np.argsort(-scores)[:COUNT]}
        shares.append(len(right & {h.id for h in index.search("a", query, COUNT, where)}) / COUNT)
    return float(np.mean(shares))


def measure(count: int, folder: Path) -> None:
    items, vectors, queries = items_of(count), vectors_of(count, 1), vectors_of(QUERIES, 2)
    terms = terms_of(count)
    index = EdgeIndex(folder)
    begun, work = time.perf_counter(), time.process_time()
    for start in range(0, count, 1000):
        some = slice(start, start + 1000)
        index.put("a", items[some], vectors[some], terms[some])
    wall, work = time.perf_counter() - begun, time.process_time() - work
    print(f"{count:,} items: inserted {count / wall:,.0f}/s ({count / work:,.0f}/s of processor)")
    index.search("a", queries[0], COUNT, ContentFilter())
    for name, where in FILTERS.items():
        p50, p99, cpu = timed(lambda k: index.search("a", queries[k], COUNT, where))  # noqa: B023 - called at once
        share = recall(index, where, items, vectors, queries[:50])
        print(f"  {name:26} p50 {p50:6.2f} ms  p99 {p99:6.2f} ms (processor p99 {cpu:5.2f} ms)"
              f"  recall@{COUNT} {share:.3f}")  # fmt: skip
    words = [
        Terms(tuple(sorted({7 + k % 90, 300 + k, 4000 + k})), (1.0,) * 3) for k in range(QUERIES)
    ]
    where = FILTERS["visible, type"]
    p50, p99, cpu = timed(lambda k: index.search_terms("a", words[k], COUNT, where))
    print(f"  by words, visible, type    p50 {p50:6.2f} ms  p99 {p99:6.2f} ms"
          f" (processor p99 {cpu:5.2f} ms)")  # fmt: skip
    index.close()
    begun, work = time.perf_counter(), time.process_time()
    again = EdgeIndex(folder)
    there = again.count("a")
    print(f"  opened again with {there:,} items in {time.perf_counter() - begun:.2f} s")
    again.search("a", queries[0], COUNT, ContentFilter())
    wall, work = time.perf_counter() - begun, time.process_time() - work
    print(f"  and searched after {wall:.2f} s ({work:.2f} s of processor)")
    again.close()


if __name__ == "__main__":
    threadpool_limits(1)
    for size in map(int, sys.argv[1:] or ["10000", "100000"]):
        with TemporaryDirectory() as place:
            measure(size, Path(place))
