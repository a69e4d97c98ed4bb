"""Every error has one shape, and says how to mend it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import orjson
import pytest

import service.problems  # noqa: F401 - brings the service's own error classes with it
from personas import errors
from personas.errors import FingerpostError, InvalidInput, UnknownName
from service.problems import Fault, of_error, of_pydantic, pointer_of, problem, refused, short


def every_class(of: type[FingerpostError] = FingerpostError) -> Iterator[type[FingerpostError]]:
    for kind in of.__subclasses__():
        yield kind
        yield from every_class(kind)


def body_of(response) -> dict:
    assert response.media_type == "application/problem+json"
    return orjson.loads(response.body)


@pytest.mark.parametrize(
    "kind", [k for k in every_class() if k.__module__ == errors.__name__], ids=lambda k: k.__name__
)
def test_no_error_class_is_unmapped(kind):
    response = of_error(kind("What to do."))
    body = body_of(response)
    assert response.status_code != 500, "an error of ours that the caller is told nothing about"
    assert body["status"] == response.status_code
    assert body["code"] not in ("internal", "")
    assert "What to do." in body["detail"]


def test_what_is_away_comes_back_so_callers_are_told_when_to_try_again():
    for kind in (k for k in every_class(errors.Unavailable) if k.__module__ == errors.__name__):
        response = of_error(kind("down"))
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) >= 1


def test_an_unexpected_error_tells_nothing_of_our_insides():
    class Strange(FingerpostError):
        pass

    body = body_of(of_error(Strange("password of the database is 1234")))
    assert body["code"] == "internal"
    assert "1234" not in str(body)


def test_a_wrong_field_is_named_by_its_pointer():
    body = body_of(of_error(InvalidInput("Write it so.", "wrong-colour", "/items/3/colour")))
    assert (body["status"], body["code"]) == (422, "wrong-colour")
    assert body["errors"] == [
        {"pointer": "/items/3/colour", "code": "wrong-colour", "detail": "Write it so."}
    ]


def test_a_name_that_is_nowhere_is_a_404_and_a_wrong_name_in_a_body_a_422():
    assert of_error(UnknownName("no such persona")).status_code == 404
    assert of_error(UnknownName("no such journey", pointer="/journey")).status_code == 422


def test_pointers_escape_what_rfc_6901_says():
    assert pointer_of(["properties", "a/b~c", 0]) == "/properties/a~1b~0c/0"
    assert pointer_of([]) == ""


def test_a_callers_words_are_repeated_briefly():
    assert len(short("x" * 10_000)) == 200
    assert short("\ud800") == "?"
    body = body_of(problem(400, "x", "y" * 100_000))
    assert len(body["detail"]) <= 1000


def test_many_errors_are_cut():
    response = of_pydantic([{"loc": (i,), "type": "missing", "msg": "m"} for i in range(1000)])
    assert len(body_of(response)["errors"]) == 50


def test_a_refusal_carries_its_answer():
    refusal = refused(413, "too-large", "Send less.", [Fault("", "too-large", "Send less.")])
    assert of_error(refusal).status_code == 413
    with pytest.raises(FingerpostError):
        raise refusal


def test_a_problem_is_an_asgi_answer():
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(
        problem(429, "busy", "Later.", (), {"Retry-After": "3"})({"type": "http"}, None, send)
    )
    assert sent[0]["status"] == 429
    assert (b"retry-after", b"3") in sent[0]["headers"]
