"""What rises is counted for the items of now, however content changes meanwhile."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from embeddings.catalogue import Catalogue
from personas.ranking_features import Array32
from service.trends import Trends
from tests.builders import NOW, anonymous
from tests.embeddings.test_catalogue import entry

NAMES = ("a", "b", "https://x.example/1", "https://x.example/2")
URLS = (None, "https://x.example/1", "https://x.example/2", "https://x.example/2?utm_source=m")

changes = st.tuples(st.just("put"), st.sampled_from(NAMES), st.sampled_from(URLS))
removals = st.tuples(st.just("remove"), st.sampled_from(NAMES), st.none())
views = st.tuples(st.just("view"), st.sampled_from(NAMES), st.integers(0, 5))
looks = st.tuples(st.just("look"), st.none(), st.none())


def counted(trends: Trends, catalogue: Catalogue) -> tuple[Array32, list[list[float]]]:
    arrays = catalogue.arrays()

    def row_of(name: str) -> int | None:
        item = catalogue.find(name)
        return None if item is None else arrays.row[item.id]

    rows = len(arrays.ids)
    found = trends.counts(arrays, row_of, rows, NOW)
    together = [
        trends.lately(arrays, row_of, np.array([row]), rows).tolist() for row in range(rows)
    ]
    return found, together


@settings(deadline=None)
@given(st.lists(st.one_of(changes, removals, views, looks), max_size=30))
def test_counts_are_those_of_one_who_saw_only_the_content_of_now(steps) -> None:
    catalogue, watching, fresh = Catalogue(), Trends(), Trends()
    for kind, name, told in steps:
        if kind == "put":
            catalogue.put([entry(name, told)])
        elif kind == "remove":
            catalogue.remove([name])
        elif kind == "look":
            counted(watching, catalogue)
        else:
            for trends in (watching, fresh):
                trends.saw(name, NOW, anonymous(f"v{told}"))
    found, together = counted(watching, catalogue)
    expected, expected_together = counted(fresh, catalogue)
    np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(together, expected_together)
