"""The pages of the made-up company: its content by path, rendered without scripts of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

import orjson
from jinja2 import Environment, PackageLoader, select_autoescape
from markdown_it import MarkdownIt
from markupsafe import Markup

from service.problems import not_found

MENU = (
    ("Heat pumps", "/guides/heat-pump-old-house"),
    ("Solar", "/guides/solar-roof-basics"),
    ("Compare", "/compare/heat-pump-vs-gas"),
    ("Prices", "/prices/heat-pumps"),
    ("Help", "/help/fjell-error-codes"),
)
SHELVES = (
    ("New here?", ("guide", "video")),
    ("From the field", ("article", "case-study")),
    ("Made by us", ("product-page", "comparison")),
)
# The way that shows most in six clicks: where to, and in words; an event is a button there.
TOUR = (
    ("Read a guide", "/guides/heat-pump-old-house", ""),
    ("Compare", "/compare/heat-pump-vs-gas", ""),
    ("See prices", "/prices/heat-pumps", ""),
    ("Ask for a quote", "", "Quote Requested"),
    ("Order", "/order/quay-11", "Order Completed"),
    ("Need help", "/help/fjell-error-codes", ""),
)
CHECK = "/check/heat-pump-in-3-minutes"
QUESTIONS = (
    ("role", "I am the", ("owner", "tenant", "landlord")),
    ("house", "of a house that is", ("pre-war", "post-war", "seventies", "modern")),
    ("heating", "heated by", ("gas", "oil", "heat-pump", "district")),
    ("kids", "Kids at home", ("0", "1", "2", "3")),
)
ACTIONS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "product-page": (("Product Added", "Put on my list"), ("Quote Requested", "Ask for a quote")),
    "pricing": (("Quote Requested", "Ask for a quote"),),
    "landing-page": (("Demo Requested", "Book a survey"),),
    "comparison": (("Content Shared", "Send to my partner"),),
    "webinar": (("Webinar Attended", "Watch the recording"),),
    "documentation": (("Support Ticket Opened", "Ask our service"),),
    "newsletter": (("Referral Made", "Tell a neighbour"),),
    "article": (("Newsletter Subscribed", "Get the monthly letter"),),
    "guide": (("Newsletter Subscribed", "Get the monthly letter"),),
}
ORDERS = (("Order Completed", "Order with costs"),)
REFERRALS = (("Referral Made", "Tell my neighbour"),)


@lru_cache(maxsize=1)
def contents() -> dict[str, dict[str, Any]]:
    """The demo site's content, by id."""
    folder = files("service.demo") / "content"
    lines = (
        line
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        for line in file.read_text(encoding="utf-8").splitlines()
    )
    return {item["id"]: item for item in map(orjson.loads, lines)}


@lru_cache(maxsize=256)
def middle_of(where: str) -> tuple[str, str]:
    """What changes from page to page as HTML, and the title.

    Raises:
        Refused: there is no such page.
    """
    if where == "/":
        shelves = [{"name": name, "pages": _some(types)} for name, types in SHELVES]
        return _template("home.html", shelves=shelves), "Home"
    item = contents().get(where)
    if item is None:
        raise not_found("page", where)
    actions = [{"event": event, "words": words} for event, words in _actions(where, item["type"])]
    shown = _shown(item) | {"html": Markup(_markdown().render(item["body"]))}  # noqa: S704 - made without raw HTML
    questions = QUESTIONS if where == CHECK else ()
    return _template("item.html", item=shown, actions=actions, questions=questions), item["title"]


def whole(where: str) -> str:
    """A page with all that stands around it."""
    inner, title = middle_of(where)
    menu = [{"name": name, "path": target} for name, target in MENU]
    tour = [{"words": words, "path": target, "event": event} for words, target, event in TOUR]
    middle = Markup(inner)  # noqa: S704 - made by our own templates, which escape
    return _template("shell.html", title=title, path=where, menu=menu, tour=tour, page=middle)


def _actions(where: str, kind: str) -> tuple[tuple[str, str], ...]:
    if where.startswith("/order/"):
        return ORDERS
    if where.startswith("/refer"):
        return REFERRALS
    return () if where == CHECK else ACTIONS.get(kind, ())


def _template(name: str, **values: object) -> str:
    return _templates().get_template(name).render(**values)


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return Environment(loader=PackageLoader("service.demo"), autoescape=select_autoescape())


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _some(types: Iterable[str]) -> list[dict[str, Any]]:
    picked = [
        [_shown(item) for item in contents().values() if item["type"] == kind][:2] for kind in types
    ]
    return [item for pair in picked for item in pair]


def _shown(item: Mapping[str, Any]) -> dict[str, Any]:
    about = item.get("properties") or {}
    return {
        "id": item["id"],
        "title": item["title"],
        "description": item["description"],
        "type": str(item["type"]).replace("-", " "),
        "minutes": about.get("readMinutes"),
        "image": about.get("image", "house"),
    }
