"""`fingerpost keys`."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from personas.errors import InvalidInput
from service.auth import KINDS, ROLES
from service.cli_client import Client

console = Console()


def create(
    kind: str, label: str, role: str, url: str, key: str | None, data_dir: Path | None
) -> None:
    """Make a key and show it this once."""
    if kind not in KINDS:
        raise InvalidInput(f"A key is one of {', '.join(KINDS)}.")
    if role not in ROLES:
        raise InvalidInput(f"A role is one of {', '.join(ROLES)}.")
    if data_dir is not None:
        shown = asyncio.run(_made_in(data_dir, kind, label, role))
    else:
        told = {"kind": kind, "label": label} | ({"role": role} if kind == "console" else {})
        shown = Client(url, key).post("/v1/keys", told)["key"]
    console.print(f"The new {kind} key, shown this once:\n\n  {shown}\n", highlight=False)


async def _made_in(data_dir: Path, kind: str, label: str, role: str) -> str:
    from service.settings import load
    from service.sites import DEFAULT, Sites
    from service.store_redis import open_store
    from training.eventlog import EventLog

    settings = load(data_dir=data_dir)
    if not settings.event_log_folder.exists():
        raise InvalidInput(f"Nothing was ever run in {data_dir}. Check the folder's name.")
    log = EventLog.open(settings.event_log_folder)
    store = await open_store(settings.store_url, data_dir / "store")
    try:
        sites = Sites(store, log)
        await sites.open(settings, time.time())
        return (await sites.add_key(DEFAULT, kind, label, time.time(), role))[1]
    finally:
        await store.close()
        await log.close()


def listed(url: str, key: str | None) -> None:
    """All keys as a table."""
    titles = ("id", "kind", "role", "label", "made", "revoked")
    table = Table(*titles, box=None, header_style="bold")
    for row in Client(url, key).get("/v1/keys?limit=1000")["data"]:
        revoked = row["revokedAt"] or ""
        made, role = row["createdAt"][:16], row["role"] or ""
        table.add_row(row["id"], row["kind"], role, row["label"], made, revoked[:16])
    console.print(table)


def revoke(key_id: str, url: str, key: str | None) -> None:
    """Revoke one."""
    Client(url, key).call("DELETE", f"/v1/keys/{key_id}")
    console.print(f"Nobody can call with {key_id} any more.")
