"""Content when parts are away, lost or late; and the pure decisions in between."""

from __future__ import annotations

import shutil
import time
from urllib.parse import quote

import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.catalogue import Entry
from embeddings.documents import read_document
from embeddings.tagging import default_tagger
from embeddings.text import read_text
from personas.errors import InvalidInput
from personas.journeys import BUILT_IN
from service.content import entry_of, kept_of, text_of, version_of, with_tags
from service.content_decide import Draft, decided, draft_of, is_same, parted
from service.content_tags import read_human, tags_of
from service.content_write import merge_patch

GUIDE = {"title": "How a heat pump works", "body": "A guide for beginners. What is a heat pump?"}
LIKE = {"title": "Heating with a heat pump", "body": "It moves heat into the house."}
NOW = 1_795_600_000.0
MODEL = default_tagger()


def path(name: str, rest: str = "") -> str:
    return f"/v1/content/{quote(name, safe='')}{rest}"


def similar(client: httpx.Client, name: str) -> list[str]:
    return [each["contentId"] for each in client.get(path(name, "/similar")).json()["data"]]


def until(holds, within: float = 120.0) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


# --- parts away -----------------------------------------------------------------------------------


def test_without_an_encoder_content_is_kept_and_tagged_and_embedded_when_there_is_one(new_service):
    service = new_service(FINGERPOST_ENCODER="/nowhere/model")
    service.start()
    with service.client() as client:
        for name, fields in (("/a", GUIDE), ("/b", LIKE)):
            told = client.put(path(name), json=fields).json()
            assert told["embedded"] is False
            assert told["tagging"]["type"]["id"]
        tagged = client.post("/v1/content:tag", json=GUIDE).json()
        assert tagged["degraded"] == ["encoder"]
        assert sum(tagged["phase"]["distribution"].values()) == pytest.approx(1)
        assert similar(client, "/a") == []
        assert len(client.get("/v1/content").json()["data"]) == 2
    service.stop()
    del service.env["FINGERPOST_ENCODER"]
    service.start()
    with service.client() as client:
        until(lambda: similar(client, "/a") == ["/b"])
        assert client.get(path("/a")).json()["embedded"] is True


def test_content_comes_back_from_the_log_when_store_and_index_are_lost(new_service):
    service = new_service()
    service.start()
    with service.client() as client:
        items = [{"id": f"/{k}", **(GUIDE if k % 2 else LIKE)} for k in range(6)]
        assert client.post("/v1/content:batch", json={"items": items}).json()["accepted"] == 6
        client.put(path("/1", "/tags"), json={"type": "review", "phase": "loyalty"})
        client.delete(path("/2"))
        client.patch(path("/3"), json={"hidden": True})
        rest = [path(f"/{k}") for k in (0, 3, 4, 5)]
        until(lambda: all("+1." in client.get(each).json()["tagging"]["modelVersion"]
                          for each in rest))  # the one tag by a person has taught  # fmt: skip
        before = {k: client.get(path(f"/{k}")).json() for k in range(6)}
        near = set(similar(client, "/1"))
    service.stop()
    shutil.rmtree(service.data_dir / "store")
    shutil.rmtree(service.data_dir / "index")
    service.start()
    with service.client() as client:
        until(lambda: set(similar(client, "/1")) == near)
        shown = {each["id"] for each in client.get("/v1/content").json()["data"]}
        assert shown == {"/0", "/1", "/4", "/5"}
        for k, told in before.items():
            again = client.get(path(f"/{k}")).json()
            if k == 2:
                assert again["code"] == "unknown-content"
                continue
            for name in ("title", "body", "hidden", "createdAt"):
                assert again[name] == told[name]
            # A tag by a person teaches within seconds, after a restart, too.
            until(lambda k=k, told=told: client.get(path(f"/{k}")).json()["tagging"]["type"]["id"]
                  == told["tagging"]["type"]["id"])  # fmt: skip
        assert client.get(path("/1")).json()["tagging"]["type"]["source"] == "human"


# --- decisions ------------------------------------------------------------------------------------


def draft(raw: dict, before: Entry | None = None) -> Draft:
    made = draft_of({"id": "/x", **raw}, 0, None, {"/x": before} if before else {})
    assert isinstance(made, Draft)
    return made


def vectors_of(each: Draft) -> np.ndarray:
    made = np.zeros((len(each.passages), MODEL.size), np.float32)
    made[:, 0] = 1
    return made


def first(raw: dict = GUIDE) -> tuple[dict, Entry]:
    each = draft(raw)
    document, vector = decided(MODEL, each, vectors_of(each), "mini", NOW)
    return document, entry_of(document, vector)


