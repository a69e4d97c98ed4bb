"""Fetching reaches public web servers, and nothing of our own house, whatever is tried."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.fetching import Fetched, Fetcher, Wish, kind_of, unpacked
from service.fetching_addresses import NotFetched, is_public, target_of
from tests.service.websites import Page, Website

AGENT = "Fingerpost/test"


@pytest.fixture
def website() -> Iterator[Website]:
    with Website().running() as site:
        yield site


@pytest.fixture
def other_website() -> Iterator[Website]:
    """On another address of this machine, which plays the private one."""
    with Website("127.0.0.2").running() as site:
        yield site


class Names:
    """A resolver with answers of our own: each name's, one after the other, the last for ever."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self._answers = {name.replace("_", "."): list(said) for name, said in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        left = self._answers.get(host)
        if left is None:
            raise OSError("no such name")
        return left.pop(0) if len(left) > 1 else left[0]


def fetch(url: str, most: int = 1 << 20, kinds: tuple[str, ...] = (), **how: object) -> Fetched:
    async def once() -> Fetched:
        async with Fetcher(AGENT, **how) as fetcher:
            return await fetcher.fetch(Wish(url, most, kinds))

    return asyncio.run(once())


def refusal(url: str, most: int = 1 << 20, kinds: tuple[str, ...] = (), **how: object) -> str:
    with pytest.raises(NotFetched) as refused:
        fetch(url, most, kinds, **how)
    return refused.value.code


# --- addresses ------------------------------------------------------------------------------------

PRIVATE = [
    "0.0.0.0", "0.1.2.3",  # noqa: S104 - the one that is refused
    "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200",
    "127.0.0.1", "127.1.2.3", "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255",
    "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "168.63.129.16", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:7f00:1",
    "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1",
    "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "3fff::1", "fc00::1",
    "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1", "8.8.8.8", "93.184.216.34", "172.15.0.1", "172.32.0.1", "2606:4700::1111",
    "2a00:1450:4001:81b::200e", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_of_our_own_house_is_not_public(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_public(address):
    assert is_public(ip_address(address))


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_is_judged_alike_in_each_of_its_ipv6_clothes(number):
    plain = is_public(ip_address(number))
    assert is_public(ip_address(f"::ffff:{number >> 16:x}:{number & 0xFFFF:x}")) == plain
    assert is_public(ip_address(f"64:ff9b::{number >> 16:x}:{number & 0xFFFF:x}")) == plain


# --- attempts, one by one -------------------------------------------------------------------------

ATTEMPTS = [
    ("http://127.0.0.1/", "address-refused"),
    ("http://127.0.0.1./", "address-refused"),
    ("http://127.1/", "address-refused"),
    ("http://2130706433/", "address-refused"),
    ("http://0x7f000001/", "address-refused"),
    ("http://0x7f.0.0.1/", "address-refused"),
    ("http://017700000001/", "address-refused"),
    ("http://0177.0.0.1/", "invalid-url"),
    ("http://0/", "address-refused"),
    ("http://0.0.0.0/", "address-refused"),
    ("http://[::1]/", "address-refused"),
    ("http://[::]/", "address-refused"),
    ("http://[::ffff:127.0.0.1]/", "address-refused"),
    ("http://[::ffff:7f00:1]/", "address-refused"),
    ("http://[0:0:0:0:0:ffff:127.0.0.1]/", "address-refused"),
    ("http://[64:ff9b::7f00:1]/", "address-refused"),
    ("http://[2002:7f00:1::]/", "address-refused"),
    ("http://[fe80::1%25lo]/", "address-refused"),
    ("http://169.254.169.254/latest/meta-data/", "address-refused"),
    ("http://[fd00:ec2::254]/latest/meta-data/", "address-refused"),
    ("http://100.100.100.200/", "address-refused"),
    ("http://168.63.129.16/metadata", "address-refused"),
    ("http://10.0.0.1/", "address-refused"),
    ("http://192.168.1.1/", "address-refused"),
    ("http://localhost/", "address-refused"),
    ("http://LOCALHOST./", "address-refused"),
    ("http://\uff11\uff12\uff17.0.0.1/", "invalid-url"),  # in wide digits
    ("http://127\u30020\u30020\u30021/", "address-refused"),
    ("http://user@127.0.0.1/", "userinfo-refused"),
    ("http://example.org:80@127.0.0.1/", "userinfo-refused"),
    ("http://:secret@example.org/", "userinfo-refused"),
    ("http://example.org:22/", "port-refused"),
    ("http://example.org:6379/", "port-refused"),
    ("https://example.org:8443/", "port-refused"),
    ("file:///etc/passwd", "not-http"),
    ("gopher://127.0.0.1:6379/_INFO", "not-http"),
    ("ftp://example.org/", "not-http"),
    ("dict://127.0.0.1:11211/stat", "not-http"),
    ("data:text/html,hello", "not-http"),
    ("javascript:alert(1)", "not-http"),
    ("unix:///var/run/docker.sock", "not-http"),
    ("//127.0.0.1/", "not-http"),
    ("/etc/passwd", "not-http"),
    ("", "invalid-url"),
    ("http://", "invalid-url"),
    ("http:///path", "invalid-url"),
    ("http://example.org\\@127.0.0.1/", "invalid-url"),
    ("http://127.0.0.1\r\nHost: example.org/", "invalid-url"),
    ("http://exa\x00mple.org/", "invalid-url"),
    ("http://[::1", "invalid-url"),
    ("http://example.org:99999/", "port-refused"),
    ("http://" + "a" * 3000, "invalid-url"),
]


@pytest.mark.parametrize(("url", "code"), ATTEMPTS, ids=[url[:40] for url, _ in ATTEMPTS])
def test_an_attempt_is_refused(url, code):
    assert refusal(url) == code


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["::1"], ["10.1.2.3"], ["8.8.8.8", "127.0.0.1"], ["::ffff:127.0.0.1"],
     ["fe80::1%eth0"], ["not an address"], []],
    ids=str,
)  # fmt: skip
def test_a_name_is_refused_if_one_of_its_addresses_is_ours(addresses):
    names = Names(evil_example=[addresses])
    assert refusal("http://evil.example/", resolver=names) == "address-refused"
    assert names.asked == ["evil.example"]


