"""Rows of JSONL and CSV files, one by one, also gzipped."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, cast

import orjson

from personas.errors import InvalidInput

CONTENT_COLUMNS = {
    "id", "url", "title", "description", "body", "type", "locale", "tags", "publishedAt",
    "validFrom", "validUntil", "hidden", "properties",
}  # fmt: skip
EVENT_COLUMNS = {
    "type", "messageId", "anonymousId", "userId", "groupId", "previousId", "event", "name",
    "category", "timestamp", "originalTimestamp", "sentAt", "properties", "traits", "context",
    "channel", "integrations",
}  # fmt: skip
TRAITED = {"identify", "group"}
LONGEST_CELL = 16 << 20


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        value: its fields.
        number: of the line, from 1.
        place: bytes of the file read so far.
        flat: from a table, whose unknown columns are properties or traits.
    """

    value: dict[str, Any]
    number: int
    place: int
    flat: bool = False
    kind: str = ""

    def of_kind(self, kind: str) -> Row:
        """The same, knowing whether it is an event or content."""
        value = self.value if not self.flat else _placed(self.value, kind)
        return replace(self, value=value, kind=kind)


def read_rows(file: Path) -> Iterator[Row]:
    """All rows of a file.

    Raises:
        InvalidInput: names the line that cannot be read.
    """
    name = file.name.lower()
    read = _csv if name.removesuffix(".gz").endswith((".csv", ".tsv")) else _jsonl
    with ExitStack() as closing:
        raw = closing.enter_context(file.open("rb"))
        stream: IO[bytes] = raw
        if name.endswith(".gz"):
            stream = closing.enter_context(cast("IO[bytes]", gzip.GzipFile(fileobj=raw)))
        try:
            yield from read(stream, raw, file.name)
        except (OSError, EOFError, UnicodeDecodeError) as error:
            raise InvalidInput(f"{file.name} cannot be read: {error}.") from None


def _jsonl(lines: Iterable[bytes], raw: IO[bytes], name: str) -> Iterator[Row]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise InvalidInput(f"{name}, line {number} is not JSON: {error}.") from None
        if not isinstance(value, dict):
            raise InvalidInput(f"{name}, line {number} is not a JSON object.")
        yield Row(value, number, raw.tell())


def _csv(stream: IO[bytes], raw: IO[bytes], name: str) -> Iterator[Row]:
    csv.field_size_limit(LONGEST_CELL)
    with io.TextIOWrapper(stream, "utf-8-sig", newline="") as text:
        head = text.readline()
        delimiter = max(",;\t", key=head.count)
        columns = next(csv.reader([head], delimiter=delimiter), [])
        if len(columns) < 2:
            raise InvalidInput(f"{name} has no columns: its first line must name them.")
        reader = csv.DictReader(text, columns, delimiter=delimiter)
        try:
            for number, cells in enumerate(reader, 2):
                filled = {column: cell for column, cell in cells.items() if column and cell}
                yield Row(_nested(filled), number, raw.tell(), flat=True)
        except csv.Error as error:
            raise InvalidInput(f"{name}, line {reader.line_num}: {error}.") from None


def _nested(cells: dict[str, str]) -> dict[str, Any]:
    """`properties.price` is a field within; other cells stay texts until their place is known."""
    value: dict[str, Any] = {}
    for column, cell in cells.items():
        *path, last = column.strip().split(".")
        inner = value
        for part in path:
            below = inner.setdefault(part, {})
            if not isinstance(below, dict):
                raise InvalidInput(f"The columns {part!r} and {column!r} cannot both be there.")
            inner = below
        inner[last] = _typed(cell) if path else cell
    return value


def _placed(value: dict[str, Any], kind: str) -> dict[str, Any]:
    known = CONTENT_COLUMNS if kind == "content" else EVENT_COLUMNS
    own = {name: cell for name, cell in value.items() if name in known}
    rest = {name: _typed(cell) for name, cell in value.items() if name not in known}
    if kind == "content":
        if isinstance(own.get("tags"), str):
            tags = own["tags"].replace("|", ",").replace(";", ",").split(",")
            own["tags"] = [tag.strip() for tag in tags if tag.strip()]
        if "hidden" in own:
            own["hidden"] = _typed(own["hidden"])
    home = "traits" if kind == "events" and own.get("type") in TRAITED else "properties"
    if rest:
        own[home] = {**own[home], **rest} if isinstance(own.get(home), dict) else rest
    return own


def _typed(cell: object) -> object:
    """A cell as number or truth where it looks like one; ids with leading zeros stay texts."""
    if not isinstance(cell, str):
        return cell
    if cell in ("true", "True", "TRUE"):
        return True
    if cell in ("false", "False", "FALSE"):
        return False
    digits = cell.lstrip("-")
    if not digits[:1].isdigit() or (digits[:1] == "0" and digits[1:2].isdigit()):
        return cell
    try:
        return int(cell) if digits.isdigit() else float(cell)
    except ValueError:
        return cell
