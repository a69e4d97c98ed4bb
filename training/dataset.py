"""What models are trained on: a site's visitors, content and answers, read from its event log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from numpy.typing import NDArray

from embeddings.collector import without_garbage_collection
from embeddings.documents import content_facts, content_item
from personas.entities import ContentFacts, ContentItem, History, VisitorKey
from personas.messages import Accepted, plain_url
from personas.persona_model import PersonaModel
from personas.visitor import fold, linked, merged
from training.eventlog import Kind, Record, key_of, link_of, log_end, read_accepted, read_folder
from training.everyone import Everyone, Remembered, VisitorData
from training.population_ids import components

if TYPE_CHECKING:
    from training.population import Population

__all__ = [
    "SiteData",
    "Told",
    "VisitorData",
    "facts_of",
    "load_site",
    "load_told",
    "opened_site",
    "sampled_site",
    "visitors_of",
]

_CONTENT_KINDS = (Kind.CONTENT, Kind.CONTENT_DELETED, Kind.TAGS)
_OTHER_KINDS = (*_CONTENT_KINDS, Kind.SETTING, Kind.IMPRESSION, Kind.LINK)
EVENT_NAME = "event-name"  # section of the settings in which a site's own names stand
KEY = "key"  # the section that is nothing to learn from
FEW_RECORDS = 250_000  # in a log: its histories fit into memory without a look
MOST_REMEMBERED = 3_000_000  # touchpoints and traits in memory, some 120 bytes each
Ids = tuple[VisitorKey, ...]


@dataclass(frozen=True)
class SiteData:
    """All that a site's models are trained on.

    Attributes:
        contents: by id.
        facts: by id and by URL.
        mapping: the site's own event names → kinds or known names, as the site wrote them.
        impressions: bodies of the answers given, in their order.
        outcomes: responses to answers: {recommendationId, name, contentId, visitor, time}.
        vectors: of content, by id; where the index's were written down for training.
        corrected: documents with at least one tag by a person, by id.
        set_by_people: what people set, section → name → value.
        until: when the newest message of these happened.
        population: all visitors, where `visitors` are a sample of them.
        personas: those in use, which other models may read.
    """

    visitors: list[VisitorData]
    contents: dict[str, ContentItem]
    facts: dict[str, ContentFacts]
    mapping: dict[str, str]
    impressions: list[dict[str, Any]]
    until: float
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    corrected: dict[str, dict[str, Any]] = field(default_factory=dict)
    set_by_people: dict[str, dict[str, Any]] = field(default_factory=dict)
    vectors: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    population: Everyone | None = None
    personas: PersonaModel | None = None

    @property
    def everyone(self) -> Everyone:
        """All visitors, some at a time."""
        return Remembered(self.visitors) if self.population is None else self.population


def load_site(folder: Path, site: str, until: float | None = None) -> SiteData:
    """Read a site from the folder of an event log, which may be growing meanwhile.

    Args:
        until: leave out what happened later (seconds since 1970, time of the event).

    Raises:
        LogUnavailable: where there is no log.
        CorruptArtefact: where a segment is damaged.
    """
    with without_garbage_collection():
        return _load(folder, site, until)


@contextmanager
def opened_site(
    folder: Path, site: str, scratch: Path, seed: int, most: int = MOST_REMEMBERED
) -> Iterator[SiteData]:
    """The same of a log of any length.

    Of many visitors the histories of a sample are read, as many as memory holds, and what all of
    them are like is worked out some thousand at a time.

    Args:
        scratch: a folder for what does not fit into memory.
        most: touchpoints and traits of visitors whose histories are read.
    """
    if log_end(folder) <= FEW_RECORDS:
        yield load_site(folder, site)
        return
    from training.population_open import opened

    with opened(folder, site, scratch) as population:
        yield sampled_site(folder, site, population, seed, most)


def sampled_site(folder: Path, site: str, population: Population, seed: int, most: int) -> SiteData:
    """A site with the histories of a sample of its population, or of all where they fit.

    Args:
        most: touchpoints and traits of visitors whose histories are read.
    """
    share = most / max(population.size, 1)
    if share >= 1:
        return load_site(folder, site)
    known = population.ids(population.sample(share, seed))
    with without_garbage_collection():
        data = _load(folder, site, None, known)
    return replace(data, population=population, until=population.newest)


def _load(
    folder: Path, site: str, until: float | None, known: Sequence[Ids] | None = None
) -> SiteData:
    """All visitors, or those known to have these ids."""
    owners = None if known is None else {key for ids in known for key in ids}
    histories, outcomes, newest = _histories(folder, site, until, owners)
    told = load_told(folder, site)
    if known is None:
        _link(histories, told.links)
        visitors = list(visitors_of(histories))
    else:
        visitors = [_visitor(ids, histories) for ids in known]
    impressions = [
        body
        for body in told.impressions
        if (until is None or body["at"] <= until)
        and (owners is None or key_of(str(body.get("visitor"))) in owners)
    ]
    return SiteData(
        visitors=visitors,
        contents=told.contents,
        facts=facts_of(told.contents.values()),
        mapping={name: value["means"] for name, value in told.settings.get(EVENT_NAME, {}).items()},
        impressions=impressions,
        until=newest,
        outcomes=outcomes,
        corrected={name: kept for name, kept in told.documents.items() if _is_corrected(kept)},
        set_by_people=told.settings,
    )


def _histories(
    folder: Path, site: str, until: float | None, owners: Collection[VisitorKey] | None
) -> tuple[dict[VisitorKey, History], list[dict[str, Any]], float]:
    """What each id did by itself, responses to answers, and when the newest message happened."""
    messages: defaultdict[VisitorKey, list[Accepted]] = defaultdict(list)
    outcomes: list[dict[str, Any]] = []
    newest = 0.0
    for _, message in read_accepted(folder, site, owners=owners):
        if until is not None and message.time > until:
            continue
        newest = max(newest, message.time)
        messages[message.owner].append(message)
        for key in {end for link in message.links for end in link if end != message.owner}:
            messages[key].append(message)
        if message.recommendation is not None and message.touchpoint is not None:
            outcomes.append(_outcome(message))
    return {key: fold(History(), key, told) for key, told in messages.items()}, outcomes, newest


@dataclass(frozen=True)
class Told:
    """What a log tells besides messages.

    Attributes:
        documents, contents: by id.
        settings: section → name → value.
        links: records of people's word on ids.
        impressions: bodies of the answers given.
    """

    documents: dict[str, dict[str, Any]]
    contents: dict[str, ContentItem]
    settings: dict[str, dict[str, Any]]
    links: list[Record]
    impressions: list[dict[str, Any]]


def load_told(folder: Path, site: str) -> Told:
    """What a site's log tells besides messages."""
    others = [record for _, record in read_folder(folder, kinds=_OTHER_KINDS, site=site)]
    documents = _contents(record for record in others if record.kind in _CONTENT_KINDS)
    return Told(
        documents,
        {name: content_item(document) for name, document in documents.items()},
        _settings(record for record in others if record.kind is Kind.SETTING),
        [record for record in others if record.kind is Kind.LINK],
        [
            {"at": record.time, **orjson.loads(record.body)}
            for record in others
            if record.kind is Kind.IMPRESSION
        ],
    )


