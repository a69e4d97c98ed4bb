"""Features and their values in a marketer's words."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from personas.features import TRAIT, Average, words_of

MUCH = 2.5  # times everyone's: "very"
HAVE = "have "  # said once for several
SELDOM = "seldom "  # before what they do less than everyone
MOSTLY = 0.4  # of a persona's visitors, to call them by a value
YES, NO = frozenset({"yes", "true", "y"}), frozenset({"no", "false", "n"})
SMALL_WORDS = frozenset({"a", "an", "and", "at", "by", "for", "in", "of", "on", "or", "per", "to"})

_CHANNELS = {
    "search": ("from search", "come from search engines"),
    "paid": ("from ads", "come through ads"),
    "email": ("from e-mail", "come through e-mail"),
    "social": ("from social media", "come from social media"),
    "partner": ("from partner sites", "come from partner sites"),
    "offline": ("from offline", "come from offline encounters"),
    "push": ("from push messages", "come through push messages"),
    "direct": ("who come directly", "come directly"),
}
_DAYTIMES = {
    "night": "come at night",
    "morning": "come in the morning",
    "afternoon": "come in the afternoon",
    "evening": "come in the evening",
}
_READING = {
    "guide": "read guides",
    "article": "read articles",
    "video": "watch videos",
    "webinar": "attend webinars",
    "white-paper": "read white papers",
    "product-page": "look at products",
    "review": "read reviews",
    "comparison": "compare",
    "case-study": "read case studies",
    "landing-page": "browse the main pages",
    "pricing": "check prices",
    "documentation": "read documentation",
    "release-notes": "follow releases",
    "newsletter": "read newsletters",
    "other": "read other content",
}
_NAMES_OF_PEOPLE = frozenset(
    [
        "role",
        "job",
        "jobtitle",
        "title",
        "profession",
        "occupation",
        "position",
        "function",
        "persona",
    ]
)
_PLACES = frozenset(
    ["country", "region", "city", "state", "province", "market", "territory", "location"]
)
_IN = {  # after such a name, where somebody is: in a name, and after "they"
    "industry": ("in the {} industry", "work in the {} industry"),
    "sector": ("in the {} sector", "work in the {} sector"),
    "department": ("in {}", "work in {}"),
    "plan": ("on the {} plan", "are on the {} plan"),
    "tier": ("on the {} tier", "are on the {} tier"),
    "segment": ("in the {} segment", "are in the {} segment"),
}
_OWNED = frozenset({"house", "home", "flat", "car", "brand"})  # one of them: "a modern house"
_BEFORE = _OWNED | {"education", "heating", "branch"}  # after such a name a value comes first
_WORDS = {
    "num": "", "nr": "", "cnt": "", "count": "", "qty": "", "total": "", "is": "", "has": "",
    "amt": "amount", "avg": "average", "pct": "share", "perc": "share", "rev": "revenue",
    "ltv": "lifetime value", "aov": "order value", "acct": "account", "cust": "customer",
    "org": "organisation", "dept": "department", "prod": "product", "prods": "products",
    "cat": "category", "freq": "frequency", "yrs": "years", "hrs": "hours", "mins": "minutes",
    "secs": "seconds", "emp": "employee", "mgr": "manager", "purch": "purchases", "addr": "address",
    "kidhome": "kids at home", "teenhome": "teens at home", "gold": "gold", "prev": "previous",
}  # fmt: skip
_SPENDING = frozenset({"mnt", "spend", "spent", "spendings", "expenditure"})
_RHYTHMS = frozenset({"month", "year", "week", "day"})
_NUMERIC = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Piece:
    """Words for one thing that sets a persona apart.

    Args:
        place: in a name, one of `PLACES`.
        text: in a name.
        sentence: after "compared with everyone they".
        naming: False for what a name should not be made of.
    """

    PLACES: ClassVar[tuple[str, ...]] = (
        "adjective", "noun", "in", "from", "with", "topic", "who",
    )  # fmt: skip

    place: str
    text: str
    sentence: str
    naming: bool = True


def humanised(name: str) -> str:
    """A feature's name as people would say it.

    >>> humanised("MntWines"), humanised("NumWebVisitsMonth"), humanised("companySize")
    ('wine spending', 'web visits a month', 'company size')
    """
    words = list(words_of(name.removeprefix(TRAIT)))
    spending = any(word in _SPENDING for word in words)
    words = [_WORDS.get(word, word) for word in words if word not in _SPENDING]
    words = [word for word in words if word] or ["spending" if spending else "number"]
    if len(words) > 1 and words[-1] in _RHYTHMS and words[-2].endswith("s"):
        words[-1:] = ["a", words[-1]]
    if spending and words != ["spending"]:
        words[-1] = singular(words[-1])
        words.append("spending")
    return " ".join(words)


def singular(word: str) -> str:
    """Of an English noun, where its plural is regular."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def plural(noun: str) -> str:
    """Of an English noun; the last word of several."""
    if noun.endswith(("s", "x", "ch", "sh")):
        return noun if noun.endswith("s") and not noun.endswith("ss") else noun + "es"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


def _is_plural(thing: str) -> bool:
    head = re.split(r" (?:a|at|of|per|on|in) ", thing)[0].split()[-1]
    return singular(head) != head


