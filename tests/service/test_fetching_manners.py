"""Imports behave at other people's servers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest

from service.fetching import Fetcher, Wish
from service.fetching_addresses import NotFetched
from service.fetching_manners import Manners
from tests.service.websites import Page, Website

AGENT = "Fingerpost/test"


@pytest.fixture
def website() -> Iterator[Website]:
    with Website().running() as site:
        yield site


async def politely(urls: Sequence[str], pause: float = 0.0) -> list[str]:
    """What became of each: its status, or why it was not fetched."""
    found = []
    async with Fetcher(AGENT, private=True) as fetcher:
        manners = Manners(fetcher, AGENT, pause, again=(0.0,))
        for url in urls:
            try:
                found.append(str((await manners.fetch(Wish(url, 1 << 20))).status))
            except NotFetched as error:
                found.append(error.code)
    return found


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (b"User-agent: *\nDisallow: /no", ["200", "robots"]),
        (b"User-agent: fingerpost\nDisallow: /\n\nUser-agent: *\nAllow: /", ["robots", "robots"]),
        (b"User-agent: other\nDisallow: /", ["200", "200"]),
        (b"User-agent: *\nDisallow: /*?\nAllow: /", ["200", "200"]),
        (b"\xff\xfe\x00 nonsense", ["200", "200"]),
    ],
)
def test_robots_are_obeyed(website, rules, expected):
    website.pages["/robots.txt"] = Page(rules, "text/plain")
    urls = [website.article(path, path) for path in ("/yes", "/no")]
    assert asyncio.run(politely(urls)) == expected
    assert website.asked("/robots.txt") == 1


@pytest.mark.parametrize(("status", "expected"), [(404, "200"), (403, "200"), (500, "robots")])
def test_without_robots_all_is_allowed_and_with_broken_ones_nothing(website, status, expected):
    website.pages["/robots.txt"] = Page(b"", status=status)
    assert asyncio.run(politely([website.article("/a", "A")])) == [expected]


def test_where_a_redirect_leads_has_robots_of_its_own(website):
    with Website().running() as other:
        other.pages["/robots.txt"] = Page(b"User-agent: *\nDisallow: /", "text/plain")
        website.pages["/a"] = Page(status=302, headers={"Location": other.article("/b", "B")})
        assert asyncio.run(politely([website.url + "/a"])) == ["robots"]
        assert other.asked("/b") == 0


@pytest.mark.parametrize(
    ("rules", "pause"), [(b"", 0.15), (b"User-agent: *\nCrawl-delay: 0.2", 0.0)]
)
def test_a_host_is_not_asked_more_often_than_it_likes(website, rules, pause):
    website.pages["/robots.txt"] = Page(rules, "text/plain")
    urls = [website.article(f"/{n}", str(n)) for n in range(4)]
    asyncio.run(politely(urls, pause))
    pages = website.moments[1:]
    assert all(later - before > 0.13 for before, later in pairwise(pages))


def test_a_busy_server_is_asked_once_more(website):
    website.pages["/a"] = Page(b"busy", status=503)
    assert asyncio.run(politely([website.url + "/a"])) == ["status-503"]
    assert website.asked("/a") == 2
