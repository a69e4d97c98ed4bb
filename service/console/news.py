"""What changed lately, and what lies about without anybody there for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from service.active import MODELS
from service.console.desk import Desk, if_there
from service.console.versions import persona_versions
from service.coverage import coverage
from service.persona_changes import latest

WEEK = 7 * 86_400.0
AGAIN_AFTER = 300.0  # seconds
MOST = 4  # of a kind


@dataclass(frozen=True, slots=True)
class News:
    """One thing that changed.

    Attributes:
        path: where to see more.
        english: it is told by the models, who speak English.
    """

    text: str
    path: str
    english: bool = False


async def news(
    desk: Desk, phases: Sequence[str], rows: Sequence[tuple[float, Sequence[float]]]
) -> list[News]:
    """Visitors of the last whole week, what was learned and what people decided since a week.

    Args:
        phases: names.
        rows: weeks that are over, and their visitors in each phase.
    """
    found = list(_of_visitors(desk, phases, rows))
    registry = desk.state.active.registry
    versions = await asyncio.to_thread(registry.versions, desk.site)
    fresh = [each for each in versions if each.created > desk.now - WEEK]
    for info in fresh[:MOST]:
        names = [name for name in MODELS if info.models.get(name) == info.version]
        told = ", ".join(desk.words(f"models.name-{name}") for name in names)
        when = desk.words.ago(info.created, desk.now)
        found.append(News(desk.words("overview.trained", what=told, when=when), "/console/models"))
    if fresh:
        known = await asyncio.to_thread(persona_versions, desk.state, desk.site)
        stories = known[-1].stories if known and known[-1].created > desk.now - WEEK else ()
        found += [News(story, "/console/personas/history", True) for story in stories[:MOST]]
    for change in (await if_there(latest(desk.state, desk.site), []))[:MOST]:
        if change.at > desk.now - WEEK:
            did = desk.words(f"personas.did-{change.what}", name=change.about[0])
            text = f"{did} ({change.by}, {desk.words.ago(change.at, desk.now)})"
            found.append(News(text, "/console/personas"))
    return found


def _of_visitors(
    desk: Desk, phases: Sequence[str], rows: Sequence[tuple[float, Sequence[float]]]
) -> Iterator[News]:
    """More or fewer than the week before, and the phase whose share moved most."""
    if len(rows) < 2:
        return
    (_, before), (_, now) = rows[-2:]
    whole, other = sum(now), sum(before)
    key = "overview.more" if whole >= other else "overview.fewer"
    share = desk.words.percent(abs(whole - other) / other)
    yield News(desk.words(key, now=desk.words.number(whole), share=share), "/console/journey")
    shares = [(a / whole, b / other) for a, b in zip(now, before, strict=True)]
    place = max(range(len(shares)), key=lambda each: abs(shares[each][0] - shares[each][1]))
    here, there = (desk.words.percent(share) for share in shares[place])
    told = desk.words("overview.moved", phase=phases[place], now=here, before=there)
    yield News(told, "/console/journey")


@dataclass
class Idle:
    """How much content of each site hardly anybody is there for.

    It is worked out beside the pages, and anew after a while.
    """

    _known: dict[str, tuple[float, int]] = field(default_factory=dict)

    def count(self, desk: Desk) -> int:
        """As last worked out; 0 until it was."""
        at, count = self._known.get(desk.site, (0.0, 0))
        if desk.now - at > AGAIN_AFTER:
            self._known[desk.site] = (desk.now, count)
            desk.state.beside(self._look(desk), "console-idle-content")
        return count

    async def _look(self, desk: Desk) -> None:
        told = await coverage(desk.state, desk.site, desk.journey, desk.now)
        self._known[desk.site] = (desk.now, len(told["forNobody"]))
