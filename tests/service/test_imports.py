"""Content is imported from what websites really serve, and no more often than it changes."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.conftest import SECRET
from tests.service.test_cli import run
from tests.service.websites import SENTENCE, Page, Website

PATIENCE_S = 90


@pytest.fixture
def website() -> Iterator[Website]:
    with Website().running() as site:
        yield site


def imported(client: httpx.Client, **body: Any) -> dict[str, Any]:
    """The job, when it ended."""
    started = client.post("/v1/content:import", json=body)
    assert started.status_code == 202, started.text
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        job = client.get(started.headers["location"]).json()
        if job["status"] in ("succeeded", "failed"):
            return job
        time.sleep(0.05)
    raise TimeoutError(job)


def item(client: httpx.Client, name: str) -> dict[str, Any]:
    answer = client.get(f"/v1/content/{quote(name, safe='')}")
    assert answer.status_code == 200, answer.text
    return answer.json()


# --- who may, and what is refused -----------------------------------------------------------------


def test_an_import_needs_a_key_of_an_editor(nobody, publishable):
    body = {"feedUrl": "https://example.org/feed"}
    assert nobody.post("/v1/content:import", json=body).status_code == 401
    assert publishable.post("/v1/content:import", json=body).status_code == 403


def test_a_content_system_may_import_and_follow_its_import(secret, running_service, website):
    key = secret.post("/v1/keys", json={"kind": "content"}).json()["key"]
    url = website.sitemap({})
    with running_service.client(key) as cms:
        assert imported(cms, sitemapUrl=url)["detail"] == "0 of 0 pages"
        assert cms.get("/v1/jobs").status_code == 403


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"feedUrl": "https://a.example/f", "csv": "id,title\n1,A\n"}, "/csv"),
        ({"feedUrl": "file:///etc/passwd"}, "/feedUrl"),
        ({"sitemapUrl": "gopher://127.0.0.1:6379/"}, "/sitemapUrl"),
        ({"feedUrl": "http://user:pass@example.org/"}, "/feedUrl"),
        ({"feedUrl": "x"}, "/feedUrl"),
        ({"feedUrl": 7}, "/feedUrl"),
        ({"csv": ""}, "/csv"),
        ({"csv": "one column\n"}, "/csv"),
        ({"jsonl": '{"id":1}\nnonsense'}, "/jsonl"),
        ({"csv": "id,title\n1,A\n", "type": "horoscope"}, "/type"),
        ({"csv": "id,title\n1,A\n", "mostPages": 0}, "/mostPages"),
        ({"csv": "id,title\n1,A\n", "colour": "red"}, "/colour"),
    ],
)
def test_an_import_of_nothing_is_refused_with_the_place(secret, body, pointer):
    answer = secret.post("/v1/content:import", json=body)
    assert answer.status_code == 422, answer.text
    assert pointer in {error["pointer"] for error in answer.json()["errors"]}


def test_a_service_reaches_nothing_of_its_own_house_unless_told_to(new_service, website):
    service = new_service()
    service.start()
    website.article("/", "Secret")
    with service.client() as client:
        for url in (website.url, "http://127.0.0.1/", "http://localhost/", "http://0x7f000001/",
                    "http://[::ffff:127.0.0.1]/", "http://169.254.169.254/latest/"):  # fmt: skip
            answer = client.post("/v1/content:import", json={"sitemapUrl": url})
            assert answer.status_code == 422, url
            (error,) = answer.json()["errors"]
            assert error["code"] in ("address-refused", "port-refused")
            assert error["pointer"] == "/sitemapUrl"
    assert website.seen == []


# --- sitemaps -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["/sitemap.xml", "/sitemap.xml.gz"])
def test_a_sitemaps_articles_are_read_without_what_surrounds_them(secret, website, name):
    url = website.article("/guides/heat", "How a heat pump works")
    job = imported(secret, sitemapUrl=website.sitemap({"/guides/heat": ""}, name))
    assert job["status"] == "succeeded", job
    assert job["detail"] == "1 of 1 pages"
    found = item(secret, url)
    assert found["title"] == "How a heat pump works"
    assert found["description"] == "About How a heat pump works"
    assert found["url"] == url
    assert found["locale"] == "en-GB"
    assert found["publishedAt"] == "2026-03-04T05:06:07Z"
    assert SENTENCE.strip() in found["body"]
    assert "## More" in found["body"]
    assert "Imprint" not in found["body"]
    assert found["embedded"]
    assert found["tagging"]["type"]["id"]


def test_what_did_not_change_is_neither_fetched_nor_written_again(secret, website):
    paths = {"/dated": "2026-01-01", "/etag": "", "/neither": ""}
    urls = {path: website.article(path, path, etag=path == "/etag") for path in paths}
    sitemap = website.sitemap(paths)
    assert imported(secret, sitemapUrl=sitemap)["result"]["stored"] == 3
    before = {path: item(secret, url)["updatedAt"] for path, url in urls.items()}
    website.seen.clear()
    again = imported(secret, sitemapUrl=sitemap)
    assert again["detail"] == "3 of 3 pages; 3 unchanged"
    assert {path: item(secret, url)["updatedAt"] for path, url in urls.items()} == before
    assert website.asked("/dated") == 0, "its lastmod is as it was"
    headers = dict(website.seen)
    assert headers["/etag"]["If-None-Match"]
    assert website.asked("/neither") == 1, "fetched, and found to say the same"

    website.article("/etag", "Another title", etag=True)
    website.article("/dated", "A new one")
    website.sitemap(paths | {"/dated": "2026-02-01"})
    assert imported(secret, sitemapUrl=sitemap)["result"]["stored"] == 2
    assert item(secret, urls["/etag"])["title"] == "Another title"
    assert item(secret, urls["/dated"])["title"] == "A new one"


def test_what_was_deleted_here_comes_back_with_the_next_import(secret, website):
    url = website.article("/a", "A")
    sitemap = website.sitemap({"/a": "2026-01-01"})
    imported(secret, sitemapUrl=sitemap)
    assert secret.delete(f"/v1/content/{quote(url, safe='')}").status_code == 204
    assert imported(secret, sitemapUrl=sitemap)["result"]["stored"] == 1
    assert item(secret, url)["title"] == "A"


def test_what_a_sitemap_names_no_longer_is_left_and_told(secret, website):
    urls = [website.article(path, path) for path in ("/stays", "/goes")]
    sitemap = website.sitemap({"/stays": "", "/goes": ""})
    imported(secret, sitemapUrl=sitemap)
    website.sitemap({"/stays": ""})
    job = imported(secret, sitemapUrl=sitemap)
    assert job["result"]["gone"] == [urls[1]]
    assert "1 are no longer named" in job["detail"]
    assert item(secret, urls[1])["hidden"] is False


def test_one_page_that_fails_never_fails_its_neighbours(secret, website):
    website.pages["/robots.txt"] = Page(b"User-agent: *\nDisallow: /private", "text/plain")
    fine = website.article("/fine", "Fine")
    website.article("/private", "Private")
    website.pages["/video"] = Page(b"\0\0", "video/mp4")
    website.pages["/empty"] = Page(b"<html><body></body></html>")
    website.pages["/huge"] = Page(b"x" * (6 << 20))
    website.pages["/away"] = Page(status=302, headers={"Location": "file:///etc/passwd"})
    paths = ("/fine", "/private", "/video", "/empty", "/huge", "/away", "/lost")
    job = imported(secret, sitemapUrl=website.sitemap(dict.fromkeys(paths, "")))
    assert job["status"] == "succeeded"
    result = job["result"]
    assert (result["stored"], result["robots"], result["failed"]) == (1, 1, 5)
    assert item(secret, fine)["title"] == "Fine"
    codes = {each["url"].removeprefix(website.url): each["code"] for each in result["failures"]}
    assert codes == {
        "/video": "wrong-content-type",
        "/empty": "no-text",
        "/huge": "too-large",
        "/away": "not-http",
        "/lost": "status-404",
    }
    assert job["detail"].startswith("7 of 7 pages; 1 refused by robots.txt; 5 failed: http")


def test_an_index_of_sitemaps_is_followed_and_a_broken_one_is_told(secret, website):
    for path in ("/a", "/b"):
        website.article(path, path)
    parts = [website.sitemap({path: ""}, f"/part{path}.xml.gz") for path in ("/a", "/b")]
    rows = [f"<sitemap><loc>{url}</loc></sitemap>" for url in [*parts, website.url + "/lost.xml"]]
    index = f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{"".join(rows)}'
    website.pages["/index.xml"] = Page((index + "</sitemapindex>").encode(), "text/xml")
    job = imported(secret, sitemapUrl=website.url + "/index.xml")
    assert job["result"]["stored"] == 2
    (trouble,) = job["result"]["failures"]
    assert trouble["url"] == website.url + "/lost.xml"


def test_a_page_that_moved_is_known_by_its_new_address_each_time(secret, website):
    there = website.article("/there", "There")
    website.pages["/was"] = Page(status=301, headers={"Location": "/there"})
    sitemap = website.sitemap({"/was": ""})
    imported(secret, sitemapUrl=sitemap)
    assert item(secret, there)["url"] == there
    assert imported(secret, sitemapUrl=sitemap)["result"]["unchanged"] == 1
    assert secret.get(f"/v1/content/{quote(website.url + '/was', safe='')}").status_code == 404


def test_an_import_takes_no_more_than_it_was_told_to(secret, website):
    paths = [f"/{n}" for n in range(5)]
    for path in paths:
        website.article(path, path)
    job = imported(secret, sitemapUrl=website.sitemap(dict.fromkeys(paths, "")), mostPages=2)
    assert job["result"]["stored"] == 2
    assert job["result"]["cut"]
    assert "the rest was left" in job["detail"]


def test_a_person_who_hid_an_item_or_gave_it_properties_is_not_overruled(secret, website):
    url = website.article("/mine", "Mine")
    body = {"title": "Old", "url": url, "hidden": True, "properties": {"region": "north"}}
    secret.put("/v1/content/cms-17", json=body)
    imported(secret, sitemapUrl=website.sitemap({"/mine": ""}))
    found = item(secret, "cms-17")
    assert (found["title"], found["hidden"]) == ("Mine", True)
    assert found["properties"] == {"region": "north"}
    assert secret.get(f"/v1/content/{quote(url, safe='')}").status_code == 404, "no second item"


# --- feeds ----------------------------------------------------------------------------------------


def test_a_feeds_entries_are_taken_as_they_are_and_short_ones_from_their_pages(secret, website):
    short = website.article("/short", "The whole story")
    full = SENTENCE * 5
    feed = f"""<?xml version="1.0"?><rss version="2.0"
      xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Shop</title>
      <language>de-CH</language>
      <item><title>Full &amp; complete</title><link>{website.url}/full</link>
        <description>Short</description><category>Heat</category>
        <pubDate>Wed, 04 Mar 2026 05:06:07 GMT</pubDate>
        <content:encoded><![CDATA[<p>{full}</p>]]></content:encoded></item>
      <item><title>Short</title><link>/short</link><description>Read on</description></item>
    </channel></rss>"""
    website.pages["/feed"] = Page(feed.encode(), "application/rss+xml")
    job = imported(secret, feedUrl=website.url + "/feed", type="newsletter")
    assert job["result"]["stored"] == 2, job
    found = item(secret, website.url + "/full")
    assert (found["title"], found["description"]) == ("Full & complete", "Short")
    assert (found["locale"], found["tags"], found["type"]) == ("de-CH", ["Heat"], "newsletter")
    assert found["publishedAt"] == "2026-03-04T05:06:07Z"
    assert SENTENCE.strip() in found["body"]
    assert website.asked("/full") == 0, "the feed said it all"
    assert SENTENCE.strip() in item(secret, short)["body"]


def test_a_website_that_names_its_feed_leads_to_it(secret, website):
    home = '<html><head><link rel="alternate" type="application/feed+json" href="/f.json"></head>'
    website.pages["/"] = Page(home.encode())
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [{"id": "1", "url": website.url + "/one", "title": "One", "content_text": "Text"}],
        "next_url": website.url + "/f2.json",
    }
    second = feed | {"items": [{"id": "urn:two", "content_text": "Two"}]}
    website.pages["/f.json"] = Page(json.dumps(feed).encode(), "application/feed+json")
    website.pages["/f2.json"] = Page(json.dumps(second).encode(), "application/feed+json")
    job = imported(secret, feedUrl=website.url)
    assert job["result"]["stored"] == 2, job
    assert item(secret, "urn:two")["body"] == "Two"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"just a text", "no RSS"),
        (b"<html><body>Hello</body></html>", "no RSS"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><rss version="2.0"><channel/></rss>', "entities"),
        (gzip.compress(b"\0" * (60 << 20)), "larger than 50 MB"),
        (b"", "nothing at this address"),
    ],
)
def test_what_is_no_list_fails_and_says_why(secret, website, body, words):
    website.pages["/feed"] = Page(body, "application/xml")
    job = imported(secret, feedUrl=website.url + "/feed")
    assert job["status"] == "failed"
    assert words in job["detail"]


# --- tables ---------------------------------------------------------------------------------------


def test_a_tables_rows_are_content_and_bad_ones_are_named(secret):
    csv = (
        "id,url,title,tags,hidden,properties.price\n"
        'row-1,,One,"a|b",false,12.5\n'
        ",https://example.org/row-2,Two,,,\n"
        ",,Nobody,,,\n"
    )
    job = imported(secret, csv=csv, locale="en")
    assert job["detail"] == "3 of 3 rows; 1 failed"
    (failure,) = job["result"]["failures"]
    assert (failure["row"], failure["pointer"]) == (4, "/id")
    first = item(secret, "row-1")
    assert (first["tags"], first["properties"], first["locale"]) == (
        ["a", "b"],
        {"price": 12.5},
        "en",
    )
    assert item(secret, "https://example.org/row-2")["title"] == "Two"


def test_jsonl_is_content_line_by_line(secret):
    lines = [{"id": f"line-{n}", "title": f"Line {n}"} for n in range(70)]
    job = imported(secret, jsonl="\n".join(map(json.dumps, lines)))
    assert job["result"]["stored"] == 70
    assert item(secret, "line-69")["title"] == "Line 69"


# --- from the command line ------------------------------------------------------------------------


def command(running_service, *arguments: str, status: int = 0) -> str:
    url = running_service.url
    return run("import", *arguments, "--url", url, "--key", SECRET, status=status)


def test_a_folder_of_markdown_is_imported(running_service, secret, tmp_path):
    (tmp_path / "guides").mkdir()
    front = "---\ntitle: From a folder\ntags: [a, b]\n---\n# Heat\n\nText"
    (tmp_path / "guides" / "folder.md").write_text(front)
    (tmp_path / "broken.md").write_text("---\ntitle: [\n---\nText")
    told = command(running_service, str(tmp_path))
    assert "2 taken" in told
    assert "broken.md: its front matter cannot be read" in told
    found = item(secret, "/guides/folder")
    assert (found["title"], found["tags"]) == ("From a folder", ["a", "b"])


def test_a_website_is_imported_by_its_address(running_service, secret, website):
    url = website.article("/told", "Told")
    told = command(running_service, website.sitemap({"/told": ""}))
    assert "1 of 1 pages" in told
    assert item(secret, url)["title"] == "Told"
    told = command(running_service, website.sitemap({"/lost": ""}, "/sitemap-2.xml"), status=1)
    assert "1 failed" in told
    assert "404" in told
