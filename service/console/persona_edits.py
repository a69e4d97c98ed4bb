"""What may be done to personas: each with a look at its effect first, and a way back."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from personas.errors import InvalidInput
from personas.persona_model import Persona
from service.console.charts.bars import meter
from service.console.desk import Desk, Form, Pages
from service.console.personas import active, drawn_with, found, model_of
from service.persona_changes import change, undo
from service.persona_edits import Changes, cut, new_id, returned, union
from service.persona_sample import effect

pages = Pages()
LONGEST_NAME, LONGEST_DESCRIPTION = 120, 1000
ROWS = 5  # traits in the form of a drawing
MOST_VALUES = 400  # suggestions


def page_of(persona: Persona) -> str:
    return f"/personas/{quote(str(persona['id']), safe='')}"


async def _did(desk: Desk, what: str, changes: Changes, path: str) -> Response:
    site = desk.state.sites.of(desk.site)
    key = site.keys.get(desk.caller.key_id)
    by = (key.label if key is not None else "") or desk.words(f"settings.key-{desk.caller.kind}")
    done = await change(desk.state, desk.site, what, changes, by=by, now=desk.now)
    return desk.there(path, done=done.id)


# --- at once --------------------------------------------------------------------------------------


@pages.do("/personas/undo")
async def take_back(desk: Desk, form: Form) -> Response:
    """As it was before a change."""
    await undo(desk.state, desk.site, form.text("change"), desk.now)
    return desk.there("/personas")


@pages.do("/personas/{identity}/describe")
async def describe(desk: Desk, form: Form) -> Response:
    """Another name or description; only what differs is a decision."""
    persona = found(desk)
    wanted = {
        "name": form.text("name", LONGEST_NAME),
        "description": form.text("description", LONGEST_DESCRIPTION),
    }
    if not wanted["name"]:
        raise InvalidInput("Give it a name.", "no-name", "/name")
    changed = {name: text for name, text in wanted.items() if text and text != persona[name]}
    if not changed:
        return desk.there(page_of(persona))
    return await _did(desk, "describe", {str(persona["id"]): changed}, page_of(persona))


@pages.do("/personas/{identity}/lock")
async def lock(desk: Desk, form: Form) -> Response:
    """Trainings may not change who it is; or may again."""
    persona = found(desk)
    locked = form.text("locked") == "true"
    what = "lock" if locked else "unlock"
    return await _did(desk, what, {str(persona["id"]): {"locked": locked}}, page_of(persona))


@pages.do("/personas/{identity}/activate")
async def activate(desk: Desk, _: Form) -> Response:
    """A draft, or one that was retired, answers again."""
    persona = found(desk)
    returned(desk.state, desk.site, persona)
    changes = {str(persona["id"]): {"status": "active"}}
    return await _did(desk, "activate", changes, page_of(persona))


# --- after a look at the effect -------------------------------------------------------------------


@pages.show("/personas/{identity}/merge")
async def before_merging(desk: Desk) -> Response:
    """What a union would do."""
    persona = found(desk)
    other = _other(desk, desk.asked("with"))
    changes = union(desk.state, desk.site, [str(persona["id"]), str(other["id"])])
    return await _preview(desk, "merge", persona, changes, other=other)


@pages.do("/personas/{identity}/merge")
async def merge(desk: Desk, form: Form) -> Response:
    """Two as one, which keeps this one's name."""
    persona = found(desk)
    other = _other(desk, form.text("with"))
    changes = union(desk.state, desk.site, [str(persona["id"]), str(other["id"])])
    return await _did(desk, "merge", changes, page_of(persona))


def _other(desk: Desk, identity: str) -> Persona:
    other = next((each for each in active(desk) if each["id"] == identity), None)
    if other is None:
        raise InvalidInput("Choose the persona to merge with.", "unknown-persona", "/with")
    return other


@pages.show("/personas/{identity}/retire")
async def before_retiring(desk: Desk) -> Response:
    """Who its visitors would be."""
    persona = found(desk)
    return await _preview(desk, "retire", persona, {str(persona["id"]): {"status": "retired"}})


