"""Which addresses may be fetched from: a public web server's, and nothing of our own house.

Checked twice: the URL before anything is looked up, and each IP address in the moment of
connecting, so that a name that resolves to something else the second time gains nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)
from urllib.parse import SplitResult, urlsplit

import httpx

from personas.errors import InvalidInput

Address = IPv4Address | IPv6Address

USUAL_PORTS: dict[str, int] = {"http": 80, "https": 443}
PORTS = frozenset(USUAL_PORTS.values())
LONGEST_URL = 2_048
# Not for the public, though Python's `is_global` may say otherwise: IANA's special-purpose
# registries, and Azure's metadata service, which has a public address.
NOT_PUBLIC_4 = tuple(
    map(IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "168.63.129.16/32"))
)
GLOBAL_6 = IPv6Network("2000::/3")
NOT_PUBLIC_6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20")))
NAT64 = IPv6Network("64:ff9b::/96")
SIX_TO_FOUR = IPv6Network("2002::/16")


class NotFetched(InvalidInput):
    """Something could not, or may not, be fetched; the code says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """A checked URL, in the parts by which it is asked for.

    Attributes:
        host: as it is looked up, without a final dot.
        path: with the query.
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        """Scheme, host and port; the port only where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = self.port == USUAL_PORTS[self.scheme]
        return f"{self.scheme}://{host}" if usual else f"{self.scheme}://{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole."""
        return self.origin + self.path


def target_of(url: str, *, private: bool = False, ports: Collection[int] = PORTS) -> Target:
    """A URL that may be asked for, as far as the URL alone can tell.

    Args:
        private: whether our own house is allowed, too: then any port is.
        ports: those that are fetched from otherwise.

    Raises:
        NotFetched: with a code and how to mend it.
    """
    parts = _parts(url)
    if parts.scheme not in USUAL_PORTS:
        raise NotFetched("Only http:// and https:// are fetched.", "not-http")
    if parts.username is not None or parts.password is not None:
        raise NotFetched("Take the user name and password out of the URL.", "userinfo-refused")
    try:
        read = httpx.URL(url.strip())
        host = read.raw_host.decode("ascii").removesuffix(".")
        port = read.port or USUAL_PORTS[parts.scheme]
    except (httpx.InvalidURL, UnicodeError, ValueError):
        raise _unreadable() from None
    # One parser decides, and the other must have understood the same: who makes two of them
    # disagree wants to be let in by the first and sent elsewhere by the second.
    if not host or _plain(host) != _plain(parts.hostname):
        raise _unreadable()
    if port not in ports and not private:
        raise NotFetched("Only the ports 80 and 443 are fetched from.", "port-refused")
    if not private and (address := _literal(host)) is not None and not is_public(address):
        raise refused_address(host)
    return Target(parts.scheme, host, port, read.raw_path.decode("ascii"))


def refused_address(host: str) -> NotFetched:
    """What is told of a host that is not a public one; its addresses are nobody's business."""
    detail = (
        f"{host[:100]} is no public address. Whoever runs the service can allow it with "
        "FINGERPOST_IMPORT_ALLOW_PRIVATE."
    )
    return NotFetched(detail, "address-refused")


def is_public(address: Address) -> bool:
    """Whether anybody on the internet could reach this; also of the address within an address."""
    if isinstance(address, IPv6Address):
        inner = _within(address)
        if inner is not None:
            return is_public(inner)
        special = any(address in network for network in NOT_PUBLIC_6)
        return address in GLOBAL_6 and address.is_global and not special
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    return not any(address in network for network in NOT_PUBLIC_4)


def _within(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address leads to."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address in SIX_TO_FOUR:
        return address.sixtofour
    return None


def address_of(text: str) -> Address | None:
    """An address as a resolver writes it; None for what is none, or only holds on one link."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def _literal(host: str) -> Address | None:
    return address_of(host.strip("[]"))


def _parts(url: str) -> SplitResult:
    text = url.strip()
    if not text or len(text) > LONGEST_URL or not text.isprintable() or "\\" in text:
        raise _unreadable()
    try:
        return urlsplit(text)
    except ValueError:
        raise _unreadable() from None


def _plain(host: str | None) -> str:
    try:
        plain = (host or "").removesuffix(".").lower()
        return plain if plain.isascii() else httpx.URL(f"http://{plain}").raw_host.decode()
    except (httpx.InvalidURL, UnicodeError):
        raise _unreadable() from None


def _unreadable() -> NotFetched:
    return NotFetched(
        "This is no URL. Write it like https://example.org/sitemap.xml.", "invalid-url"
    )
