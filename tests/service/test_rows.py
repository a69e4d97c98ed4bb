"""Rows of files: JSONL and CSV, also gzipped."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.errors import InvalidInput
from service.cli_import import CONTENT, EVENTS, kind_of, message_of
from service.rows import Row, read_rows


def rows(tmp_path, name: str, content: bytes, kind: str = EVENTS) -> list[dict]:
    file = tmp_path / name
    file.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return [row.of_kind(kind).value for row in read_rows(file)]


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson.gz", "a.json"])
def test_a_line_of_jsonl_is_a_row(tmp_path, name):
    assert rows(tmp_path, name, b'{"a":1}\n\n  \n{"a":2}') == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_line_of_csv_is_a_row_whatever_parts_its_cells(tmp_path, delimiter):
    text = "type,event,userId,properties.price,colour\ntrack,Zap,007,12.5,red\n"
    found = rows(tmp_path, "a.csv", text.replace(",", delimiter).encode("utf-8-sig"))
    assert found == [
        {
            "type": "track",
            "event": "Zap",
            "userId": "007",
            "properties": {"price": 12.5, "colour": "red"},
        }
    ]


def test_unknown_columns_of_identify_are_traits(tmp_path):
    found = rows(tmp_path, "a.csv", b"type,userId,plan,seats\nidentify,1,pro,3\n")
    assert found == [{"type": "identify", "userId": "1", "traits": {"plan": "pro", "seats": 3}}]


def test_content_columns_are_fields_and_others_properties(tmp_path):
    text = 'id,title,tags,hidden,region\n/a,"Two\nlines",solar|heat; wind,false,north\n'
    assert rows(tmp_path, "a.csv.gz", text.encode(), CONTENT) == [
        {
            "id": "/a",
            "title": "Two\nlines",
            "tags": ["solar", "heat", "wind"],
            "hidden": False,
            "properties": {"region": "north"},
        }
    ]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.jsonl", b'{"a":1}\n{"a":', "line 2 is not JSON"),
        ("a.jsonl", b"[1]", "line 1 is not a JSON object"),
        ("a.csv", b"one\n1\n", "has no columns"),
        ("a.csv", b"a,a.b\n1,2\n", "cannot both be there"),
        ("a.csv", b"a,b\n\xff,2\n", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_told_by_its_line(tmp_path, name, content, words):
    with pytest.raises(InvalidInput, match=words):
        rows(tmp_path, name, content)


def test_a_damaged_gzip_file_is_told_so(tmp_path):
    file = tmp_path / "a.jsonl.gz"
    file.write_bytes(gzip.compress(b'{"a":1}\n' * 1000)[:-12])
    with pytest.raises(InvalidInput, match="cannot be read"):
        list(read_rows(file))


@given(
    st.dictionaries(st.text(min_size=1), st.text() | st.integers(-(2**53), 2**53) | st.booleans())
)
def test_a_row_without_an_id_gets_the_same_one_each_time(value):
    row = Row(value, 7, 0)
    again = Row(json.loads(json.dumps(value)), 7, 100)
    assert message_of(row)["messageId"] == message_of(again)["messageId"]


def test_rows_in_different_places_are_different_messages():
    assert message_of(Row({"event": "Zap"}, 1, 0)) != message_of(Row({"event": "Zap"}, 2, 0))
    assert message_of(Row({"messageId": "mine"}, 1, 0))["messageId"] == "mine"


def test_events_and_content_are_told_apart_by_their_fields():
    assert kind_of({"type": "page", "userId": "u"}) == EVENTS
    assert kind_of({"event": "Zap", "anonymousId": "a"}) == EVENTS
    assert kind_of({"id": "/a", "title": "A"}) == CONTENT
    assert kind_of({"id": "/a", "title": "A", "type": "guide"}) == CONTENT
    with pytest.raises(InvalidInput, match="--as"):
        kind_of({"x": 1})
