"""Absurd merges are refused; here they are counted, so that people hear of them.

One id that would join dozens of others is a shared device, a test account or a mistake in a site's
tracking. The log names such an id by a pseudonym only; who reads the visitor sees why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import structlog

from personas.entities import History, VisitorKey
from personas.messages import Accepted
from personas.visitor import (
    MOST_IDS,
    MOST_LINKS,
    MOST_USERS,
    is_full,
    is_shared,
    refused_links,
)

if TYPE_CHECKING:
    from service.metrics import Metrics

MOST_REMEMBERED = 10_000  # ids and links whose refusals were told
FULL = f"This id has {MOST_LINKS} links; further ones are refused. Is it a test account?"
SHARED = (
    f"This anonymous id stands for more than {MOST_USERS} users: it is taken for a shared device "
    "and joins nobody."
)
LARGE = f"A visitor has at most {MOST_IDS} ids; more of them are linked and left out."
logger = structlog.get_logger(__name__)


class Refusals:
    """Links that were refused since the start, each counted once however often it is folded.

    Args:
        pseudonym: of a site's id.
    """

    def __init__(self, metrics: Metrics, pseudonym: Callable[[str, VisitorKey], str]) -> None:
        self._metrics, self._pseudonym = metrics, pseudonym
        self._told: set[tuple[str, VisitorKey, str]] = set()
        self._counted: set[tuple[str, VisitorKey, VisitorKey]] = set()
        self.counts: Counter[str] = Counter()  # by site

    def look(
        self,
        site: str,
        key: VisitorKey,
        before: History,
        after: History,
        accepted: Sequence[Accepted],
    ) -> None:
        """Count what folding these messages refused."""
        for other in refused_links(key, after, accepted):
            self._tell(site, key, "full", other)
        if is_shared(key, after) and not is_shared(key, before):
            self._tell(site, key, "shared", key)

    def _tell(self, site: str, key: VisitorKey, reason: str, other: VisitorKey) -> None:
        if (site, key, other) in self._counted:
            return
        if len(self._counted) < MOST_REMEMBERED:
            self._counted.add((site, key, other))
        self._metrics.links_refused(site, reason, 1)
        self.counts[site] += 1
        if (site, key, reason) in self._told or len(self._told) >= MOST_REMEMBERED:
            return
        self._told.add((site, key, reason))
        pseudonym = self._pseudonym(site, key)[:16]
        logger.warning("links-refused", site=site, kind=key.kind, id=pseudonym, reason=reason)


def warnings_of(
    keys: Sequence[VisitorKey], histories: Mapping[VisitorKey, History]
) -> tuple[tuple[str, str, VisitorKey], ...]:
    """What is odd about a visitor's ids: code, words, id.

    Args:
        keys: the visitor's ids.
        histories: of these, and of the ids that links lead to.
    """
    found = [("too-many-links", FULL, key) for key, of in histories.items() if is_full(of)]
    found += [("shared-id", SHARED, key) for key, of in histories.items() if is_shared(key, of)]
    if len(keys) >= MOST_IDS:
        found.append(("too-many-ids", LARGE, keys[0]))
    return tuple(found)
