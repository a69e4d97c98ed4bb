"""Answers that caches may keep: what tells them apart, and lists that are the same for many.

A personal answer stays with its visitor; its ETag tells whether the list is still the same. A
variant is the list for a persona, phase and language, of which there are few: pages can be cached
with it, and whoever falls under it sees the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import orjson

from personas.errors import InvalidInput
from personas.journeys import Journey
from service.recommend_answer import variant_key
from service.state import State

PERSONAL = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Sec-GPC"}
SHARED = {
    "Cache-Control": "public, max-age=60, stale-while-revalidate=300",
    "Vary": "Authorization",
}
ANY_LANGUAGE = "any"
OF_ITEM = ("contentId", "title", "url", "type", "properties")
OF_ANSWER = ("slot", "visitorId", "variantKey", "fallback", "experiment")


def etag_of(answer: Mapping[str, Any]) -> str:
    """The same as long as the same is shown; scores and chances drift with every second."""
    items = [[item[name] for name in OF_ITEM] for item in answer["items"]]
    told = orjson.dumps([[answer[name] for name in OF_ANSWER], items], default=str)
    return f'W/"{blake2b(told, digest_size=12).hexdigest()}"'


def etags_of(header: str | None) -> frozenset[str]:
    """What If-None-Match lists; compared weakly, as lists are (RFC 9110, 13.1.2)."""
    told = (each.strip() for each in (header or "").split(","))
    return frozenset(f"W/{each.removeprefix('W/')}" for each in told if each)


def variant_of(
    state: State, site: str, key: str, journey: Journey
) -> tuple[str | None, str, str | None]:
    """Persona, phase and language of a key that an answer told.

    The persona is None where there is none such any more: pages live longer than personas.

    Raises:
        InvalidInput: it is no such key.
    """
    rest, _, language = key.rpartition(".")
    persona, _, _ = rest.partition(".")
    phases = [phase.id for phase in journey.phases if rest.endswith(f".{phase.id}")]
    if not rest or not language or not phases or not persona:
        detail = "Use a `variantKey` that an answer of this journey told, such as p7.intent.en."
        raise InvalidInput(detail, "unknown-variant", "/variantKey")
    phase = max(phases, key=len)
    locale = None if language == ANY_LANGUAGE else language
    names = [name for name, _ in state.personas.of(state, site).names]
    found = (name for name in names if variant_key(name, phase, locale) == key)
    return next(found, None), phase, locale
