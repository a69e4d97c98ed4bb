"""Tags of content in the words of a journey, and a person's word on them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from embeddings.documents import Document, phase_shares, read_tag, type_of, write_tag
from personas.entities import CONTENT_TYPES, LADDER, Array, Tag
from personas.errors import InvalidInput
from personas.journeys import RUNG, Journey, view

MOST_PERSONAS = 100


def read_human(raw: object, journey: Journey) -> dict[str, Any]:
    """A person's word on `type`, `phase` and `personas`, as a document keeps it.

    A phase may be a rung of the ladder or a phase of the journey; one that holds several rungs is
    spread over them evenly.

    Raises:
        InvalidInput: with a pointer; also where nothing is said.
    """
    if not isinstance(raw, Mapping):
        raise InvalidInput("Tags are an object.", "not-an-object")
    locked = raw.get("locked", True)
    if not isinstance(locked, bool):
        raise InvalidInput("This is true or false.", "not-a-boolean", "/locked")
    said: dict[str, Any] = {}
    if raw.get("type") is not None:
        shares = _shares(raw["type"], "/type")
        said["type"] = _kept(_over(shares, CONTENT_TYPES, "/type"), locked)
    if raw.get("phase") is not None:
        said["phase"] = _kept(_on_ladder(_shares(raw["phase"], "/phase"), journey), locked)
    if raw.get("personas") is not None:
        said["personas"] = _kept(_shares(raw["personas"], "/personas"), locked)
    if not said and locked:
        detail = "Say a type, a phase or personas; or `locked: false` alone to undo what was said."
        raise InvalidInput(detail, "nothing-said")
    return said


def _kept(shares: Mapping[str, float], locked: bool) -> dict[str, Any]:
    best = max(shares, key=lambda name: shares[name])
    return {**write_tag(Tag(best, shares, "human")), "locked": locked}


def _shares(raw: object, pointer: str) -> dict[str, float]:
    """One name, or `{distribution: {name: share}}`, as probabilities."""
    if isinstance(raw, str):
        return {raw: 1.0}
    told = raw.get("distribution") if isinstance(raw, Mapping) else None
    if not isinstance(told, Mapping) or not 0 < len(told) <= MOST_PERSONAS:
        detail = "Give one name, or {distribution: {name: probability}}."
        raise InvalidInput(detail, "invalid-tag", pointer)
    here = f"{pointer}/distribution"
    for name, share in told.items():
        fine = isinstance(share, int | float) and not isinstance(share, bool)
        if not fine or not math.isfinite(share) or share < 0:
            detail = "Probabilities are numbers of at least 0."
            raise InvalidInput(detail, "invalid-probability", f"{here}/{name[:100]}")
    total = float(sum(told.values()))
    if not 0 < total < math.inf:
        raise InvalidInput("Probabilities must add up to more than 0.", "invalid-tag", here)
    return {name: share / total for name, share in told.items()}


def _over(shares: Mapping[str, float], classes: Sequence[str], pointer: str) -> dict[str, float]:
    for name in shares:
        if name not in classes:
            detail = f"There is no {name[:100]!r}. Known: {', '.join(classes)}."
            raise InvalidInput(detail, "unknown-tag", pointer)
    return dict(shares)


def _on_ladder(shares: Mapping[str, float], journey: Journey) -> dict[str, float]:
    rungs = dict.fromkeys(LADDER, 0.0)
    phases = {phase.id: phase.of for phase in journey.phases}
    for name, share in shares.items():
        of = (name,) if name in RUNG else phases.get(name)
        if of is None:
            known = ", ".join(dict.fromkeys([*LADDER, *phases]))
            raise InvalidInput(
                f"There is no {name[:100]!r}. Known: {known}.", "unknown-tag", "/phase"
            )
        for rung in of:
            rungs[rung] += share / len(of)
    return rungs


# --- in JSON --------------------------------------------------------------------------------------


def tags_of(
    tagging: Mapping[str, Any],
    journey: Journey,
    personas: Mapping[str, float],
    declared: object = None,
) -> dict[str, Any]:
    """Tags as the contract has them, of a document's `tagging`.

    Args:
        personas: whom it is for, where no person said so.
        declared: the type that the site gave it.
    """
    kind = type_of(tagging.get("type"), declared)
    phase = read_tag(tagging.get("phase"), LADDER)
    said = tagging.get("personas") or {}
    return {
        "type": None if kind is None else _tag(kind.id, kind.distribution, kind.source),
        "phase": None if phase is None else phase_of(phase_shares(phase), journey, phase.source),
        "personas": {
            "distribution": dict(said.get("distribution") or personas),
            "source": said.get("source", "model"),
        },
        "evidence": tagging.get("evidence") or [],
        "modelVersion": tagging.get("modelVersion"),
    }


def phase_of(ladder: Array, journey: Journey, source: str) -> dict[str, Any]:
    """A phase tag as a journey sees it."""
    shares = view(journey, np.asarray(ladder, np.float64))
    best = max(shares, key=lambda name: shares[name])
    rungs = dict(zip(LADDER, ladder.tolist(), strict=True))
    return {"journey": journey.id, **_tag(best, shares, source), "ladder": rungs}


def _tag(best: str, shares: Mapping[str, float], source: str) -> dict[str, Any]:
    told = {"id": best, "probability": shares[best], "distribution": dict(shares)}
    return {**told, "source": source}


def shown(
    document: Document, journey: Journey, personas: Mapping[str, float], *, body: bool = True
) -> dict[str, Any]:
    """A document as the API answers with it."""
    names = (
        "id url title description body type locale tags publishedAt validFrom validUntil hidden "
        "properties createdAt updatedAt"
    )
    told = {name: document.get(name) for name in names.split() if body or name != "body"}
    embedded = document.get("encoder") is not None
    return {
        **told,
        "tagging": tags_of(document.get("tagging") or {}, journey, personas, document.get("type")),
        "embedded": embedded,
    }