def test_a_name_that_nobody_knows_is_told_so():
    assert refusal("http://nowhere.example/", resolver=Names()) == "unknown-host"


def public_one(address) -> bool:
    """In these tests 127.0.0.1 plays the public server and 127.0.0.2 the private one."""
    return str(address) == "127.0.0.1"


def at(site: Website, host: str, path: str = "/") -> str:
    return f"http://{host}:{site.port}{path}"


def allowing(names: Names, *sites: Website) -> dict:
    """These names, these servers' ports, and what is public here."""
    ports = {80, 443, *(site.port for site in sites)}
    return {"resolver": names, "allowed": public_one, "ports": ports}


def test_the_server_that_was_checked_is_asked_by_its_name(website):
    website.article("/", "Hello")
    names = Names(shop_example=[["127.0.0.1"]])
    answer = fetch(at(website, "shop.example"), **allowing(names, website))
    assert b"Hello" in answer.body
    (_, headers) = website.seen[0]
    assert headers["Host"] == f"shop.example:{website.port}"
    assert headers["User-Agent"] == AGENT
    assert len(names.asked) == 1, "looked up once: what was checked is what is connected to"


def test_a_name_that_changes_its_address_after_the_check_gains_nothing(website, other_website):
    website.article("/", "Hello", headers={"Connection": "close"})
    names = Names(evil_example=[["127.0.0.1"], ["127.0.0.2"]])

    async def twice() -> str:
        async with Fetcher(AGENT, **allowing(names, website, other_website)) as fetcher:
            await fetcher.fetch(Wish(at(website, "evil.example"), 1 << 20))
            with pytest.raises(NotFetched) as refused:
                await fetcher.fetch(Wish(at(other_website, "evil.example"), 1 << 20))
            return refused.value.code

    assert asyncio.run(twice()) == "address-refused"
    assert other_website.seen == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_into_our_house_is_refused(website, other_website, status):
    inside = at(other_website, "inside.example", "/secret")
    website.pages["/"] = Page(status=status, headers={"Location": inside})
    names = Names(shop_example=[["127.0.0.1"]], inside_example=[["127.0.0.2"]])
    both = allowing(names, website, other_website)
    assert refusal(at(website, "shop.example"), **both) == "address-refused"
    assert other_website.seen == []


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("file:///etc/passwd", "not-http"),
        ("gopher://127.0.0.1/", "not-http"),
        ("http://user:pass@shop.example/", "userinfo-refused"),
        ("http://shop.example:22/", "port-refused"),
        ("http://169.254.169.254/", "address-refused"),
        ("http://[::1]/", "address-refused"),
        ("/again", "too-many-redirects"),
    ],
)
def test_a_redirect_is_checked_like_the_first_address(website, location, code):
    for path in ("/", "/again"):
        website.pages[path] = Page(status=302, headers={"Location": location})
    names = Names(shop_example=[["127.0.0.1"]])
    assert refusal(at(website, "shop.example"), **allowing(names, website)) == code
    assert len(website.seen) == (6 if code == "too-many-redirects" else 1)


