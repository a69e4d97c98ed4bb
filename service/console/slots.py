"""Slots: what a site wants of the lists in each place, and how they look now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from starlette.responses import Response

from embeddings.index import ContentFilter, parse_filter
from personas.errors import InvalidInput
from personas.slots import Slot, slot_of
from service.console.charts.bars import lift
from service.console.desk import Desk, Form, Pages
from service.console.overview import phase_name
from service.recommend import Ask, Preview, recommend
from service.routes.slots import SlotBody, shown

pages = Pages()
DEFAULT = "default"


@pages.show("/recommendations")
async def recommendations(desk: Desk) -> Response:
    """All slots, one of them open, with a list as such a visitor would get it."""
    slots = desk.state.sites.of(desk.site).slots
    name = desk.asked("slot", DEFAULT, 256) or DEFAULT
    slot = slot_of(name, slots.get(name, {}))
    personas = desk.state.personas.of(desk.state, desk.site).names
    return desk.page(
        "slots.html",
        slots=sorted({DEFAULT, name, *slots}),
        is_set=name in slots,
        slot=shown(slot),
        boosts=[f"{_line(each.filter)} {each.weight:+g}" for each in slot.boosts],
        filters=[_line({key: values}) for key, values in slot.filter.items()],
        personas=personas,
        phases=[
            (phase.id, phase_name(desk, desk.journey, place))
            for place, phase in enumerate(desk.journey.phases)
        ],
        preview=await _preview(desk, slot, dict(personas)),
        lift=lift,
        saved=desk.asked("saved"),
    )


async def _preview(desk: Desk, slot: Slot, personas: Mapping[str, str]) -> Mapping[str, Any]:
    """A list for a visitor who does not exist; nothing is stored."""
    persona, phase = desk.asked("persona"), desk.asked("phase")
    known = {each.id for each in desk.journey.phases}
    such = Preview(persona if persona in personas else None, phase if phase in known else None, {})
    ask = Ask(
        None,
        slot=slot,
        count=slot.count,
        filter=ContentFilter(),
        journey=desk.journey,
        explain=True,
        preview=such,
    )
    return await recommend(desk.state, desk.site, ask, desk.now)


def _line(filter_: Mapping[str, Any]) -> str:
    """A filter as it is written in a field: `type=guide,video tags=solar`."""
    told = []
    for name, values in filter_.items():
        each = values if isinstance(values, list) else [values]
        told.append(f"{name}={','.join(map(str, each))}")
    return " ".join(told)


# --- saving ---------------------------------------------------------------------------------------


@pages.do("/recommendations/slot")
async def save(desk: Desk, form: Form) -> Response:
    """Set a slot, or give it back its defaults."""
    name = form.text("slot", 256) or DEFAULT
    if form.text("do") == "reset":
        await desk.state.sites.set(desk.site, "slot", name, None, desk.now)
    else:
        value = slot_from(form)
        await desk.state.sites.set(desk.site, "slot", name, value, desk.now)
    return desk.there("/recommendations", slot=name, saved="1")


def slot_from(form: Form) -> dict[str, Any]:
    """What a form says of a slot, checked as PUT /v1/slots checks it.

    Raises:
        InvalidInput: some field cannot be.
    """
    told: dict[str, Any] = {
        "count": _number(form, "count", whole=True),
        "objective": form.text("objective") or "clicks",
        "diversity": _number(form, "diversity") / 100,
        "exploration": _number(form, "exploration") / 100,
        "pins": _lines(form, "pins"),
        "exclude": _lines(form, "exclude"),
        "filter": filter_of(" ".join(_lines(form, "filter")), "/filter"),
        "boosts": [boost_of(line) for line in _lines(form, "boosts")],
    }
    if form.text("capCount"):
        told["frequencyCap"] = {
            "count": _number(form, "capCount", whole=True),
            "hours": _number(form, "capHours") if form.text("capHours") else 24.0,
        }
    try:
        body = SlotBody.model_validate(told, by_alias=True, by_name=False)
    except ValidationError as error:
        first = error.errors()[0]
        where = "".join(f"/{part}" for part in first["loc"])
        raise InvalidInput(f"{first['msg']} ({where[1:]})", "invalid-slot", where) from None
    return body.model_dump(mode="json", by_alias=True)


def filter_of(line: str, pointer: str) -> dict[str, list[str]]:
    """A filter from how people write it.

    Raises:
        InvalidInput: it cannot be read, or names what cannot be filtered by.

    >>> filter_of("type=guide,video tags=solar", "")
    {'type': ['guide', 'video'], 'tags': ['solar']}
    """
    found: dict[str, list[str]] = {}
    for part in line.split():
        name, _, values = part.partition("=")
        if not name or not values:
            detail = f"Write `field=value` or `field=value,value`, not “{part[:60]}”."
            raise InvalidInput(detail, "invalid-filter", pointer)
        found.setdefault(name, []).extend(each for each in values.split(",") if each)
    parse_filter(found, pointer)
    return found


def boost_of(line: str) -> dict[str, Any]:
    """A boost from how people write it: a filter, and a weight at its end.

    >>> boost_of("type=guide +0.7")
    {'filter': {'type': ['guide']}, 'weight': 0.7}
    """
    told, _, weight = line.strip().rpartition(" ")
    try:
        number = float(weight.replace(",", "."))
    except ValueError:
        detail = f"End a boost with its weight, as in `type=guide +0.7`, not “{line[:60]}”."
        raise InvalidInput(detail, "invalid-boost", "/boosts") from None
    return {"filter": filter_of(told, "/boosts"), "weight": number}


def _lines(form: Form, name: str) -> list[str]:
    return [line.strip() for line in form.text(name, 60_000).splitlines() if line.strip()]


def _number(form: Form, name: str, *, whole: bool = False) -> Any:  # noqa: ANN401 - either kind
    written = form.text(name, 20).rstrip("% ").replace(",", ".") or "0"
    try:
        return int(written) if whole else float(written)
    except ValueError:
        raise InvalidInput(f"“{written}” is no number.", "not-a-number", f"/{name}") from None
