"""One visitor: what is believed after each touchpoint, why, and what would be recommended."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from starlette.responses import Response

from personas.entities import LADDER, Evidence, Touchpoint
from personas.journeys import Journey
from personas.phases import ladder_at
from personas.vocabulary import in_words
from service.console.charts.area import Moment, Series, stacked_area
from service.console.charts.bars import Part, effect_bar, meter, split_bar
from service.console.colours import colour_of, persona_colours, phase_css
from service.console.desk import Desk, Pages
from service.console.overview import phase_name
from service.console.personas import active, model_of
from service.personas import listed
from service.recommend import Ask, Preview, recommend
from service.visitors import (
    KINDS,
    Beliefs,
    Visitor,
    believe_aside,
    just_now,
    load_patiently,
    parse_key,
)

pages = Pages()
MOST_MOMENTS = 40  # of a timeline
SOME = 12  # visitors to begin with
RECOMMENDED = 5
PATIENCE = 0.5  # seconds


@pages.show("/visitors")
async def visitors(desk: Desk) -> Response:
    """One visitor, or whom to look at."""
    wanted = desk.asked("id")
    if not wanted:
        return await _nobody_yet(desk)
    key = parse_key(wanted if wanted.partition(":")[0] in KINDS else f"{_kind(desk)}:{wanted}")
    visitor = await load_patiently(desk.state, desk.site, key)
    moment = just_now(desk.now)
    beliefs = await believe_aside(desk.state, desk.site, visitor, moment, desk.journey)
    known = active(desk)
    colours = persona_colours(listed(model_of(desk)))
    touched = visitor.history.touchpoints[::-1]
    return desk.page(
        "visitor.html",
        key=key,
        visitor=visitor,
        beliefs=beliefs,
        sums=[_sum_of(desk, beliefs, name) for name in ("phase", "persona")],
        phases=_phases(desk, beliefs),
        personas=_personas(desk, beliefs, colours),
        timeline=await _timeline(desk, visitor),
        touchpoints=[(each, _said(desk, each)) for each in touched[:MOST_MOMENTS]],
        chosen=await recommend(desk.state, desk.site, _ask(desk, key=key), desk.now),
        look=await _look(desk),
        known=known,
        phase_names=[phase_name(desk, desk.journey, n) for n in range(len(desk.journey.phases))],
        effect_bar=effect_bar,
        traits=_traits(visitor),
        titles=_titles(desk, visitor),
    )


def _kind(desk: Desk) -> str:
    kind = desk.asked("kind")
    return kind if kind in KINDS else KINDS[0]


async def _nobody_yet(desk: Desk) -> Response:
    sample = await desk.state.samples.of(desk.state, desk.site)
    step = 1 if sample is None else max(len(sample.keys) // SOME, 1)
    some = [] if sample is None else list(sample.keys[::step][:SOME])
    rows = []
    for written in some:
        visitor = await load_patiently(desk.state, desk.site, parse_key(written))
        found = await believe_aside(desk.state, desk.site, visitor, desk.now, desk.journey)
        place = [each.id for each in desk.journey.phases].index(found.phase.id)
        rows.append((written, visitor, found, phase_name(desk, desk.journey, place)))
    return desk.page("visitors.html", rows=rows, is_counting=sample is None, bar=meter)


# --- belief ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sum:
    """Why something is believed: what was so from the start, and what each thing added.

    Attributes:
        rows: in words, when, log-odds.
        most: the longest of all, for the scale of bars.
    """

    title: str
    probability: float
    prior: float
    rows: Sequence[Evidence]
    most: float
    total: float


def _sum_of(desk: Desk, beliefs: Beliefs, name: str) -> Sum:
    belief = beliefs.phase if name == "phase" else beliefs.persona
    if name == "phase":
        place = [each.id for each in desk.journey.phases].index(belief.id)
        title = phase_name(desk, desk.journey, place)
    else:
        title = beliefs.persona.name
    lengths = [belief.prior_log_odds, *(item.log_odds for item in belief.evidence)]
    most = max((abs(each) for each in lengths), default=1.0) or 1.0
    told = belief.probability, belief.prior_log_odds, belief.evidence
    return Sum(title, *told, most, sum(lengths))


def _phases(desk: Desk, beliefs: Beliefs) -> tuple[Markup, list[tuple[str, str, float]]]:
    """Where the visitor stands: a bar, and its parts."""
    told = beliefs.phase.distribution
    rows = [
        (phase_name(desk, desk.journey, place), phase_css(desk.journey, place), told[phase.id])
        for place, phase in enumerate(desk.journey.phases)
    ]
    return _bar(desk, desk.words("visitors.where"), rows), rows


def _personas(
    desk: Desk, beliefs: Beliefs, colours: Mapping[str, str]
) -> tuple[Markup, list[tuple[str, str, float]]]:
    """Who the visitor is, in the same way; the likeliest first."""
    names = dict(model_of(desk).names)
    told = sorted(beliefs.persona.distribution.items(), key=lambda item: -item[1])
    rows = [(names.get(name, name), colour_of(colours, name), share) for name, share in told]
    return _bar(desk, desk.words("visitors.who"), rows), rows


def _bar(desk: Desk, name: str, rows: Sequence[tuple[str, str, float]]) -> Markup:
    parts = [Part(label, css, share) for label, css, share in rows]
    return split_bar(name, parts, desk.words.percent)


# --- the timeline ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Timeline:
    """Belief after each touchpoint, drawn twice, and as rows."""

    wide: Markup
    narrow: Markup
    phases: Sequence[str]
    rows: Sequence[tuple[str, str, Sequence[float]]]
    left_out: int


async def _timeline(desk: Desk, visitor: Visitor) -> Timeline | None:
    """None where nothing was done yet."""
    touchpoints = visitor.history.touchpoints
    kept = touchpoints[-MOST_MOMENTS:]
    if not kept:
        return None
    state, site = desk.state, desk.site
    model, facts = state.active.models(site).phases, state.catalogues.of(site).facts
    mapping = state.sites.of(site).event_names

    def followed() -> list[list[float]]:
        ladders = [ladder_at(model, visitor.history, facts, each.time, mapping) for each in kept]
        return [_in_phases(desk.journey, ladder.tolist()) for ladder in ladders]

    beliefs = await asyncio.to_thread(followed)
    phases = [phase_name(desk, desk.journey, n) for n in range(len(desk.journey.phases))]
    words = [_said(desk, each) for each in kept]
    moments = [
        Moment(place, desk.words.short_day(each.time), f"{desk.words.moment(each.time)}: {said}")
        for place, (each, said) in enumerate(zip(kept, words, strict=True))
    ]
    series = [
        Series(name, phase_css(desk.journey, place), [told[place] for told in beliefs])
        for place, name in enumerate(phases)
    ]
    title = desk.words("visitors.timeline")
    wide, narrow = (
        stacked_area(title, moments, series, desk.words.percent, width=width, height=height)
        for width, height in ((920, 300), (340, 240))
    )
    rows = [
        (desk.words.moment(each.time), name, told)
        for each, name, told in zip(kept, words, beliefs, strict=True)
    ]
    older = 0 if visitor.history.older is None else visitor.history.older.count
    return Timeline(wide, narrow, phases, rows, older + len(touchpoints) - len(kept))


def _said(desk: Desk, touchpoint: Touchpoint) -> str:
    """What was done, in words."""
    facts = desk.state.catalogues.of(desk.site).facts
    fact = facts.get(touchpoint.content) if touchpoint.content is not None else None
    return in_words(touchpoint.name, None if fact is None else fact.type)


def _in_phases(journey: Journey, ladder: Sequence[float]) -> list[float]:
    told = dict(zip(LADDER, ladder, strict=True))
    return [sum(told[rung] for rung in phase.of) for phase in journey.phases]


# --- what would be shown --------------------------------------------------------------------------


def _ask(desk: Desk, **told: Any) -> Ask:  # noqa: ANN401 - fields of an Ask
    """Somebody only looks: nothing was shown to anyone."""
    return Ask(
        **{"key": None, "count": RECOMMENDED, "timeout": PATIENCE, **told},
        journey=desk.journey,
        recorded=False,
    )


@dataclass(frozen=True)
class Look:
    """What somebody else would be shown."""

    persona: str
    phase: str
    answer: Mapping[str, Any] | None


async def _look(desk: Desk) -> Look:
    """What if this were somebody of another persona, or in another phase?"""
    persona, phase = desk.asked("as"), desk.asked("in")
    names = dict(model_of(desk).names)
    persona = persona if persona in names else ""
    phase = phase if phase in {each.id for each in desk.journey.phases} else ""
    if not persona and not phase:
        return Look("", "", None)
    preview = Preview(persona or None, phase or None)
    asked = _ask(desk, preview=preview)
    return Look(persona, phase, await recommend(desk.state, desk.site, asked, desk.now))


def _titles(desk: Desk, visitor: Visitor) -> dict[str, str]:
    catalogue = desk.state.catalogues.of(desk.site)
    named = {each.content for each in visitor.history.touchpoints if each.content is not None}
    found = ((name, catalogue.find(name)) for name in named)
    return {name: item.title or name for name, item in found if item is not None}


def _traits(visitor: Visitor) -> dict[str, Any]:
    told = {change.name: change.value for change in visitor.history.traits}
    return {name: value for name, value in sorted(told.items()) if value is not None}
