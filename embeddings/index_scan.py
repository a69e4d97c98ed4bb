"""Nearest vectors in memory: filters as bit masks, a pass over short vectors, then the whole ones.

For indexes of more than some ten thousand items. There is nothing to build and nothing to wait
for: an item is found as soon as it is put. Filters are exact; the first pass looks at the 64
directions in which the items differ most and keeps many times more than are asked for, so that
hardly a neighbour is missed.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeddings.index import PAGE, ContentFilter, Hit, ordered

Vectors = NDArray[np.float32]
Rows = NDArray[np.intp]
Mask = NDArray[np.bool_]

SHORT = 64  # directions of the first pass
FEW = 4_000  # rows that are compared whole without a first pass
KEPT, KEPT_EACH = 1_000, 30  # rows that the first pass keeps: at least, and for each asked for
SAMPLE = 5_000  # rows from which the directions are learned
LEAST_ROOM = 16  # rows
MOST_DEAD = 0.25  # share of replaced rows from which on they are cleared away


class Scan:
    """Vectors [n, size] with their payloads, as `embeddings.index.payload_of` makes them.

    Args:
        room: items that are expected.
    """

    def __init__(self, size: int, room: int = LEAST_ROOM) -> None:
        self._size = size
        self._directions: Vectors | None = None
        self._short: Vectors = np.zeros((0, 0), np.float32)
        self._clear(max(room, LEAST_ROOM))

    def __len__(self) -> int:
        return len(self._row)

    def put(self, payloads: Sequence[Mapping[str, Any]], vectors: Vectors) -> None:
        """Add or replace items; `vectors` [items, size]."""
        self._grow(len(self._ids) + len(payloads))
        begin, end = len(self._ids), len(self._ids) + len(payloads)
        self._vectors[begin:end] = vectors
        self._from[begin:end] = [payload["from"] for payload in payloads]
        self._until[begin:end] = [payload["until"] for payload in payloads]
        if self._directions is not None:
            self._short[begin:end] = vectors @ self._directions
        for row, payload in enumerate(payloads, begin):
            self._drop(payload["id"])
            self._ids.append(payload["id"])
            self._row[payload["id"]] = row
            self._payloads.append(payload)
            self._alive[row] = True
            for word in payload["words"]:
                self._postings[word].append(row)
        self._tidy()

    def delete(self, ids: Sequence[str]) -> None:
        """Take items out; unknown ids are passed over."""
        for name in ids:
            self._drop(name)
        self._tidy()

    def page(self, start: int) -> tuple[list[str], Vectors, int | None]:
        """Ids and vectors from a row on, and the row after them; None where these are the last."""
        end = min(start + PAGE, len(self._ids))
        rows = np.flatnonzero(self._alive[start:end]) + start
        following = end if end < len(self._ids) else None
        return [self._ids[row] for row in rows], self._vectors[rows], following

    def search(self, vector: Vectors, count: int, where: ContentFilter) -> list[Hit]:
        """The nearest items that the filter allows; ties by id."""
        rows = np.flatnonzero(self._allowed(where))
        wanted = max(KEPT, KEPT_EACH * count)
        if len(rows) > max(FEW, wanted):
            rows = self._first_pass(vector, rows, wanted)
        scores = self._vectors[rows] @ np.asarray(vector, np.float32)
        if len(rows) > count:
            bound = np.partition(scores, len(rows) - count)[len(rows) - count]
            near = scores >= bound - 1e-6  # ties at the bound are decided by id
            rows, scores = rows[near], scores[near]
        hits = [Hit(self._ids[row], float(score)) for row, score in zip(rows, scores, strict=True)]
        return ordered(hits)[:count]

    def _first_pass(self, vector: Vectors, rows: Rows, wanted: int) -> Rows:
        directions = self._learned()
        scores = self._short[: len(self._ids)] @ (np.asarray(vector, np.float32) @ directions)
        chosen = scores[rows]
        best = np.argpartition(chosen, len(rows) - wanted)[len(rows) - wanted :]
        return rows[best]

    def _allowed(self, where: ContentFilter) -> Mask:
        size = len(self._ids)
        mask: Mask = self._alive[:size].copy()
        if where.include is not None:
            mask &= self._marked([self._row[k] for k in where.include if k in self._row])
        mask[[self._row[name] for name in where.exclude if name in self._row]] = False
        if (at := where.visible_at) is not None:
            mask &= self._from[:size] <= at
            mask &= self._until[:size] > at
        for words in where.conditions():
            held = np.zeros(size, bool)
            for word in words & self._postings.keys():
                held[np.frombuffer(self._postings[word], np.int64)] = True
            mask &= held
        return mask

    def _marked(self, rows: Sequence[int]) -> Mask:
        mask = np.zeros(len(self._ids), bool)
        mask[list(rows)] = True
        return mask

    def _learned(self) -> Vectors:
        """The directions of the first pass, learned from a sample when they are first needed."""
        if self._directions is None:
            size = len(self._ids)
            sample = self._vectors[:size][:: max(size // SAMPLE, 1)].astype(np.float64)
            _, axes = np.linalg.eigh(sample.T @ sample)
            learned: Vectors = np.ascontiguousarray(axes[:, -SHORT:], np.float32)
            short = np.zeros((len(self._alive), learned.shape[1]), np.float32)
            short[:size] = self._vectors[:size] @ learned
            self._short = short
            self._directions = learned
        return self._directions

    # --- rows -------------------------------------------------------------------------------------

    def _clear(self, room: int) -> None:
        self._ids: list[str] = []
        self._row: dict[str, int] = {}
        self._payloads: list[Mapping[str, Any]] = []
        self._postings: defaultdict[str, array[int]] = defaultdict(lambda: array("q"))
        self._vectors = np.zeros((room, self._size), np.float32)
        self._alive = np.zeros(room, bool)
        self._from, self._until = np.zeros(room), np.zeros(room)
        self._directions = None
        self._short = np.zeros((0, 0), np.float32)

    def _drop(self, name: str) -> None:
        row = self._row.pop(name, None)
        if row is not None:
            self._alive[row] = False

    def _grow(self, needed: int) -> None:
        room = len(self._alive)
        if needed <= room:
            return
        more = max(needed, room * 3 // 2) - room
        for name in ("_vectors", "_alive", "_from", "_until", "_short"):
            column = getattr(self, name)
            if len(column):
                blank = np.zeros((more, *column.shape[1:]), column.dtype)
                setattr(self, name, np.concatenate([column, blank]))

    def _tidy(self) -> None:
        """Begin anew without the rows of what was replaced or deleted, once they are many."""
        if len(self._ids) - len(self._row) <= max(MOST_DEAD * len(self._ids), 16):
            return
        rows = sorted(self._row.values())
        payloads, vectors = [self._payloads[row] for row in rows], self._vectors[rows]
        self._clear(max(LEAST_ROOM, len(rows)))
        self.put(payloads, vectors)
