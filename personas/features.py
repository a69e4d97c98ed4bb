"""What is observed of a visitor, as named features: the traits told, and how the visitor behaves.

A feature that was not observed is absent; nothing is filled in. Names, addresses and other
identifiers never become features, and sensitive traits only where a site asks for them.

How long ago somebody came last is none: nobody becomes somebody else by waiting. Nor is the pace
through the phases, which is the state of a filter and learned with the phases.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from personas.entities import ContentFacts, History, Touchpoint, TraitValue


@dataclass(frozen=True, slots=True)
class Average:
    """A mean of repeated observations; one of few says less than one of many."""

    mean: float
    count: float


FeatureValue = float | str | Mapping[str, float] | Average
Features = dict[str, FeatureValue]
Visit = tuple[Touchpoint, ...]

TRAIT = "trait:"  # before the name of a trait
VISIT_GAP = 30 * 60.0  # seconds without a touchpoint end a visit
ORDERS = ("Order Completed", "Subscription Started", "Subscription Renewed")
DAY = 86_400.0
OF_THE_SERVICE = frozenset({"Recommendation Shown"})  # what we did, not what the visitor did
DEVICES = ("desktop", "mobile", "tablet")
DAYTIMES = ("night", "morning", "afternoon", "evening")  # six hours each, UTC

SENSITIVE: Mapping[str, str] = {
    "age": r"age|ages|dob|birth\w*|born|citizen|elderly",
    "sex": r"gender|sex|female|sexe|geschlecht|salutation|honorific|pronouns?",
    "sexual life": r"sexual\w*|orientation",
    "origin": r"ethnic\w*|race|racial|nationality|citizenship|skin",
    "belief": r"religio\w*|faith|politic\w*|belief\w*",
    "union": r"union",
    "family": r"marital|maritl|married|spouse|husband|wife|pregnan\w*|divorced",
    "health": r"health|medical|disab\w*|diagnos\w*|disease|illness|handicap\w*",
    "body": r"genetic\w*|biometric\w*",
    "law": r"criminal\w*|conviction\w*",
}
OF_THINGS = frozenset({"account", "company", "domain", "business", "contract", "firm", "device"})
IDENTIFYING = (  # whatever the value
    r"tel|ip|zip|zipcode|postcode|postal|uuid|guid|ssn|iban|passport|password|token"
    r"|latitude|longitude|lat|lng|lon"
)
IDENTIFYING_TEXT = (  # where the value is text: "visits to website" is none
    r"e?mails?|phone\w*|telephone|fax|address|street|cookie|avatar|photo|url|website"
    r"|username|firstname|lastname|surname|fullname|nickname"
)
NUMBERS = frozenset({"id", "ids", "number", "phone", "fax", "telephone", "mobile"})
MOMENTS = frozenset({"at", "date", "datetime", "timestamp", "dt"})
YES_OR_NO = frozenset({"yes", "no", "true", "false", "y", "n", "0", "1"})
# Read alike by every engine of regular expressions.
MAIL_OR_DATE = r"[^@\s\x0B]+@[^@\s\x0B]+\.[^@\s\x0B]+|[0-9]{4}-[0-9][0-9]-[0-9][0-9][^\n]*"
_SENSITIVE = {kind: re.compile(pattern) for kind, pattern in SENSITIVE.items()}
_IDENTIFYING = re.compile(IDENTIFYING)
_IDENTIFYING_TEXT = re.compile(IDENTIFYING_TEXT)
_OWN_NAME = re.compile(r"(?:(?:first|last|full|user|family|given|middle|nick|maiden) )?name")
_MAIL_OR_DATE = re.compile(MAIL_OR_DATE, re.ASCII)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")


@dataclass(frozen=True, slots=True)
class Feature:
    """One behavioural feature.

    Args:
        name: key in the result of `features_of`.
        kind: "counts" (a mapping of how often) or "average".
        text: in words.
        read: from a visitor's visits and the facts on content; None where nothing was observed.
        tells_persona: False for what follows the phase of the journey rather than the person; it
            describes personas but does not shape them.
    """

    name: str
    kind: Literal["counts", "average"]
    text: str
    read: Callable[[list[Visit], Mapping[str, ContentFacts]], Average | Mapping[str, float] | None]
    tells_persona: bool = True


def words_of(name: str) -> tuple[str, ...]:
    """The lower-case words of a camelCase or snake_case name.

    >>> words_of("MntWines_lastYear")
    ('mnt', 'wines', 'last', 'year')
    """
    return tuple(word.lower() for word in _WORD.findall(name))


@lru_cache(maxsize=4096)
def sensitive_kind(name: str) -> str | None:
    """What makes a trait of this name sensitive, or None.

    >>> sensitive_kind("Year_Birth"), sensitive_kind("language"), sensitive_kind("accountAge")
    ('age', None, None)
    """
    words = words_of(name)
    if OF_THINGS & set(words):
        return None
    for kind, pattern in _SENSITIVE.items():
        if any(pattern.fullmatch(word) for word in words):
            return kind
    return None


@lru_cache(maxsize=4096)
def identifies(name: str, text: bool = True) -> bool:
    """Whether a trait of this name tells one person from all others, or is a bare moment.

    Args:
        text: whether its value is free text.

    >>> identifies("firstName"), identifies("customer_id"), identifies("planName")
    (True, True, False)
    >>> identifies("website"), identifies("time on website", text=False)
    (True, False)
    """
    words = words_of(name)
    if not words or words[-1] in NUMBERS or MOMENTS & {words[0], words[-1]}:
        return True
    if any(_IDENTIFYING.fullmatch(word) for word in words):
        return True
    if not text:
        return False
    named = _OWN_NAME.fullmatch(" ".join(words)) is not None
    return named or any(_IDENTIFYING_TEXT.fullmatch(word) for word in words)


def visits_of(touchpoints: Iterable[Touchpoint]) -> list[Visit]:
    """Touchpoints in the order of time, cut where half an hour passes without any."""
    visits: list[list[Touchpoint]] = []
    last = -math.inf
    for touchpoint in touchpoints:
        if touchpoint.name in OF_THE_SERVICE:
            continue
        if touchpoint.time - last > VISIT_GAP:
            visits.append([])
        visits[-1].append(touchpoint)
        last = touchpoint.time
    return [tuple(visit) for visit in visits]


def features_of(
    history: History,
    facts: Mapping[str, ContentFacts],
    at: float | None = None,
    allow_sensitive: bool = False,
) -> Features:
    """One visitor's observed features.

    Args:
        history: the visitor's, sorted by time.
        facts: of content, by id.
        at: only what was known at this moment (seconds since 1970); None for all.
        allow_sensitive: let traits of `SENSITIVE` in.
    """
    touchpoints = history.touchpoints
    if at is not None:
        touchpoints = tuple(touchpoint for touchpoint in touchpoints if touchpoint.time <= at)
    features: Features = {}
    for name, value in _traits(history, at).items():
        if _usable(name, value, allow_sensitive):
            features[TRAIT + name] = _trait_value(value)
    visits = visits_of(touchpoints)
    if visits:
        read = ((feature.name, feature.read(visits, facts)) for feature in FEATURES)
        features.update({name: value for name, value in read if value is not None})
    return features


def _traits(history: History, at: float | None) -> dict[str, TraitValue]:
    told = {
        change.name: change.value for change in history.traits if at is None or change.time <= at
    }
    return {name: value for name, value in told.items() if value is not None}


def _usable(name: str, value: TraitValue, allow_sensitive: bool) -> bool:
    text = isinstance(value, str) and value.strip().lower() not in YES_OR_NO
    if identifies(name, text) or (not allow_sensitive and sensitive_kind(name) is not None):
        return False
    if isinstance(value, str):
        return bool(value.strip()) and not _MAIL_OR_DATE.fullmatch(value)
    return math.isfinite(value)


def _trait_value(value: TraitValue) -> float | str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.strip() if isinstance(value, str) else float(value)


# --- behaviour --------------------------------------------------------------------------------


def _counted(values: Iterable[str | None]) -> dict[str, float] | None:
    counts = Counter(value for value in values if value)
    return {value: float(count) for value, count in counts.items()} or None


def _channel(visit: Visit) -> str:
    """Pages within a visit often come as direct: the first that says more speaks for all."""
    return next((touch.channel for touch in visit if touch.channel != "direct"), "direct")


def _channels(visits: list[Visit], _: Mapping[str, ContentFacts]) -> Mapping[str, float] | None:
    return _counted(_channel(visit) for visit in visits)


def _devices(visits: list[Visit], _: Mapping[str, ContentFacts]) -> Mapping[str, float] | None:
    return _counted(next((t.device for t in visit if t.device), None) for visit in visits)


def _daytimes(visits: list[Visit], _: Mapping[str, ContentFacts]) -> Mapping[str, float] | None:
    return _counted(DAYTIMES[int(visit[0].time % 86400 // 21600)] for visit in visits)


def _read_facts(visits: list[Visit], facts: Mapping[str, ContentFacts]) -> list[ContentFacts]:
    contents = (touch.content for visit in visits for touch in visit)
    return [facts[content] for content in contents if content is not None and content in facts]


def _types(visits: list[Visit], facts: Mapping[str, ContentFacts]) -> Mapping[str, float] | None:
    return _counted(fact.type for fact in _read_facts(visits, facts))


def _topics(visits: list[Visit], facts: Mapping[str, ContentFacts]) -> Mapping[str, float] | None:
    return _counted(tag for fact in _read_facts(visits, facts) for tag in fact.tags)


def _pace(visits: list[Visit], _: Mapping[str, ContentFacts]) -> Average | None:
    """Of visits that ended: the last one may go on."""
    ended = visits[:-1]
    return Average(sum(map(len, ended)) / len(ended), float(len(ended))) if ended else None


def _dwell(visits: list[Visit], _: Mapping[str, ContentFacts]) -> Average | None:
    logs = [math.log(t.dwell) for visit in visits for t in visit if t.dwell and t.dwell > 0]
    return Average(sum(logs) / len(logs), float(len(logs))) if logs else None


def _rhythm(visits: list[Visit], _: Mapping[str, ContentFacts]) -> Average | None:
    """From the beginning of each visit to that of the next."""
    gaps = len(visits) - 1
    lasted = visits[-1][0].time - visits[0][0].time
    return Average(lasted / DAY / gaps, float(gaps)) if gaps else None


def _spending(visits: list[Visit], _: Mapping[str, ContentFacts]) -> Average | None:
    values = [t.value for v in visits for t in v if t.value and t.value > 0 and t.name in ORDERS]
    return Average(sum(values) / len(values), float(len(values))) if values else None


FEATURES = (
    Feature("channel", "counts", "where visits come from", _channels),
    Feature("device", "counts", "device of visits", _devices),
    Feature("content type", "counts", "what kind of content is read", _types, tells_persona=False),
    Feature("topic", "counts", "topics read", _topics),
    Feature("hour", "counts", "time of day of visits, UTC", _daytimes),
    Feature("pace", "average", "events per visit", _pace),
    Feature("dwell", "average", "mean of the logarithm of seconds on a page", _dwell),
    Feature("days between visits", "average", "how often they come", _rhythm, tells_persona=False),
    Feature("order value", "average", "money of an order", _spending, tells_persona=False),
)
