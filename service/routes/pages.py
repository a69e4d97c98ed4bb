"""Lists in pages: `?limit=&cursor=` → `{"data": […], "nextCursor": …}`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import nsmallest
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query

from personas.errors import InvalidInput

T = TypeVar("T")
MOST = 1000


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list: at most `limit` rows after the one whose name is `after`."""

    limit: int
    after: str | None


async def page(
    limit: Annotated[int, Query(ge=1, le=MOST, description="Rows at most.")] = 100,
    cursor: Annotated[
        str | None, Query(max_length=2048, description="`nextCursor` of the page before.")
    ] = None,
) -> Page:
    """Dependency: which page is asked for."""
    if cursor is None:
        return Page(limit, None)
    try:
        return Page(limit, base64.urlsafe_b64decode(cursor.encode()).decode())
    except (binascii.Error, UnicodeError):
        detail = "A cursor is the `nextCursor` of an answer, as it was; begin again without one."
        raise InvalidInput(detail, "invalid-cursor", "/cursor") from None


ThePage = Annotated[Page, Depends(page)]


def paged(
    rows: Iterable[T], name: Callable[[T], str], which: Page, shown: Callable[[T], Any]
) -> dict[str, Any]:
    """One page of rows in the order of their names.

    Rows that come or go between two pages neither shift nor repeat the others.
    """
    after = which.after
    following = (row for row in rows if after is None or name(row) > after)
    found = nsmallest(which.limit + 1, following, key=name)
    more = len(found) > which.limit
    kept = found[: which.limit]
    cursor = cursor_of(name(kept[-1])) if more else None
    return {"data": [shown(row) for row in kept], "nextCursor": cursor}


def cursor_of(name: str) -> str:
    """The cursor of a page that ends with the row of this name."""
    return base64.urlsafe_b64encode(name.encode()).decode()
