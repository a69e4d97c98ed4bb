"""How good a tagger is on sites that it has never seen: macro-F1 and calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from personas.entities import CONTENT_TYPES, LADDER, Array
from training.tagger_sites import KINDS

BINS = 10
MERGED = {"pricing": "landing-page", "product-page": "landing-page", "loyalty": "after-sales"}


@dataclass(frozen=True, slots=True)
class Figures:
    """Of some documents.

    Attributes:
        documents: how many.
        type_f1, phase_f1: mean F1 of the classes that occur.
        type_right: share of documents with the right type.
        type_error: expected calibration error of the type, over bins of equally many documents.
    """

    documents: int
    type_f1: float
    type_right: float
    type_error: float
    phase_f1: float


def figures(kinds: Sequence[str], types: Array, phases: Array) -> Figures:
    """Figures of the answers `types` [n, 15] and `phases` [n, 7] to documents of these kinds.

    Prices and product pages count as landing pages, loyalty as after-sales; where a kind allows
    more than one phase, each of them is right.
    """
    said, confidence = _named(CONTENT_TYPES, types)
    truth = [KINDS[kind][0][0] for kind in kinds]
    correct = np.array(said) == np.array(truth)
    type_f1, error = macro_f1(truth, said), calibration_error(confidence, correct)
    allowed = [KINDS[kind][1] for kind in kinds]
    answers = zip(_named(LADDER, phases)[0], allowed, strict=True)
    said = [right[0] if answer in right else answer for answer, right in answers]
    phase_f1 = macro_f1([right[0] for right in allowed], said)
    return Figures(len(kinds), type_f1, float(correct.mean()), error, phase_f1)


def macro_f1(truth: Sequence[str], said: Sequence[str]) -> float:
    """The mean F1 of the classes that occur in the truth."""
    scores = []
    for label in sorted(set(truth)):
        both = sum(true == label == answer for true, answer in zip(truth, said, strict=True))
        scores.append(2 * both / (truth.count(label) + said.count(label)))
    return float(np.mean(scores))


def calibration_error(confidence: Array, correct: Array) -> float:
    """Expected calibration error over bins with equally many documents."""
    bins = np.array_split(np.argsort(confidence, kind="stable"), BINS)
    gaps = [abs(confidence[rows].sum() - correct[rows].sum()) for rows in bins]
    return float(sum(gaps) / len(confidence))


def _named(classes: tuple[str, ...], shares: Array) -> tuple[list[str], Array]:
    """The likeliest class of each row, as it counts, and the probability of all that counts so."""
    names = [MERGED.get(name, name) for name in classes]
    together = np.array([[float(name == other) for other in names] for name in names])
    winners = shares.argmax(axis=1)
    confidence = (shares @ together)[np.arange(len(shares)), winners]
    return [names[k] for k in winners], confidence
