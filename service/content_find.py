"""Content out: lists under filters, and what is near."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from numpy.typing import NDArray

from embeddings.catalogue import Catalogue, CatalogueArrays
from embeddings.documents import Document
from embeddings.index import ContentFilter, Hit, fused, ordered
from embeddings.index_terms import USUAL, terms_wanted
from personas.entities import ContentItem
from personas.errors import EncoderUnavailable, IndexUnavailable, UnknownName
from service.content import FAMILY
from service.content_spaces import is_moving

if TYPE_CHECKING:
    from service.state import State

Vectors = NDArray[np.float32]

FUSED_AT_LEAST = 100  # hits of each list, so that what stands high in both is seen
FOR_ENCODER = 0.7  # share of a search's time
MOST_QUESTION = 2_000  # characters
MOST_LANGUAGES = 3  # in which a question is read where none is told


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


@dataclass(frozen=True, slots=True)
class Question:
    """A text to be answered by content.

    Attributes:
        languages: that it may be in; without any, those that the site's content is in.
    """

    text: str
    languages: tuple[str, ...] = ()


async def search_text(
    state: State, site: str, question: Question, count: int, where: ContentFilter, within: float
) -> tuple[list[Hit], list[str]]:
    """The content that answers a question best, by sense and by words; scores are 0-1.

    By words alone while the encoder is late, by sense alone while the index is.

    Args:
        within: seconds in all.
    """
    begun, degraded, lists = time.perf_counter(), [], []
    most = max(count, FUSED_AT_LEAST)
    by_words = asyncio.create_task(_by_words(state, site, question, most, where))
    try:
        if is_moving(state, site):
            raise EncoderUnavailable("The site's content is being embedded anew.")
        vectors = await state.encoder.encode([question.text], timeout=FOR_ENCODER * within)
        left = max(within - (time.perf_counter() - begun), 0.0)
        async with asyncio.timeout(left):
            hits, down = await search(state, site, vectors[0], most, where)
        lists.append(hits)
        degraded += down
    except (EncoderUnavailable, TimeoutError):
        degraded.append("encoder")
    try:
        left = max(within - (time.perf_counter() - begun), 0.0)
        lists.append(await asyncio.wait_for(by_words, left))
    except (IndexUnavailable, TimeoutError):
        degraded.append("index")
    return fused(lists, count), list(dict.fromkeys(degraded))


async def _by_words(
    state: State, site: str, question: Question, count: int, where: ContentFilter
) -> list[Hit]:
    catalogue = state.catalogues.of(site)
    told = (name for name, _ in catalogue.languages.most_common(MOST_LANGUAGES))
    languages = question.languages or tuple(told) or (USUAL,)
    terms = terms_wanted(question.text[:MOST_QUESTION], languages)
    hits = await asyncio.to_thread(state.index.search_terms, site, terms, count, where)
    items = catalogue.items
    return [hit for hit in hits if (item := items.get(hit.id)) and where.allows(item)]


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
