"""A decided list in the contract's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from personas.entities import LADDER
from personas.ranking import reasons_of
from personas.ranking_features import MOST_SEEN, next_rungs
from service.recommend_choice import Choice
from service.recommend_list import Chosen
from service.recommend_words import words_of
from service.state import State

if TYPE_CHECKING:
    from service.recommend import Ask


def answer_of(state: State, site: str, ask: Ask, choice: Choice, name: str) -> dict[str, Any]:
    """The answer, but for what is only known at its end."""
    (persona, name_of, membership), (phase, probability) = choice.who.persona, choice.who.phase
    return {
        "recommendationId": name,
        "slot": ask.slot.id,
        "visitorId": None if choice.visitor is None else choice.visitor.id,
        "items": [
            _item(choice, item, rank, ask) for rank, item in enumerate(choice.listed.items, 1)
        ],
        "persona": {"id": persona, "name": name_of, "probability": membership},
        "phase": {"journey": ask.journey.id, "id": phase, "probability": probability},
        "variantKey": variant_key(persona, phase, ask.locale),
        "fallback": choice.fallback,
        "degraded": [],
        "modelVersions": dict(state.active.models(site).versions),
        "experiment": None if ask.assigned is None else ask.assigned.to_json(),
    }


def variant_key(persona: str, phase: str, locale: str | None) -> str:
    """One of few, for caches: persona, phase, language."""
    language = (locale or "any").replace("_", "-").partition("-")[0].lower()
    return f"{persona.replace('_', '')}.{phase}.{language}"


def _item(choice: Choice, item: Chosen, rank: int, ask: Ask) -> dict[str, Any]:
    content = choice.prepared.items[item.row]
    shown: dict[str, Any] = {
        "contentId": content.id,
        "rank": rank,
        "score": item.score,
        "propensity": item.propensity,
        "title": content.title,
        "url": content.url,
        "type": None if content.type is None else content.type.id,
        "properties": content.properties,
    }
    if ask.explain:
        shown["reasons"] = _reasons(choice, item)
    return shown


def _reasons(choice: Choice, item: Chosen) -> list[dict[str, Any]]:
    told = reasons_of(item.features, item.usual, choice.listed.weights, item.more)
    rung, because = _rung(choice, item.row), _because(choice, item.row)
    return [
        {
            "code": reason.code,
            "weight": reason.weight,
            "text": words_of(reason.code, reason.weight, rung=rung, because=because),
        }
        for reason in told
    ]


def _rung(choice: Choice, row: int) -> str | None:
    """The rung that the item serves best, of those where the visitor stands or goes next."""
    phases = choice.prepared.contents.phases[row]
    ladder = choice.situation.ladder
    fit = phases * (ladder + next_rungs(ladder))
    return LADDER[int(np.argmax(fit))] if phases.any() else None


def _because(choice: Choice, row: int) -> str | None:
    """Title of the item that was seen lately and is most like this one."""
    seen = choice.situation.seen[::-1][:MOST_SEEN]
    if not len(seen):
        return None
    vectors = choice.prepared.contents.vectors
    nearest = int(seen[np.argmax(vectors[seen] @ vectors[row])])
    return choice.prepared.items[nearest].title or None
