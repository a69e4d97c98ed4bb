"""Another encoder: all content is embedded again beside the requests, and swapped in whole.

Until then the vectors of the one before serve. What was embedded so far lies in a space of its own
in the index, so that a restart goes on where it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import structlog
from numpy.typing import NDArray

from embeddings.documents import Document
from embeddings.index_terms import terms_of
from embeddings.tagging import document_vector, texts_to_embed
from embeddings.text import Text, read_text
from personas.errors import EncoderUnavailable
from service.content import SERVING, read_kept, vectors_in
from service.jobs import Report

if TYPE_CHECKING:
    from service.state import State

Vectors = NDArray[np.float32]

KIND = "embed"  # of the job
SLICE = 64  # documents
PATIENCE = 600.0  # seconds for the encoder
logger = structlog.get_logger(__name__)


def begin(state: State, site: str, now: float) -> None:
    """Embed the site's content with the encoder in use, unless that is under way."""
    if not any(job.kind == KIND and job.status in ("queued", "running") for job in
               state.jobs.listed(site)):  # fmt: skip
        state.jobs.start(site, KIND, partial(embed_again, state, site), now)


async def embed_again(state: State, site: str, report: Report) -> Mapping[str, Any]:
    """The work of the job.

    Raises:
        EncoderUnavailable: it goes on from here when it is begun again.
    """
    encoder, before = state.encoder.name, state.index.serving(site)
    catalogue = state.catalogues.of(site)
    embedded = 0
    while True:
        there = await asyncio.to_thread(vectors_in, state.index, site, encoder)
        missing = [name for name in catalogue.entries if name not in there]
        if not missing:
            async with state.catalogues.changing(site):
                if await _swapped(state, site, encoder):
                    break
            continue
        for start in range(0, len(missing), SLICE):
            done = len(there) + start
            report(done / (len(there) + len(missing)), f"embedded {done} items")
            embedded += await _embed(state, site, encoder, missing[start : start + SLICE])
    await asyncio.to_thread(state.index.forget, site, before)
    logger.info("encoder-swapped", site=site, encoder=encoder, before=before)
    return {"encoder": encoder, "before": before, "embedded": embedded}


async def _embed(state: State, site: str, encoder: str, names: Sequence[str]) -> int:
    read = await asyncio.gather(*(read_kept(state.store, site, name) for name in names))
    documents = [document for document in read if document is not None]
    texts = await asyncio.to_thread(_texts, documents)
    passages = [texts_to_embed(text) for text in texts]
    vectors = await state.encoder.encode([p for some in passages for p in some], PATIENCE)
    ends = np.cumsum([len(some) for some in passages])[:-1]
    whole = [document_vector(part) for part in np.split(vectors, ends)] if documents else []
    async with state.catalogues.changing(site):
        entries = state.catalogues.of(site).entries
        rows = [
            row
            for row, document in enumerate(documents)
            if (entry := entries.get(document["id"])) and entry.version == document["version"]
        ]  # what changed meanwhile was put with its new vector, or comes in the next round
        items = [entries[documents[row]["id"]].item for row in rows]
        terms = [
            terms_of(texts[row].title, texts[row].description, texts[row].plain, item.locale)
            for row, item in zip(rows, items, strict=True)
        ]
        chosen = np.array([whole[row] for row in rows], np.float32)
        await asyncio.to_thread(state.index.put, site, items, chosen, terms, encoder)
    return len(rows)


def _texts(documents: Sequence[Document]) -> list[Text]:
    return [read_text(d["title"], d["description"], d["body"]) for d in documents]


async def _swapped(state: State, site: str, encoder: str) -> bool:
    """Let the new vectors serve, all at once; False where content came in meanwhile."""
    catalogue = state.catalogues.of(site)
    vectors = await asyncio.to_thread(vectors_in, state.index, site, encoder)
    if catalogue.entries.keys() - vectors.keys():
        return False
    if state.encoder.name != encoder:
        raise EncoderUnavailable("The encoder was changed meanwhile.")
    await state.store.put_documents(site, {SERVING: orjson.dumps({"encoder": encoder})})
    state.index.serve(site, encoder)
    entries = list(catalogue.entries.values())
    catalogue.put(replace(entry, vector=vectors[entry.item.id]) for entry in entries)
    gone = vectors.keys() - catalogue.entries.keys()
    state.catalogues.unremoved.setdefault(site, set()).update(gone)
    return True
