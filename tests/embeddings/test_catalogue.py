"""The catalogue: looked up by id and URL, and as arrays that never change."""

import time

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from embeddings.catalogue import Catalogue, Entry
from embeddings.documents import content_facts
from personas.entities import CONTENT_TYPES, ContentItem, Tag

URLS = ["https://a.example/x", "https://a.example/x?utm_source=m", "https://a.example/y", None, "b"]


def entry(name: str, url: str | None = None, size: int = 3, **fields) -> Entry:
    vector = np.full(size, len(name), np.float32)
    return Entry(ContentItem(name, url=url, **fields), vector)


class CatalogueMachine(RuleBasedStateMachine):
    """Any order of changes leaves what a fresh catalogue of the same items would hold."""

    def __init__(self) -> None:
        super().__init__()
        self.catalogue = Catalogue()
        self.there: dict[str, Entry] = {}
        self.snapshots: list = []

    @rule(name=st.sampled_from(["a", "b", "c", "https://a.example/x"]), url=st.sampled_from(URLS),
          kind=st.sampled_from(["guide", "other"]), hidden=st.booleans())  # fmt: skip
    def put(self, name, url, kind, hidden):
        made = entry(name, url, type=Tag(kind, {kind: 1.0}), hidden=hidden)
        self.there.pop(name, None)
        self.there[name] = made
        self.catalogue.put([made])

    @rule(name=st.sampled_from(["a", "b", "c", "https://a.example/x"]))
    def remove(self, name):
        self.there.pop(name, None)
        self.catalogue.remove([name])

    @rule()
    def look(self):
        arrays = self.catalogue.arrays()
        kept = {name: getattr(arrays, name).copy() for name in ("types", "shown", "vectors")}
        self.snapshots.append((arrays, arrays.ids, kept))

    @invariant()
    def holds_what_a_fresh_one_would(self):
        assert self.catalogue.items == {name: each.item for name, each in self.there.items()}
        urls = {}
        for name, each in self.there.items():
            if each.item.url:
                urls |= {each.item.url: name, each.item.url.split("?")[0]: name}
        assert self.catalogue.by_url == urls
        told = {url: self.there[name].item for url, name in urls.items()}
        told |= {name: each.item for name, each in self.there.items()}
        types = {name: content_facts(item).type for name, item in told.items()}
        assert {name: facts.type for name, facts in self.catalogue.facts.items()} == types

    @invariant()
    def arrays_say_the_same(self):
        arrays = self.catalogue.arrays()
        assert set(arrays.ids) == self.there.keys()
        assert arrays is self.catalogue.arrays()
        for name, row in arrays.row.items():
            item = self.there[name].item
            assert arrays.ids[row] == name
            assert CONTENT_TYPES[arrays.types[row]] == item.type.id
            assert arrays.shown[row] == (not item.hidden)

    @invariant()
    def old_arrays_never_change(self):
        for arrays, ids, kept in self.snapshots:
            assert arrays.ids == ids
            for name, before in kept.items():
                np.testing.assert_array_equal(getattr(arrays, name), before)


CatalogueMachine.TestCase.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None
)
TestCatalogue = CatalogueMachine.TestCase


def test_content_is_found_by_a_url_with_campaign_parameters():
    catalogue = Catalogue()
    catalogue.put([entry("a", "https://a.example/x")])
    assert catalogue.find("https://a.example/x?utm_source=mail#top").id == "a"
    assert catalogue.find("a").id == "a"
    assert catalogue.find("unknown") is None


def test_visibility_follows_the_moment():
    catalogue = Catalogue()
    catalogue.put(
        [entry("a", valid_from=5.0, valid_until=9.0), entry("b"), entry("c", hidden=True)]
    )
    arrays = catalogue.arrays()
    for moment in (4.0, 5.0, 8.9, 9.0):
        mask = arrays.visible(moment)
        for name, row in arrays.row.items():
            assert mask[row] == catalogue.items[name].visible_at(moment)


def test_items_without_vector_wait_for_one():
    catalogue = Catalogue()
    catalogue.put([entry("a"), Entry(ContentItem("b"))])
    assert catalogue.missing() == ["b"]
    assert not catalogue.arrays().vectors[catalogue.arrays().row["b"]].any()
    catalogue.put([entry("b")])
    assert catalogue.missing() == []


def test_vectors_of_another_encoder_replace_those_of_the_old():
    catalogue = Catalogue()
    catalogue.put([entry("a"), entry("b")])
    catalogue.arrays()
    catalogue.put([entry("a", size=5)])
    assert catalogue.arrays().vectors.shape == (2, 5)


@pytest.mark.slow
def test_changing_one_of_ten_thousand_items_costs_milliseconds():
    rng = np.random.default_rng(0)
    catalogue = Catalogue()
    vectors = rng.normal(size=(10_000, 384)).astype(np.float32)
    catalogue.put(Entry(ContentItem(f"/{k}", f"https://a/{k}"), v) for k, v in enumerate(vectors))
    catalogue.arrays()
    durations = []
    for k in range(20):
        begun = time.process_time()
        catalogue.put([Entry(ContentItem(f"/{k}", title="new"), vectors[k])])
        catalogue.arrays()
        durations.append(time.process_time() - begun)
    assert sorted(durations)[10] < 0.02
