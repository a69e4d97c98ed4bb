"""Content as the running service holds it: loaded from the store, followed from the event log.

The log is the truth. The store keeps each item's document, without its body, and the body beside
it; the index keeps vectors. What of the two is missing is made again beside the requests.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import structlog
from numpy.typing import NDArray

from embeddings.catalogue import Catalogue, Entry
from embeddings.documents import Document, content_item, read_time
from embeddings.index_spaces import SpacedIndex
from embeddings.tagging import Correction
from personas.errors import IndexUnavailable, InvalidInput, StoreUnavailable
from service.store import MOST_BYTES, Store
from training.eventlog import Kind, Record

if TYPE_CHECKING:
    from service.state import State

Vectors = NDArray[np.float32]

FAMILY, BODIES = "content/", "content-body/"
SERVING = "content-encoder/serving"  # document: the encoder whose vectors serve
SAMPLE = 200  # documents
TRY_AGAIN = 1.0  # seconds until an unavailable store is asked again
COMPRESSION = 1  # fast
BY_US = ("version", "encoder", "embedded", "warnings")  # of a document; not a person's edit
logger = structlog.get_logger(__name__)


class Catalogues:
    """The content of all sites.

    Attributes:
        unindexed: by site, ids whose vector the index has not taken yet.
        unremoved: by site, ids that the index has not let go yet.
        corrections: by site and id, what the tagger in use has learned from.
    """

    def __init__(self) -> None:
        self._sites: dict[str, Catalogue] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self.unindexed: dict[str, set[str]] = {}
        self.unremoved: dict[str, set[str]] = {}
        self.corrections: dict[str, Mapping[str, Correction]] = {}

    def of(self, site: str) -> Catalogue:
        """One site's content; empty where there is none."""
        catalogue = self._sites.get(site)
        if catalogue is None:
            catalogue = self._sites[site] = Catalogue()
        return catalogue

    def changing(self, site: str) -> asyncio.Lock:
        """Held while a change of a site's content is decided and saved."""
        return self._locks.setdefault(site, asyncio.Lock())

    def all(self) -> dict[str, Catalogue]:
        """All sites with content."""
        return dict(self._sites)

    async def open(self, state: State) -> None:
        """Load every site's content; while the store is away, beside the requests."""
        try:
            for site in state.sites.all():
                await self.load(state, site)
        except StoreUnavailable:
            state.beside(self._loaded_later(state), "content")

    async def _loaded_later(self, state: State) -> None:
        for site in state.sites.all():
            while True:
                with suppress(StoreUnavailable):
                    await self.load(state, site)
                    break
                await asyncio.sleep(TRY_AGAIN)

    async def load(self, state: State, site: str) -> None:
        """A site's documents from the store and vectors from the index.

        Raises:
            StoreUnavailable: nothing is changed.
        """
        documents = await state.store.documents(site, FAMILY)
        told = await state.store.document(site, SERVING)
        encoder = state.encoder.name
        state.index.serve(site, serving_of(told, documents.values(), encoder))
        vectors: dict[str, Vectors] = {}
        with suppress(IndexUnavailable):
            vectors = await asyncio.to_thread(vectors_in, state.index, site)
        if state.index.serving(site) == encoder:
            encoder = ""
        entries = await asyncio.to_thread(_entries, documents.values(), vectors, encoder)
        catalogue = self.of(site)
        catalogue.put(entry for entry in entries if not _is_newer(catalogue, entry))
        self.unremoved.setdefault(site, set()).update(vectors.keys() - catalogue.items.keys())
        if entries:
            logger.info("content-loaded", site=site, items=len(entries))


def serving_of(told: bytes | None, documents: Iterable[bytes], encoder: str) -> str:
    """The encoder whose vectors serve a site.

    Args:
        told: what the store says of it, after a first change of encoders.
        documents: that were embedded.
        encoder: in use.
    """
    if told is not None:
        name: str = orjson.loads(told)["encoder"]
        return name
    some = (orjson.loads(written).get("encoder") for written in islice(documents, SAMPLE))
    others = Counter(name for name in some if name and name != encoder)
    return next((name for name, _ in others.most_common(1)), encoder)


def vectors_in(index: SpacedIndex, site: str, encoder: str | None = None) -> dict[str, Vectors]:
    """All vectors of a site, by id; of the encoder that serves, if none is named."""
    return {
        name: vector
        for ids, vectors in index.all_vectors(site, encoder)
        for name, vector in zip(ids, vectors, strict=True)
    }


def _entries(documents: Iterable[bytes], vectors: Mapping[str, Vectors], newer: str) -> list[Entry]:
    read = (orjson.loads(written) for written in documents)
    return [entry_of(document, vector_of(document, vectors, newer)) for document in read]


def vector_of(document: Document, vectors: Mapping[str, Vectors], newer: str) -> Vectors | None:
    """A document's vector among those that serve; None where its text has changed since.

    Args:
        newer: an encoder that does not serve yet, and whose documents have no vector here.
    """
    stale = document.get("encoder") in (None, newer)
    return None if stale else vectors.get(document["id"])


def _is_newer(catalogue: Catalogue, entry: Entry) -> bool:
    known = catalogue.entries.get(entry.item.id)
    return known is not None and known.updated > entry.updated


