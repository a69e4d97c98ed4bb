"""The nouns that all packages share. Times are seconds since 1970 (UTC), unless said otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LADDER = (
    "awareness",
    "favorability",
    "consideration",
    "intent",
    "conversion",
    "after-sales",
    "loyalty",
)
CONTENT_TYPES = (
    "guide",
    "article",
    "video",
    "webinar",
    "white-paper",
    "product-page",
    "review",
    "comparison",
    "case-study",
    "landing-page",
    "pricing",
    "documentation",
    "release-notes",
    "newsletter",
    "other",
)
CHANNELS = ("search", "paid", "email", "social", "partner", "offline", "push", "direct")
TraitValue = str | float | bool


@dataclass(frozen=True, slots=True, order=True)
class VisitorKey:
    """One id of a visitor; written `user_id:123` or `anonymous_id:abc`."""

    kind: str  # "user_id" or "anonymous_id"
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class Touchpoint:
    """One thing that happened to a visitor.

    `name` is the event name as sent, or "page" / "screen" for those calls. `content` is a
    content id or, where none was sent, the page's URL. What the name means is decided when it is
    read, so that a changed mapping needs no rewriting.
    """

    time: float
    message: int  # 64-bit hash of the messageId
    name: str
    channel: str = "direct"
    content: str | None = None
    device: str | None = None  # desktop, mobile, tablet
    dwell: float | None = None  # seconds
    scroll: float | None = None  # 0-1
    completion: float | None = None  # 0-1
    value: float | None = None  # money
    rating: float | None = None  # 0-1, of NPS or CSAT


@dataclass(frozen=True, slots=True)
class TraitChange:
    """A trait as told at a time; the latest told wins."""

    time: float
    message: int
    name: str
    value: TraitValue | None  # None: withdrawn


@dataclass(frozen=True, slots=True)
class Link:
    """This id and another one belong to the same visitor since `time`."""

    time: float
    message: int
    other: VisitorKey
    cut: bool = False  # a person took them apart again


@dataclass(frozen=True, slots=True)
class Consent:
    """What a visitor allows or not since `time`; of each type the latest word counts."""

    time: float
    message: int  # of the message that told it; 0: a person, through the API
    type: str
    granted: bool


@dataclass(frozen=True, slots=True)
class Older:
    """What is kept of touchpoints that left the list."""

    count: int
    first: float
    last: float
    phases: tuple[float, ...]  # belief over ways and rungs just after `last`
    orders: int = 0
    visit: tuple[tuple[str, str | None, int], ...] = ()  # at `last`: name, content, how often


@dataclass(frozen=True, slots=True)
class History:
    """What one id did by itself, or a visitor's ids together.

    Tuples are sorted by (time, message).
    """

    touchpoints: tuple[Touchpoint, ...] = ()
    traits: tuple[TraitChange, ...] = ()
    links: tuple[Link, ...] = ()
    older: Older | None = None
    consents: tuple[Consent, ...] = ()


@dataclass(frozen=True, slots=True)
class ContentFacts:
    """What models need to know of a content item that a touchpoint names."""

    type: str
    phases: Array  # over the ladder
    tags: tuple[str, ...] = ()


NO_CONTENT: Mapping[str, ContentFacts] = {}


@dataclass(frozen=True, slots=True)
class Evidence:
    """One item of an explanation; the items' `log_odds` and the prior's add up to the answer's."""

    what: str  # event name or feature, for machines
    text: str  # in words, for people
    log_odds: float
    time: float | None = None


@dataclass(frozen=True, slots=True)
class PhaseBelief:
    """A belief over the ladder, and in the words of one journey."""

    journey: str
    id: str
    probability: float
    ladder: Array  # over LADDER
    distribution: Mapping[str, float]  # over the journey's phases
    prior_log_odds: float
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonaBelief:
    """Memberships, of which the likeliest is named."""

    id: str
    name: str
    probability: float
    distribution: Mapping[str, float]
    prior_log_odds: float = 0.0
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Tag:
    """A distribution over classes, with its source."""

    id: str
    distribution: Mapping[str, float]
    source: str = "model"  # or "human"

    @property
    def probability(self) -> float:
        return self.distribution.get(self.id, 0.0)


@dataclass(frozen=True, slots=True)
class ContentItem:
    """A piece of content as the site describes it, with its tags."""

    id: str
    url: str | None = None
    title: str = ""
    description: str = ""
    type: Tag | None = None
    phase: Tag | None = None
    locale: str | None = None
    tags: tuple[str, ...] = ()
    published_at: float | None = None
    valid_from: float | None = None
    valid_until: float | None = None
    hidden: bool = False
    properties: Mapping[str, object] = field(default_factory=dict)

    def visible_at(self, moment: float) -> bool:
        begun = self.valid_from is None or self.valid_from <= moment
        ended = self.valid_until is not None and self.valid_until <= moment
        return begun and not ended and not self.hidden
