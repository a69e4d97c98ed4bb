"""Whether today's visitors are still those whom the personas were learned from."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from personas.hand import Edits, goal
from service.census import Taken

if TYPE_CHECKING:
    from service.state import State

WORDS = {
    "steady": "Your visitors are still like those whom the personas were learned from.",
    "shifting": "Some things have begun to change; see which below. Nothing needs to be done yet.",
    "shifted": "Your visitors have changed: train personas again (POST /v1/jobs).",
    "too-little-known": "Too few visitors came to tell whether anything changed.",
}
NOT_TRAINED = "No personas were learned yet, so there is nothing to compare with."
BEING_TAKEN = "Visitors are being looked at; ask again in a moment."
EMPTY: Mapping[str, Any] = {
    "modelVersion": None,
    "learnedUntil": None,
    "newestMessageAt": None,
    "windowDays": None,
    "visitors": None,
    "index": None,
    "noise": None,
    "personas": [],
    "features": [],
    "takenAt": None,
    "ageSeconds": None,
    "current": False,
}


async def drift(state: State, site: str) -> dict[str, Any]:
    """The latest census against the fit, in words and numbers; times in seconds since 1970."""
    taken = await state.censuses.latest(state, site)
    if taken is None:
        return {"verdict": "too-little-known", "text": BEING_TAKEN, **EMPTY}
    names = dict(state.personas.of(state, site).names)
    return described(taken, state.sites.of(site).personas, names, time.time())


def described(taken: Taken, edits: Edits, names: Mapping[str, str], now: float) -> dict[str, Any]:
    """A census as an answer.

    Args:
        names: of the personas in use, by id.
    """
    about = taken.about
    told = {
        **EMPTY,
        "modelVersion": about["version"],
        "newestMessageAt": about["newest"],
        "takenAt": about["takenAt"],
        "ageSeconds": max(now - float(about["takenAt"]), 0.0),
        "current": taken.current,
    }
    found = about["drift"]
    if found is None:
        text = NOT_TRAINED if about["version"] is None else WORDS["too-little-known"]
        return {"verdict": "too-little-known", "text": text, **told}
    told |= {name: found[name] for name in ("windowDays", "visitors", "features")}
    told |= {
        "learnedUntil": found["until"],
        "index": found["personas"]["index"],
        "noise": found["personas"]["noise"],
        "personas": _personas(found, edits, names),
    }
    return {"verdict": found["verdict"], "text": WORDS[found["verdict"]], **told}


def _personas(
    found: Mapping[str, Any], edits: Edits, names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Shares under the ids of today; those that people merged are one."""
    shares: dict[str, tuple[float, float]] = {}
    personas = found["personas"]
    for identity, then, now in zip(found["ids"], personas["then"], personas["now"], strict=True):
        name = goal(identity, edits)
        before = shares.get(name, (0.0, 0.0))
        shares[name] = (before[0] + then, before[1] + now)
    return [
        {
            "id": identity,
            "name": names.get(identity),
            "expectedShare": then,
            "share": now,
            "difference": now - then,
        }
        for identity, (then, now) in sorted(
            shares.items(), key=lambda pair: -abs(pair[1][1] - pair[1][0])
        )
    ]
