"""Sealed segments: zstd Parquet with a column for each part of a message that models read.

The body of each record is kept beside the columns, so that a later version may read it anew. This
is the one home of pyarrow in the log; what it raises becomes CorruptArtefact.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from personas.entities import Touchpoint, TraitChange, TraitValue, VisitorKey
from personas.errors import CorruptArtefact
from personas.messages import Accepted
from training.eventlog_folder import write_whole
from training.eventlog_records import EXPIRING, Expiry, Kind, Record, concerns, key_of, message_of

READING = b"2"  # raise it when messages are read differently; older columns are then passed over
_READING_NAME = b"fingerpost.reading"
_WORD = pa.dictionary(pa.int32(), pa.string())
_RECORD_FIELDS = [
    pa.field("position", pa.int64()),
    pa.field("kind", _WORD),
    pa.field("site", _WORD),
    pa.field("time", pa.float64()),  # received
    pa.field("message", pa.int64()),
    pa.field("body", pa.binary()),
]
_TOLD = pa.struct(  # a trait told; of text, number and yes at most one is set, none: withdrawn
    [("trait", pa.string()), ("text", pa.string()), ("number", pa.float64()), ("yes", pa.bool_())]
)
_NUMBERS = ("dwell", "scroll", "completion", "value", "rating")
_MESSAGE_FIELDS = [
    pa.field("visitor", pa.string()),
    pa.field("linked", pa.list_(pa.string())),
    pa.field("event_time", pa.float64()),
    pa.field("name", _WORD),  # of the touchpoint; null where there is none
    pa.field("channel", _WORD),
    pa.field("content", _WORD),
    pa.field("device", _WORD),
    *(pa.field(name, pa.float64()) for name in _NUMBERS),
    pa.field("told", pa.list_(_TOLD)),
    pa.field("recommendation", pa.string()),
]
SCHEMA = pa.schema([*_RECORD_FIELDS, *_MESSAGE_FIELDS])
Told = tuple[str, TraitValue | None]
ROWS_TOGETHER = 1 << 16
READ_TOGETHER = 1 << 13  # rows: more would only be held in memory
_READ = ["position", "kind", "site", "time", "message", "body"]
_MESSAGE_COLUMNS = ["position", "message", *(field.name for field in _MESSAGE_FIELDS)]


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise CorruptArtefact(
            f"The event log's segment {path.name} cannot be read ({error}). Restore it from a "
            "backup, or move it away to go on without it."
        ) from error


# --- writing --------------------------------------------------------------------------------------


def write_segment(path: Path, records: Iterable[tuple[int, Record]]) -> None:
    """Write records with their positions; the file is there whole or not at all."""
    records = iter(records)
    chunks = iter(lambda: list(islice(records, ROWS_TOGETHER)), [])
    _write_tables(path, map(_table_of, chunks))


def _table_of(records: Sequence[tuple[int, Record]]) -> pa.Table:
    columns: dict[str, list[Any]] = {name: [] for name in SCHEMA.names}
    for position, record in records:
        row = _message_row(record) if record.kind is Kind.MESSAGE else {}
        row |= {
            "position": position,
            "kind": str(record.kind),
            "site": record.site,
            "time": record.time,
            "message": record.message,
            "body": record.body,
        }
        for name, column in columns.items():
            column.append(row.get(name))
    return pa.table(columns, schema=SCHEMA)


def _message_row(record: Record) -> dict[str, Any]:
    message = message_of(record)
    if not isinstance(message, Accepted):
        return {}
    row = {
        "visitor": str(message.owner),
        "linked": [str(other) for _, other in message.links],
        "event_time": message.time,
        "told": [_told_row(change) for change in message.traits] or None,
        "recommendation": message.recommendation,
    }
    touchpoint = message.touchpoint
    if touchpoint is not None:
        row |= {"name": touchpoint.name, "channel": touchpoint.channel}
        row |= {"content": touchpoint.content, "device": touchpoint.device}
        row |= {name: getattr(touchpoint, name) for name in _NUMBERS}
    return row


def _told_row(change: TraitChange) -> dict[str, Any]:
    value = change.value
    kind = "yes" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
    return {"trait": change.name, kind: value}


def _write_tables(path: Path, tables: Iterable[pa.Table], reading: bytes = READING) -> None:
    buffer = pa.BufferOutputStream()
    with pq.ParquetWriter(
        buffer,
        SCHEMA.with_metadata({_READING_NAME: reading}),
        compression="zstd",
        write_page_checksum=True,
        use_dictionary=[field.name for field in SCHEMA if field.type == _WORD],
    ) as writer:
        for table in tables:
            writer.write_table(_aligned(table).cast(writer.schema), ROWS_TOGETHER)
    write_whole(path, memoryview(buffer.getvalue()))


def _aligned(table: pa.Table) -> pa.Table:
    """With the columns of the present version; those of an older one may lack some."""
    for field in SCHEMA:
        if field.name not in table.column_names:
            table = table.append_column(field, pa.nulls(len(table), field.type))
    return table.select(SCHEMA.names)


def merge_segments(paths: Sequence[Path], path: Path) -> None:
    """Make one segment of some that follow each other; they stay until the caller removes them.

    Where they were read by different versions, the columns of messages are left out of use.
    """
    with _told(path):
        tables = [pq.read_table(each, page_checksum_verification=True) for each in paths]
    readings = {_reading_of(table.schema) for table in tables}
    table = pa.concat_tables(tables, promote_options="permissive").unify_dictionaries()
    _write_tables(path, [table], readings.pop() if len(readings) == 1 else b"")


def _reading_of(schema: pa.Schema) -> bytes:
    """By which version's reading the columns of messages are filled."""
    return (schema.metadata or {}).get(_READING_NAME, b"")  # type: ignore[no-any-return]