# --- documents ------------------------------------------------------------------------------------


def entry_of(document: Document, vector: Vectors | None) -> Entry:
    """What is held in memory of a document."""
    tagging = document.get("tagging") or {}
    said = {name: tag for name, tag in tagging.items() if is_human(tag)}
    return Entry(
        item=content_item(document),
        vector=vector,
        created=read_time(document.get("createdAt"), "/createdAt") or 0.0,
        updated=read_time(document.get("updatedAt"), "/updatedAt") or 0.0,
        version=document.get("version", ""),
        text=document.get("text", ""),
        model=tagging.get("modelVersion") or "",
        locked={name: tag for name, tag in said.items() if tag.get("locked", True)},
        said=said,
    )


def is_human(tag: object) -> bool:
    """Whether this is a tag by a person."""
    return isinstance(tag, dict) and tag.get("source") == "human"


def version_of(document: Document) -> str:
    """Differs where documents differ in what people said: a model's tags are not an edit."""
    kept = {name: value for name, value in document.items() if name not in BY_US}
    tagging = document.get("tagging") or {}
    kept["tagging"] = {name: tag for name, tag in tagging.items() if is_human(tag)}
    written = orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)
    return blake2b(written, digest_size=12).hexdigest()


def etag_of(document: Document) -> str:
    """For HTTP: differs where answers differ; its part before the "-" where people's edits do."""
    by_us = f"{(document.get('tagging') or {}).get('modelVersion')} {document.get('encoder')}"
    return f'"{document.get("version", "")}-{zlib.crc32(by_us.encode()):08x}"'


def text_of(document: Document) -> str:
    """Digest of what is read to tag and embed a document."""
    parts = (document.get(name) or "" for name in ("title", "description", "body"))
    return blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=12).hexdigest()


def kept_of(document: Document) -> dict[str, bytes | None]:
    """A document as the store keeps it.

    Raises:
        InvalidInput: it is too long to be kept.
    """
    rest = {name: value for name, value in document.items() if name != "body"}
    body = document.get("body") or ""
    packed = zlib.compress(body.encode("utf-8", "replace"), COMPRESSION) if body else None
    if packed is not None and len(packed) > MOST_BYTES:
        detail = f"The body is too long: even compressed it has more than {MOST_BYTES:,} bytes."
        raise InvalidInput(detail, "too-long", "/body")
    name = document["id"]
    return {FAMILY + name: orjson.dumps(rest), BODIES + name: packed}


async def read_kept(store: Store, site: str, name: str) -> Document | None:
    """A document with its body."""
    kept, packed = await asyncio.gather(
        store.document(site, FAMILY + name), store.document(site, BODIES + name)
    )
    if kept is None:
        return None
    document: Document = orjson.loads(kept)
    document["body"] = zlib.decompress(packed).decode() if packed else ""
    return document


def gone_of(name: str) -> dict[str, bytes | None]:
    """What the store keeps of a deleted document: nothing."""
    return {FAMILY + name: None, BODIES + name: None}


# --- from the log ---------------------------------------------------------------------------------


async def restore_content(state: State, site: str, records: Sequence[Record]) -> None:
    """Put into the store what the log says of content, in its order.

    What this process itself wrote later than a record is left as it is.
    """
    documents: dict[str, Document | None] = {}
    catalogue = state.catalogues.of(site)
    for record in records:
        body = orjson.loads(record.body)
        known = catalogue.entries.get(body["id"])
        if known is None or known.updated <= record.time:
            documents[body["id"]] = await _restored(state, site, record, body, documents)
    kept: dict[str, bytes | None] = {}
    for name, document in documents.items():
        kept |= gone_of(name) if document is None else kept_of(document)
    await state.store.put_documents(site, kept)
    await _follow(state, site, documents)


async def _restored(
    state: State,
    site: str,
    record: Record,
    body: Document,
    documents: Mapping[str, Document | None],
) -> Document | None:
    name = body["id"]
    if record.kind is Kind.CONTENT:
        return body
    if record.kind is Kind.CONTENT_DELETED:
        return None
    before = documents[name] if name in documents else await read_kept(state.store, site, name)
    return None if before is None else with_tags(before, body)


def with_tags(document: Document, change: Mapping[str, Any]) -> Document:
    """A document after a person's word on its tags."""
    tagging = {**(document.get("tagging") or {}), **(change.get("tagging") or {})}
    return {**document, **change, "tagging": tagging}


async def _follow(state: State, site: str, documents: Mapping[str, Document | None]) -> None:
    catalogue = state.catalogues.of(site)
    there = {name: document for name, document in documents.items() if document is not None}
    vectors: dict[str, Vectors] = {}
    with suppress(IndexUnavailable):
        vectors = await asyncio.to_thread(state.index.vectors, site, list(there))
    held = {name: entry.vector for name in there if (entry := catalogue.entries.get(name))}
    vectors |= {name: vector for name, vector in held.items() if vector is not None}
    encoder = state.encoder.name
    newer = encoder if state.index.serving(site) != encoder else ""
    catalogue.put(entry_of(d, vector_of(d, vectors, newer)) for d in there.values())
    gone = documents.keys() - there.keys()
    catalogue.remove(gone)
    state.catalogues.unremoved.setdefault(site, set()).update(gone)
