"""Personas: who the visitors are, one by one, side by side, and over time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from markupsafe import Markup
from starlette.responses import Response

from personas.entities import LADDER
from personas.persona_model import Persona, PersonaModel
from service.console.charts.bars import Part, lift, meter, split_bar
from service.console.charts.radar import Shape, radar
from service.console.charts.scatter import Point, scatter
from service.console.colours import colour_of, persona_colours, rung_css
from service.console.desk import Desk, Pages, if_there
from service.console.versions import Version, history_chart, persona_versions
from service.persona_changes import Change, latest
from service.persona_edits import can_return
from service.personas import Listing, listed, members
from service.problems import not_found

pages = Pages()
ON_A_CARD = 4  # traits
AXES = 6  # of a comparison
LISTED = 8  # visitors


def found(desk: Desk) -> Persona:
    """The persona of the address.

    Raises:
        Refused: with 404, where there is none.
    """
    identity = unquote(desk.request.path_params["identity"])
    persona = model_of(desk).find(identity)
    if persona is None:
        raise not_found("persona", identity)
    return persona


def model_of(desk: Desk) -> PersonaModel:
    return desk.state.personas.of(desk.state, desk.site)


def active(desk: Desk) -> list[Persona]:
    """Those in use, the largest first."""
    known = [each for each in listed(model_of(desk)) if each["status"] == "active"]
    return sorted(known, key=lambda each: (-each["share"], each["name"]))


def strongest(persona: Persona) -> list[Mapping[str, Any]]:
    """What sets a persona apart most, one value of each feature: `seldom` of one follows from
    `often` of another."""
    first: dict[str, Mapping[str, Any]] = {}
    for trait in persona["traits"]:
        first.setdefault(trait["feature"], trait)
    return list(first.values())[:ON_A_CARD]


def drawn_with(desk: Desk) -> dict[str, Any]:
    """What templates of personas need."""
    return {
        "colours": persona_colours(listed(model_of(desk))),
        "colour_of": colour_of,
        "bar": meter,
        "lift": lift,
        "phases": lambda persona: phases_of(desk, persona),
        "trait": lambda trait: trait_words(desk, trait),
        "strongest": strongest,
        "can_return": lambda persona: can_return(desk.state, desk.site, persona),
    }


# --- all ------------------------------------------------------------------------------------------


@pages.show("/personas")
async def personas(desk: Desk) -> Response:
    """Cards, a map of visitors, and those of the past."""
    others = [each for each in listed(model_of(desk)) if each["status"] != "active"]
    done = await _done(desk)
    return desk.page(
        "personas.html",
        personas=active(desk),
        others=others,
        map=await if_there(visitors_map(desk), None),
        changes=await if_there(latest(desk.state, desk.site), []),
        decisions=desk.state.sites.of(desk.site).decisions,
        done=done,
        **drawn_with(desk),
    )


async def _done(desk: Desk) -> Change | None:
    """What was done just now, by the address."""
    wanted = desk.asked("done")
    if not wanted:
        return None
    known = await if_there(latest(desk.state, desk.site), [])
    return next((each for each in known if each.id == wanted), None)


@dataclass(frozen=True)
class Map:
    """Visitors by chance, drawn twice."""

    wide: Markup
    narrow: Markup
    seen: int
    of: int


async def visitors_map(desk: Desk) -> Map | None:
    """Where visitors lie between the personas; None while they are counted, or without personas."""
    model = model_of(desk)
    placed = await desk.state.samples.placed(desk.state, desk.site)
    if placed is None or model.mixture is None or len(placed.sample.rows) < 2:
        return None
    sample, here, belonging = placed.sample, placed.places, placed.memberships
    colours = persona_colours(listed(model))
    points = []
    for (x, y), own in zip(here.tolist(), belonging, strict=True):
        winner = int(own.argmax())
        identity, name = model.names[winner]
        title = f"{name}: {desk.words.percent(float(own[winner]))}"
        points.append(Point(x, y, title, colour_of(colours, identity), 3.6))
    middles = []
    for number, (identity, name) in enumerate(model.names):
        weights = belonging[:, number]
        if weights.sum() >= 1:
            x, y = (weights @ here / weights.sum()).tolist()
            middles.append(Point(x, y, name, colour_of(colours, identity), 7.0, name))
    words = desk.words("personas.map")
    wide = scatter(words, [*points, *middles], width=900, height=380)
    bare = [replace(each, label="") for each in middles]
    narrow = scatter(words, [*points, *bare], width=340, height=300)
    return Map(wide, narrow, len(sample.rows), sample.of)


# --- one ------------------------------------------------------------------------------------------


@pages.show("/personas/compare")
async def compare(desk: Desk) -> Response:
    """Two side by side."""
    known = active(desk)
    ids = [str(each["id"]) for each in known]
    first, second = (desk.asked(name) for name in ("a", "b"))
    chosen = [
        each
        for wanted, usual in ((first, 0), (second, 1))
        for each in known
        if each["id"] == (wanted if wanted in ids else ids[min(usual, len(ids) - 1)])
    ]
    told = drawn_with(desk)
    shapes = None if len(chosen) < 2 else _shapes(desk, chosen, told["colours"])
    return desk.page(
        "persona-compare.html",
        personas=known,
        chosen=chosen,
        shapes=shapes,
        rows=trait_rows(chosen),
        **told,
    )


def trait_rows(chosen: Sequence[Persona]) -> list[tuple[str, str, list[float | None]]]:
    """Traits of either, with the lift that each persona has for it: None where it says nothing."""
    rows: dict[tuple[str, str], list[float | None]] = {}
    for place, persona in enumerate(chosen):
        for trait in persona["traits"]:
            key = (str(trait["feature"]), str(trait["value"]))
            rows.setdefault(key, [None] * len(chosen))[place] = trait["lift"]
    return [(feature, value, lifts) for (feature, value), lifts in rows.items()]


def _shapes(desk: Desk, chosen: Sequence[Persona], colours: Mapping[str, str]) -> Markup:
    """How the channels of both differ."""
    shares = [
        {each["channel"]: each["share"] for each in persona["channels"]} for persona in chosen
    ]
    names = sorted(
        {name for one in shares for name in one},
        key=lambda name: -sum(one.get(name, 0.0) for one in shares),
    )[:AXES]
    most = max((one.get(name, 0.0) for one in shares for name in names), default=1.0) or 1.0
    shapes = [
        Shape(
            str(persona["name"]),
            colour_of(colours, str(persona["id"])),
            [one.get(name, 0.0) / most for name in names],
        )
        for persona, one in zip(chosen, shares, strict=True)
    ]
    axes = [desk.words.named("channel", name) for name in names]
    name = desk.words("personas.channels")
    return radar(name, axes, shapes, lambda value: desk.words.percent(value * most), size=310)


@pages.show("/personas/history")
async def history(desk: Desk) -> Response:
    """How personas came down through the versions of models."""
    versions: list[Version] = await asyncio.to_thread(persona_versions, desk.state, desk.site)
    colours = persona_colours(listed(model_of(desk)))
    return desk.page(
        "persona-history.html",
        versions=versions,
        chart=history_chart(desk.words, versions, colours),
    )


@pages.show("/personas/{identity}")
async def persona_page(desk: Desk) -> Response:
    """Everything about one."""
    persona = found(desk)
    work = members(desk.state, desk.site, str(persona["id"]), None, LISTED)
    listing = await if_there(work, Listing([], None, None))
    decisions = desk.state.sites.of(desk.site).decisions
    return desk.page(
        "persona.html",
        persona=persona,
        others=[each for each in active(desk) if each["id"] != persona["id"]],
        listing=listing,
        split_waits=_split_waits(desk, persona, decisions),
        done=await _done(desk),
        decisions=decisions,
        **drawn_with(desk),
    )


def _split_waits(desk: Desk, persona: Persona, decisions: Mapping[str, Any]) -> bool:
    other = decisions.get(persona["id"], {}).get("splitInto")
    return other is not None and model_of(desk).find(other) is None


# --- parts ----------------------------------------------------------------------------------------


def phases_of(desk: Desk, persona: Persona) -> Markup | None:
    """Where its visitors stand, as one bar; None where that is not known."""
    told = persona["phases"]
    if not told:
        return None
    parts = [
        Part(desk.words(f"phase.{rung}"), rung_css(rung), float(told.get(rung, 0.0)))
        for rung in LADDER
    ]
    return split_bar(desk.words("personas.phases"), parts, desk.words.percent)


def trait_words(desk: Desk, trait: Mapping[str, Any]) -> str:
    """A trait and how much more or less often it is found: "2.1 times"."""
    value = trait["lift"]
    return "" if value is None else f"{desk.words.number(float(value), 1)} \N{MULTIPLICATION SIGN}"
