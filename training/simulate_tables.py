"""What the journey simulator knows of content and of people; the businesses are made of it.

An expert's guess at what visitors do, not measured anywhere, and other tables than those that the
models start from: what was simulated here has to be found out from messages alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Weights = Mapping[str, float]


@dataclass(frozen=True)
class Number:
    """A trait that is a number: normal, rounded, never below `least`."""

    mean: float
    spread: float
    least: float = 1.0


@dataclass(frozen=True)
class HiddenPersona:
    """Who somebody is, known to the simulator alone.

    Attributes:
        share: of all visitors; weights of one business need not add up to 1.
        traits: name → weights of values, or a number.
        hours: UTC hour → weight.
        topics: tag → how much more than a tag that is not named it attracts.
        types: content type → the same.
        pace: how fast this persona moves on the ladder; visits: how often it comes.
        pages: of a visit, on average; dwell: time on a page, 1 is usual.
        reveals: chance to tell any trait at all.
    """

    id: str
    share: float
    traits: Mapping[str, Weights | Number]
    channels: Weights
    devices: Weights
    hours: Mapping[int, float]
    topics: Weights
    types: Weights = field(default_factory=dict)
    pace: float = 1.0
    visits: float = 1.0
    pages: float = 3.0
    dwell: float = 1.0
    reveals: float = 0.65


@dataclass(frozen=True)
class Business:
    """How the visitors of one business go their way; rows and lists follow the ladder.

    Attributes:
        start: where they stand when they first come.
        stay_days: how long a stay on each rung lasts, on average.
        moves: where they go when it ends; rows sum to 1.
        visits_a_week: on each rung.
        lost: chance that a visit is the last one ever.
        actions: rung → event name → chance in a visit.
    """

    personas: tuple[HiddenPersona, ...]
    start: tuple[float, ...]
    stay_days: tuple[float, ...]
    moves: tuple[tuple[float, ...], ...]
    visits_a_week: tuple[float, ...]
    lost: tuple[float, ...]
    actions: Mapping[str, Weights]
    order_value: tuple[float, float]  # median, spread of the logarithm

    def persona(self, name: str) -> HiddenPersona:
        return next(persona for persona in self.personas if persona.id == name)


# How well content for one rung suits somebody on another, by how many rungs it lies ahead.
AHEAD: Mapping[int, float] = {-2: 0.08, -1: 0.3, 0: 1.0, 1: 0.4, 2: 0.1}
FAR = 0.03
UNNAMED = 0.25  # attraction of a topic that a persona does not name
WHIM = 0.08  # share of views that follow nothing

# Which types of content belong to an event, and so to its `contentId`.
TYPES_OF_ACTION: Mapping[str, tuple[str, ...]] = {
    "Pricing Viewed": ("pricing",),
    "Quote Requested": ("product-page", "pricing", "landing-page"),
    "Demo Requested": ("landing-page",),
    "Product Added": ("product-page",),
    "Payment Info Entered": ("landing-page", "pricing"),
    "Order Completed": ("product-page", "landing-page"),
    "Subscription Started": ("pricing", "landing-page"),
    "Trial Started": ("landing-page", "product-page"),
    "Comparison Viewed": ("comparison",),
    "Webinar Attended": ("webinar",),
    "Video Playback Started": ("video",),
    "Documentation Viewed": ("documentation",),
    "Support Ticket Opened": ("documentation",),
    "Product Reviewed": ("product-page", "review"),
}
WITHOUT_CONTENT = frozenset(
    {"Content Searched", "Logged In", "Feature Used", "Survey Answered", "Invite Sent"}
)
NPS: Mapping[str, tuple[float, float]] = {"after-sales": (7.2, 2.0), "loyalty": (9.1, 0.9)}

# Seconds on a page, in the middle.
DWELL: Mapping[str, float] = {
    "guide": 95, "article": 70, "video": 120, "webinar": 400, "white-paper": 160,
    "product-page": 55, "review": 60, "comparison": 85, "case-study": 90, "landing-page": 25,
    "pricing": 50, "documentation": 75, "release-notes": 35, "newsletter": 40, "other": 40,
}  # fmt: skip
