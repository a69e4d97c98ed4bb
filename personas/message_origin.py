"""Where a message came from: channel, device, and the page's address without its ballast."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

from personas.message_values import LONGEST_URL

LONGEST_ADDRESS = 2 * LONGEST_URL  # with its ballast
LONGEST_AGENT = 512

Json = Mapping[str, Any]
NOTHING: Json = {}

_WORDS = {
    "search": "search organic seo natural sea-organic",
    "paid": "paid cpc ppc cpm cpv cpa sem sea ads ad display banner retargeting remarketing "
    "adwords paidsearch paidsocial paid-search paid-social programmatic video-ad",
    "email": "email mail e-mail newsletter mailing edm lifecycle crm",
    "social": "social sm social-media social-network facebook instagram linkedin twitter x tiktok "
    "youtube pinterest xing reddit mastodon bluesky threads",
    "partner": "partner affiliate affiliates referral referrer marketplace reseller influencer pr "
    "press link blog",
    "offline": "offline shop store retail branch showroom call phone telephone hotline fair "
    "trade-fair tradeshow trade-show event exhibition conference visit meeting print flyer letter "
    "post qr tv radio billboard catalogue catalog field-sales sales in-person",
    "push": "push sms notification web-push app-push webpush whatsapp messenger chat in-app",
    "direct": "direct none (none) typein web website site app server mobile",
}
_CHANNEL_OF_WORD = {word: channel for channel, words in _WORDS.items() for word in words.split()}
_SOURCES = {"google", "bing", "duckduckgo", "ecosia", "yahoo", "baidu", "yandex", "startpage"}
_ENGINES = re.compile(
    r"(^|\.)(google|bing|duckduckgo|ecosia|yahoo|baidu|yandex|startpage|qwant|ask|brave|naver"
    r"|seznam|sogou|perplexity|chatgpt|kagi)\.[a-z.]{2,6}$"
)
_MAILERS = re.compile(r"^(e?mail|webmail|outlook|newsletter|deref-\w+)\.|(^|\.)(list-manage)\.")
_NETWORKS = re.compile(
    r"(^|\.)(facebook|instagram|linkedin|twitter|tiktok|youtube|pinterest|xing|reddit|threads"
    r"|bsky|whatsapp|quora|vk|snapchat|tumblr)\.[a-z.]{2,6}$|^(t\.co|x\.com|lnkd\.in|youtu\.be)$"
)
_HOST = re.compile(r"^[a-zA-Z][\w+.-]*://(?:[^/@]*@)?([^/:?#]+)")
_BALLAST = re.compile(r"^(utm_\w+|gclid|gbraid|wbraid|fbclid|msclkid|mc_[ce]id|_hs\w+|ajs_\w+)=")
_CLICKS = re.compile(r"[?&](gclid|gbraid|wbraid|msclkid)=")
_SEPARATORS = re.compile(r"[\s_]+")

_DEVICE_OF_WORD = {
    "mobile": "mobile",
    "phone": "mobile",
    "smartphone": "mobile",
    "ios": "mobile",
    "android": "mobile",
    "handset": "mobile",
    "tablet": "tablet",
    "ipad": "tablet",
    "desktop": "desktop",
    "web": "desktop",
    "pc": "desktop",
}


def part(whole: Json, name: str) -> Json:
    """An object in a message; empty where there is none or something else."""
    value = whole.get(name)
    return value if type(value) is dict else NOTHING


def text(whole: Json, name: str) -> str:
    value = whole.get(name)
    return value if type(value) is str else ""


# --- address --------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def plain_url(url: str) -> str | None:
    """An address without fragment and campaign parameters, by which content is found.

    >>> plain_url("https://a.example/guide?page=2&utm_source=mail#top")
    'https://a.example/guide?page=2'
    """
    url = url.partition("#")[0].strip()
    before, mark, query = url.partition("?")
    if mark:
        pairs = (pair.strip() for pair in query.split("&"))
        kept = "&".join(pair for pair in pairs if pair and not _BALLAST.match(pair))
        url = f"{before}?{kept}" if kept else before.strip()
    return url if 0 < len(url) <= LONGEST_URL else None


def url_of(properties: Json, context: Json) -> str:
    """The address of the page, without what follows its `LONGEST_ADDRESS` first characters."""
    url = text(properties, "url") or text(part(context, "page"), "url")
    return url[:LONGEST_ADDRESS]


# --- channel --------------------------------------------------------------------------------------


def channel_of(properties: Json, context: Json) -> str:
    """One of `CHANNELS`: as said, else by the campaign, else by the referrer, else direct."""
    said = text(properties, "channel")
    if said and (channel := _channel_of_words((said,))):
        return channel
    campaign = part(context, "campaign")
    url = url_of(properties, context)
    medium, source = text(campaign, "medium"), text(campaign, "source")
    if (medium or source) and (channel := _channel_of_campaign(medium, source)):
        return channel
    if "?" in url and (channel := _channel_of_query(url)):
        return channel
    referrer = (
        text(part(context, "page"), "referrer")
        or text(properties, "referrer")
        or text(part(context, "referrer"), "url")
    )
    return _channel_of_referrer(_host(referrer[:LONGEST_URL]), _host(url)) if referrer else "direct"


@lru_cache(maxsize=4096)
def _channel_of_campaign(medium: str, source: str) -> str | None:
    channel = _channel_of_words((medium, source))
    if channel is None and source.casefold().strip() in _SOURCES:
        return "paid"  # whoever tags a link from a search engine pays for it
    return channel


def _channel_of_words(names: Iterable[str]) -> str | None:
    for name in names:
        whole = _SEPARATORS.sub("-", name.strip().casefold())
        for word in (whole, *reversed(whole.split("-"))):
            if word in _CHANNEL_OF_WORD:
                paid = "paid" in whole.split("-")
                return "paid" if paid else _CHANNEL_OF_WORD[word]
    return None


@lru_cache(maxsize=4096)
def _channel_of_query(url: str) -> str | None:
    if _CLICKS.search(url):
        return "paid"
    if "utm_" not in url:
        return None
    told = parse_qs(url.partition("?")[2].partition("#")[0], max_num_fields=None)
    medium, source = told.get("utm_medium", [""])[0], told.get("utm_source", [""])[0]
    return _channel_of_campaign(medium, source)


@lru_cache(maxsize=4096)
def _host(url: str) -> str:
    found = _HOST.match(url)
    return found.group(1).casefold().removeprefix("www.") if found else ""


@lru_cache(maxsize=4096)
def _channel_of_referrer(host: str, own: str) -> str:
    if not host or host == own or host.endswith("." + own) or own.endswith("." + host):
        return "direct"
    if _MAILERS.search(host):
        return "email"
    if _ENGINES.search(host):
        return "search"
    return "social" if _NETWORKS.search(host) else "partner"


# --- device ---------------------------------------------------------------------------------------


def device_of(context: Json) -> str | None:
    """desktop, mobile or tablet; None where nothing tells, as with servers."""
    said = text(part(context, "device"), "type")
    if said and (device := _DEVICE_OF_WORD.get(said.casefold())):
        return device
    agent = text(context, "userAgent")
    if agent and (device := _device_of_agent(agent[:LONGEST_AGENT])):
        return device
    if part(context, "userAgentData").get("mobile") is True:
        return "mobile"
    return _device_of_width(part(context, "screen").get("width"))


@lru_cache(maxsize=4096)
def _device_of_agent(agent: str) -> str | None:
    small = agent.casefold()
    if "ipad" in small or "tablet" in small or ("android" in small and "mobile" not in small):
        return "tablet"
    if "mobi" in small or "iphone" in small or "android" in small:
        return "mobile"
    known = ("windows nt", "macintosh", "x11", "cros ", "linux")
    return "desktop" if any(word in small for word in known) else None


def _device_of_width(width: object) -> str | None:
    if (type(width) is not int and type(width) is not float) or width <= 0:
        return None
    return "mobile" if width < 600 else "tablet" if width < 1000 else "desktop"
