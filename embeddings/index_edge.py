"""The index in process: qdrant-edge, one shard in one folder for each site.

Calls into the library hold Python's lock, so they are kept short: items are written a few at a
time, no graph is built (that takes minutes), and a site with many items is searched in memory
instead (`embeddings/index_scan.py`). The library ends the whole process when the disk is full; so
writing stops while there is still room.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from struct import Struct
from threading import RLock
from typing import Any
from urllib.parse import quote

import numpy as np
import structlog
from numpy.typing import NDArray
from qdrant_edge import (
    CountRequest,
    Distance,
    EdgeConfig,
    EdgeOptimizersConfig,
    EdgeShard,
    EdgeSparseVectorParams,
    EdgeVectorParams,
    FieldCondition,
    Filter,
    FloatIndexParams,
    HasIdCondition,
    KeywordIndexParams,
    MatchAny,
    Modifier,
    Point,
    Query,
    QueryRequest,
    RangeFloat,
    Record,
    ScrollRequest,
    SearchParams,
    SparseVector,
    UpdateOperation,
)

from embeddings.collector import without_garbage_collection
from embeddings.index import (
    PAGE,
    TERM_DIGITS,
    ContentFilter,
    Hit,
    Terms,
    nearest,
    of_each,
    payload_of,
    point_of,
)
from embeddings.index_scan import Scan
from personas.entities import ContentItem
from personas.errors import IndexUnavailable, InvalidInput

Vectors = NDArray[np.float32]

TERMS = "terms"  # name of the sparse vectors
AT_ONCE = 64  # items written in one call
FLUSH_EVERY = 20_000  # items; what was written in between lies in the library's own log
SCAN_ABOVE = 10_000  # items of a site
LEAST_FREE = 256 << 20  # bytes on the disk, below which nothing is written
NEVER = 1 << 40  # KB of vectors from which the library would build a graph
logger = structlog.get_logger(__name__)


class EdgeIndex:
    """Vectors in a folder.

    Args:
        folder: for this index alone; made if absent. One process may hold it at a time.
        least_free: bytes on the disk that are left to others.
        scan_above: items of a site from which on it is searched in memory.
    """

    def __init__(
        self, folder: Path, least_free: int = LEAST_FREE, scan_above: int = SCAN_ABOVE
    ) -> None:
        self._folder, self._least_free, self._scan_above = folder, least_free, scan_above
        self._shards: dict[str, _Shard] = {}
        self._lock = RLock()
        folder.mkdir(parents=True, exist_ok=True)

    def put(
        self,
        site: str,
        items: Sequence[ContentItem],
        vectors: Vectors,
        terms: Sequence[Terms] | None = None,
    ) -> None:
        if not items:
            return
        rows, held = np.asarray(vectors, np.float32), of_each(items, terms)
        for start in range(0, len(items), AT_ONCE):
            some = slice(start, start + AT_ONCE)
            with self._lock, _translated():
                self._check_room()
                shard = self._shard(site, rows.shape[1]) or self._made(site, rows.shape[1])
                shard.put(items[some], rows[some], held[some])

    def delete(self, site: str, ids: Sequence[str]) -> None:
        with self._lock, _translated():
            if ids and (shard := self._shard(site)) is not None:
                self._check_room()
                shard.delete(ids)

    def search(self, site: str, vector: Vectors, count: int, where: ContentFilter) -> list[Hit]:
        with self._lock, _translated():
            shard = self._shard(site)
            if shard is None or count < 1 or where.include == frozenset():
                return []
            if len(vector) != shard.size:
                raise InvalidInput(f"Vectors of this index have {shard.size} numbers.")
            if shard.count() > self._scan_above:
                return shard.scan().search(vector, count, where)
            return shard.search(vector, count, where)

    def search_terms(self, site: str, terms: Terms, count: int, where: ContentFilter) -> list[Hit]:
        with self._lock, _translated():
            shard = self._shard(site)
            nothing = count < 1 or not terms.numbers or where.include == frozenset()
            return [] if shard is None or nothing else shard.search_terms(terms, count, where)

    def vectors(self, site: str, ids: Sequence[str]) -> dict[str, Vectors]:
        with self._lock, _translated():
            shard = self._shard(site)
            return {} if shard is None else shard.vectors(ids)

    def all_vectors(self, site: str) -> Iterator[tuple[list[str], Vectors]]:
        offset: Any = None
        whole: Scan | None = None
        while True:
            with self._lock, _translated():
                shard = self._shard(site)
                if shard is None:
                    return
                if offset is None:  # a whole site is read once, for searching, too
                    whole = shard.scan() if shard.count() > self._scan_above else None
                if whole is not None:
                    ids, vectors, offset = whole.page(offset or 0)
                else:
                    ids, vectors, offset = shard.page(offset)
            if ids:
                yield ids, vectors
            if offset is None:
                return

    def count(self, site: str) -> int:
        with self._lock, _translated():
            shard = self._shard(site)
            return 0 if shard is None else shard.count()

    def forget(self, site: str) -> None:
        with self._lock, _translated():
            shard = self._shards.pop(site, None)
            if shard is not None:
                shard.close()
            shutil.rmtree(self._path(site), ignore_errors=True)

    def close(self) -> None:
        with self._lock, _translated():
            for shard in self._shards.values():
                shard.close()
            self._shards.clear()

    def _path(self, site: str) -> Path:
        name = quote(site, safe="")
        if len(name) > 100:
            name = blake2b(site.encode(), digest_size=20).hexdigest()
        return self._folder / f"site-{name}"

    def _shard(self, site: str, size: int | None = None) -> _Shard | None:
        """The site's shard; of another size of vectors it is of another encoder, and goes."""
        shard = self._shards.get(site)
        path = self._path(site)
        if shard is None and path.exists():
            shard = _loaded(path)
            if shard is not None:
                self._shards[site] = shard
        if shard is not None and size is not None and shard.size != size:
            self.forget(site)
            return None
        return shard

    def _made(self, site: str, size: int) -> _Shard:
        self._shards[site] = shard = _Shard.made(self._path(site), size)
        return shard

    def _check_room(self) -> None:
        free = shutil.disk_usage(self._folder).free
        if free < self._least_free:
            least, left = self._least_free >> 20, free >> 20
            detail = (
                f"Only {left} MB are free where the index lies; it needs {least} MB. Make room."
            )
            raise IndexUnavailable(detail)