# --- reading --------------------------------------------------------------------------------------


def read_segment(
    path: Path, since: int, kinds: Collection[Kind] | None, site: str | None
) -> Iterator[tuple[int, Record]]:
    """Records from a position on, each with the position after it."""
    for batch in _batches(path, _READ, since, kinds, site):
        columns = [_values(batch.column(name)) for name in _READ]
        for position, kind, name, time, message, body in zip(*columns, strict=True):
            yield position + 1, Record(Kind(kind), name, time, message, body)


def is_current(path: Path) -> bool:
    """Whether the columns of messages are as the present version would write them."""
    with _told(path):
        return _reading_of(pq.read_schema(path)) == READING


def read_messages(
    path: Path, since: int, site: str, owners: Collection[VisitorKey] | None = None
) -> Iterator[tuple[int, Accepted]]:
    """The messages of a site, or of these ids of it, each with the position after it.

    Read from the columns where these are as the present version would write them.
    """
    if not is_current(path):
        for position, record in read_segment(path, since, (Kind.MESSAGE,), site):
            message = message_of(record)
            if isinstance(message, Accepted) and (owners is None or message.owner in owners):
                yield position, message
        return
    wanted = None if owners is None else pa.array([str(key) for key in owners], pa.string())
    for batch in _batches(path, _MESSAGE_COLUMNS, since, (Kind.MESSAGE,), site):
        if wanted is not None:
            batch = batch.filter(pc.is_in(batch["visitor"], wanted))  # noqa: PLW2901 - the rest of it
        columns = [_values(batch.column(name)) for name in _MESSAGE_COLUMNS]
        for row in zip(*columns, strict=True):
            if row[2] is not None:
                yield row[0] + 1, _accepted(row)


def _values(column: pa.Array) -> list[Any]:
    """Python values; words of a dictionary are shared rather than copied."""
    if isinstance(column, pa.ListArray) and column.type.value_type == _TOLD:
        return _told_values(column)
    if not isinstance(column, pa.DictionaryArray):
        return column.to_pylist()  # type: ignore[no-any-return]
    words = column.dictionary.to_pylist()
    return [None if code is None else words[code] for code in column.indices.to_pylist()]


def _told_values(column: pa.ListArray) -> list[list[Told] | None]:
    """(name, value) of the traits of each message."""
    parts = column.flatten().flatten()
    names = parts[0].to_pylist()
    values = [
        next((value for value in row if value is not None), None)
        for row in zip(*(part.to_pylist() for part in parts[1:]), strict=True)
    ]
    pairs = iter(zip(names, values, strict=True))
    lengths = pc.list_value_length(column).to_pylist()
    return [list(islice(pairs, length)) if length else None for length in lengths]


_key_of = lru_cache(maxsize=1 << 17)(key_of)  # visitors come again and again


def _accepted(row: tuple[Any, ...]) -> Accepted:
    (
        _, message, visitor, linked, time, name, channel, content, device,
        dwell, scroll, completion, value, rating, told, recommendation,
    ) = row  # fmt: skip
    owner = _key_of(visitor)
    touchpoint = None
    if name is not None:
        touchpoint = Touchpoint(
            time, message, name, channel, content, device, dwell, scroll, completion, value, rating
        )
    return Accepted(
        message,
        "",
        time,
        "",
        owner,
        touchpoint,
        _traits(time, message, told) if told else (),
        tuple((owner, _key_of(other)) for other in linked) if linked else (),
        (),
        recommendation,
    )


def _traits(time: float, message: int, told: Sequence[Told]) -> tuple[TraitChange, ...]:
    return tuple(TraitChange(time, message, name, value) for name, value in told)


