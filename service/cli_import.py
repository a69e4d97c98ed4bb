"""`fingerpost import`: content and events from files, folders and websites, through the service.

A row without an id of its own gets one from its place and content, so that an import that was
broken off can simply be run again.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from personas.errors import InvalidInput
from service.cli_client import Client
from service.cli_models import followed
from service.rows import Row, read_rows
from service.rows_markdown import markdown_files, read_markdown

EVENTS, CONTENT = "events", "content"
CALLS = {"track", "page", "screen", "identify", "group", "alias"}
MOST_BYTES = 450_000  # of one request
MOST_ROWS = {EVENTS: 500, CONTENT: 100}
SHOWN = 5  # rejected rows that are named on the screen
console = Console()


@dataclass
class Tally:
    """What became of the rows so far."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)


def import_all(
    sources: list[str], url: str, key: str | None, kind: str, rejected: Path | None
) -> None:
    """Import them one after the other, and tell what became of them.

    Args:
        sources: files, folders of Markdown, and addresses of feeds and sitemaps.
    """
    if kind not in ("auto", EVENTS, CONTENT):
        raise InvalidInput("--as is events or content.")
    addresses = [source for source in sources if source.startswith(("http://", "https://"))]
    files = [Path(source) for source in sources if source not in addresses]
    for file in files:
        if not file.exists():
            raise InvalidInput(f"There is no file {file}. Check its name.")
    client = Client(url, key)
    failed = [address for address in addresses if not _import_from(client, address)]
    if files:
        _import_files(client, files, kind, rejected)
    if failed:
        sys.exit(1)


def _import_from(client: Client, address: str) -> bool:
    """Let the service import a feed or sitemap; whether all of it could be."""
    name = "sitemapUrl" if "sitemap" in address.lower() else "feedUrl"
    started = client.call("POST", "/v1/content:import", {name: address})
    job = followed(client, started.headers["Location"])
    console.print(f"{address}: {job['detail']}.", highlight=False)
    return job["status"] == "succeeded" and not job["result"]["failed"]


def _import_files(client: Client, files: list[Path], kind: str, rejected: Path | None) -> None:
    tally = Tally()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with ExitStack() as closing:
        out = closing.enter_context(rejected.open("wb")) if rejected else None
        progress = closing.enter_context(Progress(*columns, console=console, transient=True))
        for file in files:
            size = len(markdown_files(file)) if file.is_dir() else file.stat().st_size
            task = progress.add_task(file.name, total=size)
            rows = read_markdown(file, progress.console.print) if file.is_dir() else read_rows(file)
            for batch, place in _batches(rows, CONTENT if file.is_dir() else kind):
                _send(client, batch, tally, out)
                progress.update(task, completed=place)
    _tell(tally, rejected)


def _batches(rows: Iterable[Row], kind: str) -> Iterator[tuple[list[Row], int]]:
    """Rows together, as many as one request may hold; and how far in the file that is."""
    batch: list[Row] = []
    size, chosen = 0, kind
    for row in rows:
        if chosen == "auto":
            chosen = kind_of(row.value)
        length = len(orjson.dumps(row.value))
        if batch and (size + length > MOST_BYTES or len(batch) >= MOST_ROWS[chosen]):
            yield batch, batch[-1].place
            batch, size = [], 0
        batch.append(row.of_kind(chosen))
        size += length
    if batch:
        yield batch, batch[-1].place


def kind_of(row: dict[str, Any]) -> str:
    """Events or content? By the fields of the first row.

    Raises:
        InvalidInput: neither.
    """
    if row.get("type") in CALLS or "event" in row or "anonymousId" in row or "userId" in row:
        return EVENTS
    if {"title", "body", "url", "description"} & row.keys():
        return CONTENT
    raise InvalidInput(
        "Events need `type` (track, page, …) and `userId` or `anonymousId`; content needs `id` and "
        "`title`. Neither was found in the first row: say which it is with --as."
    )


def message_of(row: Row) -> dict[str, Any]:
    """A row as a Segment message."""
    message = dict(row.value)
    if not message.get("messageId"):
        told = blake2b(orjson.dumps(row.value, option=orjson.OPT_SORT_KEYS), digest_size=12)
        message["messageId"] = f"import-{row.number}-{told.hexdigest()}"
    if not message.get("type"):
        message["type"] = "track" if message.get("event") else "page"
    return message


def _send(client: Client, batch: list[Row], tally: Tally, out: BinaryIO | None) -> None:
    if batch[0].kind == EVENTS:
        told = client.post("/v1/batch", {"batch": [message_of(row) for row in batch]})
    else:
        told = client.post("/v1/content:batch", {"items": [row.value for row in batch]})
    tally.accepted += told["accepted"]
    tally.duplicates += told.get("duplicates", 0)
    for refusal in told["rejected"]:
        row = batch[refusal["index"]]
        tally.codes[refusal["code"]] += 1
        why = {"row": row.number, "code": refusal["code"], "detail": refusal["detail"]}
        if len(tally.rejected) < SHOWN:
            tally.rejected.append(why)
        if out is not None:
            out.write(orjson.dumps(why | {"value": row.value}) + b"\n")


def _tell(tally: Tally, kept_in: Path | None) -> None:
    known = f", {tally.duplicates:,} known already" if tally.duplicates else ""
    console.print(f"{tally.accepted:,} taken{known}.", highlight=False)
    count = sum(tally.codes.values())
    if not count:
        return
    console.print(f"{count:,} rejected:", highlight=False)
    for why in tally.rejected:
        console.print(f"  row {why['row']}: {why['detail']} ({why['code']})", highlight=False)
    if count > len(tally.rejected):
        console.print("  …")
    where = f"All are in {kept_in}." if kept_in else "Run again with --rejected FILE to see all."
    console.print(where, highlight=False)
    sys.exit(1)
