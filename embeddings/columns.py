"""Which content may come at all: visible, in the language asked for, and as the filters say."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from embeddings.index import ContentFilter, words_of
from personas.entities import ContentItem

Mask = NDArray[np.bool_]
MOST_KEPT = 300  # conditions whose rows are remembered


class Columns:
    """A catalogue's items as filters read them; what was asked for before is remembered."""

    def __init__(self, items: Sequence[ContentItem]) -> None:
        self._items = items
        self._masks: dict[frozenset[str] | str, Mask] = {}

    def matching(self, where: ContentFilter) -> Mask | None:
        """Which rows hold the filter's conditions; None for all."""
        found: Mask | None = None
        for condition in where.conditions():
            mask = self._holding(condition)
            found = mask if found is None else found & mask
        return found

    def in_language(self, locale: str) -> Mask:
        """Items in this language, or of which none is told."""
        key = f"language:{locale}"
        mask = self._masks.get(key)
        if mask is None:
            told = self.matching(ContentFilter(locale=(locale,)))
            untold = np.asarray([item.locale is None for item in self._items], bool)
            mask = self._masks[key] = untold if told is None else untold | told
        return mask

    def _holding(self, condition: frozenset[str]) -> Mask:
        mask = self._masks.get(condition)
        if mask is None:
            if len(self._masks) >= MOST_KEPT:
                self._masks.clear()
            holds = (not condition.isdisjoint(words) for words in self._words)
            mask = self._masks[condition] = np.fromiter(holds, bool, len(self._items))
        return mask

    @cached_property
    def _words(self) -> list[set[str]]:
        return [words_of(item) for item in self._items]
