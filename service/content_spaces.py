"""Which encoder's vectors are where, while another one takes over a site's content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from embeddings.catalogue import Entry
from embeddings.documents import Document

if TYPE_CHECKING:
    from service.state import State


def is_moving(state: State, site: str) -> bool:
    """Whether another encoder than the one in use still serves the site."""
    return state.index.serving(site) != state.encoder.name


def readable(state: State, site: str, entry: Entry | None) -> Entry | None:
    """An entry without its vector where that is not of the encoder in use."""
    if entry is None or not is_moving(state, site):
        return entry
    return replace(entry, vector=None)


def as_serving(
    state: State, site: str, entries: Sequence[Entry], documents: Sequence[Document]
) -> Sequence[Entry]:
    """Entries as they serve: while another encoder does, with its vector of the same text."""
    if not is_moving(state, site):
        return entries
    known, encoder = state.catalogues.of(site).entries, state.encoder.name

    def serving(entry: Entry, document: Document) -> Entry:
        if document.get("encoder") not in (None, encoder):
            return entry
        before = known.get(entry.item.id)
        same = before is not None and before.text == entry.text
        return replace(entry, vector=before.vector if before is not None and same else None)

    return [serving(*pair) for pair in zip(entries, documents, strict=True)]


def spaces_of(
    state: State, site: str, documents: Sequence[Document], rows: Sequence[int]
) -> dict[str, list[int]]:
    """Encoder → rows of which the vector is its; other items leave the space that is being filled,
    to be embedded again."""
    if not is_moving(state, site):
        return {state.encoder.name: list(rows)} if rows else {}
    newer, serving = state.encoder.name, state.index.serving(site)
    fresh = [row for row in rows if documents[row].get("encoder") == newer]
    stale = [document["id"] for row, document in enumerate(documents) if row not in set(fresh)]
    if stale:
        state.index.delete(site, stale, newer)
    parts = {newer: fresh, serving: [row for row in rows if row not in set(fresh)]}
    return {encoder: some for encoder, some in parts.items() if some}


def take_out(state: State, site: str, names: Sequence[str]) -> None:
    """Out of every space.

    Raises:
        IndexUnavailable: perhaps not out of all of them.
    """
    for encoder in {state.index.serving(site), state.encoder.name}:
        state.index.delete(site, names, encoder)
