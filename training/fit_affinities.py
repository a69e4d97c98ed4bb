"""Which personas like which content, from who viewed it."""

from __future__ import annotations

import numpy as np

from personas.entities import Array
from training.ranker_people import People
from training.ranker_views import Views

MOST_VIEWS = 30_000  # that are looked at, drawn at random
DOUBT = 15.0  # views of an item by a persona before its own rate counts half


def fit_affinities(views: Views, items: int, people: People, until: int, seed: int) -> Array | None:
    """How much more often than others each persona views each item [personas, items], as log.

    Shrunk to 0 where few views tell; of the first `until` views; None where there is one persona.
    """
    if not people.ids or not until:
        return None
    random = np.random.default_rng(seed)
    viewed = np.zeros((len(people.ids), items))
    for number in np.sort(random.permutation(until)[:MOST_VIEWS]):
        # Who the visitor was thought to be before this view, which would tell it by itself.
        moment = float(np.nextafter(views.times[number], -np.inf))
        who = people.at(int(views.visitors[number]), moment)
        if who is not None:
            viewed[:, views.items[number]] += who
    shares = viewed.sum(axis=0) / max(viewed.sum(), 1e-9)
    expected = viewed.sum(axis=1, keepdims=True) * shares
    affinities: Array = np.log((viewed + DOUBT) / (expected + DOUBT))
    return affinities
