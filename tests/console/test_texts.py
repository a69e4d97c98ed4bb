"""The catalogue: each text in each language, none without use; numbers and times too."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

import service.console
from personas.entities import CONTENT_TYPES, LADDER
from personas.vocabulary import WORDS as WORDS_OF_EVENTS
from personas.vocabulary import in_words
from service.console.texts import LANGUAGES, SAID, Words, catalogue, language_of
from service.drift import WORDS as DRIFT
from service.recommend_words import WORDS, words_of
from tests.builders import NOW

FOLDER = Path(service.console.__file__).parent
CALLED = re.compile(r"""\b(?:t|words|desk\.words)\(\s*["']([a-z-]+\.[a-z0-9-]+)["']\s*[,)]""")
# The beginning of a key whose rest is worked out: `f"phase.{…}"`, `"phase." ~ …`, `named("phase"`.
BEGUN = re.compile(r"""["']([a-z-]+\.[a-z0-9-]*)(?:\{|["'] ~)|named\(\s*["']([a-z-]+)["']""")


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", catalogue())
def test_a_text_stands_in_every_language_with_the_same_fields(key):
    texts = catalogue()[key]
    assert len(texts) == len(LANGUAGES)
    assert all(text.strip() for text in texts)
    assert len({frozenset(fields(text)) for text in texts}) == 1
    assert len({text.count("|") for text in texts}) == 1
    for text in texts:
        assert "<" not in text, "texts hold no HTML"


def written() -> str:
    files = [*FOLDER.rglob("*.py"), *FOLDER.rglob("*.html")]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def test_every_text_that_pages_ask_for_is_there():
    asked = set(CALLED.findall(written()))
    assert len(asked) > 20
    assert asked <= catalogue().keys()


def test_every_text_is_asked_for():
    source = written()
    begun = (SAID, *(one or f"{other}." for one, other in BEGUN.findall(source)))
    # Groups that are handed on to a macro: `rows(…, "event")`.
    begun += tuple(f"{group}." for group in set(re.findall(r', "([a-z]+)"\) }}', source)))
    unused = [
        key
        for key in catalogue()
        if not key.startswith(begun) and f'"{key}"' not in source and f"'{key}'" not in source
    ]
    assert not unused


def test_numbers_are_written_as_people_write_them():
    english, german = Words("en"), Words("de")
    assert english.number(1234567.5, 1) == "1,234,567.5"
    assert german.number(1234567.5, 1) == "1.234.567,5"
    assert english.number(-3) == "\N{MINUS SIGN}3"
    assert [english.percent(share) for share in (0, 0.004, 0.0994, 0.1, 1)] == [
        "0%",
        "0.4%",
        "9.9%",
        "10%",
        "100%",
    ]
    assert german.percent(0.123, 1) == "12,3\N{NO-BREAK SPACE}%"


def test_times_are_written_as_people_write_them():
    english, german = Words("en"), Words("de")
    assert english.day(NOW) == "25 Nov 2026"
    assert german.day(NOW) == "25. Nov. 2026"
    assert english.short_day(NOW) == "25 Nov"
    assert german.moment(NOW) == "25. Nov. 2026, 09:46"
    assert english.ago(NOW - 90, NOW) == "a minute ago"
    assert german.ago(NOW - 3 * 86_400, NOW) == "vor 3 Tagen"
    assert english.ago(NOW - 5, NOW) == "just now"


@pytest.mark.parametrize(
    ("accepted", "chosen", "language"),
    [
        ("de-DE,de;q=0.9,en;q=0.8", None, "de"),
        ("fr, en;q=0.2, de;q=0.3", None, "de"),
        ("fr", None, "en"),
        ("", None, "en"),
        ("de", "en", "en"),
        ("de", "xx", "de"),
        ("en;q=high, de;q=0.1", None, "de"),
    ],
)
def test_the_language_is_the_one_that_the_browser_likes_best(accepted, chosen, language):
    assert language_of(accepted, chosen) == language


# --- what models say ------------------------------------------------------------------------------


def reasons() -> set[str]:
    told = {words_of(code, weight, rung=None, because=None) for code in WORDS for weight in (1, -1)}
    told |= {words_of("phase-match", 1, rung=rung, because=None) for rung in LADDER}
    return told


def observations() -> set[str]:
    kinds = (None, *CONTENT_TYPES)
    return {in_words(name, kind) for name in (*WORDS_OF_EVENTS, "page") for kind in kinds}


@pytest.mark.parametrize("text", sorted(reasons() | observations() | set(DRIFT.values())))
def test_what_models_say_is_told_in_german(text):
    told = Words("de").said(text)
    assert "lang=" not in told
    assert told != text
    assert Words("en").said(text) == text


def test_fields_of_what_models_say_are_kept_or_told_in_german_too():
    german = Words("de").said
    assert german("Because you read “Heat and cold”") == "Weil Sie „Heat and cold“ gelesen haben"
    brief = "Write a video about “solar” for “Tenants”: those of them who compare solutions."
    assert german(brief) == (
        "Für „Tenants“ ein Video über „solar“ schreiben: für alle, die Lösungen vergleichen."
    )
    description = (
        "About 33% of your visitors. Compared with everyone, they more often have 2 kids and a car "
        "and come from search engines and seldom come at night."
    )
    assert german(description) == (
        "Etwa 33 % Ihrer Besucher. Verglichen mit allen öfter: 2 kids, a car, von Suchmaschinen; "
        "seltener: nachts da."
    )


def test_what_is_not_known_in_german_is_marked_as_english_and_what_people_wrote_stays():
    german = Words("de").said
    assert german("A < B") == '<span lang="en">A &lt; B</span>'
    assert german("Unsere besten Kunden", sure=False) == "Unsere besten Kunden"