@pages.do("/personas/{identity}/retire")
async def retire(desk: Desk, _: Form) -> Response:
    """It answers no more."""
    persona = found(desk)
    return await _did(desk, "retire", {str(persona["id"]): {"status": "retired"}}, "/personas")


@pages.show("/personas/{identity}/split")
async def before_splitting(desk: Desk) -> Response:
    """What a split does, and when."""
    return await _preview(desk, "split", found(desk), {})


@pages.do("/personas/{identity}/split")
async def split(desk: Desk, _: Form) -> Response:
    """In two, at the next training."""
    persona = found(desk)
    changes = cut(desk.state, desk.site, str(persona["id"]))[1]
    if not changes:
        return desk.there(page_of(persona))
    return await _did(desk, "split", changes, page_of(persona))


async def _preview(
    desk: Desk, what: str, persona: Persona | None, changes: Changes, **values: object
) -> Response:
    sample = await desk.state.samples.of(desk.state, desk.site)
    seen = None if sample is None else effect(desk.state, desk.site, sample, changes)
    told: dict[str, Any] = {
        "other": None,
        "drawing": None,
        "known": None,
        **values,
        **_colours(desk),
    }
    return desk.page(
        "persona-effect.html",
        200,
        what=what,
        persona=persona,
        path="" if persona is None else page_of(persona),
        effect=seen,
        bar=meter,
        **told,
    )


def _colours(desk: Desk) -> dict[str, Any]:
    told = drawn_with(desk)
    return {name: told[name] for name in ("colours", "colour_of")}


# --- drawn by hand --------------------------------------------------------------------------------


@pages.show("/personas/draw")
async def draw(desk: Desk) -> Response:
    """A form for a persona that only people know so far."""
    return desk.page("persona-draw.html", rows=ROWS, known=known_values(desk))


def known_values(desk: Desk) -> dict[str, list[str]]:
    """Features that personas are told apart by, and the values that came in."""
    mixture = model_of(desk).mixture
    columns = () if mixture is None else mixture.schema_.columns
    return {
        column.name.removeprefix("trait:"): [str(label) for label in column.labels][:MOST_VALUES]
        for column in columns
    }


@pages.do("/personas/draw")
async def drawn(desk: Desk, form: Form) -> Response:
    """First the effect, then the persona itself."""
    drawing = drawing_of(form)
    identity = form.text("identity", 40)
    if form.text("step") != "apply" or not identity.startswith("p_"):
        identity = new_id()
        return await _preview(
            desk, "draw", None, {identity: drawing}, drawing=drawing, known=identity
        )
    drawing["status"] = "draft" if form.text("draft") else "active"
    return await _did(desk, "draw", {identity: drawing}, f"/personas/{quote(identity, safe='')}")


def drawing_of(form: Form) -> dict[str, Any]:
    """What was drawn; empty rows are left out.

    Raises:
        InvalidInput: a name or every trait is missing.
    """
    name = form.text("name", LONGEST_NAME)
    if not name:
        raise InvalidInput("Give it a name.", "no-name", "/name")
    traits = [
        {"feature": feature, "value": _value(value)}
        for number in range(ROWS)
        if (feature := form.text(f"feature-{number}", 256))
        and (value := form.text(f"value-{number}", 256))
    ]
    if not traits:
        raise InvalidInput("Say at least one thing about its visitors.", "no-traits", "/traits")
    drawing: dict[str, Any] = {"name": name, "drawn": traits}
    if described := form.text("description", LONGEST_DESCRIPTION):
        drawing["description"] = described
    return drawing


def _value(text: str) -> str | float | list[str]:
    """A number, several values parted by commas, or one."""
    try:
        number = float(text)
    except ValueError:
        values = [part.strip() for part in text.split(",") if part.strip()]
        return values if len(values) > 1 else text
    return number if abs(number) < 1e15 else text
