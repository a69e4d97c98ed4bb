"""The weights that are shipped: the expert's tables, a map of vectors, and what public sites add.

The map of vectors is learnt from our own example sentences alone: a map that was learnt from six
sites says little about the seventh, whose subject is another one. What sites teach is how far to
trust it all, and small moves of the signals' weights. Everything is judged by leaving whole sites
out: documents of one site look alike, and random folds would only measure that.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from embeddings.tagging import TaggerModel, document_vector, texts_to_embed
from embeddings.tagging_descriptions import common, serves
from embeddings.tagging_signals import SIGNALS, prior_weights
from embeddings.tagging_softmax import fit_weights, softmax
from embeddings.text import Text
from personas.entities import CONTENT_TYPES, LADDER, Array
from personas.errors import NotEnoughData
from training.tagger_examples import ExampleText, examples
from training.tagger_sites import KINDS, Encode, SiteDocument

NAME = "default-1"
EXAMPLES = 150  # of each type
MAP_RIDGE, MAP_WEIGHT = 0.3, 0.8
RIDGE = {"base": 1000.0, "signals": 1000.0}
LEAST_SITES = 3  # that have a type, before its weights may move
PHASE_SIGNALS = 1.0  # weight of the expert's signals for phases, beside what the types serve
CAUTION = 0.9  # other sites are stranger than these, which the tables' writer has read
CONFIDENCES = np.arange(0.3, 1.21, 0.05)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Answers to each document by a tagger that has not seen its site: [n, 15] and [n, 7]."""

    types: Array
    phases: Array
    confidence: float  # factor of the types' scores


def expert(encode: Encode) -> TaggerModel:
    """The tagger before any data."""
    types = np.hstack([common()[:, None], prior_weights(CONTENT_TYPES), learn_map(encode)])
    nothing = np.zeros((len(LADDER), 1)), np.zeros((len(LADDER), types.shape[1] - 1 - len(SIGNALS)))
    phases = np.hstack([nothing[0], PHASE_SIGNALS * prior_weights(LADDER), nothing[1]])
    return TaggerModel(types, phases, serves(), NAME)


def learn_map(encode: Encode, seed: int = 0) -> Array:
    """Weights of vectors for the types [15, d], from our own example sentences.

    What all vectors have in common speaks for no type, and neither does having no vector.
    """
    texts = examples(EXAMPLES, seed)
    passages = [passage for each in texts for passage in texts_to_embed(_document(each))]
    vectors = np.split(encode(passages), len(texts))
    features = np.array([document_vector(part) for part in vectors], np.float64)
    middle = features.mean(axis=0)
    answers = np.array([[float(each.type == kind) for kind in CONTENT_TYPES] for each in texts])
    nothing = np.zeros((len(CONTENT_TYPES), features.shape[1]))
    ridge = np.full(features.shape[1], MAP_RIDGE)
    weights = MAP_WEIGHT * fit_weights(features - middle, answers, nothing, ridge)
    neutral: Array = weights - np.outer(weights @ middle, middle) / (middle @ middle)
    return neutral


def _document(example: ExampleText) -> Text:
    return Text(example.title, example.description, example.opening)


def fit_default(
    start: TaggerModel, documents: Sequence[SiteDocument], held: HeldOut
) -> TaggerModel:
    """The expert's tagger, moved by all documents, as confident as it was right elsewhere."""
    model = _moved(start, documents)
    return replace(model, types=held.confidence * model.types)


def hold_out(start: TaggerModel, documents: Sequence[SiteDocument]) -> HeldOut:
    """Answers of taggers that started from `start` and were fitted to all other sites.

    Raises:
        NotEnoughData: fewer than two sites.
    """
    sites = np.array([document.site for document in documents])
    if len(set(sites.tolist())) < 2:
        raise NotEnoughData("Leaving a site out takes at least two sites.")
    features = np.array([document.features for document in documents])
    scores = np.zeros((len(documents), len(CONTENT_TYPES)))
    for site in sorted(set(sites.tolist())):
        moved = _moved(start, [each for each in documents if each.site != site])
        scores[sites == site] = features[sites == site] @ moved.types.T
    confidence = _confidence(scores, documents)
    types = softmax(confidence * scores)
    phases = softmax(np.log(types @ start.serves) + features @ start.phases.T)
    return HeldOut(types, phases, confidence)


def _moved(model: TaggerModel, documents: Sequence[SiteDocument]) -> TaggerModel:
    """Base rates and signals as these documents have them; what vectors say stays as it is."""
    features = np.array([document.features for document in documents])
    read = 1 + len(SIGNALS)
    answers, importance = allowed_types(documents), _importance(documents)
    ridge = np.array([RIDGE["base"], *[RIDGE["signals"]] * len(SIGNALS)])
    sounds = features[:, read:] @ model.types[:, read:].T
    told = fit_weights(
        features[:, :read], answers, model.types[:, :read], ridge, importance, sounds, coarse=True
    )
    types = model.types.copy()
    spread = _spread(documents)
    types[spread, :read] = told[spread]
    return replace(model, types=types)


def allowed_types(documents: Sequence[SiteDocument]) -> Array:
    """1 for each type that a document's folder allows, [n, 15]."""
    return np.array(
        [[float(kind in KINDS[each.kind][0]) for kind in CONTENT_TYPES] for each in documents]
    )


def _spread(documents: Sequence[SiteDocument]) -> NDArray[np.bool_]:
    """Types that enough sites have: of the others, these sites say nothing that would carry."""
    pairs = {(kind, each.site) for each in documents for kind in KINDS[each.kind][0]}
    sites = Counter(kind for kind, _ in pairs)
    return np.array([sites[kind] >= LEAST_SITES for kind in CONTENT_TYPES])


def _importance(documents: Sequence[SiteDocument]) -> Array:
    """Each kind counts the same in all, and large folders of one site count by their root."""
    folders = Counter((each.site, each.kind) for each in documents)
    raw = {folder: count**0.5 for folder, count in folders.items()}
    kinds: dict[str, float] = defaultdict(float)
    for (_, kind), weight in raw.items():
        kinds[kind] += weight
    weights = np.array(
        [
            raw[each.site, each.kind] / folders[each.site, each.kind] / kinds[each.kind]
            for each in documents
        ]
    )
    balanced: Array = weights / weights.mean()
    return balanced


def _confidence(scores: Array, documents: Sequence[SiteDocument]) -> float:
    """The likeliest factor of the scores, and a little less."""
    answers, importance = allowed_types(documents), _importance(documents)

    def loss(confidence: float) -> float:
        right = (softmax(confidence * scores) * answers).sum(axis=1)
        return -float(importance @ np.log(right + 1e-300))

    return CAUTION * float(min(CONFIDENCES.tolist(), key=loss))
