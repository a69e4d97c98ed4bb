"""Sites (tenants): their keys, and what people set for them.

Everything that is set is a `SETTING` record of the event log first, which is the truth, and a
document of the store then, so that replicas read it. In memory a site is one immutable value,
swapped whole.
"""

from __future__ import annotations

import asyncio
import hmac
import re
import secrets
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import orjson

from personas.entities import VisitorKey
from personas.errors import StoreUnavailable, UnknownName
from personas.experiments import Experiment, experiment_of
from personas.hand import Edits, edits_of
from personas.journeys import BUILT_IN, Journey, JourneyPhase, make_journey
from personas.vocabulary import is_known, plain_mapping
from service.auth import EDITOR, Caller, digest, new_key
from training.eventlog import EventLog, Kind, Record

if TYPE_CHECKING:
    from service.settings import Settings
    from service.store import Store

DEFAULT = "default"
DIRECTORY = "_sites"  # where the store keeps which sites there are; no site may be called so
PREFIX = "setting/"
SECTIONS = (
    "key", "identity", "event-name", "journey", "slot", "option", "persona", "experiment",
    "webhook",
)  # fmt: skip
TRIES, TRY_AGAIN_S = 5, 0.1  # of the store when the service starts
FOLLOW_EVERY_S = 2.0
MOST_UNMAPPED = 1000  # names remembered of one site
LONGEST_NAME = 256
Value = Mapping[str, Any]
_SITE_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is kept: never itself, only its digest."""

    id: str
    kind: str
    digest: str
    label: str = ""
    created: float = 0.0
    revoked: float | None = None
    role: str = EDITOR


@dataclass(frozen=True)
class Site:
    """What is set for one site.

    Attributes:
        identity_secret: signs user ids for publishable keys.
        event_names: the site's own event names, plain → kind or known name.
        slots: slot id → what was set for it.
        decisions: persona → what people decided about it, as written down.
        personas: the same, read.
        options: further settings, name → value.
        webhooks: content system → what was set for its deliveries.
    """

    id: str
    identity_secret: str = ""
    keys: Mapping[str, Key] = field(default_factory=dict)
    event_names: Mapping[str, str] = field(default_factory=dict)
    named_events: Mapping[str, str] = field(default_factory=dict)  # as written by people
    journeys: Mapping[str, Journey] = field(default_factory=dict)
    slots: Mapping[str, Value] = field(default_factory=dict)
    decisions: Mapping[str, Value] = field(default_factory=dict)
    personas: Edits = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    webhooks: Mapping[str, Value] = field(default_factory=dict)
    experiments: Mapping[str, Experiment] = field(default_factory=dict)
    experiment_settings: Mapping[str, Value] = field(default_factory=dict)  # as set

    @property
    def allow_sensitive(self) -> bool:
        """May personas be formed by gender, age, ethnicity, health …?"""
        return self.options.get("allowSensitive") is True

    @property
    def kept_days(self) -> int | None:
        """Days that what tells of visitors is kept; None where the site did not choose."""
        days = self.options.get("keptDays")
        return days if isinstance(days, int) and not isinstance(days, bool) and days > 0 else None

    def journey(self, name: str, pointer: str = "/journey") -> Journey:
        """A built-in journey or one of the site's own.

        Raises:
            UnknownName: neither.
        """
        found = self.journeys.get(name) or BUILT_IN.get(name)
        if found is None:
            known = ", ".join([*BUILT_IN, *self.journeys])
            raise UnknownName(f"Choose a journey among {known}.", "unknown-journey", pointer)
        return found


class Sites:
    """All sites of the service.

    Attributes:
        fresh_keys: kind → key of those that the first start made, to be shown once.
    """

    def __init__(self, store: Store, log: EventLog) -> None:
        self._store, self._log = store, log
        self._sites: dict[str, Site] = {DEFAULT: Site(DEFAULT)}
        self._documents: dict[str, dict[str, bytes]] = {}
        self._unsaved: dict[str, set[str]] = {}  # site → documents that the store has not yet
        self._callers: dict[str, Caller] = {}
        self._preset: dict[str, Caller] = {}
        self._unmapped: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._changing = asyncio.Lock()
        self.fresh_keys: dict[str, str] = {}

    async def open(self, settings: Settings, now: float | None = None) -> None:
        """Read what was set; the very first start makes the default site and its keys."""
        now = time.time() if now is None else now
        await self._read()
        preset = {
            kind: key
            for kind, key in (
                ("publishable", settings.publishable_key),
                ("secret", settings.secret_key),
            )
            if key
        }
        self._preset = {
            digest(key): Caller(DEFAULT, kind, f"preset-{kind}") for kind, key in preset.items()
        }
        if not self.of(DEFAULT).identity_secret:
            await self._found(preset, now)

    async def _read(self) -> None:
        """From the store; from the log where the store is away, was emptied, or is new."""
        for _ in range(TRIES):
            with suppress(StoreUnavailable):
                await self.refresh()
                break
            await asyncio.sleep(TRY_AGAIN_S)
        if self.of(DEFAULT).identity_secret:
            return
        found = await asyncio.to_thread(lambda: list(self._log.read(0, (Kind.SETTING,))))
        for site in sorted({record.site for _, record in found}):
            await self.restore(site, [record for _, record in found if record.site == site])

    async def _found(self, preset: Mapping[str, str], now: float) -> None:
        await self.set(DEFAULT, "identity", "secret", {"value": secrets.token_urlsafe(32)}, now)
        for kind in ("publishable", "secret"):
            if kind not in preset:
                _, self.fresh_keys[kind] = await self.add_key(DEFAULT, kind, "first start", now)

    # --- reading ------------------------------------------------------------------------------

    def of(self, site: str) -> Site:
        """What is set for a site; an empty one where nothing is."""
        return self._sites.get(site) or Site(site)

    def all(self) -> tuple[str, ...]:
        """The ids of all sites."""
        return tuple(self._sites)

    def caller(self, key: str) -> Caller | None:
        """Whose key this is; None where it is nobody's or revoked.

        The look-up is by digest, whose bits tell nobody anything about a key's.
        """
        hashed = digest(key)
        return self._callers.get(hashed) or self._preset.get(hashed)

    def holder(self, site: str, key_id: str) -> tuple[Caller, str] | None:
        """Who holds a key that is valid still, and the key's digest."""
        for hashed, caller in (*self._callers.items(), *self._preset.items()):
            if (caller.site, caller.key_id) == (site, key_id):
                return caller, hashed
        return None

    def pseudonym(self, site: str, key: VisitorKey) -> str:
        """A name for a visitor's id that tells nobody which; the same each time."""
        secret = self.of(site).identity_secret
        return hmac.new(secret.encode(), f"pseudonym:{key}".encode(), sha256).hexdigest()

    async def refresh(self) -> None:
        """Read everything from the store again, as another replica may have changed it.

        Raises:
            StoreUnavailable: nothing is changed here.
        """
        names = await self._store.documents(DIRECTORY, "site/")
        found = {name.removeprefix("site/") for name in names} | {DEFAULT}
        read = {site: await self._store.documents(site, PREFIX) for site in sorted(found)}
        for site, documents in read.items():
            self._put(site, documents)

    def _put(self, site: str, documents: Mapping[str, bytes]) -> None:
        self._documents[site] = dict(documents)
        self._sites[site] = _site_of(site, documents)
        self._callers = {
            key.digest: Caller(each.id, key.kind, key.id, key.role)
            for each in self._sites.values()
            for key in each.keys.values()
            if key.revoked is None
        }

    # --- changing -----------------------------------------------------------------------------

    async def set(
        self, site: str, section: str, name: str, value: Value | None, now: float
    ) -> None:
        """Set something, or with None unset it; it is durable and holds when this returns.

        Raises:
            LogUnavailable: nothing was changed.
        """
        body = {"section": section, "name": name, "value": value}
        record = Record(Kind.SETTING, site, now, 0, orjson.dumps(body))
        async with self._changing:
            await self._log.append([record])
            self._apply(site, [body])
            await self._save(site)

    async def restore(self, site: str, records: Iterable[Record]) -> None:
        """Set again what the log says was set, in its order."""
        async with self._changing:
            self._apply(site, [orjson.loads(record.body) for record in records])
            await self._save(site)

    def _apply(self, site: str, changes: Sequence[Value]) -> None:
        documents = dict(self._documents.get(site, {}))
        for change in changes:
            name = f"{PREFIX}{change['section']}/{change['name']}"
            self._unsaved.setdefault(site, set()).add(name)
            if change["value"] is None:
                documents.pop(name, None)
            else:
                documents[name] = orjson.dumps(change["value"])
        self._put(site, documents)

    async def _save(self, site: str) -> None:
        """Into the store; what it does not take now, `follow` saves later."""
        names, documents = self._unsaved.get(site, set()), self._documents.get(site, {})
        changed = {name: documents.get(name) for name in names}
        with suppress(StoreUnavailable):
            await self._store.put_documents(DIRECTORY, {f"site/{site}": b"{}"})
            await self._store.put_documents(site, changed)
            self._unsaved.pop(site, None)

    async def follow(self, shared: bool) -> None:
        """Runs beside the service: saves what is not yet, reads what other replicas set.

        Args:
            shared: other replicas use the same store.
        """
        while True:
            await asyncio.sleep(FOLLOW_EVERY_S)
            async with self._changing:
                for site in list(self._unsaved):
                    await self._save(site)
                if shared and not self._unsaved:
                    with suppress(StoreUnavailable):
                        await self.refresh()

    async def add_key(
        self, site: str, kind: str, label: str, now: float, role: str = EDITOR
    ) -> tuple[Key, str]:
        """A new key, as kept and as shown this once."""
        shown = new_key(kind)
        key = Key(f"k_{secrets.token_hex(6)}", kind, digest(shown), label, now, None, role)
        await self.set(site, "key", key.id, _key_value(key), now)
        return key, shown

    async def revoke_key(self, site: str, key_id: str, now: float) -> Key:
        """From now on nobody's.

        Raises:
            UnknownName: the site has no such key.
        """
        key = self.of(site).keys.get(key_id)
        if key is None:
            raise UnknownName(f"There is no key {key_id!r} on this site.", "unknown-key-id")
        revoked = replace(key, revoked=key.revoked or now)
        await self.set(site, "key", key_id, _key_value(revoked), now)
        return revoked

    # --- names that nothing maps --------------------------------------------------------------

    def saw_unmapped(self, site: str, name: str) -> None:
        """Count an event name whose meaning nobody knows."""
        counts = self._unmapped[site]
        if name in counts or len(counts) < MOST_UNMAPPED:
            counts[name[:LONGEST_NAME]] += 1

    def unmapped(self, site: str) -> dict[str, int]:
        """Event names that nothing maps → how often seen since the start, most often first."""
        known = self.of(site).event_names
        counted = self._unmapped[site].most_common()
        return {name: count for name, count in counted if not is_known(name, known)}


