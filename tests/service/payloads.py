"""Deliveries as content systems send them, shortened."""

from __future__ import annotations

from typing import Any

HTML = "<p>A heat pump moves warmth.</p>"

# Ghost 5 and 6: ghost/core/core/server/services/webhooks/serialize.js
GHOST_POST: dict[str, Any] = {
    "id": "63f0c3",
    "uuid": "0b8d6d44-9b0a-4b7f-9d0a-2f8d2c1f6d11",
    "title": "Heat pumps",
    "slug": "heat-pumps",
    "html": HTML,
    "plaintext": "A heat pump moves warmth.",
    "status": "published",
    "visibility": "public",
    "created_at": "2026-03-01T00:00:00.000Z",
    "updated_at": "2026-03-05T05:06:07.000Z",
    "published_at": "2026-03-04T05:06:07.000Z",
    "custom_excerpt": "All of it",
    "authors": [{"id": "1", "name": "Ann", "email": "ann@example.org"}],
    "tags": [
        {"id": "t1", "name": "Heating", "slug": "heating", "visibility": "public"},
        {"id": "t2", "name": "#newsletter", "slug": "hash-newsletter", "visibility": "internal"},
    ],
    "primary_author": {"id": "1", "email": "ann@example.org"},
    "url": "https://blog.example/heat-pumps/",
    "excerpt": "A heat pump moves warmth.",
}


def ghost(**fields: Any) -> dict[str, Any]:
    """A post, as of `post.published` and its siblings."""
    previous = {"status": "draft", "updated_at": "2026-03-04T05:06:06.000Z"}
    return {"post": {"current": GHOST_POST | fields, "previous": previous}}


# --- Contentful -----------------------------------------------------------------------------------


def _link(kind: str, name: str) -> dict[str, Any]:
    return {"sys": {"type": "Link", "linkType": kind, "id": name}}


def _leaf(value: str, *marks: str) -> dict[str, Any]:
    return {"nodeType": "text", "value": value, "marks": [{"type": m} for m in marks], "data": {}}


def _block(kind: str, *content: dict[str, Any], **data: Any) -> dict[str, Any]:
    return {"nodeType": kind, "content": list(content), "data": data}


RICH_TEXT = _block(
    "document",
    _block("heading-2", _leaf("How it works")),
    _block(
        "paragraph",
        _leaf("It "),
        _leaf("moves", "bold"),
        _leaf(" warmth, see "),
        _block("hyperlink", _leaf("more"), uri="https://example.org/more"),
        _leaf("."),
    ),
    _block(
        "unordered-list",
        _block("list-item", _block("paragraph", _leaf("First"))),
        _block("list-item", _block("paragraph", _leaf("Second"))),
    ),
    _block("embedded-asset-block", target=_link("Asset", "a1")),
    _block("blockquote", _block("paragraph", _leaf("As they say"))),
)
_SYS: dict[str, Any] = {
    "space": _link("Space", "yadj1kx9rmg0"),
    "id": "5KsDBWseXY",
    "environment": _link("Environment", "master"),
    "contentType": _link("ContentType", "blogPost"),
    "revision": 3,
    "createdAt": "2026-03-01T00:00:00.000Z",
    "updatedAt": "2026-03-05T05:06:07.000Z",
}


def contentful(**fields: Any) -> dict[str, Any]:
    """An entry, as of `ContentManagement.Entry.publish`."""
    own = {
        "title": {"en-US": "Heat pumps", "de": "Wärmepumpen"},
        "slug": {"en-US": "heat-pumps"},
        "body": {"en-US": RICH_TEXT},
        "heroImage": {"en-US": _link("Asset", "a1")},
    }
    return {"metadata": {"tags": []}, "sys": _SYS | {"type": "Entry"}, "fields": own | fields}


def contentful_deleted() -> dict[str, Any]:
    """An entry, as of `ContentManagement.Entry.unpublish` and `.delete`."""
    return {"sys": _SYS | {"type": "DeletedEntry", "deletedAt": "2026-03-06T05:06:07.000Z"}}


# --- Strapi ---------------------------------------------------------------------------------------

BLOCKS = [
    {"type": "heading", "level": 1, "children": [{"type": "text", "text": "First"}]},
    {
        "type": "paragraph",
        "children": [
            {"type": "text", "text": "It moves "},
            {"type": "text", "text": "warmth", "bold": True},
            {"type": "text", "text": "."},
        ],
    },
    {
        "type": "list",
        "format": "unordered",
        "children": [
            {"type": "list-item", "children": [{"type": "text", "text": "one"}]},
            {"type": "list-item", "children": [{"type": "text", "text": "two"}]},
        ],
    },
]


def strapi(event: str, **fields: Any) -> dict[str, Any]:
    """An entry of Strapi 5."""
    entry = {
        "id": 7,
        "documentId": "a1b2c3",
        "title": "Heat pumps",
        "slug": "heat-pumps",
        "locale": "en",
        "content": BLOCKS,
        "tags": [{"id": 1, "name": "Heating"}, {"id": 2, "name": "Home"}],
        "createdBy": {"id": 1, "email": "secret@example.org"},
        "createdAt": "2026-03-01T00:00:00.000Z",
        "updatedAt": "2026-03-05T05:06:07.000Z",
        "publishedAt": "2026-03-04T05:06:07.000Z",
    }
    return {
        "event": event,
        "createdAt": "2026-03-05T05:06:08.000Z",
        "model": "article",
        "uid": "api::article.article",
        "entry": entry | fields,
    }


# --- WordPress: as plugins, the REST API and WordPress.com send a post ----------------------------

_POST: dict[str, Any] = {
    "ID": 6,
    "post_author": "1",
    "post_date_gmt": "2026-03-04 05:06:07",
    "post_modified_gmt": "2026-03-05 05:06:07",
    "post_content": HTML,
    "post_title": "Heat pumps",
    "post_excerpt": "All of it",
    "post_status": "publish",
    "post_name": "heat-pumps",
    "post_type": "post",
    "post_password": "",
}
LINK = "https://wp.example/heat-pumps/"
WORDPRESS: dict[str, dict[str, Any]] = {
    "plain": {**_POST, "permalink": LINK},
    "a plugin's": {
        "post_id": 6,
        "post": _POST,
        "post_meta": {"_edit_lock": ["1"]},
        "post_thumbnail": False,
        "post_permalink": LINK,
        "taxonomies": {"category": {}},
    },
    "of the REST API": {
        "id": 6,
        "date_gmt": "2026-03-04T05:06:07",
        "modified_gmt": "2026-03-05T05:06:07",
        "guid": {"rendered": "https://wp.example/?p=6"},
        "slug": "heat-pumps",
        "status": "publish",
        "type": "post",
        "link": LINK,
        "title": {"rendered": "Heat pumps"},
        "content": {"rendered": HTML, "protected": False},
        "excerpt": {"rendered": "<p>All of it</p>", "protected": False},
        "author": 1,
        "tags": [3],
    },
    "a form of WordPress.com": {
        "hook": "publish_post",
        "ID": "6",
        "post_title": "Heat pumps",
        "post_content": HTML,
        "post_date_gmt": "2026-03-04 05:06:07",
        "post_status": "publish",
        "post_type": "post",
        "post_url": LINK,
    },
}
