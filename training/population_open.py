"""Opening a population: the log's columns, sorted by visitor, in a file of DuckDB's."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import ibis
import numpy as np
import pyarrow as pa

from personas.errors import Unavailable
from personas.messages import Accepted
from training import feature_table as features
from training.eventlog import Kind, Record, key_of, link_of
from training.eventlog_columns import as_segments
from training.everyone import Numbers
from training.population import Population
from training.population_ids import Word, doubtful, groups_of, joined

MEMORY = "1GB"
LAST = 1 << 62  # place of ids that no message tells of
FOLDER = "population-"  # and the process that uses it

LINKS = "SELECT time, message, body FROM log WHERE kind = 'link' ORDER BY position"
NAMES = """CREATE TABLE names AS
    SELECT row_number() OVER (ORDER BY min(place), id) - 1 AS number, id FROM (
        SELECT visitor AS id, 2 * position AS place FROM messages
        UNION ALL SELECT unnest(linked), 2 * position + 1 FROM messages WHERE len(linked) > 0
        UNION ALL SELECT id, place FROM decided) GROUP BY id"""
PAIRS = """SELECT DISTINCT least(a.number, b.number) AS one, greatest(a.number, b.number) AS other
    FROM (SELECT visitor, unnest(linked) AS id FROM messages WHERE len(linked) > 0) AS told
    JOIN names AS a ON a.id = told.visitor JOIN names AS b ON b.id = told.id
    WHERE a.number <> b.number"""
TOLD = """SELECT visitor, linked, event_time, message FROM messages
    WHERE len(linked) > 0 AND visitor IN (SELECT id FROM names JOIN wanted USING (number))"""
BASE = "CREATE TABLE base AS SELECT * FROM ({numbered}) ORDER BY visitor"


@contextmanager
def opened(
    folder: Path, site: str, scratch: Path, until: float | None = None
) -> Iterator[Population]:
    """The visitors that a log tells of.

    Args:
        folder: of the event log.
        scratch: where a folder for what does not fit into memory is made, and removed after.
        until: leave out what happened later.

    Raises:
        LogUnavailable: where there is no log.
        CorruptArtefact: a segment is damaged.
        Unavailable: the disk is full.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    _remove_left_over(scratch)
    with tempfile.TemporaryDirectory(prefix=f"{FOLDER}{os.getpid()}-", dir=scratch) as made:
        place = Path(made)
        segments = as_segments(folder, place)
        try:
            with duckdb.connect(str(place / "visitors.duckdb")) as connection:
                connection.execute(f"SET memory_limit = '{MEMORY}'")
                connection.execute("SET preserve_insertion_order = false")
                connection.execute(f"SET temp_directory = {_quoted(str(place / 'spilled'))}")
                _view(connection, segments, site, until)
                _fill(connection, site)
                yield Population(connection)
        except duckdb.Error as error:
            raise Unavailable(f"visitors could not be worked out: {error}") from error


def _remove_left_over(scratch: Path) -> None:
    """What killed processes left."""
    for path in scratch.glob(f"{FOLDER}*"):
        process = path.name.removeprefix(FOLDER).partition("-")[0]
        if not process.isdigit() or not _runs(int(process)):
            shutil.rmtree(path, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _view(
    connection: duckdb.DuckDBPyConnection, segments: Sequence[Path], site: str, until: float | None
) -> None:
    listed = ", ".join(_quoted(str(path)) for path in segments)
    whole = f"SELECT * FROM read_parquet([{listed}]) WHERE site = {_quoted(site)}"  # noqa: S608 - quoted
    connection.execute(f"CREATE VIEW log AS {whole}")
    known = "SELECT * FROM log WHERE kind = 'message' AND visitor IS NOT NULL"
    if until is not None:
        known += f" AND event_time <= {float(until)!r}"
    connection.execute(f"CREATE VIEW messages AS {known}")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _fill(connection: duckdb.DuckDBPyConnection, site: str) -> None:
    """Tables `ids`, whose id it is, and `base`, messages by visitor."""
    rows = connection.execute(LINKS).fetchall()
    decided = [(link_of(Record(Kind.LINK, site, *row)), row[0]) for row in rows]
    words = [Word(one, other, time, cut) for (one, other, cut), time in decided]
    written = sorted({str(key) for word in words for key in (word.one, word.other)})
    last = pa.array([LAST + place for place in range(len(written))], pa.int64())
    connection.register("decided", pa.table({"id": pa.array(written, pa.string()), "place": last}))
    connection.execute(NAMES)
    owners = _owners(connection, words)
    connection.register("owners", pa.table({"number": np.arange(len(owners)), "visitor": owners}))
    connection.execute(
        "CREATE TABLE ids AS SELECT id, CAST(owners.visitor AS BIGINT) AS visitor "
        "FROM names JOIN owners USING (number)"
    )
    messages = ibis.table(features.MESSAGES, name="messages")
    known = messages.filter(messages.name.notnull() | messages.told.notnull())
    query = features.numbered(known, ibis.table(features.IDS, name="ids"))
    connection.execute(BASE.format(numbered=ibis.to_sql(query, dialect="duckdb")))


def _owners(connection: duckdb.DuckDBPyConnection, words: Sequence[Word]) -> Numbers:
    """The visitor of each id, by number: the smallest of the numbers of its ids."""
    found = connection.execute("SELECT count(*) FROM names").fetchone()
    count = 0 if found is None else int(found[0])
    pairs = connection.execute(PAIRS).fetchnumpy()
    number = dict(
        connection.execute("SELECT id, number FROM names JOIN decided USING (id)").fetchall()
    )
    decided = [(number[str(word.one)], number[str(word.other)]) for word in words]
    owners = joined(count, pairs["one"], pairs["other"], decided)
    open_ones = doubtful(owners, pairs["one"], pairs["other"], decided)
    if not len(open_ones):
        return owners
    connection.register("wanted", pa.table({"number": open_ones}))
    rows = connection.execute(TOLD).fetchall()
    query = "SELECT id, number FROM names JOIN wanted USING (number) ORDER BY number"
    number = dict(connection.execute(query).fetchall())
    connection.unregister("wanted")
    for group in groups_of(list(map(_links, rows)), words, list(map(key_of, number))):
        numbers = [number[str(key)] for key in group]
        owners[numbers] = min(numbers)
    return owners


def _links(row: tuple[str, list[str], float, int]) -> Accepted:
    visitor, linked, time, message = row
    owner = key_of(visitor)
    pairs = tuple((owner, key_of(other)) for other in linked)
    return Accepted(message, "", time, "", owner, links=pairs)
