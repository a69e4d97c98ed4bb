"""The index on a Qdrant server or cluster, one collection for each site and size of vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from threading import RLock
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np
from numpy.typing import NDArray
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ApiException

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
from personas.entities import ContentItem
from personas.errors import IndexUnavailable, InvalidInput

Vectors = NDArray[np.float32]

TIMEOUT = 1  # seconds
TERMS = "terms"  # name of the sparse vectors
UNUSABLE = -1  # size of vectors that this release did not write
AT_ONCE = 200  # items of one request
EXACT_BELOW = 20_000  # items of a site, up to which each is compared


class ServerIndex:
    """Vectors in collections named after their site.

    Args:
        client: of `qdrant-client`.
    """

    def __init__(self, client: QdrantClient) -> None:
        self._client = client
        self._sizes: dict[str, int] = {}
        self._lock = RLock()

    @classmethod
    def at(cls, url: str) -> ServerIndex:
        """The server at this URL; it need not be up yet."""
        with _translated():
            return cls(QdrantClient(url=url, timeout=TIMEOUT, check_compatibility=False))

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
        with _translated():
            name = self._made(site, rows.shape[1])
            for start in range(0, len(items), AT_ONCE):
                some = slice(start, start + AT_ONCE)
                points = [
                    models.PointStruct(
                        id=str(point_of(item.id)),
                        vector=_vectors(row, own),
                        payload=payload_of(item),
                    )
                    for item, row, own in zip(items[some], rows[some], held[some], strict=True)
                ]
                self._client.upsert(name, points, wait=True)

    def delete(self, site: str, ids: Sequence[str]) -> None:
        with _translated():
            if ids and self._size(site):
                points: list[Any] = [str(point_of(key)) for key in ids]
                self._client.delete(_name(site), models.PointIdsList(points=points), wait=True)

    def search(self, site: str, vector: Vectors, count: int, where: ContentFilter) -> list[Hit]:
        with _translated():
            size = self._size(site)
            if not size or count < 1 or where.include == frozenset():
                return []
            if len(vector) != size:
                raise InvalidInput(f"Vectors of this index have {size} numbers.")
            query = np.asarray(vector, np.float32).tolist()
            exact = self._client.count(_name(site), exact=False).count <= EXACT_BELOW
            return nearest(self._asked(site, query, where, exact=exact), count)

    def search_terms(self, site: str, terms: Terms, count: int, where: ContentFilter) -> list[Hit]:
        with _translated():
            nothing = count < 1 or not terms.numbers or where.include == frozenset()
            if nothing or not self._size(site):
                return []
            asked = self._asked(site, _sparse(terms), where, using=TERMS)
            return nearest(asked, count, TERM_DIGITS)

    def _asked(
        self,
        site: str,
        query: list[float] | models.SparseVector,
        where: ContentFilter,
        *,
        exact: bool | None = None,
        using: str | None = None,
    ) -> Callable[[int], list[Hit]]:
        allowed = _filter(where)

        def found(limit: int) -> list[Hit]:
            answer = self._client.query_points(
                _name(site),
                query=query,
                using=using,
                limit=limit,
                query_filter=allowed,
                search_params=models.SearchParams(exact=exact),
                with_payload=["id"],
            )
            return [Hit((point.payload or {})["id"], point.score) for point in answer.points]

        return found

    def vectors(self, site: str, ids: Sequence[str]) -> dict[str, Vectors]:
        with _translated():
            if not ids or not self._size(site):
                return {}
            points = [str(point_of(key)) for key in ids]
            records = self._client.retrieve(
                _name(site), points, with_payload=["id"], with_vectors=True
            )
            return {(r.payload or {})["id"]: np.array(_dense(r), np.float32) for r in records}

    def all_vectors(self, site: str) -> Iterator[tuple[list[str], Vectors]]:
        offset: Any = None
        while True:
            with _translated():
                if not self._size(site):
                    return
                records, offset = self._client.scroll(
                    _name(site), limit=PAGE, offset=offset, with_payload=["id"], with_vectors=True
                )
            ids = [(record.payload or {})["id"] for record in records]
            if ids:
                yield ids, np.array([_dense(record) for record in records], np.float32)
            if offset is None:
                return

    def count(self, site: str) -> int:
        with _translated():
            return self._client.count(_name(site), exact=True).count if self._size(site) else 0

    def forget(self, site: str) -> None:
        with _translated(), self._lock:
            self._sizes.pop(site, None)
            if self._client.collection_exists(_name(site)):
                self._client.delete_collection(_name(site))

    def close(self) -> None:
        with _translated():
            self._client.close()

    def _size(self, site: str) -> int:
        """Of the site's vectors; 0 where there are none, `UNUSABLE` where they are not ours."""
        with self._lock:
            if site not in self._sizes:
                if not self._client.collection_exists(_name(site)):
                    return 0
                params = self._client.get_collection(_name(site)).config.params
                told, usable = params.vectors, TERMS in (params.sparse_vectors or {})
                known = told.size if isinstance(told, models.VectorParams) and usable else None
                self._sizes[site] = known or UNUSABLE
            return self._sizes[site]

    def _made(self, site: str, size: int) -> str:
        """The site's collection; of another size of vectors it is of another encoder, and goes."""
        name = _name(site)
        with self._lock:
            known = self._size(site)
            if known and known != size:
                self.forget(site)
            if known != size:
                params = models.VectorParams(size=size, distance=models.Distance.DOT)
                sparse = {TERMS: models.SparseVectorParams(modifier=models.Modifier.IDF)}
                self._client.create_collection(
                    name, vectors_config=params, sparse_vectors_config=sparse
                )
                kinds = {
                    "words": models.PayloadSchemaType.KEYWORD,
                    "from": models.PayloadSchemaType.FLOAT,
                    "until": models.PayloadSchemaType.FLOAT,
                }
                for field, kind in kinds.items():
                    self._client.create_payload_index(name, field, kind, wait=True)
                self._sizes[site] = size
        return name


