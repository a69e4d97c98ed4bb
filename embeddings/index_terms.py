"""Texts → terms for a search by words: BM25's weights, stems by language, no model to load."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from qdrant_edge import Bm25, Bm25Config, DisabledStemmer, StopwordsSet, TokenizerType

from embeddings.index import Terms

LANGUAGES = {  # with a stemmer
    "ar": "arabic", "da": "danish", "nl": "dutch", "en": "english", "fi": "finnish",
    "fr": "french", "de": "german", "el": "greek", "hu": "hungarian", "it": "italian",
    "no": "norwegian", "nb": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian",
    "es": "spanish", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
USUAL = "en"  # where no language is told
OTHER = "other"  # a language without a stemmer, perhaps without spaces
BODY_CHARACTERS = 20_000
TITLE_TIMES = 2  # as many times as in the body a word counts in the title
USUAL_LENGTH = 256.0  # words


def terms_of(title: str, description: str, body: str, locale: str | None = None) -> Terms:
    """What an item can be found by.

    Args:
        locale: as in `en-GB`; tells the language.
    """
    text = " ".join([*[title] * TITLE_TIMES, description, body[:BODY_CHARACTERS]])
    found = _model(language_of(locale)).embed_document(_valid(text))
    return Terms(tuple(found.indices), tuple(found.values))


def terms_wanted(query: str, languages: Iterable[str] = (USUAL,)) -> Terms:
    """What a query asks for: its words' stems in each of the languages."""
    stems = (_model(language_of(each)).embed_query(_valid(query)).indices for each in languages)
    numbers = tuple(sorted({number for some in stems for number in some}))
    return Terms(numbers, (1.0,) * len(numbers))


def language_of(locale: str | None) -> str:
    """The language whose stems are used."""
    language = (locale or USUAL).lower().partition("-")[0]
    return language if language in LANGUAGES else OTHER


@lru_cache(maxsize=len(LANGUAGES) + 1)
def _model(language: str) -> Bm25:
    if language == OTHER:
        return Bm25(
            Bm25Config(
                avg_len=USUAL_LENGTH,
                tokenizer=TokenizerType.Multilingual,
                stemmer=DisabledStemmer(),
                stopwords=StopwordsSet(),
            )
        )
    return Bm25(Bm25Config(avg_len=USUAL_LENGTH, language=LANGUAGES[language]))


def _valid(text: str) -> str:
    """Without lone surrogates."""
    return text.encode("utf-8", "replace").decode()