def check_site_id(site: str) -> str:
    """A site id: small letters, digits and hyphens.

    Raises:
        UnknownName: it is not one.
    """
    if not _SITE_ID.fullmatch(site):
        raise UnknownName("A site id has 1-64 small letters, digits and hyphens.", "invalid-site")
    return site


def _site_of(site: str, documents: Mapping[str, bytes]) -> Site:
    sections: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for path, document in documents.items():
        section, _, name = path.removeprefix(PREFIX).partition("/")
        if section in sections:
            sections[section][name] = orjson.loads(document)
    named = {name: value["means"] for name, value in sections["event-name"].items()}
    return Site(
        id=site,
        identity_secret=sections["identity"].get("secret", {}).get("value", ""),
        keys=MappingProxyType({name: Key(**value) for name, value in sections["key"].items()}),
        event_names=MappingProxyType(plain_mapping(named)),
        named_events=MappingProxyType(named),
        journeys=MappingProxyType(
            {name: journey_of(name, value) for name, value in sections["journey"].items()}
        ),
        slots=MappingProxyType(sections["slot"]),
        experiment_settings=MappingProxyType(sections["experiment"]),
        experiments=MappingProxyType(
            {name: experiment_of(name, value) for name, value in sections["experiment"].items()}
        ),
        decisions=MappingProxyType(sections["persona"]),
        personas=MappingProxyType(edits_of(sections["persona"])),
        webhooks=MappingProxyType(sections["webhook"]),
        options=MappingProxyType(
            {name: value["value"] for name, value in sections["option"].items()}
        ),
    )


def journey_of(name: str, value: Value) -> Journey:
    """A site's own journey from what was set.

    Raises:
        InvalidInput: it is no view of the ladder.
    """
    phases = (
        JourneyPhase(phase["id"], phase.get("name") or phase["id"], tuple(phase["of"]))
        for phase in value["phases"]
    )
    return make_journey(name, value.get("name") or name, phases)


def _key_value(key: Key) -> Value:
    return {
        "id": key.id,
        "kind": key.kind,
        "digest": key.digest,
        "label": key.label,
        "created": key.created,
        "revoked": key.revoked,
        "role": key.role,
    }
