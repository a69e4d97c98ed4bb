"""Where the state of visitors and the settings of sites live: one protocol, several back ends.

What a store holds:

- **Histories**, one for each id of a visitor. Kept for `KEEP_SECONDS` after the last change, and
  never longer than `MOST_BYTES` as written.
- **Documents**, named byte strings of a site: its settings and its content. These stay until they
  are deleted; a document is at most `MOST_BYTES` long. The part of a name up to and with its first
  `:` or `/` is its family; documents that are listed together belong in one family.
- **Positions**: up to where an event log was folded into the histories. Kept like histories.

The store is a fold of the event log, which is the truth: what is lost here is built again from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from personas.entities import History, VisitorKey

Fold = Callable[[History], History]

KEEP_SECONDS = 395 * 86_400  # thirteen months
MOST_BYTES = 1 << 20


class Store(Protocol):
    """The state of visitors and the settings of sites.

    Every method raises `StoreUnavailable` when the back end does not answer: in about its budget
    of time at first, and at once while it is known to be away.
    """

    async def histories(self, site: str, keys: Sequence[VisitorKey]) -> list[History]:
        """What each id did by itself, in the order of `keys`; an empty history where unknown."""

    async def update(
        self, site: str, folds: Mapping[VisitorKey, Fold], heard: float | None = None
    ) -> tuple[VisitorKey, ...]:
        """Put each id's history through its fold.

        A fold is atomic: no other writer's change is lost, wherever that writer runs. It must be
        pure, for it is called again when another writer came in between. A fold that returns what
        it got writes nothing; an empty history is deleted.

        Args:
            heard: when what is folded came in, in seconds since 1970, where that was not now: the
                time that a history is kept begins then.

        Returns:
            The ids whose history was left as it was, since it came out longer than `MOST_BYTES`
            or cannot be written at all.

        Raises:
            StoreUnavailable: some histories may be written and others not; fold again.
        """

    async def forget(self, site: str, keys: Sequence[VisitorKey]) -> None:
        """Delete these ids' histories."""

    async def expire(self, site: str, seconds: float) -> int:
        """Delete the histories into which nothing came for so long; how many they were."""

    async def document(self, site: str, name: str) -> bytes | None:
        """One document, or None."""

    async def documents(self, site: str, prefix: str) -> dict[str, bytes]:
        """All documents whose name begins with `prefix`; fast if that holds a whole family."""

    async def put_documents(self, site: str, documents: Mapping[str, bytes | None]) -> None:
        """Write documents; None deletes.

        Raises:
            InvalidInput: a document longer than `MOST_BYTES`; then none is written.
        """

    async def position(self, log: str) -> int | None:
        """Up to where this event log was folded in, or None: from its beginning."""

    async def keep_position(self, log: str, position: int) -> None:
        """Remember up to where this event log was folded in."""

    async def ping(self) -> None:
        """Return if the back end answers."""

    async def close(self) -> None:
        """Let go of connections, and end an embedded server."""
