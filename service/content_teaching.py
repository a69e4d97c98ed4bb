"""Beside the requests: what people say of content teaches the site's tagger within seconds, and
content on which nobody has spoken is tagged anew by it.

The tagger in use is always the shipped one bent towards all corrections there are, whether this or
a training made it; corrections are the truth, the model only follows.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import structlog
from numpy.typing import NDArray

from embeddings.catalogue import Entry
from embeddings.documents import Document
from embeddings.tagging import Correction, TaggerModel
from personas.errors import Unavailable
from service.content import read_kept
from service.content_decide import tagged_anew
from service.content_spaces import is_moving
from service.content_write import save_content
from training.eventlog import Kind, Record
from training.fit_tagger import read_correction, taught_tagger

if TYPE_CHECKING:
    from service.state import State

Vectors = NDArray[np.float32]

EVERY = 0.5  # seconds between looks
LOOK_AGAIN = 60.0  # seconds until content that came in while the tagger changed is looked for
SLICE = 16  # documents read at a time
REST = 1.0  # seconds that requests have to themselves, for each second of reading
MOVED = 0.02  # share of an answer that must change sides, for the log to be told
logger = structlog.get_logger(__name__)


@dataclass
class Lessons:
    """What one site's people said, as the tagger reads it; each document is read once.

    Attributes:
        read: by content id: the entry that was read, and what it teaches.
        learned: the entries that the tagger in use has learned from, and its vectors' size.
        looked: when content of another tagger was looked for; 0: it must be done now.
    """

    read: dict[str, tuple[Entry, Correction]] = field(default_factory=dict)
    learned: tuple[dict[str, Entry], int] | None = None
    looked: float = 0.0

    def holds(self, corrected: Mapping[str, Entry], size: int) -> bool:
        """Has the tagger in use learned from just these?"""
        if self.learned is None or self.learned[1] != size:
            return False
        before = self.learned[0]
        return before.keys() == corrected.keys() and all(
            _is_same(before[name], entry) for name, entry in corrected.items()
        )

    def unread(self, corrected: Mapping[str, Entry]) -> list[str]:
        """Ids of what must be read, and read again; what is no longer corrected is dropped."""
        self.read = {name: kept for name, kept in self.read.items() if name in corrected}
        return [
            name
            for name, entry in corrected.items()
            if name not in self.read or not _is_same(self.read[name][0], entry)
        ]


def _is_same(before: Entry, entry: Entry) -> bool:
    same = before.text == entry.text and before.said == entry.said
    return same and before.vector is entry.vector


async def teach(state: State) -> None:
    """Runs beside the service."""
    lessons: dict[str, Lessons] = {}
    while True:
        for site in state.catalogues.all():
            if is_moving(state, site):
                continue  # its vectors are another encoder's
            kept = lessons.setdefault(site, Lessons())
            try:
                if await teach_site(state, site, kept):
                    kept.looked = 0.0
                if time.monotonic() > kept.looked + LOOK_AGAIN:
                    await tag_again(state, site, time.time())
                    kept.looked = time.monotonic()
            except Unavailable as error:
                logger.warning("teaching-waits", site=site, reason=str(error))
        await asyncio.sleep(EVERY)


async def teach_site(state: State, site: str, lessons: Lessons) -> bool:
    """Fit the site's tagger to all that people said; whether anything was new.

    Raises:
        StoreUnavailable: what they spoke of cannot be read now.
    """
    catalogue = state.catalogues.of(site)
    corrected, size = dict(catalogue.corrected), catalogue.vector_size
    if lessons.holds(corrected, size):
        return False
    unread = lessons.unread(corrected)
    for start in range(0, len(unread), SLICE):
        names = unread[start : start + SLICE]
        documents = await asyncio.gather(*(read_kept(state.store, site, name) for name in names))
        entries = [corrected[name] for name in names]
        lessons.read |= await asyncio.to_thread(_read, documents, entries, size)
    said = {name: correction for name, (_, correction) in lessons.read.items()}
    model = await asyncio.to_thread(taught_tagger, said, size, state.encoder.name)
    lessons.learned = corrected, size
    state.catalogues.corrections[site] = said
    before = state.active.models(site).tagger
    state.active.teach(site, model)
    if model.name != before.name:
        logger.info("tagger-taught", site=site, corrections=len(said), model=model.name)
    return True


def _read(
    documents: Sequence[Document | None], entries: Sequence[Entry], size: int
) -> dict[str, tuple[Entry, Correction]]:
    found = {}
    for document, entry in zip(documents, entries, strict=True):
        if document is not None:
            nothing = np.zeros(size, np.float32)
            vector = nothing if entry.vector is None else entry.vector
            found[entry.item.id] = entry, read_correction(document, vector)
    return found


# --- content, tagged anew -------------------------------------------------------------------------


async def tag_again(state: State, site: str, now: float) -> int:
    """Tag anew what another tagger tagged, with rests; how many answers it changed.

    It ends early where the tagger is taught again meanwhile.
    """
    model, entries = state.active.models(site).tagger, state.catalogues.of(site).entries
    names = [name for name, entry in entries.items() if _is_stale(entry, model)]
    changed = 0
    for start in range(0, len(names), SLICE):
        if state.active.models(site).tagger is not model:
            break
        begun = time.perf_counter()
        changed += await _tag_slice(state, site, model, names[start : start + SLICE], now)
        await asyncio.sleep(REST * (time.perf_counter() - begun))
    if names:
        logger.info("content-tagged-anew", site=site, items=len(names), changed=changed)
    return changed


def _is_stale(entry: Entry, model: TaggerModel) -> bool:
    """Whether another tagger told what people left open."""
    open_to_models = not {"type", "phase"} <= entry.said.keys()
    fits = entry.vector is not None and len(entry.vector) == model.size
    return fits and open_to_models and entry.model != model.name


async def _tag_slice(
    state: State, site: str, model: TaggerModel, names: Sequence[str], now: float
) -> int:
    entries = state.catalogues.of(site).entries
    before = {name: entry for name in names if (entry := entries.get(name)) is not None}
    read = await asyncio.gather(*(read_kept(state.store, site, name) for name in before))
    documents = [d for d in read if d is not None and d["version"] == before[d["id"]].version]
    vectors = [before[document["id"]].vector for document in documents]
    tagged = await state.aside.run(tagged_anew, model, documents, vectors)
    async with state.catalogues.changing(site):
        made, records = [], []
        for document, told in zip(documents, tagged, strict=True):
            entry = before[document["id"]]
            if entries.get(document["id"]) is not entry:
                continue  # it was changed while it was read
            tags = {name: tag for name, tag in told.items() if name not in entry.said}
            tagging = document.get("tagging") or {}
            if has_moved(tagging, tags):
                change = orjson.dumps({"id": document["id"], "tagging": tags})
                records.append(Record(Kind.TAGS, site, now, 0, change))
            made.append(({**document, "tagging": {**tagging, **tags}}, entry.vector))
        await save_content(state, site, made, now, records)
    return len(records)


def has_moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a share of more than `MOVED` of the type or of the phase changed sides."""
    for name in ("type", "phase"):
        if name in after:
            old, new = ((tags.get(name) or {}).get("distribution", {}) for tags in (before, after))
            names = old.keys() | new.keys()
            if sum(abs(old.get(each, 0) - new.get(each, 0)) for each in names) > 2 * MOVED:
                return True
    return False
