"""Settings: who may come in, which words the site has for journeys and events, and privacy."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from personas.entities import LADDER
from personas.errors import InvalidInput
from personas.journeys import BUILT_IN
from personas.vocabulary import KINDS, NAMES
from service.auth import EDITOR, ROLES
from service.auth import KINDS as KEY_KINDS
from service.console.desk import Desk, Form, Pages
from service.console.naming import phase_names
from service.console.versions import told_of
from service.keeping import LOG_DAYS, MOST_DAYS, choose_days
from service.problems import refused
from service.site_settings import (
    delete_journey,
    map_event_name,
    put_journey,
    unmap_event_name,
)

pages = Pages()
LONGEST_LABEL, LONGEST_NAME = 200, 256
MOST_UNMAPPED = 50


@pages.show("/settings")
async def settings(desk: Desk) -> Response:
    """Everything that people set."""
    return await _page(desk)


async def _page(desk: Desk, fresh: str | None = None) -> Response:
    site = desk.state.sites.of(desk.site)
    unmapped = desk.state.sites.unmapped(desk.site)
    keys = sorted(site.keys.values(), key=lambda key: (key.revoked is not None, -key.created))
    kept_out, proxies = await asyncio.to_thread(_kept_out, desk)
    return desk.page(
        "settings.html",
        held=site,
        keys=keys if desk.owns else [],
        fresh=fresh,
        kinds=KEY_KINDS,
        roles=ROLES,
        own=list(site.journeys.values()),
        built_in=list(BUILT_IN.values()),
        ladder=LADDER,
        phase_names=lambda journey: phase_names(desk.words, journey),
        unmapped=list(unmapped.items())[:MOST_UNMAPPED],
        more_unmapped=max(len(unmapped) - MOST_UNMAPPED, 0),
        meanings=KINDS,
        known_events=[name for kind in NAMES.values() for name in kind],
        most_days=MOST_DAYS,
        log_days=LOG_DAYS,
        kept_out=kept_out,
        proxies=proxies,
    )


def _kept_out(desk: Desk) -> tuple[Sequence[str], Sequence[Any]]:
    """Sensitive traits that the personas in use were formed without, and what goes along with
    them nevertheless. Reads the disk."""
    version = desk.state.active.models(desk.site).versions.get("personas", "")
    told = told_of(desk.state.active.registry, desk.site, version).get("personas")
    report = {} if told is None else told.settings.get("report", {})
    return report.get("keptOut", ()), report.get("proxies", ())


def _owner(desk: Desk) -> None:
    """As in the API: keys and what holds for the whole site need a secret key.

    Raises:
        Refused: with 403.
    """
    if not desk.owns:
        raise refused(403, "wrong-kind-of-key", desk.words("settings.secret-only"))


# --- keys -----------------------------------------------------------------------------------------


@pages.do("/settings/keys")
async def make_key(desk: Desk, form: Form) -> Response:
    """A new key; this answer is the only one that ever shows it."""
    _owner(desk)
    kind, role = form.text("kind"), form.text("role") or EDITOR
    if kind not in KEY_KINDS or role not in ROLES:
        raise InvalidInput("Choose a kind of key, and a role.", "unknown-kind", "/kind")
    role = role if kind == "console" else EDITOR
    label = form.text("label", LONGEST_LABEL)
    _, shown = await desk.state.sites.add_key(desk.site, kind, label, desk.now, role)
    return await _page(desk, shown)


@pages.do("/settings/keys/revoke")
async def revoke_key(desk: Desk, form: Form) -> Response:
    """Nobody may call with this key any more."""
    _owner(desk)
    await desk.state.sites.revoke_key(desk.site, form.text("key"), desk.now)
    return desk.there("/settings")


# --- journeys -------------------------------------------------------------------------------------


@pages.do("/settings/journeys")
async def make_journey(desk: Desk, form: Form) -> Response:
    """A journey of the site's own: rungs with the same name are one phase."""
    name = form.text("name", LONGEST_LABEL)
    identity = slug(form.text("id", LONGEST_NAME) or name)
    if not identity:
        raise InvalidInput("Give the journey a name.", "no-name", "/name")
    value = {"name": name, "phases": phases_of(form)}
    await put_journey(desk.state, desk.site, identity, value, desk.now)
    return desk.there("/settings", journey=identity)


def phases_of(form: Form) -> list[dict[str, Any]]:
    """Phases as the ladder meets them.

    Raises:
        InvalidInput: a rung has none.
    """
    phases: dict[str, dict[str, Any]] = {}
    for rung in LADDER:
        name = form.text(rung, LONGEST_LABEL)
        if not slug(name):
            raise InvalidInput("Say which phase each rung belongs to.", "no-phase", f"/{rung}")
        phase = phases.setdefault(slug(name), {"id": slug(name), "name": name, "of": []})
        phase["of"].append(rung)
    return list(phases.values())


def slug(name: str) -> str:
    """A name as an id: small letters and digits of any language, with hyphens.

    >>> slug("Nach dem Kauf!"), slug("  ")
    ('nach-dem-kauf', '')
    """
    return re.sub(r"[\W_]+", "-", name.lower()).strip("-")


@pages.do("/settings/journeys/delete")
async def drop_journey(desk: Desk, form: Form) -> Response:
    """Take away a journey of the site's own."""
    await delete_journey(desk.state, desk.site, form.text("id", LONGEST_NAME), desk.now)
    return desk.there("/settings")


# --- event names ----------------------------------------------------------------------------------


@pages.do("/settings/events")
async def map_event(desk: Desk, form: Form) -> Response:
    """Say what one of the site's event names means."""
    name, means = form.text("name", LONGEST_NAME), form.text("means", LONGEST_NAME)
    if not name:
        raise InvalidInput("Name the event.", "no-name", "/name")
    await map_event_name(desk.state, desk.site, name, means, desk.now)
    return desk.there("/settings")


@pages.do("/settings/events/delete")
async def unmap_event(desk: Desk, form: Form) -> Response:
    """Take a meaning back."""
    await unmap_event_name(desk.state, desk.site, form.text("name", LONGEST_NAME), desk.now)
    return desk.there("/settings")


# --- privacy --------------------------------------------------------------------------------------


@pages.do("/settings/privacy")
async def set_privacy(desk: Desk, form: Form) -> Response:
    """May personas be formed by gender, age, health …?"""
    _owner(desk)
    value = {"value": form.text("allow-sensitive") == "true"}
    await desk.state.sites.set(desk.site, "option", "allowSensitive", value, desk.now)
    return desk.there("/settings")


@pages.do("/settings/keeping")
async def set_keeping(desk: Desk, form: Form) -> Response:
    """How many days is what tells of visitors kept?"""
    _owner(desk)
    days = form.text("kept-days", 10)
    await choose_days(desk.state, desk.site, int(days) if days.isdecimal() else 0, desk.now)
    return desk.there("/settings")
