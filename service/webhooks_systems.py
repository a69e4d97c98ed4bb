"""What a content system sends → what is to be done with content: pure, one function a system.

```
wordpress   post_status decides (publish: put; trash, draft …: hide), or the name of the hook
ghost       {post: {current, previous}}; status decides; without `current` it is deleted
contentful  X-Contentful-Topic decides; fields by locale: an item for each
strapi      event decides; a draft's own changes are nobody's business
generic     {action, content} with the fields of PUT /v1/content
```
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from embeddings.documents import FIELDS, read_time
from personas.errors import InvalidInput
from service.feeds import moment
from service.webhooks_text import content_of, first, names_of, plain_of, text_of, web_address

PUT, HIDE, DELETE, NOTHING = "put", "hide", "delete", "nothing"
SYSTEMS = ("wordpress", "ghost", "contentful", "strapi", "generic")
Payload = Mapping[str, Any]
NO_FIELDS: Payload = {}


@dataclass(frozen=True, slots=True)
class Change:
    """What a delivery says.

    Attributes:
        entry: the system's own name of it, such as `ghost:63f…`.
        action: PUT, HIDE, DELETE or NOTHING.
        moment: of this change, by the system's clock; None where it does not say.
        items: by the content id that they get where nobody has one for them yet; empty ones for
            what is only to be hidden or deleted.
        why: nothing is done.
    """

    entry: str
    action: str
    moment: float | None = None
    items: Mapping[str, Payload] = field(default_factory=dict)
    why: str = ""


def change_of(system: str, payload: object, headers: Mapping[str, str], template: str) -> Change:
    """What a delivery says.

    Args:
        headers: by name in small letters.
        template: of addresses, as in `https://example.org/{locale}/{slug}`, for systems that do
            not tell them.

    Raises:
        InvalidInput: nothing can be made of it.
    """
    if not isinstance(payload, Mapping):
        raise InvalidInput("Send an object, as the system does.", "not-an-object")
    return _READERS[system](payload, headers, template)


def _nothing(why: str) -> Change:
    return Change("", NOTHING, why=why)


def _entry(system: str, *parts: object) -> str:
    names = [str(part) for part in parts if isinstance(part, str | int) and str(part)]
    if not names:
        detail = "The entry has no id, so that nobody could find it again."
        raise InvalidInput(detail, "no-entry-id")
    return ":".join([system, *names])[:200]


def _time(told: object) -> float | None:
    try:
        return read_time(told, "")
    except InvalidInput:
        return None


def _object(payload: Payload, *names: str) -> Payload:
    for name in names:
        if isinstance(payload.get(name), Mapping):
            found: Payload = payload[name]
            return found
    return NO_FIELDS


def _filled(template: str, words: Mapping[str, object]) -> str | None:
    """An address from its template; None if a word that it needs is missing."""
    for name, word in words.items():
        mark = f"{{{name}}}"
        if mark in template and not word:
            return None
        template = template.replace(mark, str(word))
    return web_address(template)


# --- WordPress ------------------------------------------------------------------------------------

_NOT_CONTENT = (
    "attachment",
    "revision",
    "nav_menu_item",
    "wp_template",
    "wp_block",
    "oembed_cache",
)
_GONE_WORDS = ("delete", "remov")
_HIDDEN_WORDS = ("trash", "unpublish", "draft")


def _wordpress(payload: Payload, _headers: Mapping[str, str], _template: str) -> Change:
    """WordPress has no webhooks of its own: what its plugins, its REST API and WordPress.com send.

    That is a `WP_Post` by its column names, at the top or as `post` or `data`; a REST object with
    `{title: {rendered}}`; beside it perhaps the name of a hook.
    """
    post = {**payload, **_object(payload, "data"), **_object(payload, "post")}
    entry = _entry("wordpress", payload.get("blog_id"), first(post, ("ID", "post_id")))
    hook = str(
        first(payload, ("hook", "action", "event", "webhook_action", "trigger")) or ""
    ).lower()
    status = str(first(post, ("post_status", "status")) or "").lower()
    if str(first(post, ("post_type", "type")) or "post") in _NOT_CONTENT:
        return _nothing("this is no page")
    when = _time(first(post, ("post_modified_gmt", "modified_gmt", "post_modified", "modified")))
    if any(word in hook for word in _GONE_WORDS):
        return Change(entry, DELETE, when)
    shown = status == "publish" or (not status and "publish" in hook)
    unshown = any(word in hook for word in _HIDDEN_WORDS) or bool(post.get("post_password"))
    if unshown or not shown:
        return Change(entry, HIDE, when)
    return Change(entry, PUT, when, {entry: _wordpress_item(post, payload)})


def _wordpress_item(post: Payload, payload: Payload) -> Payload:
    rendered = {name: _rendered(value) for name, value in post.items()}
    links = ("post_permalink", "permalink", "post_url", "link", "guid")
    found = {
        "title": plain_of(first(rendered, ("post_title", "title"))),
        "description": plain_of(first(rendered, ("post_excerpt", "excerpt"))),
        "body": text_of(first(rendered, ("post_content", "content"))),
        "url": web_address(first({**payload, **rendered}, links)),
        "publishedAt": moment(first(post, ("post_date_gmt", "date_gmt"))),
        "tags": list(names_of(first(post, ("tags", "tags_input", "post_tags")))),
        "locale": first(post, ("locale", "lang")),
    }
    return {name: value for name, value in found.items() if value}


def _rendered(value: object) -> object:
    return value.get("rendered") or value.get("raw") if isinstance(value, Mapping) else value


# --- Ghost ----------------------------------------------------------------------------------------


def _ghost(payload: Payload, _headers: Mapping[str, str], _template: str) -> Change:
    told = _object(payload, "post", "page")
    if not told:
        return _nothing("only posts and pages are content")
    now, before = _object(told, "current"), _object(told, "previous")
    entry = _entry("ghost", now.get("id") or before.get("id"))
    when = _time(now.get("updated_at") or before.get("updated_at"))
    if not now.get("id"):
        return Change(entry, DELETE, when)
    if now.get("status") != "published":
        return Change(entry, HIDE, when)
    fields = {
        "title": now.get("title"),
        "description": now.get("custom_excerpt") or now.get("excerpt"),
        "body": now.get("html") or now.get("plaintext"),
        "url": web_address(now.get("url")),
        "publishedAt": moment(now.get("published_at")),
        "tags": [tag for tag in names_of(now.get("tags")) if not tag.startswith("#")],
    }
    known = {name: value for name, value in fields.items() if value}
    properties = {"visibility": now["visibility"]} if now.get("visibility") else {}
    return Change(entry, PUT, when, {entry: {**known, "properties": properties}})


# --- Contentful -----------------------------------------------------------------------------------

_TOPICS = {"publish": PUT, "unpublish": HIDE, "archive": HIDE, "delete": DELETE}


def _contentful(payload: Payload, headers: Mapping[str, str], template: str) -> Change:
    sys = _object(payload, "sys")
    _, _, topic = headers.get("x-contentful-topic", "").partition(".")
    kind, _, verb = topic.partition(".")
    if not topic:
        deleted = sys.get("type") == "DeletedEntry"
        kind, verb = "Entry", "unpublish" if deleted else "publish"
    action = _TOPICS.get(verb)
    if kind != "Entry" or action is None:
        return _nothing("only what becomes of published entries is content")
    entry = _entry("contentful", _linked(sys, "environment"), sys.get("id"))
    when = _time(sys.get("deletedAt") or sys.get("updatedAt"))
    if action != PUT:
        return Change(entry, action, when)
    fields = _object(payload, "fields")
    locales = dict.fromkeys(
        locale for told in fields.values() if isinstance(told, Mapping) for locale in told
    )
    model = _linked(sys, "contentType") or ""
    items = {}
    for locale in locales:
        own = {name: told.get(locale) for name, told in fields.items() if isinstance(told, Mapping)}
        words = {"slug": own.get("slug"), "locale": locale, "id": sys.get("id"), "type": model}
        found = content_of({**own, "locale": locale})
        found.setdefault("url", _filled(template, words))
        found.setdefault("publishedAt", moment(sys.get("createdAt")))
        if found.get("title") or found.get("body"):
            items[f"{entry}:{locale}"] = found
    if not items:
        return _nothing("the entry holds no text")
    return Change(entry, PUT, when, items)


def _linked(sys: Payload, name: str) -> str | None:
    told = _object(_object(sys, name), "sys").get("id")
    return told if isinstance(told, str) else None


# --- Strapi ---------------------------------------------------------------------------------------


def _strapi(payload: Payload, headers: Mapping[str, str], template: str) -> Change:
    event = str(payload.get("event") or headers.get("x-strapi-event") or "")
    kind, _, verb = event.partition(".")
    told = _object(payload, "entry")
    if kind != "entry" or not told:
        return _nothing("only entries are content")
    model = payload.get("uid") or payload.get("model")
    name = told.get("documentId") or told.get("id")
    locale = told.get("locale")
    entry = _entry("strapi", model, name, locale)
    when = _time(payload.get("createdAt") or payload.get("created_at"))
    if verb in ("delete", "unpublish"):
        return Change(entry, DELETE if verb == "delete" else HIDE, when)
    published = first(told, ("publishedAt",))
    has_drafts = any(key in told for key in ("publishedAt", "published_at"))
    if verb not in ("publish", "create", "update") or (
        verb != "publish" and has_drafts and not published
    ):
        return _nothing("drafts are nobody's business")
    own = {key: value for key, value in told.items() if key not in ("createdBy", "updatedBy")}
    found = content_of(own)
    words = {"slug": own.get("slug"), "locale": locale, "id": name, "type": payload.get("model")}
    found.setdefault("url", _filled(template, words))
    if not (found.get("title") or found.get("body")):
        return _nothing("the entry holds no text")
    return Change(entry, PUT, when, {entry: found})


# --- everything else ------------------------------------------------------------------------------

_ACTIONS = {
    "publish": PUT, "published": PUT, "create": PUT, "created": PUT, "update": PUT, "updated": PUT,
    "put": PUT, "unpublish": HIDE, "unpublished": HIDE, "hide": HIDE, "archive": HIDE,
    "delete": DELETE, "deleted": DELETE, "remove": DELETE,
}  # fmt: skip


def _generic(payload: Payload, _headers: Mapping[str, str], _template: str) -> Change:
    said = str(first(payload, ("action", "event")) or "publish").lower().rpartition(".")[2]
    action = _ACTIONS.get(said)
    if action is None:
        detail = "The action is publish, update, unpublish or delete."
        raise InvalidInput(detail, "unknown-action", "/action")
    told = _object(payload, "content", "data", "entry") or payload
    if not isinstance(told.get("id"), str) or not told["id"]:
        raise InvalidInput("Content has an id, a string.", "no-entry-id", "/content/id")
    when = _time(first({**told, **payload}, ("occurredAt", "updatedAt", "timestamp")))
    fields = {name: value for name, value in told.items() if name in FIELDS and name != "id"}
    items = {told["id"]: fields if action == PUT else NO_FIELDS}
    return Change(f"generic:{told['id']}", action, when, items)


_READERS: Mapping[str, Callable[[Payload, Mapping[str, str], str], Change]] = {
    "wordpress": _wordpress,
    "ghost": _ghost,
    "contentful": _contentful,
    "strapi": _strapi,
    "generic": _generic,
}
