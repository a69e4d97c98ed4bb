"""An import of the pages that a feed or sitemap names."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from embeddings.documents import FIELDS
from personas.errors import InvalidInput, UnknownName
from service.content_write import Written, load_document, put_many
from service.feeds import Piece, content_id
from service.fetching import Fetched, Wish
from service.fetching_addresses import NotFetched
from service.fetching_manners import Manners
from service.importing_lists import Found, gathered
from service.importing_pages import (
    FAILED,
    FETCH,
    LEAVE,
    MOST_TOLD,
    ROBOTS,
    STORED,
    UNCHANGED,
    PageState,
    Tally,
    digest_of,
    document_of,
    family_of,
    step_of,
    tally_of,
)
from service.importing_task import Task, fetcher_of, patiently
from service.jobs import Report

if TYPE_CHECKING:
    from service.state import State

WINDOW = 16  # pages that are fetched, then saved together
AT_ONCE = 4  # of them under way; how fast they begin is a matter of manners
PAGE_BYTES = 5 << 20
MOST_BYTES = 4 << 30  # of one import, on the wire
KINDS = ("text/html", "application/xhtml", "text/plain", "application/xml", "text/xml")
Document = dict[str, Any]


async def import_pages(state: State, site: str, task: Task, report: Report) -> Mapping[str, Any]:
    """Import what is new or changed among the pages of a source.

    Raises:
        InvalidInput: the source cannot be read.
    """
    source, settings = task.url or "", state.settings
    report(0.0, f"reading {source}")
    async with fetcher_of(state) as fetcher:
        manners = Manners(fetcher, settings.import_user_agent, settings.import_pause)
        found = await gathered(manners, source, task.most)
        run = _Run(state, site, task, manners, found)
        await run.remember()
        await run.all(report)
    return run.result()


class _Run:
    """One import of pages while it runs."""

    def __init__(self, state: State, site: str, task: Task, manners: Manners, found: Found) -> None:
        self._state, self._site, self._task = state, site, task
        self._manners, self._found = manners, found
        self._family = family_of(task.url or "")
        self._known: dict[str, PageState] = {}
        self._done: dict[str, PageState] = {}  # by this import, before and after a restart
        self._under_way = asyncio.Semaphore(AT_ONCE)
        self._size = found.size
        self._cut = found.cut

    async def remember(self) -> None:
        """What earlier imports know of this source."""
        kept = await patiently(partial(self._state.store.documents, self._site, self._family))
        self._known = await asyncio.to_thread(_pages_of, kept, self._family)
        for url, page in self._known.items():
            if page.job == self._task.id and url in self._found.pieces:
                self._done[url] = page

    async def all(self, report: Report) -> None:
        """All pages, some at a time."""
        names = iter([name for name in self._found.pieces if name not in self._done])
        while window := list(islice(names, WINDOW)):
            if self._size > MOST_BYTES:
                self._cut = True
                return
            tally = self._tally()
            report(tally.share, tally.words())
            await self._window(window)

    async def _window(self, names: Sequence[str]) -> None:
        """Load and decide each for itself, then save all of them."""
        read = await asyncio.gather(*map(self._read, names))
        documents = [document for _, document in read if document is not None]
        results = iter(await put_many(self._state, self._site, documents, time.time()))
        pages = {
            name: page if document is None else _judged(page, next(results))
            for name, (page, document) in zip(names, read, strict=True)
        }
        kept = {self._family + name: page.written() for name, page in pages.items()}
        await patiently(partial(self._state.store.put_documents, self._site, kept))
        self._done |= pages

    async def _read(self, name: str) -> tuple[PageState, Document | None]:
        """What becomes of a page, and the content item that is to be saved of it."""
        piece, known, task = self._found.pieces[name], self._known.get(name), self._task
        items = self._state.catalogues.of(self._site).items
        there = known is not None and known.id in items
        content = known.id if known is not None and there else self._content_of(piece)
        if not there or task.full or (known is not None and not known.is_known):
            known = None
        page = PageState(content, task.id, UNCHANGED, changed=piece.changed)
        step = step_of(piece, known)
        if known is not None and step == LEAVE:
            return replace(known, id=content, job=task.id, outcome=UNCHANGED), None
        if step == FETCH:
            try:
                async with self._under_way:
                    page, found = await self._fetched(piece, known, page)
            except InvalidInput as error:
                outcome = ROBOTS if error.code == "robots" else FAILED
                return replace(page, outcome=outcome, code=error.code, why=error.detail), None
            if found is None:
                return page, None
            piece, content = found, self._content_of(found)
        page = replace(page, id=content, digest=digest_of(piece))
        if known is not None and known.digest == page.digest:
            return page, None
        before = await self._before(content)
        return page, document_of(piece, before, task.defaults, content)

    async def _fetched(
        self, piece: Piece, known: PageState | None, page: PageState
    ) -> tuple[PageState, Piece | None]:
        """A page as it is now; None where it is as it was."""
        from service.feeds_articles import read_article

        etag, modified = (known.etag, known.modified) if known is not None else (None, None)
        wish = Wish(piece.url or "", PAGE_BYTES, KINDS, etag, modified)
        answer = await self._manners.fetch(wish)
        self._size += answer.size
        page = _with_answer(page, known, answer)
        if answer.status == 304:
            return page, None
        if answer.moved:  # visitors see the address that it moved to
            piece = replace(piece, id=content_id(answer.url), url=answer.url)
        found = await asyncio.to_thread(read_article, piece, answer.body, answer.charset)
        if found is None and not (piece.title or piece.body):
            raise NotFetched("No text was found on the page.", "no-text")
        return page, found or piece

    def _content_of(self, piece: Piece) -> str:
        """The id of the item that has this address; else the page's own."""
        item = self._state.catalogues.of(self._site).find(piece.url or piece.id)
        return item.id if item is not None else piece.id

    async def _before(self, name: str) -> Document | None:
        try:
            there = await patiently(partial(load_document, self._state, self._site, name))
        except UnknownName:
            return None
        return {field: value for field, value in there.items() if field in FIELDS}

    def _tally(self) -> Tally:
        return tally_of(self._done.items(), len(self._found.pieces), self._found.troubles)

    def _gone(self) -> list[str]:
        """Ids of items that came from this source, which names them no longer."""
        if not self._found.complete:
            return []
        items = self._state.catalogues.of(self._site).items
        named = {page.id for page in self._done.values()}
        past = {page.id for name, page in self._known.items() if name not in self._found.pieces}
        return sorted((past - named) & items.keys())

    def result(self) -> Mapping[str, Any]:
        """What became of all of it."""
        tally, gone = self._tally(), self._gone()
        words = [tally.words()]
        if gone:
            words.append(f"{len(gone):,} are no longer named, and were left as they are")
        if self._cut:
            words.append("the rest was left, for one import takes no more")
        told = {"gone": gone[:MOST_TOLD], "goneCount": len(gone), "cut": self._cut}
        return {"detail": "; ".join(words), **tally.result(), **told}


def _pages_of(kept: Mapping[str, bytes], family: str) -> dict[str, PageState]:
    return {name.removeprefix(family): PageState.read(page) for name, page in kept.items()}


def _with_answer(page: PageState, known: PageState | None, answer: Fetched) -> PageState:
    """With what to ask by the next time."""
    if answer.status == 304 and known is not None:
        etag, modified = answer.etag or known.etag, answer.modified or known.modified
        return replace(page, etag=etag, modified=modified, digest=known.digest)
    return replace(page, etag=answer.etag, modified=answer.modified)


def _judged(page: PageState, result: Written | InvalidInput) -> PageState:
    if isinstance(result, InvalidInput):
        why = f"{result.pointer} {result.detail}".strip()
        return replace(page, outcome=FAILED, code=result.code, why=why, digest="")
    return replace(page, outcome=STORED)