def test_a_document_is_tagged_and_gets_the_vector_of_its_passages():
    document, entry = first()
    assert document["encoder"] == "mini"
    assert entry.vector[0] == pytest.approx(1)
    assert entry.item.type.id == document["tagging"]["type"]["id"]
    assert (entry.created, entry.updated) == (NOW, NOW)
    assert entry.model == MODEL.name


def test_a_locked_tag_outlives_every_change_and_an_unlocked_one_does_not():
    document, entry = first()
    said = read_human({"type": "review", "phase": "intent"}, BUILT_IN["classic-5"])
    entry = entry_of(with_tags(document, {"tagging": said}), entry.vector)
    each = draft({"title": "Prices", "body": "Plans and prices"}, entry)
    again, _ = decided(MODEL, each, vectors_of(each), "mini", NOW + 1)
    assert again["tagging"]["type"]["id"] == "review"
    assert again["tagging"]["phase"]["source"] == "human"
    assert (entry_of(again, None).created, entry_of(again, None).updated) == (NOW, NOW + 1)
    said = read_human({"type": "review", "locked": False}, BUILT_IN["classic-5"])
    entry = entry_of(with_tags(document, {"tagging": said}), entry.vector)
    assert not entry.locked
    each = draft({"title": "Prices", "body": "Plans and prices"}, entry)
    again, _ = decided(MODEL, each, vectors_of(each), "mini", NOW + 1)
    assert again["tagging"]["type"]["source"] == "model"


def test_a_text_that_did_not_change_keeps_its_vector_and_need_not_be_embedded():
    _, entry = first()
    same, other = draft(GUIDE | {"hidden": True}, entry), draft(LIKE, entry)
    assert is_same(same, MODEL)
    assert not is_same(other, MODEL)
    _, vector = decided(MODEL, same, None, "mini", NOW)
    np.testing.assert_array_equal(vector, entry.vector)
    _, vector = decided(MODEL, other, None, "mini", NOW)
    assert vector is None


def test_each_draft_gets_the_rows_of_its_own_passages():
    drafts = [draft(GUIDE), draft({"title": "x"}), draft(LIKE)]
    rows = np.arange(sum(len(each.passages) for each in drafts), dtype=np.float32)[:, None]
    parts = parted(drafts, rows)
    assert [len(part) for part in parts] == [len(each.passages) for each in drafts]
    np.testing.assert_array_equal(np.vstack(parts), rows)
    assert parted(drafts, None) == [None] * 3


def test_documents_that_differ_have_versions_that_differ():
    one, _ = read_document({"id": "a", "title": "x"})
    other = one | {"title": "y"}
    assert version_of(one) == version_of(one | {"version": "old"}) != version_of(other)
    assert text_of(one) != text_of(other)
    assert text_of(one | {"hidden": True}) == text_of(one)


def test_a_body_that_cannot_be_kept_is_refused_before_anything_is_done():
    noise = "".join(chr(0x4E00 + k) for k in np.random.default_rng(0).integers(0, 20_000, 600_000))
    with pytest.raises(InvalidInput) as caught:
        kept_of({"id": "a", "body": noise})
    assert caught.value.pointer == "/body"


# --- a person's word ------------------------------------------------------------------------------


@pytest.mark.parametrize("journey", BUILT_IN.values(), ids=BUILT_IN)
def test_a_persons_phase_comes_back_in_the_words_it_was_said_in(journey):
    for phase in journey.phases:
        told = tags_of(read_human({"phase": phase.id}, journey), journey, {})["phase"]
        if phase.id not in told["ladder"] or len(phase.of) == 1:
            assert told["id"] == phase.id
            assert told["probability"] == pytest.approx(1)
        assert sum(told["ladder"].values()) == pytest.approx(1)


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
json = st.recursive(scalars, lambda x: st.lists(x) | st.dictionaries(st.text(max_size=2), x))


@given(json, json)
def test_merge_patch_says_what_rfc_7396_says(target, patch):
    merged = merge_patch(target, patch)
    if not isinstance(patch, dict):
        assert merged == patch
        return
    base = target if isinstance(target, dict) else {}
    assert merged.keys() == (base.keys() | patch.keys()) - {
        k for k, v in patch.items() if v is None
    }
    for name, value in merged.items():
        assert value == (merge_patch(base.get(name), patch[name]) if name in patch else base[name])
    assert merge_patch(merged, {}) == merged


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [({"a": "b"}, {"a": "c"}, {"a": "c"}), ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
     ({"a": "b"}, {"a": None}, {}), ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
     ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
     ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}), ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
     ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
     ({}, {"a": {"bb": {"c": None}}}, {"a": {"bb": {}}})],
)  # fmt: skip
def test_merge_patch_follows_the_examples_of_its_rfc(target, patch, result):
    assert merge_patch(target, patch) == result


def test_texts_are_read_once_for_tags_and_vectors():
    each = draft(GUIDE)
    assert each.text == read_text(GUIDE["title"], "", GUIDE["body"])