def _name(site: str) -> str:
    name = quote(site, safe="").replace("~", "%7E").replace("%", "~")
    if len(name) > 100:
        name = blake2b(site.encode(), digest_size=20).hexdigest()
    return f"fingerpost-{name}"


def _vectors(vector: Vectors, terms: Terms) -> dict[str, Any]:
    named: dict[str, Any] = {"": vector.tolist()}
    if terms.numbers:
        named[TERMS] = _sparse(terms)
    return named


def _sparse(terms: Terms) -> models.SparseVector:
    return models.SparseVector(indices=list(terms.numbers), values=list(terms.weights))


def _dense(record: models.Record) -> Any:  # noqa: ANN401 - the client's
    """The vector without a name, which stands alone where there is no other."""
    return record.vector.get("") if isinstance(record.vector, dict) else record.vector


def _filter(where: ContentFilter) -> models.Filter:
    must: list[Any] = [
        models.FieldCondition(key="words", match=models.MatchAny(any=sorted(words)))
        for words in where.conditions()
    ]
    if where.include is not None:
        must.append(models.HasIdCondition(has_id=[str(point_of(key)) for key in where.include]))
    must_not: list[Any] = []
    if where.exclude:
        must_not.append(models.HasIdCondition(has_id=[str(point_of(key)) for key in where.exclude]))
    if (at := where.visible_at) is not None:
        must_not.append(models.FieldCondition(key="from", range=models.Range(gt=at)))
        must_not.append(models.FieldCondition(key="until", range=models.Range(lte=at)))
    return models.Filter(must=must or None, must_not=must_not or None)


@contextmanager
def _translated() -> Iterator[None]:
    """Errors of the client and of what is below it become ours."""
    try:
        yield
    except (ApiException, httpx.HTTPError, OSError, ValueError) as error:
        raise IndexUnavailable(f"The Qdrant server does not answer: {error}") from error
