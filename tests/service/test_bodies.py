"""What a body may be, and what it may not."""

from __future__ import annotations

import asyncio
import gzip
import json
import math
import zlib
from datetime import UTC

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.requests import Request

from service.problems import Refused
from service.routes.bodies import (
    Configuration,
    Id,
    Limits,
    Moment,
    Schema,
    answer,
    check_shape,
    clean_id,
    inflated,
    parsed,
    raw_bytes,
    raw_json,
    validated,
    written_moment,
)
from tests.service.hostile import BODIES


class Thing(Schema):
    content_id: Id
    count: int = 5
    at: Moment | None = None
    weight: float | None = None


class Setting(Configuration):
    full_name: str


def request(*chunks: bytes, headers: dict[str, str] | None = None) -> Request:
    messages = [
        {"type": "http.request", "body": chunk, "more_body": number < len(chunks) - 1}
        for number, chunk in enumerate(chunks)
    ]

    async def receive():
        return messages.pop(0)

    raw = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    return Request({"type": "http", "method": "POST", "headers": raw, "path": "/"}, receive)


def status_of(call, *arguments) -> int:
    async def called():
        result = call(*arguments)
        return await result if asyncio.iscoroutine(result) else result

    with pytest.raises(Refused) as caught:
        asyncio.run(called())
    return caught.value.response.status_code


def problem_of(call, *arguments) -> dict:
    with pytest.raises(Refused) as caught:
        call(*arguments)
    return orjson.loads(caught.value.response.body)


@pytest.mark.parametrize(("name", "body"), BODIES["malformed"].items(), ids=BODIES["malformed"])
def test_what_is_not_json_in_utf8_is_a_400(name, body):
    assert status_of(parsed, body) == 400


@given(st.recursive(st.none() | st.booleans() | st.text() | st.integers(-(2**53), 2**53),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_json_is_read_as_it_was_written(value):
    body = json.dumps(value, ensure_ascii=False).encode()
    assert asyncio.run(raw_json(request(body))) == value
    assert asyncio.run(raw_json(request(gzip.compress(body)))) == value


def test_gzip_is_recognised_by_itself_whatever_the_headers_say():
    body = gzip.compress(b'{"a":1}') + gzip.compress(b" ")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert asyncio.run(raw_json(request(body, headers=headers))) == {"a": 1}


def test_a_bomb_is_stopped_at_the_limit_and_not_after_it():
    bomb = gzip.compress(b"0" * (64 << 20))
    assert len(bomb) < 100_000
    assert status_of(inflated, bomb) == 413
    members = gzip.compress(b" " * (5 << 20)) * 4
    assert status_of(inflated, members) == 413


def test_damaged_gzip_is_a_400():
    whole = gzip.compress(b'{"a":1}' * 1000)
    assert status_of(inflated, whole[:-20]) == 400
    assert status_of(inflated, whole + b"tail") == 400
    assert status_of(inflated, b"\x1f\x8b" + zlib.compress(b"x")) == 400


def test_a_body_is_read_no_further_than_the_limit():
    limits = Limits(raw=10)
    declared = request(b"", headers={"Content-Length": "11"})
    assert status_of(raw_bytes, declared, limits) == 413
    lied = request(b"123456", b"789012", b"never read", headers={"Content-Length": "3"})
    assert status_of(raw_bytes, lied, limits) == 413
    assert asyncio.run(raw_bytes(request(b"12345", b"67890"), limits)) == b"1234567890"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ([[[[1]]]], "too-deep"),
        ({"a": {"b": {"c": {"d": 1}}}}, "too-deep"),
        ({str(number): 0 for number in range(11)}, "too-many-keys"),
        ([{"a": 0}] * 11, "too-many-keys"),
    ],
)
def test_depth_and_keys_are_bounded(value, code):
    assert problem_of(check_shape, value, Limits(depth=3, keys=10))["code"] == code


def test_a_shape_at_the_limit_is_fine():
    check_shape([[[1]]], Limits(depth=3))
    check_shape({str(number): 0 for number in range(10)}, Limits(keys=10))


def test_a_thousand_brackets_are_no_error_of_ours():
    deep = orjson.loads("[" * 1000 + "]" * 1000)
    assert problem_of(check_shape, deep)["code"] == "too-deep"


def test_wrong_types_are_told_with_pointers():
    told = problem_of(validated, Thing, {"contentId": 7, "count": "5", "at": "yesterday"})
    assert told["status"] == 422
    assert {error["pointer"] for error in told["errors"]} == {"/contentId", "/count", "/at"}


@pytest.mark.parametrize("body", [[], "text", 3, None, True])
def test_a_body_that_is_no_object_is_told_so(body):
    told = problem_of(validated, Thing, body)
    assert told["status"] == 422
    assert told["errors"][0]["pointer"] == ""


def test_requests_ignore_what_they_do_not_know_and_settings_do_not():
    assert validated(Thing, {"contentId": "a", "newField": 1}).content_id == "a"
    told = problem_of(validated, Setting, {"fullName": "x", "fulName": "y"})
    assert told["errors"][0]["pointer"] == "/fulName"


def test_names_are_camel_case_outside():
    assert problem_of(validated, Setting, {"full_name": "x"})["status"] == 422


@pytest.mark.parametrize("bad", ["", "x" * 257, "a\x00b", "a\nb", "\x7f", 5, None, ["a"], 1.5])
def test_a_bad_id_is_refused(bad):
    assert problem_of(validated, Thing, {"contentId": bad})["errors"][0]["pointer"] == "/contentId"


@pytest.mark.parametrize("good", ["x" * 256, "/guides/a b", "日本", "🙂", "https://a/b?c=d#e", "א"])
def test_any_other_text_is_an_id(good):
    assert clean_id(good) == good


def test_two_spellings_of_one_letter_are_one_id():
    assert clean_id("cafe\u0301") == clean_id("caf\u00e9")


@given(st.datetimes(timezones=st.just(UTC)).filter(lambda moment: moment.year >= 1000))
def test_a_time_is_read_back_as_it_was_written(moment):
    thing = validated(Thing, {"contentId": "a", "at": moment.isoformat()})
    assert thing.at == pytest.approx(moment.timestamp(), abs=1e-3)
    again = validated(Thing, {"contentId": "a", "at": written_moment(moment.timestamp())})
    assert again.at == pytest.approx(moment.timestamp(), abs=2e-3)


@pytest.mark.parametrize("bad", ["", "now", "2026-13-01T00:00:00Z", 17, True, {}, "9" * 400])
def test_what_is_no_time_is_refused(bad):
    assert problem_of(validated, Thing, {"contentId": "a", "at": bad})["status"] == 422


def test_no_infinity_comes_in_and_none_goes_out():
    with pytest.raises(ValidationError):
        Thing.model_validate({"contentId": "a", "weight": math.inf})
    assert answer({"x": math.nan}).body == b'{"x":null}'


def test_answers_are_not_rounded():
    value = 0.1 + 1e-16
    assert orjson.loads(answer({"p": value}).body)["p"] == value