def test_redirects_among_public_servers_are_followed(website):
    website.pages["/"] = Page(status=301, headers={"Location": "/a?b=c#part"})
    website.article("/a?b=c", "There")
    names = Names(shop_example=[["127.0.0.1"]])
    answer = fetch(at(website, "shop.example"), **allowing(names, website))
    assert answer.url == at(website, "shop.example", "/a?b=c")


def test_our_own_house_is_reached_where_the_setting_allows_it(website):
    website.article("/", "Intranet")
    assert b"Intranet" in fetch(website.url + "/", private=True).body
    assert refusal(website.url + "/") == "port-refused"


@given(st.text(max_size=60), st.sampled_from(["", "http://", "https://", "http://a@", "//"]))
def test_a_url_is_read_or_refused_and_both_parsers_agree(text, start):
    try:
        target = target_of(start + text)
    except NotFetched:
        return
    again = urlsplit(target.url)
    assert again.scheme in ("http", "https")
    assert again.hostname == target.host.lower()
    assert (again.username, again.password) == (None, None)
    assert target.port in (80, 443)
    assert target_of(target.url) == target


# --- bounds ---------------------------------------------------------------------------------------


def zeros(size: int) -> bytes:
    return gzip.compress(b"\0" * size)


def test_a_body_that_is_too_large_is_cut_off_while_it_comes(website):
    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 65_536

    website.pages["/"] = Page(stream=endless)
    begun = time.monotonic()
    assert refusal(website.url, 1 << 20, private=True) == "too-large"
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("headers", [{"Content-Encoding": "gzip"}, {}], ids=["coded", "a file"])
def test_a_bomb_is_not_unpacked(website, headers):
    website.pages["/"] = Page(zeros(32 << 20), "application/gzip", headers=headers)
    assert refusal(website.url, 1 << 20, private=True) == "too-large"


def test_a_bomb_in_a_bomb_is_not_unpacked(website):
    inner = gzip.compress(zeros(32 << 20))
    website.pages["/"] = Page(inner, headers={"Content-Encoding": "gzip"})
    assert refusal(website.url, 1 << 20, private=True) == "too-large"


@pytest.mark.parametrize(
    "packed", [b"\x1f\x8bnonsense", gzip.compress(b"a" * 99)[:-9]], ids=["nonsense", "cut"]
)
def test_damaged_gzip_is_told_so(website, packed):
    website.pages["/"] = Page(packed, headers={"Content-Encoding": "gzip"})
    assert refusal(website.url, private=True) == "damaged"


@given(st.lists(st.binary(max_size=2_000), max_size=4), st.integers(0, 8_000))
def test_unpacking_gives_all_or_refuses(parts, most):
    whole = b"".join(parts)
    packed = b"".join(map(gzip.compress, parts))
    if len(whole) <= most:
        assert unpacked(packed, most) == whole
    else:
        with pytest.raises(NotFetched):
            unpacked(packed, most)


def test_what_a_page_is_not_is_refused_before_it_is_read(website):
    website.pages["/"] = Page(b"\xff" * 100, "video/mp4")
    assert refusal(website.url, kinds=("text/html",), private=True) == "wrong-content-type"


def test_a_server_that_never_ends_is_left(website):
    def drop_by_drop() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x"
            time.sleep(0.05)

    website.pages["/"] = Page(stream=drop_by_drop)
    begun = time.monotonic()
    assert refusal(website.url, private=True, seconds=0.4) == "too-slow"
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 500])
def test_an_error_of_the_server_is_told_by_its_number(website, status):
    website.pages["/"] = Page(b"no", status=status)
    assert refusal(website.url, private=True) == f"status-{status}"


@given(st.text(max_size=80))
def test_any_content_type_is_read(text):
    kind, charset = kind_of(text)
    assert kind == kind.strip().lower()
    assert charset != ""
