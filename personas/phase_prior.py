"""What an experienced marketer would say before seeing any data, as tables.

Nothing here was fitted. The numbers are rough on purpose: every likelihood is mixed with noise and
tempered, because a site's visitors never behave quite as the textbook has it. Learning starts from
here and bends these tables, so that each rung keeps its meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from personas.entities import LADDER, Array
from personas.vocabulary import KINDS

DAYS_PER_WEEK = 7.0
LEAST_RATIO = 0.003  # against chance; nothing is impossible in any phase
TAG_WEIGHT = 0.5  # taggers are less sure than they say
TAG_BESIDE_TYPE = 0.4  # where the type is known, the tag repeats most of what it has said

# Where a visitor stands when first seen. Most have just become aware, but people also come by a
# colleague's link, after a talk at a fair, or own the product and look for its manual.
START = np.array([0.45, 0.17, 0.14, 0.05, 0.04, 0.10, 0.05])

# How long a stay lasts, in weeks. Interest fades or ripens over a month; a wish to buy is acted
# on within two weeks; buying takes days; using the product takes months.
STAY_WEEKS = np.array([4.0, 4.0, 3.0, 2.0, 1.0, 8.0, 16.0])

# Where people go when a stay ends; rows sum to 1. One rung at a time is the rule; impulse skips a
# rung; doubt, budget and competitors send people back; owners buy again without being won anew.
MOVES = np.array(
    [
        # awar.  fav.  cons.  int.  conv. after  loyal
        [0.00, 0.68, 0.22, 0.05, 0.03, 0.01, 0.01],  # awareness: liking comes first
        [0.20, 0.00, 0.60, 0.12, 0.05, 0.01, 0.02],  # favorability: forgets, or looks closer
        [0.10, 0.20, 0.00, 0.55, 0.12, 0.02, 0.01],  # consideration: decides, or drops it
        [0.05, 0.08, 0.25, 0.00, 0.58, 0.02, 0.02],  # intent: buys, or has second thoughts
        [0.02, 0.03, 0.03, 0.06, 0.00, 0.74, 0.12],  # conversion: now uses what was bought
        [0.08, 0.08, 0.10, 0.08, 0.10, 0.00, 0.56],  # after-sales: stays, drifts off, buys more
        [0.04, 0.10, 0.12, 0.16, 0.28, 0.30, 0.00],  # loyalty: buys again, needs help, cools off
    ]
)

# Which kinds of touchpoint occur in which phase, noise apart; rows sum to 1. Reading is the bulk
# of what anybody does; what sets phases apart is what comes on top.
KINDS_IN_PHASE = np.array(
    [
        # inform like  comp.  intend buy   after  advoc. frict. recom. other
        [0.66, 0.14, 0.06, 0.02, 0.00, 0.02, 0.00, 0.02, 0.04, 0.04],  # awareness: reads
        [0.42, 0.33, 0.10, 0.03, 0.00, 0.02, 0.01, 0.01, 0.04, 0.04],  # favorability: comes to like
        [0.24, 0.16, 0.40, 0.07, 0.01, 0.02, 0.00, 0.02, 0.04, 0.04],  # consideration: compares
        [
            0.15,
            0.11,
            0.19,
            0.40,
            0.05,
            0.02,
            0.00,
            0.02,
            0.03,
            0.03,
        ],  # intent: fills the cart, asks
        [0.10, 0.07, 0.06, 0.25, 0.36, 0.08, 0.01, 0.02, 0.02, 0.03],  # conversion: pays
        [
            0.17,
            0.06,
            0.03,
            0.03,
            0.02,
            0.57,
            0.03,
            0.04,
            0.02,
            0.03,
        ],  # after-sales: uses, asks help
        [0.17, 0.11, 0.04, 0.06, 0.07, 0.26, 0.21, 0.02, 0.03, 0.03],  # loyalty: uses, recommends
    ]
)

# What noise looks like, whatever the phase.
NOISE_KINDS = np.array([0.45, 0.12, 0.10, 0.06, 0.02, 0.12, 0.02, 0.03, 0.04, 0.04])

# How much more (or less) than its kind a name speaks for each phase.
NAME_TILTS: Mapping[str, tuple[float, ...]] = {
    # Searching and listing serve a need that is already there.
    "products searched": (0.8, 1.2, 1.4, 1.3, 1.0, 0.7, 1.0),
    "content searched": (1.0, 1.1, 1.2, 1.0, 0.8, 1.1, 0.9),
    "product list viewed": (0.8, 1.3, 1.4, 1.1, 0.9, 0.5, 0.9),
    "video playback started": (1.2, 1.3, 1.0, 0.7, 0.5, 0.7, 0.7),
    "product viewed": (0.8, 1.1, 1.5, 1.4, 1.2, 0.6, 0.9),
    "newsletter subscribed": (0.8, 1.6, 1.1, 0.7, 0.6, 0.5, 0.6),
    # Who shares, likes it; who owns it and shares, is loyal.
    "content shared": (0.7, 1.4, 0.8, 0.5, 0.5, 0.9, 2.0),
    "product shared": (0.6, 1.2, 1.0, 0.8, 0.8, 0.9, 2.0),
    "product added to wishlist": (0.5, 1.4, 1.4, 1.2, 0.6, 0.3, 0.7),
    "comparison viewed": (0.7, 1.0, 1.4, 0.9, 0.6, 0.5, 0.5),
    "pricing viewed": (0.5, 0.8, 1.2, 1.7, 1.1, 0.5, 0.6),
    "product list filtered": (0.8, 1.2, 1.3, 1.1, 0.8, 0.5, 0.8),
    "trial started": (0.3, 0.6, 1.3, 1.9, 1.3, 0.3, 0.4),
    "webinar attended": (0.8, 1.3, 1.4, 0.8, 0.5, 0.8, 0.8),
    "product added": (0.6, 0.9, 1.1, 1.2, 1.0, 0.8, 1.1),
    "cart viewed": (0.5, 0.8, 1.0, 1.3, 1.2, 0.7, 1.0),
    # The nearer to the till, the nearer to conversion.
    "checkout started": (0.3, 0.4, 0.7, 1.3, 1.7, 0.6, 1.0),
    "checkout step viewed": (0.3, 0.4, 0.5, 1.2, 2.0, 0.6, 1.0),
    "coupon entered": (0.3, 0.5, 0.6, 1.2, 1.8, 0.6, 1.3),
    "demo requested": (0.5, 0.9, 1.7, 1.4, 0.4, 0.2, 0.2),
    "signed up": (0.7, 1.0, 1.1, 1.2, 1.1, 0.5, 0.4),
    "quote requested": (0.4, 0.7, 1.4, 1.5, 0.6, 0.3, 0.4),
    # Paying details alone may still be an unfinished purchase.
    "payment info entered": (0.3, 0.3, 0.6, 1.7, 1.1, 0.4, 0.6),
    "order completed": (0.2, 0.2, 0.3, 0.5, 1.2, 0.6, 0.9),
    "subscription started": (0.2, 0.2, 0.3, 0.6, 1.2, 0.6, 0.7),
    "order refunded": (0.3, 0.3, 0.3, 0.4, 1.2, 1.3, 0.4),
    "order cancelled": (0.3, 0.3, 0.5, 0.9, 1.8, 1.1, 0.4),
    "support ticket opened": (0.6, 0.6, 0.6, 0.8, 1.1, 1.2, 0.8),
    # Buyers of technical things read the manual before they buy.
    "documentation viewed": (0.8, 0.9, 1.6, 1.2, 0.9, 1.1, 0.9),
    "logged in": (0.8, 0.8, 0.9, 1.3, 1.2, 1.0, 1.2),
    "feature used": (0.5, 0.5, 0.9, 1.0, 0.8, 1.1, 1.3),
    "survey answered": (0.6, 0.6, 0.6, 0.6, 0.9, 1.0, 1.2),
    "product reviewed": (0.4, 0.4, 0.4, 0.4, 0.7, 1.0, 1.7),
    "subscription renewed": (0.3, 0.3, 0.3, 0.4, 0.8, 1.0, 1.1),
    "form abandoned": (0.8, 0.9, 1.2, 1.8, 0.9, 0.6, 0.5),
    "complaint filed": (0.4, 0.4, 0.5, 0.6, 1.2, 1.8, 0.7),
}

# The same for views of content, by its type.
TYPE_TILTS: Mapping[str, tuple[float, ...]] = {
    "landing-page": (1.6, 1.1, 0.8, 0.7, 0.6, 0.4, 0.4),
    "article": (1.3, 1.1, 0.9, 0.6, 0.5, 0.8, 1.0),
    "guide": (1.1, 1.2, 1.2, 0.7, 0.5, 0.9, 0.8),
    "video": (1.2, 1.3, 1.0, 0.7, 0.5, 0.7, 0.7),
    "webinar": (0.7, 1.2, 1.8, 1.1, 0.5, 0.7, 0.8),
    "newsletter": (0.8, 1.4, 1.0, 0.7, 0.6, 0.9, 1.4),
    "product-page": (0.8, 1.1, 1.5, 1.4, 1.2, 0.6, 0.9),
    "review": (0.6, 1.1, 1.8, 1.4, 0.9, 0.5, 0.6),
    "comparison": (0.7, 1.0, 1.4, 0.9, 0.6, 0.5, 0.5),
    "case-study": (0.6, 1.0, 1.5, 1.0, 0.6, 0.5, 0.6),
    "white-paper": (0.9, 1.1, 1.4, 0.8, 0.5, 0.5, 0.5),
    "pricing": (0.5, 0.8, 1.2, 1.7, 1.1, 0.5, 0.6),
    "documentation": (0.8, 0.9, 1.6, 1.2, 0.9, 1.1, 0.9),
    "release-notes": (0.5, 0.5, 0.6, 0.6, 0.7, 1.0, 1.4),
}

# Once more an order, after an earlier one: the mark of loyalty.
AGAIN = np.array([0.05, 0.06, 0.08, 0.12, 0.50, 0.25, 0.75])
REPEATED = 0.3  # share of those who have ordered before

# Through which channel visits are opened; rows are phases and sum to 1.
CHANNELS_IN_PHASE = np.array(
    [
        # search paid  email social partner offline push direct
        [0.30, 0.17, 0.04, 0.16, 0.08, 0.05, 0.01, 0.19],
        [0.25, 0.14, 0.10, 0.14, 0.07, 0.05, 0.02, 0.23],
        [0.28, 0.12, 0.11, 0.08, 0.08, 0.05, 0.02, 0.26],
        [0.24, 0.11, 0.13, 0.05, 0.06, 0.05, 0.02, 0.34],
        [0.20, 0.09, 0.14, 0.04, 0.05, 0.05, 0.02, 0.41],
        [0.18, 0.04, 0.19, 0.05, 0.04, 0.04, 0.04, 0.42],
        [0.13, 0.04, 0.23, 0.08, 0.04, 0.03, 0.05, 0.40],
    ]
)

# Channels are habits: a visitor's visits repeat one another, and tell who more than where.
CHANNEL_WEIGHT = 0.1

# What a rating adds, from worst (-0.5) to best (+0.5): the content become loyal, others leave.
RATING = np.array([-0.2, 0.0, 0.0, 0.0, 0.0, -0.2, 0.8])

# How likely a touchpoint is meant, by how often the same came before in the visit: who looks a
# third time adds little to what the first look said.
MEANT = np.array([0.85, 0.7, 0.6, 0.5])
READ_SECONDS, MISSED_SECONDS = 45.0, 8.0  # medians of a page that is read, and of a wrong click
DWELL_SPREAD = 1.0  # of the logarithm
CLOSENESS = 3.0  # log-odds that a page was meant between its top and its end
EXPECTED_CLOSENESS = 0.35

# One site's "Product Viewed" is a first look, another's is a last check before the order: so many
# uses of a name belong one rung, or two, below what the tables say, and as many above.
LOOSENESS: Mapping[int, float] = {1: 0.12, 2: 0.03}
TRUST = 0.9  # touchpoints of one visitor repeat one another

# Visitors differ in pace by a factor of two either way: standard deviation of its logarithm.
PACE_SPREAD = 0.77

ANCHORS = frozenset({"order completed", "subscription started"})
ANCHOR_NOISE = 0.2  # nobody pays by mistake


def stays() -> Array:
    """Days after which people leave a phase, as far as a single pace can tell [7].

    Of log-normal paces the mean rate, which one chain for all has to go by, is exp(spread²) times
    what the mean stay says.
    """
    days: Array = DAYS_PER_WEEK * STAY_WEEKS / np.exp(PACE_SPREAD**2)
    return days


def generator() -> Array:
    """The moves as rates per day [7, 7]; rows sum to 0."""
    rates = MOVES / stays()[:, None]
    return rates - np.diag(rates.sum(1))


def _loosely(by_rung: Array) -> Array:
    """Names are used loosely: some uses belong to a rung nearby."""
    last = len(by_rung) - 1
    rungs = np.arange(last + 1)
    nearby = sum(
        share * (by_rung[np.maximum(rungs - away, 0)] + by_rung[np.minimum(rungs + away, last)])
        for away, share in LOOSENESS.items()
    )
    loosely: Array = (1 - 2 * sum(LOOSENESS.values())) * by_rung + nearby
    return loosely


@lru_cache(maxsize=8192)
def meant(kind: str, name: str, content_type: str, again: str) -> Array:
    """p(what was done | phase, meant) / p(what was done | by chance) before any data [7].

    A name of unknown meaning, and what the site itself shows (a recommendation), says nothing.
    """
    if not says(kind, name, content_type):
        return _sealed(np.ones(len(LADDER)))
    column = KINDS.index(kind)
    by_kind = AGAIN * REPEATED if again else KINDS_IN_PHASE[:, column] * _tilt(name, content_type)
    chance = NOISE_KINDS[column] * (ANCHOR_NOISE if name in ANCHORS else 1.0)
    return _sealed(np.maximum(_loosely(by_kind) / chance, LEAST_RATIO))


def says(kind: str, name: str, content_type: str) -> bool:
    """Do the tables say anything of such a touchpoint?"""
    if name == "recommendation shown":
        return False
    return kind != "other" or knows(name, content_type)


def knows(name: str, content_type: str) -> bool:
    """Do the tables say more of this name than of its kind?"""
    return name in NAME_TILTS or content_type in TYPE_TILTS


def _tilt(name: str, content_type: str) -> Array:
    by_name = NAME_TILTS.get(name) or TYPE_TILTS.get(content_type)
    return np.ones(len(LADDER)) if by_name is None else np.array(by_name)


def _sealed(values: Array) -> Array:
    values.setflags(write=False)  # shared through the cache
    return values
