"""Lists are read in all their formats, and nothing that somebody puts into one does harm."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeddings.documents import read_document
from personas.errors import InvalidInput
from service.feeds import Listing, content_id, piece_of, read_listing
from service.feeds_articles import decoded, read_article
from service.importing_pages import FETCH, LEAVE, TAKE, PageState, document_of, step_of, tally_of
from tests.service.websites import SENTENCE

URL = "https://shop.example/feed.xml"
WORDS = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=20
)
PATHS = st.text("abcdefgh/-", min_size=1, max_size=20)
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - hypothesis adds the zone
    lambda moment: moment.replace(microsecond=0)
)
ENTRIES = st.lists(st.tuples(PATHS, WORDS, MOMENTS), max_size=5, unique_by=lambda e: e[0])


def address(path: str) -> str:
    return f"https://shop.example/x{path}"


def rss(entries) -> bytes:
    items = "".join(
        f"<item><title>{escape(title)}</title><link>{address(path)}</link>"
        f"<pubDate>{format_datetime(at)}</pubDate><description>{escape(title)}</description></item>"
        for path, title, at in entries
    )
    return f'<rss version="2.0"><channel><title>S</title>{items}</channel></rss>'.encode()


def atom(entries) -> bytes:
    items = "".join(
        f'<entry><title>{escape(title)}</title><link href="{address(path)}"/><id>{path}</id>'
        f"<published>{at.isoformat()}</published><summary>{escape(title)}</summary></entry>"
        for path, title, at in entries
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>S</title>{items}</feed>'.encode()


def json_feed(entries) -> bytes:
    items = [
        {"id": address(path), "url": address(path), "title": title, "content_text": title,
         "date_published": at.isoformat()}
        for path, title, at in entries
    ]  # fmt: skip
    return orjson.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items})


def sitemap(entries) -> bytes:
    rows = "".join(
        f"<url><loc>{address(path)}</loc><lastmod>{at.isoformat()}</lastmod></url>"
        for path, _, at in entries
    )
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return f'<?xml version="1.0"?><urlset xmlns="{space}">{rows}</urlset>'.encode()


@settings(max_examples=40, deadline=None)
@given(ENTRIES)
def test_the_same_entries_are_read_from_every_format(entries):
    told = [(address(path), at.timestamp()) for path, _, at in entries]
    for written in (rss, atom, json_feed):
        found = read_listing(written(entries), URL).pieces
        assert [piece.url for piece in found] == [url for url, _ in told], written
        times = [datetime.fromisoformat(piece.published).timestamp() for piece in found]
        assert times == [moment for _, moment in told], written
    found = read_listing(sitemap(entries), URL)
    assert [piece.url for piece in found.pieces] == [url for url, _ in told]
    assert [piece.changed for piece in found.pieces] == [at.isoformat() for *_, at in entries]
    assert found.complete


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_whatever_comes_is_a_list_or_refused(body):
    try:
        assert isinstance(read_listing(body, URL), Listing)
    except InvalidInput as error:
        told = error.code
    else:
        return
    assert told in ("not-a-feed", "unsafe-xml")


@settings(max_examples=60, deadline=None)
@given(ENTRIES, st.sampled_from([rss, atom, json_feed, sitemap]), st.data())
def test_a_list_that_is_cut_or_damaged_does_no_harm(entries, written, data):
    body = bytearray(written(entries))
    cut = data.draw(st.integers(0, len(body)))
    for place in data.draw(st.lists(st.integers(0, len(body) - 1), max_size=3)):
        body[place] = data.draw(st.integers(0, 255))
    try:
        found = read_listing(bytes(body[:cut]), URL)
    except InvalidInput:
        return
    for piece in found.pieces:
        read_document(document_of(piece, None, {}, piece.id))


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
BOMBS = {
    "a billion laughs": f'<!DOCTYPE r [<!ENTITY l0 "ha">{LAUGHS}]><rss>&l11;</rss>',
    "quadratic": f'<!DOCTYPE r [<!ENTITY a "{"x" * 100_000}">]><rss>{"&a;" * 10_000}</rss>',
    "a file": '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss>&x;</rss>',
    "a server": '<!DOCTYPE r [<!ENTITY x SYSTEM "http://127.0.0.1/">]><urlset>&x;</urlset>',
    "parameters": '<!DOCTYPE r [<!ENTITY % p SYSTEM "http://127.0.0.1/d">%p;]><feed/>',
    "in a broken document": '<!DOCTYPE r [ <!ENTITY a "b"> < ]><rss version="2.0">&a;</rss>',
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("name", BOMBS)
def test_a_document_with_entities_of_its_own_is_refused_at_once(name, encoding):
    begun = time.process_time()
    with pytest.raises(InvalidInput) as refused:
        read_listing(BOMBS[name].encode(encoding), URL)
    assert refused.value.code == "unsafe-xml"
    assert time.process_time() - begun < 0.5


def test_deep_and_wide_documents_are_read_in_time():
    wide = sitemap([(f"{n}", "", datetime.now(UTC)) for n in range(50_100)])
    begun = time.process_time()
    assert len(read_listing(wide, URL).pieces) == 50_000
    for deep in (b"<urlset>" * 50_000, b"<rss>" * 10_000 + b"</rss>"):
        with suppress(InvalidInput):
            assert not read_listing(deep, URL).complete
    assert time.process_time() - begun < 10


def test_a_sitemap_that_was_cut_off_does_not_say_what_is_gone():
    whole = sitemap([("a", "", datetime.now(UTC)), ("b", "", datetime.now(UTC))])
    assert read_listing(whole, URL).complete
    cut = read_listing(whole[: whole.index(b"/xb")], URL)
    assert (len(cut.pieces), cut.complete) == (1, False)


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "mailto:a@b.example"]
)
def test_links_that_are_no_web_addresses_are_left_out(link):
    body = f"<urlset><url><loc>{link}</loc></url></urlset>"
    assert read_listing(body.encode(), URL).pieces == ()


def test_scripts_in_feeds_are_no_text():
    item = "<title>A&lt;script&gt;alert(1)&lt;/script&gt;</title><link>/a</link>"
    (piece,) = read_listing(
        f'<rss version="2.0"><channel><item>{item}</item></channel></rss>'.encode(), URL
    ).pieces
    assert piece.url == "https://shop.example/a"
    assert "script" not in piece.title


@given(st.text(min_size=1, max_size=600), st.text(min_size=1, max_size=600))
def test_ids_of_long_addresses_differ_as_they_do(one, other):
    ids = content_id("https://a.example/" + one), content_id("https://a.example/" + other)
    assert max(map(len, ids)) <= 256
    assert (ids[0] == ids[1]) == (one == other)


# --- articles -------------------------------------------------------------------------------------


@settings(deadline=None)  # the first one loads the library
@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode), WORDS | st.none())
def test_any_page_is_an_article_or_none(body, charset):
    found = read_article(piece_of("https://a.example/"), body, charset)
    assert found is None or found.body or found.title


@pytest.mark.parametrize("charset", ["iso-8859-1", "utf-8", "windows-1252", "utf-16", "koi8-r"])
@pytest.mark.parametrize("declared", [True, False])
def test_a_page_is_read_in_its_own_charset(charset, declared):
    word = "тепло" if charset == "koi8-r" else "Wärme"
    page = f'<html><head><meta charset="{charset}"></head><p>{word}</p>'.encode(charset)
    if charset == "utf-16" and not declared:
        return
    assert word in decoded(page, charset if declared else None)


def test_a_page_that_is_deep_or_long_is_read_in_time():
    begun = time.process_time()
    for page in ("<div>" * 20_000 + SENTENCE, "<p>" + SENTENCE * 20_000, "<a href=x>" * 20_000):
        read_article(piece_of("https://a.example/"), page.encode(), None)
    assert time.process_time() - begun < 20


# --- what to do with a page -----------------------------------------------------------------------


def test_only_what_may_have_changed_is_read():
    page = piece_of("https://a.example/", "2026-01-01")
    known = PageState("a", "j", "stored", changed="2026-01-01")
    assert step_of(page, known) == LEAVE
    assert step_of(page, None) == FETCH
    assert step_of(piece_of("https://a.example/", "2026-01-02"), known) == FETCH
    assert step_of(piece_of("https://a.example/"), PageState("a", "j", "stored")) == FETCH
    assert (
        step_of(read_listing(json_feed([("a", "A", datetime.now(UTC))]), URL).pieces[0], None)
        == TAKE
    )


@given(st.lists(st.sampled_from(["stored", "unchanged", "robots", "failed"]), max_size=70))
def test_a_tally_counts_every_page_once(outcomes):
    states = [(f"u{n}", PageState("a", "j", each, why="why")) for n, each in enumerate(outcomes)]
    tally = tally_of(states, 100)
    assert tally.done == len(outcomes)
    result = tally.result()
    assert sum(result[name] for name in ("stored", "unchanged", "robots", "failed")) == tally.done
    assert len(result["failures"]) == min(outcomes.count("failed"), 50)
    assert PageState.read(states[0][1].written()) == states[0][1] if states else True
