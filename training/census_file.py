"""A census on disk: which visitor belongs to which persona, and what it was taken of.

One SQLite file, so that a page of it is read without the rest, and who is erased is taken out at
once. It holds nothing that cannot be worked out again from the event log.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import Any

import orjson

from personas.errors import CorruptArtefact

FORMAT = 2
_TABLES = """
CREATE TABLE about (told TEXT NOT NULL);
CREATE TABLE members (
    number INTEGER PRIMARY KEY, persona TEXT NOT NULL, rank TEXT NOT NULL,
    probability REAL NOT NULL, ids TEXT NOT NULL
);
CREATE TABLE keys (id TEXT NOT NULL, number INTEGER NOT NULL);
"""
_INDEXES = """
CREATE INDEX members_in_order ON members (persona, rank);
CREATE INDEX keys_by_id ON keys (id);
"""


@dataclass(frozen=True, slots=True)
class Member:
    """A visitor of a persona.

    Args:
        ids: written keys, user ids first.
        probability: of the membership.
    """

    persona: str
    ids: tuple[str, ...]
    probability: float

    @property
    def rank(self) -> str:
        """Sorts the surest first; stays the same when others come or go."""
        return f"{1 - self.probability:.9f} {self.ids[0]}"


def mark_of(
    version: str | None, decisions: Mapping[str, Any], allow_sensitive: bool, phases: str | None
) -> str:
    """Stands for what decides who belongs to which persona, and where: a census of another mark is
    old.

    Args:
        version: in which the personas were learned; None before any training.
        decisions: persona → what people decided about it.
        phases: version in which they were learned; None before any training.
    """
    told = [version, dict(decisions), allow_sensitive, phases]
    return blake2b(orjson.dumps(told, option=orjson.OPT_SORT_KEYS), digest_size=12).hexdigest()


class CensusWriter:
    """Writes a census; made by `written`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._number = 0

    def add(self, members: Iterable[Member]) -> None:
        rows, keys = [], []
        for each in members:
            self._number += 1
            told = orjson.dumps(each.ids).decode()
            rows.append((self._number, each.persona, each.rank, each.probability, told))
            keys += [(key, self._number) for key in each.ids]
        self._connection.executemany("INSERT INTO members VALUES (?, ?, ?, ?, ?)", rows)
        self._connection.executemany("INSERT INTO keys VALUES (?, ?)", keys)

    def finish(self, about: Mapping[str, Any]) -> None:
        """Write what the census was taken of."""
        told = orjson.dumps({**about, "format": FORMAT}).decode()
        self._connection.execute("INSERT INTO about VALUES (?)", (told,))
        self._connection.executescript(_INDEXES)


@contextmanager
def written(path: Path) -> Iterator[CensusWriter]:
    """A census that is there when the block ends, replacing what is there of that name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.executescript(_TABLES)
        yield CensusWriter(connection)
        connection.commit()


class Census:
    """Reads a census.

    Raises, from everything: CorruptArtefact, where the file is missing or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def about(self) -> dict[str, Any]:
        """What it was taken of."""
        rows = self._rows("SELECT told FROM about", ())
        told: dict[str, Any] = orjson.loads(rows[0][0]) if rows else {}
        if told.get("format") != FORMAT:
            raise CorruptArtefact(f"the census {self.path.name} is of another version")
        return told

    def members(self, persona: str, after: str | None, limit: int) -> list[Member]:
        """So many of a persona's visitors, the surest first, after this rank."""
        query = """SELECT persona, ids, probability FROM members
            WHERE persona = ? AND rank > ? ORDER BY rank LIMIT ?"""
        rows = self._rows(query, (persona, after or "", limit))
        return [Member(name, tuple(orjson.loads(ids)), share) for name, ids, share in rows]

    def sample(self, most: int, seed: int) -> list[Member]:
        """So many visitors by chance, or all where they are no more; the same for the same seed."""
        last = self._rows("SELECT MAX(number) FROM members", ())[0][0] or 0
        chosen = sorted(Random(seed).sample(range(1, last + 1), min(most, last)))  # noqa: S311 - no secret
        marks = ", ".join("?" * len(chosen))
        query = f"SELECT persona, ids, probability FROM members WHERE number IN ({marks})"  # noqa: S608 - question marks
        rows = self._rows(query, chosen)
        return [Member(name, tuple(orjson.loads(ids)), share) for name, ids, share in rows]

    def forget(self, ids: Collection[str]) -> None:
        """Take the visitors with these ids out, so that nothing of them is left in the file."""
        with self._opened() as connection:
            connection.execute("PRAGMA secure_delete = ON")
            marks = ", ".join("?" * len(ids))
            found = f"SELECT number FROM keys WHERE id IN ({marks})"  # noqa: S608 - question marks
            numbers = [row[0] for row in connection.execute(found, tuple(ids))]
            for number in numbers:
                connection.execute("DELETE FROM members WHERE number = ?", (number,))
            connection.execute(f"DELETE FROM keys WHERE id IN ({marks})", tuple(ids))  # noqa: S608 - question marks
            connection.commit()

    def _rows(self, query: str, values: Sequence[object]) -> list[Any]:
        with self._opened() as connection:
            return connection.execute(query, tuple(values)).fetchall()

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(
                sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=rw", uri=True)
            ) as c:
                yield c
        except (sqlite3.Error, ValueError) as error:
            raise CorruptArtefact(f"the census {self.path.name} cannot be read: {error}") from error
