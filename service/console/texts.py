"""The console's own texts in every language, one catalogue; and numbers and times in each.

The catalogue is `texts/*.toml`: under each key one text for each of `LANGUAGES`. `{name}` is filled
in; of `one thing|{n} things` the first half is for one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from string import Formatter

from markupsafe import Markup, escape

LANGUAGES = ("en", "de")
SAID = "said."  # keys of what models say
LISTS = ("often", "seldom")  # fields in which several things are said
COOKIE = "fingerpost_language"
_MONTHS = {
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(),  # noqa: SIM905 - reads better
    "de": "Jan. Feb. März Apr. Mai Juni Juli Aug. Sep. Okt. Nov. Dez.".split(),  # noqa: SIM905 - reads better
}
_SPANS = ((86_400.0, "day"), (3600.0, "hour"), (60.0, "minute"))


@lru_cache(maxsize=1)
def catalogue() -> Mapping[str, tuple[str, ...]]:
    """Every text by its key, `page.name`, in the order of `LANGUAGES`."""
    found: dict[str, tuple[str, ...]] = {}
    folder = files("service.console") / "texts"
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        for page, texts in tomllib.loads(file.read_text(encoding="utf-8")).items():
            for name, told in texts.items():
                if f"{page}.{name}" in found:
                    raise ValueError(f"{page}.{name} stands twice")
                found[f"{page}.{name}"] = tuple(told)
    return found


@lru_cache(maxsize=len(LANGUAGES))
def _patterns(language: str) -> list[tuple[re.Pattern[str], str]]:
    """What models may say, the most particular first, and how it is said in a language."""
    place = LANGUAGES.index(language)
    said = [texts for key, texts in catalogue().items() if key.startswith(SAID)]
    said.sort(key=lambda texts: -len(re.sub(r"\{\w+\}", "", texts[0])))
    return [(_pattern(texts[0]), texts[place]) for texts in said]


def _pattern(text: str) -> re.Pattern[str]:
    parts = Formatter().parse(text)
    places = {"n": r"[\d.,]+"}
    return re.compile(
        "".join(
            re.escape(before) + (f"(?P<{name}>{places.get(name[0], '.+?')})" if name else "")
            for before, name, _, _ in parts
        ),
        re.DOTALL,
    )


@lru_cache(maxsize=4096)
def _translated(text: str, language: str) -> str | None:
    for pattern, told in _patterns(language):
        if (found := pattern.fullmatch(text)) is not None:
            values = {
                name: _localised(name, value, language) for name, value in found.groupdict().items()
            }
            return told.format_map(values)
    return None


def _localised(name: str, value: str, language: str) -> str:
    if name.startswith("n"):
        return value.translate({44: ".", 46: ","})
    several = re.split(r", | and ", value) if name in LISTS else [value]
    return ", ".join(_translated(each, language) or each for each in several)


@dataclass(frozen=True, slots=True)
class Words:
    """Texts, numbers and times in one language."""

    language: str

    def __call__(self, key: str, **values: object) -> str:
        """A text, filled in.

        Raises:
            KeyError: the catalogue has none of this key.
        """
        text = catalogue()[key][LANGUAGES.index(self.language)]
        if "n" in values and "|" in text:
            one, _, many = text.partition("|")
            text = one if values["n"] == 1 else many
        shown = {name: self._shown(value) for name, value in values.items()}
        return text.format_map(shown)

    def has(self, key: str) -> bool:
        """Is there a text of this key?"""
        return key in catalogue()

    def said(self, text: str, sure: bool = True) -> Markup:
        """What a model says, in this language; marked as English where it is not known in it.

        Args:
            sure: that a model said so; else people may have written it, in whichever language.
        """
        told = None if self.language == LANGUAGES[0] else _translated(text, self.language)
        if told is not None:
            return escape(told)
        plain = self.language == LANGUAGES[0] or not sure
        return escape(text) if plain else Markup('<span lang="en">{}</span>').format(text)

    def named(self, group: str, name: str) -> str:
        """The name of one of a known group, such as `phase`; what is not known stays as it is."""
        key = f"{group}.{name}"
        return self(key) if self.has(key) else name

    def _shown(self, value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        return self.number(value, 0 if isinstance(value, int) else 1)

    def number(self, value: float, digits: int = 0) -> str:
        """1,234.5 or 1.234,5."""
        text = f"{value:,.{digits}f}".replace("-", "\N{MINUS SIGN}")
        return text.translate({44: ".", 46: ","}) if self.language == "de" else text

    def percent(self, share: float, digits: int | None = None) -> str:
        """12% or 12 %: without digits where it is at least 10, or nothing; never quite 0 or 100."""
        if digits is None:
            digits = 0 if share in (0, 1) or 0.0995 <= abs(share) < 0.995 else 1
        space = "\N{NO-BREAK SPACE}" if self.language == "de" else ""
        least = 10.0**-digits
        if 0 < share < least / 200:
            return f"<{self.number(least, digits)}{space}%"
        if 1 - least / 200 <= share < 1:
            return f">{self.number(100 - least, digits)}{space}%"
        return f"{self.number(100 * share, digits)}{space}%"

    def day(self, seconds: float) -> str:
        """25 Nov 2026 or 25. Nov. 2026."""
        moment = datetime.fromtimestamp(seconds, UTC)
        month = _MONTHS[self.language][moment.month - 1]
        return f"{moment.day}{'.' if self.language == 'de' else ''} {month} {moment.year}"

    def short_day(self, seconds: float) -> str:
        """The same without its year."""
        return self.day(seconds).rpartition(" ")[0]

    def moment(self, seconds: float) -> str:
        """A day and time, in UTC."""
        return f"{self.day(seconds)}, {datetime.fromtimestamp(seconds, UTC):%H:%M}"

    def ago(self, seconds: float, now: float) -> str:
        """How long ago that was, in its largest unit."""
        passed = now - seconds
        for size, unit in _SPANS:
            if passed >= size:
                return self(f"ago.{unit}", n=int(passed // size))
        return self("ago.now")


def language_of(accepted: str, chosen: str | None) -> str:
    """The one that was chosen, else the first of a browser's list that there is.

    >>> language_of("fr, de-AT;q=0.9, en;q=0.8", None)
    'de'
    """
    if chosen in LANGUAGES:
        return str(chosen)
    wishes = []
    for number, part in enumerate(accepted[:400].split(",")):
        name, _, rest = part.strip().partition(";")
        weight = rest.strip().removeprefix("q=") if rest else "1"
        try:
            wishes.append((-float(weight), number, name.strip().lower().partition("-")[0]))
        except ValueError:
            continue
    return next((name for _, _, name in sorted(wishes) if name in LANGUAGES), LANGUAGES[0])