def _batches(
    path: Path, columns: Sequence[str], since: int, kinds: Collection[Kind] | None, site: str | None
) -> Iterator[pa.RecordBatch]:
    needed = list(dict.fromkeys([*columns, "position", "kind", "site"]))
    with _told(path):
        file = pq.ParquetFile(path, page_checksum_verification=True)
    with file:
        for group in range(file.num_row_groups):
            if kinds is not None and not _may_hold(file.metadata.row_group(group), kinds):
                continue
            batches = file.iter_batches(
                READ_TOGETHER, row_groups=[group], columns=needed, use_threads=False
            )
            while True:
                with _told(path):
                    batch = next(batches, None)
                if batch is None:
                    break
                yield from _chosen(pa.Table.from_batches([batch]), since, kinds, site).to_batches()


def _may_hold(group: pq.RowGroupMetaData, kinds: Collection[Kind]) -> bool:
    """By the first and last kind in it; most rows are messages, and most groups nothing else."""
    told = group.column(SCHEMA.names.index("kind")).statistics
    if told is None or not told.has_min_max:
        return True
    return any(told.min <= str(kind) <= told.max for kind in kinds)


def _chosen(
    table: pa.Table, since: int, kinds: Collection[Kind] | None, site: str | None
) -> pa.Table:
    if since:
        table = table.filter(pc.greater_equal(table["position"], since))
    if kinds is not None:
        wanted = pa.array([str(kind) for kind in kinds], pa.string())
        table = table.filter(pc.is_in(table["kind"].cast(pa.string()), wanted))
    if site is not None:
        table = table.filter(pc.equal(table["site"].cast(pa.string()), site))
    return table


def message_columns(path: Path) -> tuple[list[str], list[int], list[float]]:
    """Site, hash and time received of a segment's messages, for the index."""
    sites: list[str] = []
    hashes: list[int] = []
    times: list[float] = []
    for batch in _batches(path, ("site", "message", "time"), 0, (Kind.MESSAGE,), None):
        sites += batch.column("site").to_pylist()
        hashes += batch.column("message").to_pylist()
        times += batch.column("time").to_pylist()
    return sites, hashes, times


# --- erasing --------------------------------------------------------------------------------------


def erase_from(path: Path, site: str, keys: Collection[VisitorKey]) -> int:
    """Rewrite a segment without a site's records that concern these visitors.

    Returns how many were left out.
    """
    with _told(path):
        table = pq.read_table(path, page_checksum_verification=True)
    written = pa.array([str(key) for key in keys], pa.string())
    of_site = pc.equal(table["site"].cast(pa.string()), site)
    owned = pc.fill_null(pc.is_in(table["visitor"], written), fill_value=False)
    doomed = set(pc.indices_nonzero(pc.and_(of_site, owned)).to_pylist())
    others = pc.and_(of_site, pc.invert(owned))
    doomed.update(_linked_or_mentioning(table, others, keys))
    _write_without(path, table, doomed)
    return len(doomed)


def expire_from(path: Path, expiry: Expiry) -> int:
    """Rewrite a segment without what tells of visitors and expired.

    Returns how many records were left out.
    """
    with _told(path):
        told = pq.read_table(path, columns=["time", "kind", "site"])
    expiring = pa.array([str(kind) for kind in EXPIRING], pa.string())
    names = told["site"].cast(pa.string())
    sites = names.unique()
    limits = np.array([expiry.of(site) for site in sites.to_pylist()])
    before = pa.array(limits[pc.index_in(names, sites).to_numpy()])
    old = pc.and_(pc.less(told["time"], before), pc.is_in(told["kind"].cast(pa.string()), expiring))
    doomed = set(pc.indices_nonzero(old).to_pylist())
    if doomed:
        with _told(path):
            _write_without(path, pq.read_table(path, page_checksum_verification=True), doomed)
    return len(doomed)


def _write_without(path: Path, table: pa.Table, doomed: set[int]) -> None:
    if doomed:
        kept = pa.array([row not in doomed for row in range(len(table))])
        _write_tables(path, [table.filter(kept)], _reading_of(table.schema))


def _linked_or_mentioning(
    table: pa.Table, among: pa.ChunkedArray, keys: Collection[VisitorKey]
) -> Iterator[int]:
    """Rows that need a closer look: links between ids, and what is not a message."""
    message = pc.equal(table["kind"].cast(pa.string()), str(Kind.MESSAGE))
    linked = pc.greater(pc.fill_null(pc.list_value_length(table["linked"]), 0), 0)
    unread = pc.is_null(table["visitor"])
    rows = pc.indices_nonzero(pc.and_(among, pc.or_(pc.or_(linked, unread), pc.invert(message))))
    close = table.select(_READ).take(rows)
    columns = [close[name].to_pylist() for name in _READ]
    for row, (_, kind, site, time, hashed, body) in zip(
        rows.to_pylist(), zip(*columns, strict=True), strict=True
    ):
        if concerns(Record(Kind(kind), site, time, hashed, body), keys):
            yield row
