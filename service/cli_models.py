"""`fingerpost train` and `fingerpost models`."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from personas.errors import InvalidInput, NotEnoughData
from service.cli_client import Client

MODELS = ("personas", "phases", "tagger", "ranker")
ASK_EVERY_S = 0.3
console = Console()


def train_models(models: list[str], url: str, key: str | None) -> None:
    """Train, and wait for it."""
    unknown = sorted(set(models) - set(MODELS))
    if unknown:
        raise InvalidInput(f"There is no model {unknown[0]!r}; choose among {', '.join(MODELS)}.")
    client = Client(url, key)
    body = {"kind": "train", "models": models or list(MODELS)}
    started = client.call("POST", "/v1/jobs", body)
    job = followed(client, started.headers["Location"])
    if job["status"] == "failed":
        raise NotEnoughData(f"Training failed: {job['detail']}")
    _tell(job["result"])


def followed(client: Client, location: str) -> dict[str, Any]:
    """A job's end, its progress shown meanwhile."""
    columns = (TextColumn("{task.description:<40}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("waiting", total=1.0)
        while True:
            job: dict[str, Any] = client.get(location)
            progress.update(task, completed=job["progress"], description=job["detail"][:40])
            if job["status"] in ("succeeded", "failed"):
                return job
            time.sleep(ASK_EVERY_S)


def _tell(result: dict[str, Any]) -> None:
    for name, told in result.get("models", {}).items():
        mark = "[green]trained[/]" if told.get("trained") else "[yellow]as before[/]"
        console.print(f"{name:10} {mark}  {told.get('why', '')}", highlight=False)
    version = result.get("version")
    console.print(f"Active now: {version}" if version else "The models stay as they were.")


def listed(url: str, key: str | None) -> None:
    """All versions as a table."""
    told = Client(url, key).get("/v1/models?limit=1000")
    table = Table("version", "made", "models", "", box=None, header_style="bold")
    for row in told["data"]:
        mark = "active" if row["active"] else ""
        names = ", ".join(row.get("models", ()))
        table.add_row(row["version"], (row.get("createdAt") or "")[:16], names, mark)
    console.print(table)
    if not told["data"]:
        console.print("Nothing was trained yet: the expert's priors answer. Try fingerpost train.")


def activate(version: str, url: str, key: str | None) -> None:
    """Choose a version."""
    told = Client(url, key).post(f"/v1/models/{version}:activate", {})
    console.print(f"Active now: {told['active']}")
