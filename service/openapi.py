"""/openapi.json: FastAPI's, completed by what we do ourselves.

That is bodies, keys, problems and direct routes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from service.auth import Needs
from service.direct import Direct, DirectRoutes
from service.problems import MEDIA_TYPE
from service.routes.bodies import BodyOf

REFERENCES = "#/components/schemas/{model}"
DESCRIPTION = """\
Who a visitor is, where they stand, and which content takes them one step further.

Send a key as `Authorization: Bearer KEY` or as the user name of HTTP Basic. Publishable keys
(`pk_…`) may sit in web pages; secret keys (`sk_…`) may do everything. Errors are
[problem details](https://www.rfc-editor.org/rfc/rfc9457) with a stable `code`.
"""
PROBLEM: Mapping[str, Any] = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "required": ["type", "title", "status", "detail", "code", "errors"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence that says how to mend it."},
        "instance": {"type": ["string", "null"], "description": "The path that was asked for."},
        "code": {"type": "string", "description": "Stable, kebab-case, for programs."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "RFC 6901, into the input."},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
_WORDS = {
    400: "What came is not JSON.",
    401: "No key came, or one that nobody knows.",
    403: "The key is of the wrong kind for this.",
    404: "There is no such thing on this site.",
    405: "This path does not answer to this method.",
    408: "The body came too slowly.",
    409: "What is there does not allow this now.",
    413: "The body is too large.",
    422: "The input cannot be used; `errors` says where and why.",
    429: "Too much at once; Retry-After says when to come again.",
    503: "A part that this needs does not answer now; Retry-After says when to come again.",
}
_ALWAYS = (404, 405, 409, 422, 429, 503)
_WITH_BODY = (400, 408, 413)
_WITH_KEY = (401, 403)
FASTAPIS_OWN = ("ValidationError", "HTTPValidationError")  # schemas that our Problem replaces


def describe(app: FastAPI, direct: DirectRoutes, version: str) -> dict[str, Any]:
    """The whole document."""
    document = get_openapi(
        title="Fingerpost", version=version, description=DESCRIPTION, routes=app.routes
    )
    routes, paths = list(_api_routes(app)), document["paths"]
    references, definitions = _schemas({*_models(routes), *_direct_models(direct)})
    for route in routes:
        body, kinds = _body(route), _kinds(route.dependant)
        for method in route.methods or ():
            operation = paths[route.path_format][method.lower()]
            operation["summary"] = _first_sentence(route)
            _complete(operation, references[body.model] if body else None, kinds)
    for each in direct:
        operation = _operation(each, references)
        _complete(operation, references[each.body] if each.body else None, each.kinds)
        paths.setdefault(each.path, {})[each.method.lower()] = operation
    schemas = document.get("components", {}).get("schemas", {}) | definitions
    document["components"] = {
        "schemas": {n: s for n, s in schemas.items() if n not in FASTAPIS_OWN}
        | {"Problem": dict(PROBLEM)},
        "securitySchemes": {
            "key": {"type": "http", "scheme": "bearer"},
            "keyAsUserName": {"type": "http", "scheme": "basic"},
        },
    }
    return document


def _first_sentence(route: APIRoute) -> str:
    words = " ".join(route.description.split())
    return words.partition(". ")[0].removesuffix(".") or route.name


def _models(routes: list[APIRoute]) -> Iterator[type[BaseModel]]:
    return (body.model for route in routes if (body := _body(route)))


def _direct_models(direct: DirectRoutes) -> Iterator[type[BaseModel]]:
    return (model for each in direct for model in (each.body, each.answers) if model)


def _api_routes(app: FastAPI) -> Iterator[APIRoute]:
    return (
        route for route in app.routes if isinstance(route, APIRoute) and route.include_in_schema
    )


def _schemas(models: set[type[BaseModel]]) -> tuple[dict[type[BaseModel], Any], dict[str, Any]]:
    ordered = sorted(models, key=lambda model: model.__qualname__)
    made, rest = models_json_schema(
        [(model, "validation") for model in ordered], ref_template=REFERENCES, by_alias=True
    )
    return {model: made[(model, "validation")] for model in ordered}, rest.get("$defs", {})


def _needs(dependant: Dependant) -> Iterator[Any]:
    for each in dependant.dependencies:
        yield each.call
        yield from _needs(each)


def _body(route: APIRoute) -> BodyOf | None:
    return next((call for call in _needs(route.dependant) if isinstance(call, BodyOf)), None)


def _kinds(dependant: Dependant) -> tuple[str, ...]:
    return next((call.kinds for call in _needs(dependant) if isinstance(call, Needs)), ())


def _operation(route: Direct, references: Mapping[type[BaseModel], Any]) -> dict[str, Any]:
    schema = references[route.answers] if route.answers else {"type": "object"}
    name = route.path.strip("/").replace("/", "_").replace(":", "_").replace(".", "_")
    return {
        "tags": [route.tag],
        "summary": route.summary,
        "operationId": f"{name}_{route.method.lower()}",
        "responses": {
            "200": {"description": "Done.", "content": {"application/json": {"schema": schema}}}
        },
    }


def _complete(operation: dict[str, Any], body: object | None, kinds: tuple[str, ...]) -> None:
    """What every operation has: its body, who may call, and what can go wrong."""
    statuses = [*_ALWAYS, *_WITH_KEY]
    if body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": body}},
        }
        statuses += _WITH_BODY
    if kinds:
        operation["security"] = [{"key": []}, {"keyAsUserName": []}]
        words = f"Needs a {' or '.join(kinds)} key."
        operation["description"] = "\n\n".join(filter(None, (operation.get("description"), words)))
    for status in sorted(statuses):
        operation["responses"][str(status)] = {
            "description": _WORDS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": REFERENCES.format(model="Problem")}}},
        }
