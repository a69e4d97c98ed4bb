"""Content out: lists under filters, and what is near."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from numpy.typing import NDArray

from embeddings.catalogue import Catalogue, CatalogueArrays
from embeddings.documents import Document
from embeddings.index import ContentFilter, Hit, ordered
from personas.entities import ContentItem
from personas.errors import IndexUnavailable, UnknownName
from service.content import FAMILY

if TYPE_CHECKING:
    from service.state import State

Vectors = NDArray[np.float32]


async def documents(state: State, site: str, names: Sequence[str]) -> list[Document]:
    """Documents without bodies, in the order of their ids.

    Raises:
        StoreUnavailable: they cannot be read now.
    """
    read = await asyncio.gather(*(state.store.document(site, FAMILY + name) for name in names))
    return [orjson.loads(document) for document in read if document is not None]


async def similar(
    state: State, site: str, name: str, count: int, where: ContentFilter
) -> dict[str, Any]:
    """The nearest content to an item, without itself.

    Raises:
        UnknownName: there is no such item.
    """
    entry = state.catalogues.of(site).entries.get(name)
    if entry is None:
        detail = f"There is no content item {name[:200]!r} on this site."
        raise UnknownName(detail, "unknown-content")
    if entry.vector is None:
        return {"data": [], "degraded": ["encoder"]}
    where = replace(where, exclude=where.exclude | {name})
    hits, degraded = await search(state, site, entry.vector, count, where)
    items = state.catalogues.of(site).items
    data = [_hit(items[hit.id], hit) for hit in hits]
    return {"data": data, "degraded": degraded}


async def search(
    state: State, site: str, vector: Vectors, count: int, where: ContentFilter
) -> tuple[list[Hit], list[str]]:
    """The nearest content; the index's word is checked against what is there now.

    While the index is away, what is in memory is compared instead.
    """
    items = state.catalogues.of(site).items
    waiting = bool(state.catalogues.unindexed.get(site))
    if not waiting:
        try:
            hits = await asyncio.to_thread(state.index.search, site, vector, count, where)
            fresh = [hit for hit in hits if (i := items.get(hit.id)) and where.allows(i)]
            if len(fresh) == len(hits):
                return fresh, []
        except IndexUnavailable:
            waiting = True
    catalogue = state.catalogues.of(site)
    arrays = catalogue.arrays()
    found = await asyncio.to_thread(_compared, catalogue, arrays, vector, count, where)
    return found, ["index"] if waiting else []


def _compared(
    catalogue: Catalogue,
    arrays: CatalogueArrays,
    vector: Vectors,
    count: int,
    where: ContentFilter,
) -> list[Hit]:
    if arrays.vectors.shape[1] != len(vector):
        return []
    scores = arrays.vectors @ np.asarray(vector, np.float32)
    hits = [Hit(name, float(score)) for name, score in zip(arrays.ids, scores, strict=True)]
    found: list[Hit] = []
    for hit in ordered(hits):
        entry = catalogue.entries.get(hit.id)
        if entry is not None and entry.vector is not None and where.allows(entry.item):
            found.append(hit)
            if len(found) == count:
                break
    return found


def _hit(item: ContentItem, hit: Hit) -> dict[str, Any]:
    return {
        "contentId": item.id,
        "score": hit.score,
        "title": item.title,
        "url": item.url,
        "type": item.type.id if item.type else None,
        "properties": dict(item.properties),
    }