class _Shard:
    """One site's vectors."""

    def __init__(self, shard: EdgeShard, size: int) -> None:
        self._shard, self.size = shard, size
        self._scan: Scan | None = None
        self._count = shard.count(CountRequest(exact=True))
        self._unflushed = 0

    @classmethod
    def made(cls, path: Path, size: int) -> _Shard:
        path.mkdir(parents=True, exist_ok=True)
        config = EdgeConfig(
            vectors=EdgeVectorParams(size=size, distance=Distance.Dot),
            sparse_vectors={TERMS: EdgeSparseVectorParams(modifier=Modifier.Idf)},
            optimizers=EdgeOptimizersConfig(indexing_threshold=NEVER, default_segment_number=1),
        )
        shard = EdgeShard.create(str(path), config)
        words, moments = KeywordIndexParams(enable_hnsw=False), FloatIndexParams(enable_hnsw=False)
        shard.update(UpdateOperation.create_field_index("words", words))
        for name in ("from", "until"):
            shard.update(UpdateOperation.create_field_index(name, moments))
        shard.flush()
        return cls(shard, size)

    def put(self, items: Sequence[ContentItem], vectors: Vectors, terms: Sequence[Terms]) -> None:
        payloads = [payload_of(item) for item in items]
        points = [
            Point(point_of(item.id), _vectors(vector, held), payload)
            for item, vector, held, payload in zip(items, vectors, terms, payloads, strict=True)
        ]
        self._shard.update(UpdateOperation.upsert_points(points))
        if self._scan is not None:
            self._scan.put(payloads, vectors)
        self._changed(len(items))

    def delete(self, ids: Sequence[str]) -> None:
        self._shard.update(UpdateOperation.delete_points([point_of(key) for key in ids]))
        if self._scan is not None:
            self._scan.delete(ids)
        self._changed(len(ids))

    def scan(self) -> Scan:
        """All of it in memory, read when it is first needed."""
        if self._scan is None:
            with without_garbage_collection():
                self._scan = self._read()
        return self._scan

    def _read(self) -> Scan:
        scan, offset = Scan(self.size, self._count), None
        while True:
            records, offset = self._page(offset, True)
            scan.put([record.payload or {} for record in records], _matrix(records, self.size))
            if offset is None:
                return scan

    def search(self, vector: Vectors, count: int, where: ContentFilter) -> list[Hit]:
        query = Query.Nearest(np.asarray(vector, np.float32).tolist())
        return nearest(self._asked(query, where), count)

    def search_terms(self, terms: Terms, count: int, where: ContentFilter) -> list[Hit]:
        query = Query.Nearest(SparseVector(list(terms.numbers), list(terms.weights)), TERMS)
        return nearest(self._asked(query, where), count, TERM_DIGITS)

    def _asked(self, query: Query, where: ContentFilter) -> Callable[[int], list[Hit]]:
        allowed = _filter(where)

        def found(limit: int) -> list[Hit]:
            request = QueryRequest(
                limit=limit,
                query=query,
                filter=allowed,
                params=SearchParams(exact=True),
                with_payload=["id"],
            )
            return [Hit((p.payload or {})["id"], p.score) for p in self._shard.query(request)]

        return found

    def vectors(self, ids: Sequence[str]) -> dict[str, Vectors]:
        points: list[Any] = [point_of(key) for key in ids]
        records = self._shard.retrieve(points, with_payload=["id"], with_vector=[""])
        return {(r.payload or {})["id"]: np.array(r.vector, np.float32) for r in records}

    def page(self, offset: Any) -> tuple[list[str], Vectors, Any]:  # noqa: ANN401 - the library's id
        records, following = self._page(offset, ["id"])
        ids = [(record.payload or {})["id"] for record in records]
        return ids, _matrix(records, self.size), following

    def _page(self, offset: Any, payload: Any) -> tuple[list[Record], Any]:  # noqa: ANN401 - the library's
        request = ScrollRequest(offset=offset, limit=PAGE, with_payload=payload, with_vector=[""])
        return self._shard.scroll(request)

    def count(self) -> int:
        return self._count

    def close(self) -> None:
        self._shard.flush()
        self._shard.close()

    def _changed(self, items: int) -> None:
        self._count = self._shard.count(CountRequest(exact=True))
        self._unflushed += items
        if self._unflushed > FLUSH_EVERY:
            self._shard.flush()
            self._unflushed = 0