def number_piece(name: str, lift: float, counted: bool) -> Piece:
    """Of a number that is higher or lower than everyone's."""
    if name == "dwell":
        slow = lift > 1
        text = "who take their time" if slow else "who skim"
        return Piece("who", text, "stay longer on a page" if slow else "skim pages quickly")
    if name == "pace":
        many = lift > 1
        text = "who look around" if many else "who come for one thing"
        return Piece("who", text, f"see {'more' if many else 'fewer'} pages in a visit")
    thing = humanised(name)
    many = counted or _is_plural(thing)
    height = ("many" if many else "high") if lift > 1 else ("few" if many else "low")
    very = "very " if not 1 / MUCH < lift < MUCH else ""
    return Piece("with", f"{height} {thing}", f"{HAVE}{very}{height} {thing}")


def value_piece(name: str, label: str, share: float, over: bool) -> Piece:
    """Of a value that is more frequent (`over`) or rarer than among everyone.

    Args:
        share: of the persona's visitors that have it.
    """
    found = _behaviour(name, label) or _trait(name.removeprefix(TRAIT), label, share)
    if over:
        return found
    return Piece(found.place, found.text, f"{SELDOM}{found.sentence}", naming=False)


def _behaviour(name: str, label: str) -> Piece | None:
    if name == "channel":
        text, sentence = _CHANNELS.get(label, (f"from {label}", f"come from {label}"))
        return Piece("who" if text.startswith("who") else "from", text, sentence)
    if name == "device":
        return Piece("adjective", label, f"use a {label} device")
    if name == "hour":
        return Piece("adjective", label, _DAYTIMES.get(label, f"come at {label}"))
    if name == "content type":
        reads = _READING.get(label, f"read {spaced(label)}")
        return Piece("who", f"who {reads}", reads)
    if name == "topic":
        return Piece("topic", f"interested in {spaced(label)}", f"read about {spaced(label)}")
    return None


def spaced(slug: str) -> str:
    """A slug as words.

    >>> spaced("heat-pump")
    'heat pump'
    """
    return re.sub(r"[-_\s]+", " ", slug).strip()


def _trait(name: str, label: str, share: float) -> Piece:
    thing, words = humanised(name), words_of(name)
    last = words[-1] if words else ""
    if _NAMES_OF_PEOPLE & set(words):
        called = plural(_lowered(label))
        return Piece("noun", called, f"are {called}", naming=share >= MOSTLY)
    if last == "device":
        return Piece("adjective", _lowered(label), f"use a {_lowered(label)} device")
    if last in _PLACES:
        return Piece("in", f"in {label}", f"live in {label}")
    if last in _IN and label.lower() not in YES | NO:
        text, sentence = _IN[last]
        return Piece("in", text.format(_lowered(label)), sentence.format(_lowered(label)))
    text = _having(thing, label, last)
    return Piece("with", text, f"{HAVE}{text}")


def _having(thing: str, label: str, last: str) -> str:
    """A value as something that one has: "no kids at home", "a modern house"."""
    if label.lower() in YES:
        return thing
    if label.lower() in NO:
        return f"no {thing}"
    if _NUMERIC.fullmatch(label):
        return _amount(float(label), thing)
    named = _lowered(label)
    if last not in _BEFORE:
        return f"{thing} {named}"
    article = ("an " if named[:1] in "aeiou" else "a ") if last in _OWNED else ""
    return f"{article}{named} {thing}"


def _amount(number: float, thing: str) -> str:
    if number == 0:
        return f"no {thing}"
    if number == 1:
        first, *rest = thing.split(" ")
        return " ".join(["1", singular(first), *rest])
    return f"{number:g} {thing}"


def _lowered(label: str) -> str:
    """Lower case, but for abbreviations, as within a sentence."""
    return " ".join(w.lower() if w.istitle() else w for w in re.split(r"[\s_]+", label) if w)


# --- of one visitor ---------------------------------------------------------------------------


def observed(name: str, value: object) -> str:
    """What was observed of one visitor, as people would say it.

    >>> observed("hour", {"night": 2.0, "evening": 1.0})
    'comes at night (67%) and in the evening (33%)'
    >>> observed("trait:companySize", 40.0)
    'company size is 40'
    """
    if isinstance(value, Mapping):
        return _observed_counts(name, value)
    if isinstance(value, Average):
        if name == "pace":
            return f"sees {value.mean:.1f} pages in a visit"
        if name == "dwell":
            return f"stays {math.exp(min(value.mean, 20.0)):.0f} seconds on a page"
        return f"{humanised(name)} is {value.mean:.3g}"
    number = f"{value:g}" if isinstance(value, float) else f"{value}"
    return f"{humanised(name)} is {number}"


def _observed_counts(name: str, value: Mapping[str, float]) -> str:
    total = sum(value.values())
    ranked = sorted(value.items(), key=lambda item: (-item[1], item[0]))[:3]
    verb, said = "", []
    for label, count in ranked:
        found = _behaviour(name, label)
        doing, _, what = (found.sentence if found else f"have {spaced(label)}").partition(" ")
        what = what if doing == verb else f"{_third_person(doing)} {what}".rstrip()
        said.append(what if len(ranked) == 1 or not total > 0 else f"{what} ({count / total:.0%})")
        verb = doing
    return listed(said) if said else humanised(name)


def _third_person(verb: str) -> str:
    if verb == "have":
        return "has"
    return f"{verb}es" if verb.endswith(("ch", "sh", "s")) else f"{verb}s"


def listed(words: Sequence[str]) -> str:
    """ "One", "one and two", "one, two and three"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
