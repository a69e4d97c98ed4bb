"""`fingerpost evaluate`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from personas.errors import NotEnoughData
from service.cli_client import Client
from service.cli_models import console, followed


def evaluate(asked: Mapping[str, Any], url: str, key: str | None) -> None:
    """Ask, wait, and tell the answer in words and as a table."""
    client = Client(url, key)
    question = {name: value for name, value in asked.items() if value is not None}
    started = client.call("POST", "/v1/jobs", {"kind": "evaluate", **question})
    job = followed(client, started.headers["Location"])
    if job["status"] == "failed":
        raise NotEnoughData(job["detail"])
    result = job["result"]
    if "experiment" in result:
        _tell_experiment(result)
    else:
        _tell_policies(result)


def policy_of(text: str) -> dict[str, Any]:
    """A policy as written on the command line: popularity, uniform, or a version of the models."""
    if text in ("popularity", "uniform"):
        return {"kind": text, "name": text}
    return {"kind": "ranker", "version": text, "name": text}


def _tell_policies(result: Mapping[str, Any]) -> None:
    table = Table("policy", result["reward"], "95 %", "as it was", "answers", box=None)
    for policy in result["policies"]:
        if policy["refused"]:
            table.add_row(policy["name"], "refused", "", "", str(policy["answers"]))
            continue
        found, logged = policy["estimates"]["dr"], policy["logged"]["value"]
        between = f"{found['low']:.3f} to {found['high']:.3f}"
        row = (f"{found['value']:.3f}", between, f"{logged:.3f}", str(policy["answers"]))
        table.add_row(policy["name"], *row)
    console.print(table)
    for policy in result["policies"]:
        console.print(policy["words"], highlight=False)
        for part in ("Persona", "Phase"):
            told = [each for each in policy[f"by{part}"] if not each["refused"]]
            for each in told if len(told) > 1 else ():
                console.print(f"  {part.lower()} {each[part.lower()]}: {each['words']}")


def _tell_experiment(result: Mapping[str, Any]) -> None:
    table = Table("arm", "visitors", "clicks", "conversions", box=None)
    for clicks, conversions in zip(result["clicks"], result["conversions"], strict=True):
        means = (f"{each['mean']['value']:.4f}" for each in (clicks, conversions))
        table.add_row(clicks["arm"], str(clicks["visitors"]), *means)
    console.print(table)
    for sentence in result["words"]:
        console.print(sentence, highlight=False)