def _loaded(path: Path) -> _Shard | None:
    """The shard of a folder; one that cannot be read is put aside, to be filled again."""
    try:
        config = json.loads((path / "edge_config.json").read_bytes())
        size, _ = int(config["vectors"][""]["size"]), config["sparse_vectors"][TERMS]
        with _translated():
            return _Shard(EdgeShard.load(str(path)), size)
    except (IndexUnavailable, OSError, ValueError, KeyError, TypeError) as error:
        if "WouldBlock" in str(error):
            raise IndexUnavailable("Another process holds the index.") from None
        aside = path.with_name(f"broken-{path.name}")
        shutil.rmtree(aside, ignore_errors=True)
        path.rename(aside)
        logger.error("index-unreadable", folder=path.name, reason=str(error))
        return None


def _matrix(records: Sequence[Record], size: int) -> Vectors:
    """Their vectors [records, size]; by `struct` in half the time that numpy takes for lists."""
    row: Any = Struct(f"{size}f")
    lists: list[Any] = [record.vector for record in records]
    packed = b"".join([row.pack(*vector) for vector in lists])
    return np.frombuffer(packed, np.float32).reshape(len(records), size)


def _vectors(vector: Vectors, terms: Terms) -> dict[str, Any]:
    named: dict[str, Any] = {"": vector.tolist()}
    if terms.numbers:
        named[TERMS] = SparseVector(list(terms.numbers), list(terms.weights))
    return named


def _filter(where: ContentFilter) -> Filter:
    must: list[Any] = [
        FieldCondition("words", match=MatchAny(sorted(words))) for words in where.conditions()
    ]
    if where.include is not None:
        must.append(HasIdCondition({point_of(key) for key in where.include}))
    must_not: list[Any] = []
    if where.exclude:
        must_not.append(HasIdCondition({point_of(key) for key in where.exclude}))
    if (at := where.visible_at) is not None:
        must_not.append(FieldCondition("from", range=RangeFloat(gt=at)))
        must_not.append(FieldCondition("until", range=RangeFloat(lte=at)))
    return Filter(must=must, must_not=must_not)


@contextmanager
def _translated() -> Iterator[None]:
    """Errors of the library, its panics too, become ours."""
    try:
        yield
    except (IndexUnavailable, InvalidInput):
        raise
    except Exception as error:
        raise IndexUnavailable(f"The index does not answer: {error}") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise IndexUnavailable(f"The index does not answer: {error}") from None
