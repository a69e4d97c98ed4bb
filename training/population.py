"""All visitors of a log in bounded memory: who they are, and their features, chunk by chunk.

DuckDB reads the log's columns, sorts them by visitor on disk, and works out the features of some
thousand visitors at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import duckdb
import ibis
import numpy as np
import pyarrow as pa
from ibis import Table

from personas.entities import ContentFacts, VisitorKey
from personas.features import TRAIT, Average, Features
from training import feature_table as features
from training.eventlog import key_of
from training.everyone import CHUNK, Numbers, Part

COLUMNS = ("visitor", "feature", "label", "number", "seen")
FEATURES = "SELECT * FROM features ORDER BY visitor, feature, label"
TRAITS = "SELECT DISTINCT told.trait FROM (SELECT unnest(told) AS told FROM base)"


class Population:
    """The visitors of one site; made by `population_open.opened`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    @property
    def count(self) -> int:
        """Visitors with a touchpoint or a trait."""
        return self._number("SELECT count(DISTINCT visitor) FROM base")

    @property
    def size(self) -> int:
        """Touchpoints and traits told."""
        return self._number("SELECT count(name) + coalesce(sum(len(told)), 0) FROM base")

    @property
    def newest(self) -> float:
        """When the newest message happened."""
        found = self._connection.execute("SELECT max(event_time) FROM base").fetchone()
        return 0.0 if found is None or found[0] is None else float(found[0])

    def parts(
        self, facts: Mapping[str, ContentFacts], allow_sensitive: bool = False
    ) -> Iterator[Part]:
        """All visitors, some at a time, always in the same order."""
        self._register_facts(facts)
        names = [row[0] for row in self._connection.execute(TRAITS).fetchall()]
        queries = _queries(features.names_of(names, allow_sensitive))
        ends = self._number("SELECT coalesce(max(visitor), -1) + 1 FROM base")
        for start in range(0, ends, CHUNK):
            part = self._part(start, queries)
            if len(part.visitors):
                yield part

    def ids(self, visitors: Numbers) -> list[tuple[VisitorKey, ...]]:
        """The ids of each visitor, sorted, user ids first."""
        self._connection.register("wanted", pa.table({"visitor": visitors}))
        found: dict[int, list[VisitorKey]] = {int(visitor): [] for visitor in visitors}
        query = "SELECT visitor, id FROM ids WHERE visitor IN (SELECT visitor FROM wanted)"
        for visitor, written in self._connection.sql(query).fetchall():
            found[visitor].append(key_of(written))
        self._connection.unregister("wanted")
        return [
            tuple(sorted(keys, key=lambda key: (key.kind != "user_id", key)))
            for keys in found.values()
        ]

    def sample(self, share: float, seed: int) -> Numbers:
        """About so many of the visitors, by chance."""
        query = "SELECT DISTINCT visitor FROM base ORDER BY visitor"
        visitors: Numbers = self._connection.sql(query).fetchnumpy()["visitor"]
        chosen = np.random.default_rng(seed).random(len(visitors)) < share
        return visitors[chosen]

    def _part(self, start: int, queries: Mapping[str, str]) -> Part:
        execute = self._connection.execute
        execute(f"CREATE OR REPLACE TEMP VIEW part AS {_range('base', start)}")
        for name, query in queries.items():
            execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")
        seen = self._connection.sql(
            "SELECT visitor, max(event_time) AS seen FROM part GROUP BY visitor ORDER BY visitor"
        ).fetchnumpy()
        batches = self._connection.sql(FEATURES).to_arrow_reader(1 << 16)
        return Part(seen["visitor"], seen["seen"], rows_of(seen["visitor"].tolist(), batches))

    def _register_facts(self, facts: Mapping[str, ContentFacts]) -> None:
        types = [(name, fact.type) for name, fact in facts.items()]
        tags = [(name, tag) for name, fact in facts.items() for tag in fact.tags]
        self._put("contents", features.CONTENTS, types)
        self._put("topics", features.TOPICS, tags)

    def _put(self, name: str, columns: Mapping[str, str], rows: Sequence[tuple[str, str]]) -> None:
        lists = list(zip(*rows, strict=True)) or [(), ()]
        schema = pa.schema([(column, pa.string()) for column in columns])
        table = pa.table([pa.array(values, pa.string()) for values in lists], schema=schema)
        self._connection.register(name, table)

    def _number(self, query: str) -> int:
        row = self._connection.execute(query).fetchone()
        return 0 if row is None else int(row[0])


def _range(table: str, start: int) -> str:
    return f"SELECT * FROM {table} WHERE visitor >= {start} AND visitor < {start + CHUNK}"  # noqa: S608 - numbers of our own


def _queries(names: features.Names) -> dict[str, str]:
    """What is worked out of each part, in this order: name → SQL."""
    columns = {**features.MESSAGES, "visitor": "int64"}
    part = ibis.table(columns, name="part")
    touches = features.touches_of(part)
    stored = touches.unbind().schema()
    kept = ibis.table(stored, name="touches")
    visits = features.visits_of(kept)
    tables = features.Tables(
        features.told_of(part),
        kept,
        ibis.table(visits.schema(), name="visits"),
        ibis.table(features.CONTENTS, name="contents"),
        ibis.table(features.TOPICS, name="topics"),
    )
    asked: dict[str, Table] = {
        "touches": touches,
        "visits": visits,
        "features": features.features_of(tables, names),
    }
    return {name: ibis.to_sql(table, dialect="duckdb") for name, table in asked.items()}


def rows_of(visitors: Iterable[int], batches: Iterable[pa.RecordBatch]) -> list[Features]:
    """What is known of each visitor, from the columns of `feature_table.features_of`."""
    rows: dict[int, Features] = {visitor: {} for visitor in visitors}
    for batch in batches:
        columns = [batch.column(name).to_pylist() for name in COLUMNS]
        for visitor, feature, label, number, seen in zip(*columns, strict=True):
            row = rows[visitor]
            if feature.startswith(TRAIT):
                row[feature] = number if label is None else label
            elif label is None:
                row[feature] = Average(number, seen)
            else:
                row.setdefault(feature, {})[label] = number  # type: ignore[index]  # counts are
    return list(rows.values())