def _link(histories: dict[VisitorKey, History], records: Iterable[Record]) -> None:
    """People's word on which ids are one visitor."""
    for record in records:
        one, other, cut = link_of(record)
        for here, there in ((one, other), (other, one)):
            histories[here] = linked(histories.get(here, History()), there, record.time, cut)


def visitors_of(histories: Mapping[VisitorKey, History]) -> Iterator[VisitorData]:
    """The visitors whose ids these are, joined by the same rules as in the service."""
    for ids in components(histories):
        visitor = _visitor(ids, histories)
        if visitor.history.touchpoints or visitor.history.traits:
            yield visitor


def _visitor(ids: Ids, histories: Mapping[VisitorKey, History]) -> VisitorData:
    history = merged([histories.get(key, History()) for key in ids])
    return VisitorData(tuple(sorted(ids, key=lambda key: (key.kind != "user_id", key))), history)


def facts_of(contents: Iterable[ContentItem]) -> dict[str, ContentFacts]:
    """Facts by id and by URL; ids go first."""
    by_id, by_url = {}, {}
    for item in contents:
        facts = by_id[item.id] = content_facts(item)
        if item.url:
            by_url[item.url] = facts
            if plain := plain_url(item.url):
                by_url[plain] = facts
    return by_url | by_id


def _outcome(message: Accepted) -> dict[str, Any]:
    touchpoint = message.touchpoint
    return {
        "recommendationId": message.recommendation,
        "name": touchpoint.name if touchpoint else "",
        "contentId": touchpoint.content if touchpoint else None,
        "visitor": str(message.owner),
        "time": message.time,
    }


def _is_corrected(document: Mapping[str, Any]) -> bool:
    tags = (document.get("tagging") or {}).values()
    return any(isinstance(tag, dict) and tag.get("source") == "human" for tag in tags)


def _contents(records: Iterable[Record]) -> dict[str, dict[str, Any]]:
    """The documents that there are after the log's last word on them, by id."""
    documents: dict[str, dict[str, Any]] = {}
    for record in records:
        body = orjson.loads(record.body)
        name = body["id"]
        if record.kind is Kind.CONTENT:
            documents[name] = body
        elif record.kind is Kind.CONTENT_DELETED:
            documents.pop(name, None)
        elif record.kind is Kind.TAGS and name in documents:
            before = documents[name]
            tagging = {**(before.get("tagging") or {}), **(body.get("tagging") or {})}
            documents[name] = {**before, **body, "tagging": tagging}
    return documents


def _settings(records: Iterable[Record]) -> dict[str, dict[str, Any]]:
    """The log's last word on each setting: section → name → value."""
    found: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for record in records:
        body = orjson.loads(record.body)
        section, name, value = (body.get(part) for part in ("section", "name", "value"))
        if section is None or section == KEY:
            continue
        if value is None:
            found[section].pop(name, None)
        else:
            found[section][name] = value
    return dict(found)
