"""Histories as a website makes them, for tests of the store."""

from __future__ import annotations

import random

from personas.entities import History, Link, Touchpoint, TraitChange, VisitorKey

PAGES = (
    "/guides/heat-pump-old-house",
    "/guides/solar-roof-basics",
    "/guides/what-size-battery",
    "/guides/insulation-where-to-begin",
    "/articles/electricity-prices",
    "/articles/grants-explained",
    "/compare/heat-pump-vs-gas",
    "/compare/batteries",
    "/products/battery-10",
    "/products/heat-pump-8",
    "/case-studies/farmhouse",
    "/reviews/battery-10",
    "/pricing",
    "/videos/fitting-day",
    "https://www.example.com/blog/why-now",
)
NAMES = ("page", "page", "page", "Content Viewed", "Product Viewed", "Pricing Viewed")


def plausible_history(seed: int, touchpoints: int = 25) -> History:
    """A visitor who reads, comes back now and then, signs up once and says a little of itself."""
    chance = random.Random(seed)
    time = 1_790_000_000 + chance.randrange(10**9) / 1000
    channel = chance.choice(["search", "email", "social"])
    made = []
    for _ in range(touchpoints):
        gap = 90 if chance.random() < 0.75 else 400_000
        time = round(time + chance.expovariate(1 / gap), 3)
        made.append(
            Touchpoint(
                time,
                chance.getrandbits(63),
                chance.choice(NAMES),
                channel if chance.random() < 0.6 else "direct",
                chance.choice(PAGES) if chance.random() < 0.9 else None,
                "desktop" if chance.random() < 0.8 else "mobile",
                round(chance.expovariate(1 / 40), 3) if chance.random() < 0.5 else None,
                round(chance.random(), 2) if chance.random() < 0.5 else None,
            )
        )
    told = {
        "email": f"anna.smith{seed}@example.com",
        "firstName": "Anna",
        "plan": "trial",
        "company.employees": 250.0,
    }
    traits = (TraitChange(time, chance.getrandbits(63), *trait) for trait in told.items())
    other = VisitorKey("user_id", str(10_000 + seed))
    return History(tuple(made), tuple(traits), (Link(time, chance.getrandbits(63), other),))
