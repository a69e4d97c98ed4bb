"""The index: nearest content under a filter. One protocol, and its plainest form as the oracle."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from personas.entities import CONTENT_TYPES, ContentItem
from personas.errors import InvalidInput, UnknownName

Vectors = NDArray[np.float32]
Scalar = str | float | bool

MOST_CONDITIONS = 50
MOST_ALTERNATIVES = 1_000
LONGEST_WORD = 300  # characters that a back end is asked to compare
DIGITS, TERM_DIGITS = 6, 3  # of scores, beyond which they are the same
RANK_OFFSET = 60  # of reciprocal ranks: how little the first places lead
FOREVER = 1e15  # seconds
PAGE = 1_000  # items that `all_vectors` gives at a time


@dataclass(frozen=True, slots=True)
class ContentFilter:
    """Which content may be found. Each condition is any-of; an empty one holds for all.

    Attributes:
        locale: `en` finds English of any country; `en-GB` finds `en-GB` and plain `en`.
        properties: by name; a property that is a list holds each of its elements.
        include: only these ids; None: any.
        visible_at: only what is neither hidden nor outside its validity at this moment; None: all.
    """

    types: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    locale: tuple[str, ...] = ()
    properties: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)
    include: frozenset[str] | None = None
    exclude: frozenset[str] = frozenset()
    visible_at: float | None = None

    def allows(self, item: ContentItem) -> bool:
        if item.id in self.exclude or (self.include is not None and item.id not in self.include):
            return False
        if self.visible_at is not None and not item.visible_at(self.visible_at):
            return False
        held = words_of(item)
        return all(not held.isdisjoint(condition) for condition in self.conditions())

    def conditions(self) -> list[frozenset[str]]:
        """Sets of words, of each of which an item must hold at least one; see `words_of`."""
        wanted: list[Iterable[str]] = []
        if self.types:
            wanted.append(_word("type", kind) for kind in self.types)
        if self.tags:
            wanted.append(_word("tag", tag) for tag in self.tags)
        if self.locale:
            wanted.append(word for locale in self.locale for word in _locale_wanted(locale))
        for name, values in self.properties.items():
            wanted.append(property_word(name, value) for value in values)
        return [frozenset(words) for words in wanted]


@dataclass(frozen=True, slots=True)
class Hit:
    """An item that was found; the score is the cosine similarity."""

    id: str
    score: float


@dataclass(frozen=True, slots=True)
class Terms:
    """Words of a text as numbers, each once and in their order, with their weights.

    Of an item: how much each says of it, but for how rare it is on the site, which an index knows.
    Of a query: 1 each.
    """

    numbers: tuple[int, ...] = ()
    weights: tuple[float, ...] = ()


NO_TERMS = Terms()


class ContentIndex(Protocol):
    """Vectors and terms of content by site, searched under filters. A site never sees another's.

    Calls block and may be made from several threads. Each raises IndexUnavailable if the back end
    does not answer, or has no room left.
    """

    def put(
        self,
        site: str,
        items: Sequence[ContentItem],
        vectors: Vectors,
        terms: Sequence[Terms] | None = None,
    ) -> None:
        """Add or replace items; `vectors` [items, d] are unit vectors."""

    def delete(self, site: str, ids: Sequence[str]) -> None:
        """Take items out; ids that are not in it are passed over."""

    def search(self, site: str, vector: Vectors, count: int, where: ContentFilter) -> list[Hit]:
        """The `count` nearest items that the filter allows, nearest first, ties by id."""

    def search_terms(self, site: str, terms: Terms, count: int, where: ContentFilter) -> list[Hit]:
        """The `count` items that hold most of a query's terms (BM25), best first, ties by id.

        How rare a term is may be told by what was there before the latest deletions.
        """

    def vectors(self, site: str, ids: Sequence[str]) -> dict[str, Vectors]:
        """The vectors of those of the ids that are in it."""

    def all_vectors(self, site: str) -> Iterator[tuple[list[str], Vectors]]:
        """All ids and vectors, some at a time, in no order."""

    def count(self, site: str) -> int:
        """Number of items of the site."""

    def forget(self, site: str) -> None:
        """Take out all that belongs to a site."""

    def close(self) -> None:
        """Keep what was written, and let go of the back end."""


class NumpyIndex:
    """Every item compared, in memory: the law that other back ends are held to."""

    def __init__(self) -> None:
        self._sites: dict[str, dict[str, tuple[ContentItem, Vectors, Terms]]] = {}

    def put(
        self,
        site: str,
        items: Sequence[ContentItem],
        vectors: Vectors,
        terms: Sequence[Terms] | None = None,
    ) -> None:
        kept = self._sites.setdefault(site, {})
        rows = zip(items, np.asarray(vectors, np.float32), of_each(items, terms), strict=True)
        for item, vector, held in rows:
            kept[item.id] = (item, vector.copy(), held)

    def delete(self, site: str, ids: Sequence[str]) -> None:
        for key in ids:
            self._sites.get(site, {}).pop(key, None)

    def search(self, site: str, vector: Vectors, count: int, where: ContentFilter) -> list[Hit]:
        hits = [
            Hit(item.id, float(vector @ own))
            for item, own, _ in self._sites.get(site, {}).values()
            if where.allows(item)
        ]
        return ordered(hits)[:count]

    def search_terms(self, site: str, terms: Terms, count: int, where: ContentFilter) -> list[Hit]:
        kept = list(self._sites.get(site, {}).values())
        held = [dict(zip(own.numbers, own.weights, strict=True)) for _, _, own in kept]
        rarity, worded = {}, sum(map(bool, held))
        for number in terms.numbers:
            holding = sum(number in each for each in held)
            rarity[number] = np.log(1 + (worded - holding + 0.5) / (holding + 0.5))
        hits = [
            Hit(item.id, float(sum(each.get(number, 0.0) * rarity[number] for number in rarity)))
            for (item, _, _), each in zip(kept, held, strict=True)
            if where.allows(item) and not rarity.keys().isdisjoint(each)
        ]
        return ordered(hits, TERM_DIGITS)[:count]

    def vectors(self, site: str, ids: Sequence[str]) -> dict[str, Vectors]:
        kept = self._sites.get(site, {})
        return {key: kept[key][1].copy() for key in ids if key in kept}

    def all_vectors(self, site: str) -> Iterator[tuple[list[str], Vectors]]:
        kept = list(self._sites.get(site, {}).items())
        for start in range(0, len(kept), PAGE):
            page = kept[start : start + PAGE]
            yield [key for key, _ in page], np.array([own for _, (_, own, _) in page], np.float32)

    def count(self, site: str) -> int:
        return len(self._sites.get(site, {}))

    def forget(self, site: str) -> None:
        self._sites.pop(site, None)

    def close(self) -> None:
        self._sites.clear()


def of_each(items: Sequence[ContentItem], terms: Sequence[Terms] | None) -> Sequence[Terms]:
    """The terms of each item; none where they were not told."""
    return [NO_TERMS] * len(items) if terms is None else terms


def fused(lists: Sequence[Sequence[Hit]], count: int) -> list[Hit]:
    """The best of several lists by reciprocal rank (Cormack et al. 2009); 1 for the first of all.

    Whatever their scores mean, only the order within each list counts.
    """
    scores: dict[str, float] = {}
    for hits in lists:
        for rank, hit in enumerate(hits):
            share = (RANK_OFFSET + 1) / (RANK_OFFSET + 1 + rank) / len(lists)
            scores[hit.id] = scores.get(hit.id, 0.0) + share
    return ordered(Hit(name, score) for name, score in scores.items())[:count]


def ordered(hits: Iterable[Hit], digits: int = DIGITS) -> list[Hit]:
    """Nearest first; ties (to single precision) by id."""
    return sorted(hits, key=lambda hit: (-round(hit.score, digits), hit.id))


def nearest(found: Callable[[int], list[Hit]], count: int, digits: int = DIGITS) -> list[Hit]:
    """The `count` nearest with ties by id, of a back end that orders ties as it likes.

    Args:
        found: the back end's best `limit` hits.
    """
    limit = count + 16
    while True:
        hits = found(limit)
        if len(hits) < limit or round(hits[-1].score, digits) < round(
            hits[count - 1].score, digits
        ):
            return ordered(hits, digits)[:count]
        limit *= 4


def point_of(content_id: str) -> UUID:
    """The name of an item in back ends that take no names of any other form."""
    return UUID(bytes=blake2b(content_id.encode(), digest_size=16).digest())


def payload_of(item: ContentItem) -> dict[str, Any]:
    """What back ends keep beside an item's vector: its id, its words, and from when until when
    it is visible (hidden: never). There is always a number, so that no condition meets a gap."""
    begin = -FOREVER if item.valid_from is None else item.valid_from
    until = FOREVER if item.valid_until is None else item.valid_until
    return {
        "id": item.id,
        "words": sorted(words_of(item)),
        "from": 2 * FOREVER if item.hidden else begin,
        "until": until,
    }


# --- filters as words -----------------------------------------------------------------------------
# An item is described by words such as "type:guide"; a filter is a list of sets of such words. So
# every back end needs one keyword field alone, and all agree on what equals what.


def words_of(item: ContentItem) -> set[str]:
    """All words that filters can ask for."""
    words = {_word("tag", tag) for tag in item.tags}
    if item.type:
        words.add(_word("type", item.type.id))
    if item.locale:
        language = item.locale.lower().partition("-")[0]
        words |= {_word("locale", item.locale.lower()), _word("language", language)}
    for name, value in item.properties.items():
        for part in value if isinstance(value, list | tuple) else [value]:
            if isinstance(part, str | int | float):
                words.add(property_word(name, part))
    return words


def property_word(name: str, value: Scalar) -> str:
    """`1` and `1.0` are equal, `true` and `1` are not, as in JSON."""
    if isinstance(value, bool):
        return _word("property", f"{len(name)}:{name}:b{int(value)}")
    if isinstance(value, str):
        return _word("property", f"{len(name)}:{name}:s{value}")
    return _word("property", f"{len(name)}:{name}:n{_number(value)}")


def _number(value: float) -> str:
    """One spelling for each number, however it is written."""
    whole = isinstance(value, int) or value.is_integer()
    return str(int(value)) if whole else repr(value)


def _word(kind: str, value: str) -> str:
    if len(value) > LONGEST_WORD:
        digest = blake2b(value.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        return f"{kind}#{digest}"
    return f"{kind}:{value}"


def _locale_wanted(locale: str) -> tuple[str, ...]:
    wanted = locale.replace("_", "-").lower()
    language, _, country = wanted.partition("-")
    if not country:
        return (_word("language", language),)
    return (_word("locale", wanted), _word("locale", language))


def parse_filter(raw: Mapping[str, object], pointer: str = "/filter") -> ContentFilter:
    """The filter of a request: `type`, `tags`, `locale` and `properties.x`; any-of in each.

    Raises:
        UnknownName: of a condition or type that does not exist.
        InvalidInput: of values that are no scalars.
    """
    if not isinstance(raw, Mapping) or len(raw) > MOST_CONDITIONS:
        raise InvalidInput("A filter is an object of conditions.", "invalid-filter", pointer)
    words: dict[str, tuple[str, ...]] = {}
    properties: dict[str, tuple[Scalar, ...]] = {}
    for name, given in raw.items():
        here = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        values = _alternatives(given, here)
        if name.startswith("properties.") and name != "properties.":
            properties[name.removeprefix("properties.")] = values
        elif name in ("type", "tags", "locale"):
            words[name] = _words(values, here)
        else:
            detail = "Filters are type, tags, locale and properties.NAME."
            raise UnknownName(detail, "unknown-filter", here)
    for kind in words.get("type", ()):
        if kind not in CONTENT_TYPES:
            detail = f"No such type. Known: {', '.join(CONTENT_TYPES)}."
            raise UnknownName(detail, "unknown-type", f"{pointer}/type")
    locale, tags, types = (words.get(name, ()) for name in ("locale", "tags", "type"))
    return ContentFilter(types=types, tags=tags, locale=locale, properties=properties)


def _alternatives(given: object, pointer: str) -> tuple[Scalar, ...]:
    values = given if isinstance(given, list | tuple) else [given]
    fine = all(isinstance(value, str | int | float) for value in values)
    if not values or not fine or len(values) > MOST_ALTERNATIVES:
        detail = f"Give one value, or a list of 1 to {MOST_ALTERNATIVES} values, to choose from."
        raise InvalidInput(detail, "invalid-filter", pointer)
    return tuple(values)


def _words(values: tuple[Scalar, ...], pointer: str) -> tuple[str, ...]:
    for value in values:
        if not isinstance(value, str) or len(value) > 256:
            raise InvalidInput("Give words to choose from.", "invalid-filter", pointer)
    return tuple(" ".join(unicodedata.normalize("NFC", str(v)).split()) for v in values)
