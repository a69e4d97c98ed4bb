"""What event names mean, before a site has said anything about its own.

Names are read without regard to case, spaces, hyphens, underscores and camelCase, so that
`Order Completed`, `order_completed` and `orderCompleted` are one name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

KINDS = (
    "informing",
    "liking",
    "comparing",
    "intending",
    "buying",
    "after",
    "advocating",
    "friction",
    "recommending",
    "other",
)

# Kind → the names of the public contract that belong to it.
NAMES: Mapping[str, tuple[str, ...]] = {
    "informing": (
        "page",
        "screen",
        "Page Viewed",
        "Content Viewed",
        "Products Searched",
        "Content Searched",
        "Product List Viewed",
        "Video Playback Started",
    ),
    "liking": (
        "Product Viewed",
        "Newsletter Subscribed",
        "Content Shared",
        "Product Shared",
        "Product Added to Wishlist",
    ),
    "comparing": (
        "Comparison Viewed",
        "Pricing Viewed",
        "Product List Filtered",
        "Trial Started",
        "Webinar Attended",
    ),
    "intending": (
        "Product Added",
        "Cart Viewed",
        "Checkout Started",
        "Checkout Step Viewed",
        "Coupon Entered",
        "Demo Requested",
        "Signed Up",
        "Quote Requested",
    ),
    "buying": ("Order Completed", "Payment Info Entered", "Subscription Started"),
    "after": (
        "Order Refunded",
        "Order Cancelled",
        "Support Ticket Opened",
        "Documentation Viewed",
        "Logged In",
        "Feature Used",
        "Survey Answered",
        "Product Reviewed",
    ),
    "advocating": ("Invite Sent", "Referral Made", "Subscription Renewed"),
    "friction": ("Error Shown", "Page Slow", "Form Abandoned", "Complaint Filed"),
    "recommending": (
        "Recommendation Shown",
        "Recommendation Clicked",
        "Recommendation Dismissed",
    ),
}

# Other spellings in wide use (Segment's spec, Google Analytics 4) → the contract's name.
SYNONYMS: Mapping[str, str] = {
    "page view": "page viewed",
    "screen viewed": "screen",
    "search": "content searched",
    "view search results": "content searched",
    "view item list": "product list viewed",
    "view item": "product viewed",
    "add to wishlist": "product added to wishlist",
    "share": "content shared",
    "add to cart": "product added",
    "view cart": "cart viewed",
    "begin checkout": "checkout started",
    "checkout step completed": "checkout step viewed",
    "add payment info": "payment info entered",
    "coupon applied": "coupon entered",
    "generate lead": "quote requested",
    "sign up": "signed up",
    "purchase": "order completed",
    "refund": "order refunded",
    "login": "logged in",
    "signed in": "logged in",
}

# A view is named by what was viewed.
VIEWS = frozenset({"page", "screen", "page viewed", "content viewed"})
KIND_OF_VIEW: Mapping[str, str] = {
    "comparison": "comparing",
    "case-study": "comparing",
    "white-paper": "comparing",
    "pricing": "comparing",
    "documentation": "after",
    "release-notes": "after",
    "product-page": "liking",
    "review": "liking",
}

_WORD_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[\s_\-]+")


@lru_cache(maxsize=8192)
def plain(name: str) -> str:
    """The name in small letters, its words parted by one space, synonyms replaced."""
    words = " ".join(_WORD_BREAK.sub(" ", name).casefold().split())
    return SYNONYMS.get(words, words)


_KIND_OF_NAME = {plain(name): kind for kind, names in NAMES.items() for name in names}


def plain_mapping(mapping: Mapping[str, str]) -> dict[str, str]:
    """A site's own names → kinds, with the names made plain.

    A value is a kind ("buying") or a known name ("Order Completed"), whose kind it then has.
    """
    return {plain(name): meaning for name, meaning in mapping.items()}


def resolve(name: str, mapping: Mapping[str, str]) -> tuple[str, str | None]:
    """The plain name that `name` stands for, and its kind where the site itself gave one.

    Args:
        name: as sent.
        mapping: of `plain_mapping`.
    """
    known = plain(name)
    meaning = mapping.get(known) if mapping else None
    if meaning is None or meaning in KINDS:
        return known, meaning
    return plain(meaning), None


def kind_of_plain(known: str, content_type: str | None) -> str:
    """The kind of a plain name that the site itself has not mapped.

    A name that nobody has explained counts as a view of the content that came with it.
    """
    if content_type and content_type != "other" and (known in VIEWS or not is_named(known)):
        return KIND_OF_VIEW.get(content_type, "informing")
    return _KIND_OF_NAME.get(known, "other")


def is_named(known: str) -> bool:
    """Does the vocabulary say what this plain name means?"""
    return known in _KIND_OF_NAME


def kind_of(name: str, content_type: str | None, mapping: Mapping[str, str]) -> str:
    """Which of `KINDS` a touchpoint is.

    Args:
        name: event name as sent, or "page" / "screen".
        content_type: of the content that was touched, None where unknown.
        mapping: the site's own names, to a kind or to a known name; it goes first.

    >>> kind_of("page", "pricing", {}), kind_of("Probefahrt", None, {"probefahrt": "intending"})
    ('comparing', 'intending')
    """
    known, given = resolve(name, plain_mapping(mapping))
    return given or kind_of_plain(known, content_type)


def is_known(name: str, mapping: Mapping[str, str]) -> bool:
    """Does the vocabulary or the site's own mapping say what this name means?"""
    known, given = resolve(name, plain_mapping(mapping))
    return given is not None or known in _KIND_OF_NAME


