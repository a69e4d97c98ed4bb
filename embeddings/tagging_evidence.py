"""Why content was tagged as it was: reasons whose weights add up to the answer's log odds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from embeddings.tagging_signals import SIGNALS, Signal, quote
from personas.entities import Array

TOLD = 6  # reasons for each of type and phase, besides the rest
EXCERPT = 140  # characters


@dataclass(frozen=True, slots=True)
class TagEvidence:
    """One reason; `weight` is in log odds of the class that is named."""

    text: str
    weight: float
    what_for: str  # as "type:comparison" or "phase:consideration"


@dataclass(frozen=True, slots=True)
class Read:
    """What the tagger read of a document.

    Attributes:
        places: raw texts, from `places_of`.
        sounds: what each of `parts` is the vector of, in words.
        features: [1 + signals + d]; the vector at its end is the sum of `parts`.
        parts: [sounds, d].
    """

    places: Mapping[str, str]
    sounds: Sequence[str]
    features: Array
    parts: Array


@dataclass(frozen=True, slots=True)
class Answer:
    """What the tagger found.

    Attributes:
        model: "type" or "phase".
        weights: [classes, 1 + signals + d].
        shares: [classes], probabilities.
        given: words for scores [classes] that came from elsewhere, and these.
    """

    model: str
    classes: tuple[str, ...]
    weights: Array
    shares: Array
    given: tuple[str, Array] | None = None


def reasons(answer: Answer, read: Read) -> list[TagEvidence]:
    """What speaks for the likeliest class; weights add up to the log odds of its probability.

    The other classes are weighed by their probability among themselves: the log odds are the
    winner's score, less the others' mean score, less the entropy of their shares.
    """
    first = int(answer.shares.argmax())
    others = np.delete(answer.shares, first)
    others = others / max(float(others.sum()), 1e-300)
    entropy = -float((others * np.log(np.maximum(others, 1e-300))).sum())
    lead = answer.weights[first] - others @ np.delete(answer.weights, first, axis=0)
    found: list[tuple[str | Signal, float]] = [("how often it occurs", float(lead[0]) - entropy)]
    if answer.given is not None:
        words, scores = answer.given
        found.append((words, float(scores[first] - others @ np.delete(scores, first))))
    start = 1 + len(SIGNALS)
    found += zip(read.sounds, (read.parts @ lead[start:]).tolist(), strict=True)
    pull = lead[1:start] * read.features[1:start]
    found += [(signal, weight) for signal, weight in zip(SIGNALS, pull.tolist(), strict=True)]
    found = sorted((item for item in found if item[1]), key=lambda item: -abs(item[1]))
    target = f"{answer.model}:{answer.classes[first]}"
    told = [TagEvidence(_words(what, read), weight, target) for what, weight in found[:TOLD]]
    rest = sum(weight for _, weight in found[TOLD:])
    return [*told, TagEvidence("everything else", rest, target)]


def _words(what: str | Signal, read: Read) -> str:
    return what if isinstance(what, str) else quote(what, read.places)


def sound_of(passage: str) -> str:
    """A passage's vector in words."""
    short = passage if len(passage) <= EXCERPT else passage[:EXCERPT].rsplit(" ", 1)[0] + " …"
    return f"the sound of “{short}”"
