"""All that a feed or sitemap names: its further pages and the sitemaps of an index included."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from personas.errors import InvalidInput
from service.feeds import Listing, Piece, read_listing
from service.fetching import Wish
from service.fetching_addresses import NotFetched
from service.fetching_manners import Manners

LIST_BYTES = 50 << 20  # sitemaps may not be larger
MOST_LISTS = 1_000
DEEPEST = 50  # pages of a feed; an index may not name another index, so its depth is 2


@dataclass
class Found:
    """What was found.

    Attributes:
        pieces: by the name under which they are remembered.
        troubles: lists that could not be read.
        complete: whether every page there is was named.
        size: bytes that were fetched.
    """

    pieces: dict[str, Piece] = field(default_factory=dict)
    troubles: list[dict[str, str]] = field(default_factory=list)
    complete: bool = True
    cut: bool = False
    size: int = 0


async def gathered(manners: Manners, url: str, most: int) -> Found:
    """Everything that a list names, `most` pages of it.

    Raises:
        InvalidInput: the list itself cannot be read.
    """
    found = Found()
    waiting = deque([(url, 0)])
    seen = {url}
    while waiting and not found.cut:
        place, depth = waiting.popleft()
        try:
            listing, size = await _read(manners, place)
        except InvalidInput as error:
            if place == url:
                raise
            found.troubles.append({"url": place, "code": error.code, "detail": error.detail})
            found.complete = False
            continue
        found.size += size
        _add(found, listing, most)
        for more in listing.more:
            if more not in seen and depth < DEEPEST and len(seen) < MOST_LISTS:
                seen.add(more)
                waiting.append((more, depth + 1))
    return found


async def _read(manners: Manners, url: str) -> tuple[Listing, int]:
    answer = await manners.fetch(Wish(url, LIST_BYTES))
    if not answer.body.strip():
        raise NotFetched("There is nothing at this address.", "empty")
    listing = await asyncio.to_thread(read_listing, answer.body, answer.url, answer.kind)
    return listing, answer.size


def _add(found: Found, listing: Listing, most: int) -> None:
    if listing.pieces:
        found.complete = found.complete and listing.complete
    for piece in listing.pieces:
        if len(found.pieces) >= most:
            found.cut, found.complete = True, False
            return
        found.pieces.setdefault(piece.url or piece.id, piece)
