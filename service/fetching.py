"""Fetching from other people's servers, safely: HTTP(S) only, public addresses only, bounded.

```
URL ─▶ checked ─▶ robots, pace ─▶ resolved ─▶ every address checked ─▶ connected to that address
 ▲                                                                                        │
 └─ at most 5 redirects, each treated like the first one ◀───────────────────────────────┘
```
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import zlib
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import urljoin

import httpcore
import httpx

from service.fetching_addresses import (
    PORTS,
    Address,
    NotFetched,
    Target,
    address_of,
    is_public,
    refused_address,
    target_of,
)

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
Allowed = Callable[[Address], bool]
Before = Callable[[Target], Awaitable[None]]

MOST_REDIRECTS = 5
REDIRECTS = (301, 302, 303, 307, 308)
CONNECT_S, READ_S = 10.0, 20.0  # seconds of one step
ALL_S = 60.0  # seconds of all steps
GZIP = b"\x1f\x8b"
CHUNK = 1 << 16
AT_ONCE = 8  # connections
ERRORS = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    ssl.SSLError,
    OSError,
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for, and how much of it would be too much.

    Attributes:
        most: bytes, after everything is unpacked.
        kinds: media types that are taken, as they begin; none for every one.
        etag, modified: of what is known: an answer of 304 says that it still holds.
    """

    url: str
    most: int
    kinds: tuple[str, ...] = ()
    etag: str | None = None
    modified: str | None = None

    def headers(self, agent: str) -> list[tuple[str, str]]:
        """What is sent along."""
        sent = [("User-Agent", agent), ("Accept", "*/*"), ("Accept-Encoding", "gzip")]
        if self.etag:
            sent.append(("If-None-Match", self.etag))
        if self.modified:
            sent.append(("If-Modified-Since", self.modified))
        return sent


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server answered.

    Attributes:
        url: after redirects, if it has `moved`.
        kind: media type.
        charset: as declared.
        size: bytes on the wire.
    """

    url: str
    status: int
    body: bytes = b""
    kind: str = ""
    charset: str | None = None
    etag: str | None = None
    modified: str | None = None
    size: int = 0
    moved: bool = False


async def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host, by the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


class Pinned(httpcore.AnyIOBackend):
    """Connects to the very address that was checked; TLS still asks for the name.

    Args:
        allowed: whether an address may be connected to. One that may not closes the whole name.
    """

    def __init__(self, resolver: Resolver, allowed: Allowed) -> None:
        self._resolver, self._allowed = resolver, allowed

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """As httpcore asks.

        Raises:
            NotFetched: the name is unknown, or one of its addresses may not be connected to.
        """
        addresses = await self.checked(host, port)
        error: Exception = httpcore.ConnectError("no address")
        for address in addresses:
            try:
                return await super().connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
        raise error

    async def checked(self, host: str, port: int) -> list[str]:
        """The addresses of a host, all of which may be connected to."""
        try:
            async with asyncio.timeout(CONNECT_S):
                addresses = list(dict.fromkeys(await self._resolver(host, port)))
        except (OSError, UnicodeError, TimeoutError):
            detail = f"The name {host[:100]} is not known."
            raise NotFetched(detail, "unknown-host") from None
        read = [address_of(text) for text in addresses]
        if not read or not all(each is not None and self._allowed(each) for each in read):
            raise refused_address(host)
        return addresses


class Fetcher:
    """Fetches; to be used as a context.

    Args:
        agent: the User-Agent.
        private: whether our own house, and any port, may be fetched from.
        resolver, allowed, ports: who is asked for addresses, and which of them are fine.
        seconds: for everything that one `fetch` does.
    """

    def __init__(
        self,
        agent: str,
        *,
        private: bool = False,
        resolver: Resolver = resolve,
        allowed: Allowed = is_public,
        ports: Collection[int] = PORTS,
        seconds: float = ALL_S,
    ) -> None:
        self._agent, self._seconds = agent, seconds
        self._target = partial(target_of, private=private, ports=ports)
        self._backend = Pinned(resolver, (lambda _: True) if private else allowed)
        self._pool: httpcore.AsyncConnectionPool | None = None

    async def __aenter__(self) -> Fetcher:
        trusted = await asyncio.to_thread(httpx.create_ssl_context)
        self._pool = httpcore.AsyncConnectionPool(
            trusted, max_connections=AT_ONCE, keepalive_expiry=5.0, network_backend=self._backend
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._pool is not None:
            await self._pool.aclose()

    async def check(self, url: str) -> Target:
        """A URL as it may be fetched now.

        Raises:
            NotFetched: it may not.
        """
        target = self._target(url)
        await self._backend.checked(target.host, target.port)
        return target

    async def fetch(self, wish: Wish, before: Before | None = None) -> Fetched:
        """Fetch something, redirects followed.

        Args:
            before: awaited before each request, and may refuse it.

        Raises:
            NotFetched: says why.
        """
        try:
            async with asyncio.timeout(self._seconds):
                return await self._followed(wish, before)
        except TimeoutError:
            detail = f"It was not there within {self._seconds:.0f} seconds."
            raise NotFetched(detail, "too-slow") from None

    async def _followed(self, wish: Wish, before: Before | None) -> Fetched:
        for redirects in range(MOST_REDIRECTS + 1):
            target = self._target(wish.url)
            if before is not None:
                await before(target)
            async with self._asked(target, wish) as response:
                headers = {name.lower(): value for name, value in _texts(response.headers)}
                if response.status not in REDIRECTS or "location" not in headers:
                    answer = await _read(response, headers, target.url, wish)
                    return replace(answer, moved=redirects > 0)
                wish = replace(wish, url=urljoin(target.url, headers["location"]))
        detail = f"It redirects more than {MOST_REDIRECTS} times."
        raise NotFetched(detail, "too-many-redirects")

    @asynccontextmanager
    async def _asked(self, target: Target, wish: Wish) -> AsyncIterator[httpcore.Response]:
        if self._pool is None:
            raise RuntimeError("a fetcher is used as a context")
        url = httpcore.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.port,
            target=target.path.encode(),
        )
        times = {"connect": CONNECT_S, "read": READ_S, "write": READ_S, "pool": ALL_S}
        host = ("Host", target.origin.partition("://")[2])
        headers = [host, *wish.headers(self._agent)]
        try:
            async with self._pool.stream(
                "GET", url, headers=headers, extensions={"timeout": times}
            ) as response:
                yield response
        except ERRORS as error:
            slow = isinstance(error, httpcore.TimeoutException)
            why = str(error)[:200] or type(error).__name__
            detail = f"The server does not answer: {why}."
            raise NotFetched(detail, "too-slow" if slow else "unreachable") from None


def _texts(headers: Iterable[tuple[bytes, bytes]]) -> Iterable[tuple[str, str]]:
    return ((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)


async def _read(
    response: httpcore.Response, headers: Mapping[str, str], url: str, wish: Wish
) -> Fetched:
    told = Fetched(
        url, response.status, etag=headers.get("etag"), modified=headers.get("last-modified")
    )
    if response.status == 304 and (wish.etag or wish.modified):
        return told
    if not 200 <= response.status < 300:
        raise NotFetched(f"The server answered {response.status}.", f"status-{response.status}")
    kind, charset = kind_of(headers.get("content-type", ""))
    if wish.kinds and kind and not kind.startswith(wish.kinds):
        raise NotFetched(f"It is {kind[:100]}, which holds no text for us.", "wrong-content-type")
    body, size = await _bounded(response, headers.get("content-encoding", ""), wish.most)
    return replace(told, body=body, kind=kind, charset=charset, size=size)


def kind_of(content_type: str) -> tuple[str, str | None]:
    """Media type and charset of a Content-Type."""
    kind, _, rest = content_type.partition(";")
    pairs = (part.partition("=") for part in rest.split(";"))
    named = {name.strip().lower(): value.strip().strip("\"'") for name, _, value in pairs}
    return kind.strip().lower(), named.get("charset") or None


async def _bounded(response: httpcore.Response, coding: str, most: int) -> tuple[bytes, int]:
    if coding.strip().lower() not in ("", "identity", "gzip", "x-gzip"):
        raise NotFetched("It is packed in a way that was not asked for.", "wrong-encoding")
    packed, size = bytearray(), 0
    async for chunk in response.aiter_stream():
        size += len(chunk)
        if size > most:
            raise too_large(most)
        packed += chunk
    body = bytes(packed)
    if coding.strip():
        body = unpacked(body, most) if body.startswith(GZIP) else body
    return (unpacked(body, most) if body.startswith(GZIP) else body), size  # a `.xml.gz`


def unpacked(packed: bytes, most: int) -> bytes:
    """Gunzipped, no further than `most` bytes.

    Raises:
        NotFetched: it is damaged, or larger.
    """
    out = bytearray()
    while packed:
        inflater = zlib.decompressobj(wbits=31)
        try:
            out += inflater.decompress(packed, most - len(out) + 1)
        except zlib.error:
            raise NotFetched("What came is damaged gzip.", "damaged") from None
        if len(out) > most:
            raise too_large(most)
        if not inflater.eof:
            raise NotFetched("What came is gzip that ends before its end.", "damaged")
        packed = inflater.unused_data
        if not packed.startswith(GZIP):
            break  # padding
    return bytes(out)


def too_large(most: int) -> NotFetched:
    """More than anybody needs."""
    return NotFetched(f"It is larger than {most >> 20} MB.", "too-large")
