"""Real web servers for tests: pages, feeds, sitemaps, robots.txt, and servers that misbehave."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SENTENCE = "A heat pump takes warmth from the air outside and brings it into the house. "


@dataclass(frozen=True)
class Page:
    """What a path answers; with `stream` its body has no end of its own."""

    body: bytes = b""
    kind: str = "text/html; charset=utf-8"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    stream: Callable[[], Iterator[bytes]] | None = None
    etag: bool = True


class Website:
    """One server.

    Attributes:
        pages: by path with query.
        seen: every request: path and headers.
    """

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.pages: dict[str, Page] = {}
        self.seen: list[tuple[str, Mapping[str, str]]] = []
        self.moments: list[float] = []
        self._server = ThreadingHTTPServer((address, 0), _handler(self))
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self.url = f"http://{address}:{self.port}"

    def article(self, path: str, title: str, text: str = SENTENCE * 4, **fields: Any) -> str:
        """Adds a page as websites have them; returns its URL."""
        page = (
            f'<!doctype html><html lang="en-GB"><head><title>{title} - Shop</title>'
            f'<meta property="og:title" content="{title}"><meta name="description" '
            f'content="About {title}"><meta property="article:published_time" '
            'content="2026-03-04T05:06:07Z"></head><body><nav><a href="/">Home</a></nav>'
            f"<article><h1>{title}</h1><p>{text}</p><h2>More</h2><ul><li>First of all</li>"
            "<li>Second to that</li></ul></article><footer>Imprint</footer></body></html>"
        )
        self.pages[path] = Page(page.encode(), **fields)
        return self.url + path

    def sitemap(self, paths: Mapping[str, str], at: str = "/sitemap.xml", **fields: Any) -> str:
        """Adds a sitemap: path → date of the last change, or "" for none."""
        rows = "".join(
            f"<url><loc>{self.url}{path}</loc>{f'<lastmod>{day}</lastmod>' if day else ''}</url>"
            for path, day in paths.items()
        )
        xml = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</urlset>'
        ).encode()
        body = gzip.compress(xml) if at.endswith(".gz") else xml
        self.pages[at] = Page(body, "application/xml", **fields)
        return self.url + at

    def asked(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(seen == path for seen, _ in self.seen)

    @contextmanager
    def running(self) -> Iterator[Website]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield self
        self._server.shutdown()
        self._server.server_close()
        thread.join()


def _handler(site: Website) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.seen.append((self.path, dict(self.headers.items())))
            site.moments.append(time.monotonic())
            page = site.pages.get(self.path, Page(b"not here", status=404))
            time.sleep(page.seconds)
            with suppress(OSError):  # who asked may be gone
                self._streamed(page) if page.stream else self._whole(page)

        def _whole(self, page: Page) -> None:
            etag = f'"{blake2b(page.body, digest_size=6).hexdigest()}"'
            unchanged = page.etag and self.headers.get("If-None-Match") == etag
            self.send_response(304 if unchanged else page.status)
            for name, value in page.headers.items():
                self.send_header(name, value)
            if page.etag and page.status == 200:
                self.send_header("ETag", etag)
            if unchanged:
                self.end_headers()
                return
            self.send_header("Content-Type", page.kind)
            self.send_header("Content-Length", str(len(page.body)))
            self.end_headers()
            self.wfile.write(page.body)

        def _streamed(self, page: Page) -> None:
            self.close_connection = True
            self.send_response(page.status)
            self.send_header("Content-Type", page.kind)
            for name, value in page.headers.items():
                self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            assert page.stream is not None
            for chunk in page.stream():
                self.wfile.write(chunk)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
