"""Bodies in and answers out: capped, sniffed for gzip, parsed by orjson, validated by pydantic.

Content-Type is never looked at: real clients send JSON as `text/plain`, and gzipped JSON as a form.

```python
class Page(Schema):
    content_id: Id
    at: Moment | None = None

@router.post("/v1/page")
async def page(caller: Annotated[Caller, needs("secret")], body: Annotated[Page, Body(Page)]):
    return answer({"contentId": body.content_id})
```
"""

from __future__ import annotations

import asyncio
import unicodedata
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import orjson
from fastapi.params import Depends
from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, ValidationError
from pydantic.alias_generators import to_camel
from pydantic.json_schema import WithJsonSchema
from pydantic_core import PydanticCustomError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from service import problems
from service.problems import Fault, Refused, refused

GZIP = b"\x1f\x8b"
LONGEST_ID = 256
BODY_WITHIN_S = 10.0  # a slower sender is cut off
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one route takes."""

    raw: int = 4 << 20  # bytes as sent
    inflated: int = 8 << 20  # bytes after gunzip
    depth: int = 32
    keys: int = 10_000


USUAL = Limits()


class Schema(BaseModel):
    """What a request may hold: camelCase outside, unknown fields ignored, types as they are."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
    )


class Configuration(Schema):
    """What a person sets: an unknown field is a slip of the pen and is refused."""

    model_config = ConfigDict(extra="forbid")


def clean_id(value: object) -> str:
    """An id, NFC, of 1-256 characters without control characters."""
    if not isinstance(value, str):
        raise PydanticCustomError("wrong-type", "an id is a string")
    text = unicodedata.normalize("NFC", value)
    if not 1 <= len(text) <= LONGEST_ID:
        raise PydanticCustomError("invalid-id", "an id has 1 to 256 characters")
    if not text.isprintable() and any(unicodedata.category(c) in {"Cc", "Cs"} for c in text):
        raise PydanticCustomError("invalid-id", "an id holds no control characters")
    return text


def clean_moment(value: object) -> float:
    """RFC 3339 as seconds since 1970; without an offset it is UTC."""
    if isinstance(value, float):  # a default, or our own
        return value
    try:
        moment = datetime.fromisoformat(value)  # type: ignore[arg-type]  # a TypeError is an answer
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError):
        raise PydanticCustomError(
            "invalid-time", "a time is RFC 3339, as in 2026-11-25T09:30:00Z"
        ) from None


def written_moment(seconds: float) -> str:
    """Seconds since 1970 as RFC 3339 in UTC."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


Id = Annotated[
    str,
    BeforeValidator(clean_id),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": LONGEST_ID}),
]
Moment = Annotated[
    float,
    BeforeValidator(clean_moment),
    PlainSerializer(written_moment, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


def answer(data: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON by orjson; numbers are not rounded."""
    content = orjson.dumps(data, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(content, status, dict(headers) if headers else None, "application/json")


class BodyOf:
    """The dependency that `Body` makes; `service/openapi.py` reads the model off it."""

    def __init__(self, model: type[BaseModel], limits: Limits) -> None:
        self.model, self.limits = model, limits

    async def __call__(self, request: Request) -> BaseModel:
        return validated(self.model, await raw_json(request, self.limits), self.limits)


def Body(model: type[BaseModel], limits: Limits = USUAL) -> Depends:  # noqa: N802 - reads like a type
    """Dependency: the request's body as this model, or a problem with pointers."""
    return Depends(BodyOf(model, limits))


def validated(model: type[M], value: object, limits: Limits = USUAL) -> M:
    """A parsed body as this model."""
    check_shape(value, limits)
    try:
        return model.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as error:
        raise Refused(problems.of_pydantic(_errors(error))) from None


def _errors(error: ValidationError) -> list[Any]:
    return error.errors(include_url=False, include_context=False, include_input=False)


async def raw_json(request: Request, limits: Limits = USUAL) -> object:
    """The body parsed, whatever it holds; 400 for what is not JSON, 413 for too much."""
    return parsed(inflated(await raw_bytes(request, limits), limits))


async def raw_bytes(request: Request, limits: Limits = USUAL) -> bytes:
    """The body as sent, read no further than the limit."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limits.raw:
        raise too_large(limits.raw)
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            return await _read(request, limits.raw)
    except TimeoutError:
        detail = f"The body did not arrive within {BODY_WITHIN_S:.0f} seconds. Send it again."
        raise refused(408, "too-slow", detail) from None
    except ClientDisconnect:
        raise refused(400, "cut-off", "The body ended before its end. Send it again.") from None


async def _read(request: Request, most: int) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise too_large(most)
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def inflated(body: bytes, limits: Limits = USUAL) -> bytes:
    """Gunzipped where it begins like gzip, no further than the limit."""
    out = b""
    while body.startswith(GZIP):  # gzip allows several members, one after the other
        inflater = zlib.decompressobj(wbits=31)
        try:
            out += inflater.decompress(body, limits.inflated - len(out) + 1)
        except zlib.error:
            raise malformed("The gzipped body is damaged.") from None
        if len(out) > limits.inflated:
            raise too_large(limits.inflated)
        if not inflater.eof:
            raise malformed("The gzipped body ends before its end.")
        body = inflater.unused_data
        if not body:
            return out
    if out:
        raise malformed("Something that is not gzip follows the gzipped body.")
    return body


def parsed(body: bytes) -> object:
    """JSON in UTF-8 and nothing else: no NaN, no Infinity, no lone surrogates, no BOM."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if not body:
            raise malformed("The body is empty. Send JSON.") from None
        raise malformed(f"The body is not JSON in UTF-8: {problems.short(error)}.") from None


def check_shape(value: object, limits: Limits = USUAL) -> None:
    """Refuse what is nested too deep or holds too many keys; breadth first, no recursion."""
    level, depth, keys = [value], 0, 0
    while level:
        depth += 1
        below: list[object] = []
        for one in level:
            if isinstance(one, dict):
                keys += len(one)
                below.extend(one.values())
            elif isinstance(one, list):
                below.extend(one)
        if depth > limits.depth + 1 or keys > limits.keys:
            raise _misshapen(limits, deep=depth > limits.depth + 1)
        level = below


def _misshapen(limits: Limits, *, deep: bool) -> Refused:
    if deep:
        detail = f"The body is nested more than {limits.depth} deep. Flatten it."
        return refused(422, "too-deep", detail, [Fault("", "too-deep", detail)])
    detail = f"The body holds more than {limits.keys:,} keys. Send less at once."
    return refused(422, "too-many-keys", detail, [Fault("", "too-many-keys", detail)])


def malformed(detail: str) -> Refused:
    """400: nothing in the body can be read."""
    return refused(400, "malformed-json", detail)


def too_large(most: int) -> Refused:
    """413: nothing of it was used."""
    size = f"{most >> 20} MB" if most >= 1 << 20 else f"{most >> 10} KB"
    detail = f"The body is larger than {size}. Split it into several requests."
    return refused(413, "too-large", detail)
