"""An index with a space for each encoder: vectors of one say nothing beside those of another.

One encoder serves a site. Another one's space may be filled meanwhile, until it serves instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from embeddings.encoder import DEFAULT
from embeddings.index import ContentFilter, ContentIndex, Hit, Terms
from personas.entities import ContentItem

Vectors = NDArray[np.float32]


class SpacedIndex:
    """A content index of the encoders that serve.

    Args:
        index: where all spaces are.
        encoder: that serves sites of which nothing else is told.
    """

    def __init__(self, index: ContentIndex, encoder: str) -> None:
        self._index, self._usual = index, encoder
        self._serving: dict[str, str] = {}

    def serving(self, site: str) -> str:
        """The encoder whose vectors are searched."""
        return self._serving.get(site, self._usual)

    def serve(self, site: str, encoder: str) -> None:
        """From now on this one's."""
        self._serving[site] = encoder

    def put(
        self,
        site: str,
        items: Sequence[ContentItem],
        vectors: Vectors,
        terms: Sequence[Terms] | None = None,
        encoder: str | None = None,
    ) -> None:
        self._index.put(self._space(site, encoder), items, vectors, terms)

    def delete(self, site: str, ids: Sequence[str], encoder: str | None = None) -> None:
        self._index.delete(self._space(site, encoder), ids)

    def search(self, site: str, vector: Vectors, count: int, where: ContentFilter) -> list[Hit]:
        return self._index.search(self._space(site), vector, count, where)

    def search_terms(self, site: str, terms: Terms, count: int, where: ContentFilter) -> list[Hit]:
        return self._index.search_terms(self._space(site), terms, count, where)

    def vectors(self, site: str, ids: Sequence[str]) -> dict[str, Vectors]:
        return self._index.vectors(self._space(site), ids)

    def all_vectors(
        self, site: str, encoder: str | None = None
    ) -> Iterator[tuple[list[str], Vectors]]:
        return self._index.all_vectors(self._space(site, encoder))

    def count(self, site: str) -> int:
        return self._index.count(self._space(site))

    def forget(self, site: str, encoder: str | None = None) -> None:
        self._index.forget(self._space(site, encoder))

    def close(self) -> None:
        self._index.close()

    def _space(self, site: str, encoder: str | None = None) -> str:
        name = encoder or self.serving(site)
        if name == DEFAULT:
            return site
        return f"{site}#{blake2b(name.encode(), digest_size=6).hexdigest()}"