# For marketers: what somebody did, in the words of `Evidence.text`.
WORDS: Mapping[str, str] = {
    "page": "Viewed a page",
    "screen": "Viewed a screen",
    "page viewed": "Viewed a page",
    "content viewed": "Viewed content",
    "products searched": "Searched for products",
    "content searched": "Searched the site",
    "product list viewed": "Viewed a list of products",
    "video playback started": "Started a video",
    "product viewed": "Viewed a product",
    "newsletter subscribed": "Subscribed to the newsletter",
    "content shared": "Shared content",
    "product shared": "Shared a product",
    "product added to wishlist": "Put a product on the wish list",
    "comparison viewed": "Viewed a comparison",
    "pricing viewed": "Viewed pricing",
    "product list filtered": "Filtered a list of products",
    "trial started": "Started a trial",
    "webinar attended": "Attended a webinar",
    "product added": "Put a product into the cart",
    "cart viewed": "Viewed the cart",
    "checkout started": "Started the checkout",
    "checkout step viewed": "Went on with the checkout",
    "coupon entered": "Entered a coupon",
    "demo requested": "Requested a demo",
    "signed up": "Signed up",
    "quote requested": "Requested a quote",
    "order completed": "Completed an order",
    "payment info entered": "Entered payment details",
    "subscription started": "Started a subscription",
    "order refunded": "Got a refund",
    "order cancelled": "Cancelled an order",
    "support ticket opened": "Asked support for help",
    "documentation viewed": "Viewed documentation",
    "logged in": "Logged in",
    "feature used": "Used a feature",
    "survey answered": "Answered a survey",
    "product reviewed": "Reviewed a product",
    "invite sent": "Invited somebody",
    "referral made": "Referred somebody",
    "subscription renewed": "Renewed the subscription",
    "error shown": "Met an error",
    "page slow": "Met a slow page",
    "form abandoned": "Left a form unfinished",
    "complaint filed": "Complained",
    "recommendation shown": "Was shown a recommendation",
    "recommendation clicked": "Followed a recommendation",
    "recommendation dismissed": "Dismissed a recommendation",
}
_WORDS_OF_VIEW: Mapping[str, str] = {
    "guide": "Viewed a guide",
    "article": "Viewed an article",
    "video": "Viewed a video",
    "webinar": "Viewed a webinar",
    "white-paper": "Viewed a white paper",
    "product-page": "Viewed a product page",
    "review": "Viewed a review",
    "comparison": "Viewed a comparison",
    "case-study": "Viewed a case study",
    "landing-page": "Viewed a landing page",
    "pricing": "Viewed pricing",
    "documentation": "Viewed documentation",
    "release-notes": "Viewed release notes",
    "newsletter": "Viewed a newsletter",
}


def in_words(name: str, content_type: str | None) -> str:
    """What somebody did, for people: `in_words("page", "pricing")` is "Viewed pricing"."""
    known = plain(name)
    if known in VIEWS and content_type and content_type in _WORDS_OF_VIEW:
        return _WORDS_OF_VIEW[content_type]
    return WORDS.get(known, f"“{name}”")
