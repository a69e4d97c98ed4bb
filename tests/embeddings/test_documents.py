"""Content documents: what is taken, what is refused, and what models read of them."""

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.documents import (
    EARLIEST,
    FIELDS,
    LATEST,
    content_facts,
    content_item,
    read_document,
    read_id,
    read_time,
    write_time,
)
from personas.entities import CONTENT_TYPES, LADDER
from personas.errors import InvalidInput

json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False)
    | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=9,
)


@given(st.dictionaries(st.sampled_from(sorted(FIELDS)) | st.text(max_size=5), json, max_size=8))
def test_whatever_is_sent_becomes_a_document_or_a_named_fault(raw):
    try:
        document, _ = read_document(raw)
    except InvalidInput as error:
        named = error.pointer.split("/")[1]
        document = None
    if document is None:
        assert named in FIELDS
        return
    again, notices = read_document(orjson.loads(orjson.dumps(document)))
    assert again == document
    assert notices == ()
    item = content_item(document)
    facts = content_facts(item)
    assert item.id == document["id"]
    assert facts.type in CONTENT_TYPES
    assert facts.phases.sum() == pytest.approx(1)


@given(st.integers(int(EARLIEST) * 1000 + 1, int(LATEST) * 1000 - 1))
def test_times_come_back_to_the_millisecond(thousandths):
    written = write_time(thousandths / 1000)
    assert round(read_time(written, "/x") * 1000) == thousandths
    assert write_time(read_time(written, "/x")) == written


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("1970-01-02T00:00:00Z", 86_400), ("1970-01-02", 86_400), ("1970-01-01T01:00:00+01:00", 0),
     ("1970-01-01t00:00:00.5z", 0.5), ("1970-01-01T00:00:00", 0), ("", None), (None, None)],
)  # fmt: skip
def test_times_are_read_as_people_write_them(written, seconds):
    assert read_time(written, "/x") == seconds


@pytest.mark.parametrize(
    "bad", ["soon", 5, True, "2026-13-01", "9999-12-31T23:59:59-14:00", [], "1"]
)
def test_what_is_no_time_is_named(bad):
    with pytest.raises(InvalidInput) as caught:
        read_time(bad, "/validFrom")
    assert caught.value.pointer == "/validFrom"


@pytest.mark.parametrize("bad", [None, "", 5, "x" * 257, "a\0b", "a\nb", "\ud800", ["a"]])
def test_what_is_no_id_is_refused(bad):
    with pytest.raises(InvalidInput):
        read_id(bad)


def test_ids_are_the_same_however_their_letters_are_composed():
    assert read_id("e\u0301") == read_id("\u00e9")


def test_the_types_of_content_systems_are_understood():
    named = {"Blog Post": "article", "guides": "guide", "WHITEPAPER": "white-paper",
             "case_study": "case-study", "Release Notes": "release-notes", "How-To": "guide",
             "docs": "documentation", "Product Page": "product-page", "other": "other"}  # fmt: skip
    for sent, meant in named.items():
        document, notices = read_document({"id": "a", "type": sent})
        assert (document["type"], notices) == (meant, ())


def test_an_unknown_type_or_field_is_passed_over_and_told():
    document, notices = read_document({"id": "a", "type": "recipe", "tittle": "x", "a/b~c": 1})
    assert document["type"] is None
    assert [notice.pointer for notice in notices] == ["/type", "/tittle", "/a~1b~0c"]


def test_a_site_type_holds_until_a_person_says_otherwise():
    model = {"id": "guide", "distribution": {"guide": 0.6, "article": 0.4}, "source": "model"}
    document, _ = read_document({"id": "a", "type": "video"})
    assert content_item(document | {"tagging": {"type": model}}).type.id == "video"
    said = {"id": "review", "distribution": {"review": 1.0}, "source": "human"}
    assert content_item(document | {"tagging": {"type": said}}).type.id == "review"


def test_a_phase_that_nobody_told_is_evenly_spread():
    document, _ = read_document({"id": "a"})
    facts = content_facts(content_item(document))
    np.testing.assert_allclose(facts.phases, np.full(len(LADDER), 1 / len(LADDER)))
    assert facts.type == "other"
