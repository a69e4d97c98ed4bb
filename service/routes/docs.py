"""/docs: the API in one page, made from /openapi.json, with nothing fetched from elsewhere."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

router = APIRouter(include_in_schema=False)
STYLE = """
:root { color-scheme: light dark; --line: #8884; --ink: #0a6b5c; }
body { font: 16px/1.55 system-ui, sans-serif; margin: 0 auto; padding: 2rem 1.2rem 6rem;
  max-width: 60rem; }
h1 { font-size: 2rem; margin: 0 0 .4rem } h2 { margin: 3rem 0 .6rem }
nav { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; margin: 1.4rem 0 }
a { color: var(--ink) } code, pre { font: 14px/1.5 ui-monospace, monospace }
pre { overflow-x: auto; padding: .8rem 1rem; background: #8881; border-radius: .5rem;
  margin: .6rem 0 }
details { border-top: 1px solid var(--line); padding: .55rem 0 }
summary { cursor: pointer; display: flex; flex-wrap: wrap; gap: .2rem .8rem; align-items: baseline }
summary b { font: 600 13px/1 ui-monospace, monospace; min-width: 3.6rem; color: var(--ink) }
summary span { color: GrayText } table { border-collapse: collapse; width: 100% }
td, th { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0;
  border-bottom: 1px solid var(--line) }
"""
_DIGEST = base64.b64encode(sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; frame-ancestors 'none'"
ORDER = ("Events", "Content", "Visitors", "Recommendations", "Personas", "Slots", "Site")
_CODE, _LINK = re.compile(r"`([^`]+)`"), re.compile(r"\[([^\]]+)\]\((https://[^)\s]+)\)")
_DEEPEST = 6  # levels of a body that are shown


@router.get("/docs")
async def docs(request: Request) -> Response:
    """The API for people."""
    page = _page(request.app.openapi())
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "public, max-age=300"}
    return HTMLResponse(page, headers=headers)


def _page(document: Mapping[str, Any]) -> str:
    groups: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            tag = (operation.get("tags") or ["Further"])[0]
            groups.setdefault(tag, []).append(_operation(document, method, path, operation))
    groups = dict(sorted(groups.items(), key=lambda group: _place(group[0])))
    contents = "".join(f'<a href="#{_anchor(tag)}">{escape(_title(tag))}</a>' for tag in groups)
    parts = "".join(
        f'<h2 id="{_anchor(tag)}">{escape(_title(tag))}</h2>{"".join(rows)}'
        for tag, rows in groups.items()
    )
    title = f"{escape(document['info']['title'])} {escape(document['info']['version'])}"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}: the API</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{STYLE}</style><h1>{title}</h1>{_prose(document['info']['description'])}"
        f'<p>For programs: <a href="/openapi.json">/openapi.json</a></p><nav>{contents}</nav>'
        f"{parts}{_problems(document)}</html>"
    )


def _operation(
    document: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]
) -> str:
    head = f"<b>{method.upper()}</b><code>{escape(path)}</code>"
    head += f"<span>{escape(operation.get('summary', ''))}</span>"
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    example = f"<pre>{escape(_sketch(document, body['schema']))}</pre>" if body else ""
    rows = "".join(_parameter(each) for each in operation.get("parameters", ()))
    table = f"<table>{rows}</table>" if rows else ""
    words = _prose(operation.get("description", ""))
    return f"<details><summary>{head}</summary>{words}{table}{example}</details>"


def _parameter(parameter: Mapping[str, Any]) -> str:
    name, where = escape(parameter["name"]), escape(parameter["in"])
    return f"<tr><td><code>{name}</code><td>{where}<td>{escape(parameter.get('description', ''))}"


def _problems(document: Mapping[str, Any]) -> str:
    told: dict[str, str] = {}
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if "application/problem+json" in response.get("content", {}):
                    told[status] = response["description"]
    rows = "".join(f"<tr><td>{status}<td>{escape(told[status])}" for status in sorted(told))
    return f'<h2 id="problems">Problems</h2><table>{rows}</table>'


def _sketch(document: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    return "\n".join(_lines(document, schema, 0))


def _lines(document: Mapping[str, Any], schema: Mapping[str, Any], depth: int) -> Iterator[str]:
    """A body's fields, one a line, with their types."""
    schema = _resolved(document, schema)
    if schema.get("type") == "array":
        yield from _lines(document, schema.get("items", {}), depth)
        return
    for name, field in schema.get("properties", {}).items():
        below = _resolved(document, field)
        note = field.get("description") or below.get("description", "")
        need = "" if name in schema.get("required", ()) else "?"
        yield f"{'  ' * depth}{name}{need}: {_type(document, below)}" + (
            f"  — {note}" if note else ""
        )
        if depth < _DEEPEST:
            yield from _lines(document, below, depth + 1)


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if len(choices) == 1:
        return _resolved(document, choices[0])
    name = schema.get("$ref", "").rpartition("/")[2]
    return document["components"]["schemas"][name] if name else schema


def _type(document: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(_type(document, _resolved(document, each)) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"[{_type(document, _resolved(document, schema.get('items', {})))}]"
    return str(schema.get("format") or schema.get("type") or "any")


def _prose(text: str) -> str:
    """Paragraphs, with `code` and [links](…) of Markdown."""
    paragraphs = (escape(part.strip()) for part in text.split("\n\n"))
    marked = (
        _LINK.sub(r'<a href="\2">\1</a>', _CODE.sub(r"<code>\1</code>", p)) for p in paragraphs
    )
    return "".join(f"<p>{part}</p>" for part in marked if part)


def _place(tag: str) -> int:
    return ORDER.index(_title(tag)) if _title(tag) in ORDER else len(ORDER)


def _title(tag: str) -> str:
    return tag[:1].upper() + tag[1:]


def _anchor(tag: str) -> str:
    return escape(tag.lower().replace(" ", "-"), quote=True)
