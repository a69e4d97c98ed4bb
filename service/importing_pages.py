"""What is known of the pages of a source, and what to do with each: pure decisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any

import orjson

from service.feeds import Piece

STORED, UNCHANGED, ROBOTS, FAILED = "stored", "unchanged", "robots", "failed"
TAKE, FETCH, LEAVE = "take", "fetch", "leave"
MOST_TOLD = 50  # failures that are named, and ids of what is gone


@dataclass(frozen=True, slots=True)
class PageState:
    """What an import remembers of a page, so that the next one fetches less.

    Attributes:
        digest: of what was taken from it.
        changed: what the list said of its last change then.
        id: of the content item.
        job: the last import that dealt with it.
        outcome: what became of it then; `why` where it failed.
    """

    id: str
    job: str
    outcome: str
    etag: str | None = None
    modified: str | None = None
    digest: str = ""
    changed: str = ""
    code: str = ""
    why: str = ""

    def written(self) -> bytes:
        """As the store keeps it."""
        return orjson.dumps(asdict(self))

    @classmethod
    def read(cls, written: bytes) -> PageState:
        """From what the store kept."""
        return cls(**orjson.loads(written))

    @property
    def is_known(self) -> bool:
        """Whether the page was read then, so that it may be asked for what is new."""
        return self.outcome in (STORED, UNCHANGED)


def family_of(source: str) -> str:
    """Where the store keeps the pages of one list."""
    return f"import-{blake2b(source.encode('utf-8', 'replace'), digest_size=8).hexdigest()}/"


def step_of(piece: Piece, known: PageState | None) -> str:
    """What is to be done with a page.

    Args:
        known: what is remembered of it, if it was read and its content is still there.
    """
    if known is not None and piece.changed and piece.changed == known.changed:
        return LEAVE
    return TAKE if piece.whole or piece.url is None else FETCH


def digest_of(piece: Piece) -> str:
    """Differs where what is taken from a page differs."""
    told = (piece.title, piece.description, piece.body, piece.published, piece.locale, *piece.tags)
    return blake2b(repr(told).encode("utf-8", "replace"), digest_size=12).hexdigest()


def document_of(
    piece: Piece, before: Mapping[str, Any] | None, defaults: Mapping[str, Any], name: str
) -> dict[str, Any]:
    """The content item of a page; what the page does not tell stays as it was.

    Args:
        before: the fields of the item that is there.
        defaults: fields for what nobody told.
        name: id of the item.
    """
    told = {
        "url": piece.url,
        "title": piece.title,
        "description": piece.description,
        "body": piece.body,
        "publishedAt": piece.published,
        "locale": piece.locale,
        "tags": list(piece.tags),
    }
    known = {field: value for field, value in told.items() if value}
    return {**defaults, **dict(before or {}), **known, "id": name}


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the pages so far."""

    total: int
    counts: Mapping[str, int]
    failures: tuple[Mapping[str, str], ...] = ()

    @property
    def done(self) -> int:
        """How many were dealt with."""
        return sum(self.counts.values())

    @property
    def share(self) -> float:
        """The same as a part of all."""
        return self.done / self.total if self.total else 1.0

    def words(self, of: str = "pages") -> str:
        """For people: "412 of 1,003 pages; 3 refused by robots.txt; 2 failed: …"."""
        parts = [f"{self.done:,} of {self.total:,} {of}"]
        if unchanged := self.counts.get(UNCHANGED, 0):
            parts.append(f"{unchanged:,} unchanged")
        if robots := self.counts.get(ROBOTS, 0):
            parts.append(f"{robots:,} refused by robots.txt")
        if failed := self.counts.get(FAILED, 0):
            told = [f"{each['url']} ({each['detail']})" for each in self.failures[:3]]
            more = ["…"] if failed > len(told) else []
            parts.append(f"{failed:,} failed: {', '.join([*told, *more])}")
        return "; ".join(parts)

    def result(self) -> dict[str, Any]:
        """For programs."""
        counts = {name: self.counts.get(name, 0) for name in (STORED, UNCHANGED, ROBOTS, FAILED)}
        return {"total": self.total, **counts, "failures": [dict(f) for f in self.failures]}


def tally_of(
    states: Iterable[tuple[str, PageState]], total: int, troubles: Iterable[Mapping[str, str]] = ()
) -> Tally:
    """What became of pages, from what is remembered of them.

    Args:
        states: by URL, or id where there is none.
        troubles: of the lists themselves.
    """
    counts: Counter[str] = Counter()
    failures: list[Mapping[str, str]] = list(troubles)
    for url, state in states:
        counts[state.outcome] += 1
        if state.outcome == FAILED:
            failures.append({"url": url, "code": state.code, "detail": state.why})
    return Tally(total, counts, tuple(failures[:MOST_TOLD]))
