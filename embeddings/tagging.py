"""What content is: its type and its phase as distributions, with what decided them.

Both are softmax models of linear scores over the same sources: how often a class occurs, the
signals of wording and structure, and a map of the passages' vectors; the phase also hears the
type's probabilities. The weights start from the expert's tables and our own example sentences, and
stay near them (maximum a posteriori), so that an untaught tagger answers sensibly, and a taught one
bends no further than its examples carry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from embeddings.tagging_signals import NAMES, SIGNALS, measure, quote
from embeddings.tagging_softmax import fit_weights, softmax
from embeddings.text import Text
from personas.entities import CONTENT_TYPES, LADDER, Array, Tag
from personas.errors import CorruptArtefact, InvalidInput, UnknownName

Vectors = NDArray[np.float32]

HEAD_WORDS, OPENING_WORDS, PASSAGE_WORDS = 50, 70, 50
PLACES = (0.25, 0.5, 0.75)  # of the body, where further passages are cut
LEAST_WORDS = 170  # bodies shorter than that are their opening
SHARES = (2.0, 1.2, 1.0, 1.0, 1.0)  # of title and description, opening, further passages
SITE_RIDGE = {"base": 2.0, "signals": 4.0, "vector": 1.0, "types": 4.0}  # how firmly it is held
TOLD = 6  # items of evidence for each of type and phase, besides the rest
EXCERPT = 140  # characters


@dataclass(frozen=True, slots=True)
class TagEvidence:
    """One reason; `weight` is in log odds of the class that is named."""

    text: str
    weight: float
    what_for: str  # as "type:comparison" or "phase:consideration"


@dataclass(frozen=True, slots=True)
class Tagging:
    """What content is, and why.

    The weights of the evidence for the type add up to the log odds of its probability; likewise
    for the phase.
    """

    type: Tag
    phase: Tag
    evidence: tuple[TagEvidence, ...]
    model: str


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person said about content. None: the person did not say.

    Attributes:
        features: of the content, from `read_features`.
        type: probabilities over content types; as {"guide": 1.0} for one word.
        phase: probabilities over the ladder.
    """

    features: Array
    type: Mapping[str, float] | None = None
    phase: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class TaggerModel:
    """Linear scores.

    Attributes:
        types: [15, 1 + signals + d], weights of base rate, signals and vector.
        phases: [7, 1 + signals + d + 15]; the last are weights of the types' probabilities.
        name: which weights these are.
    """

    types: Array
    phases: Array
    name: str

    @property
    def size(self) -> int:
        """Of the vectors that it reads."""
        return int(self.types.shape[1]) - 1 - len(SIGNALS)

    def to_arrays(self) -> dict[str, Array]:
        """The weights, and a mark of the signals that they are for."""
        return {"types": self.types, "phases": self.phases, "signals": np.array([_MARK])}

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[np.generic]], name: str = "site"
    ) -> TaggerModel:
        """The model that was saved.

        Raises:
            CorruptArtefact: arrays are missing, or of another release's signals.
        """
        types, phases = (np.asarray(arrays.get(key), np.float64) for key in ("types", "phases"))
        mark = np.asarray(arrays.get("signals", [0]), np.float64)
        kinds, rungs = len(CONTENT_TYPES), len(LADDER)
        width = types.shape[1] if types.ndim == 2 else 0
        if (
            width < 1 + len(SIGNALS)
            or mark.tolist() != [_MARK]
            or types.shape != (kinds, width)
            or phases.shape != (rungs, width + kinds)
        ):
            raise CorruptArtefact("This tagger was saved by another release. Train it again.")
        return cls(types, phases, name)


_MARK = float(crc32("\n".join(NAMES).encode()))


def texts_to_embed(document: Text) -> list[str]:
    """The passages that `tag` wants vectors of: at most five, short, never none.

    What title and description say, the opening, and three cuts from the body. The weighted mean
    of their vectors (`document_vector`) serves as the document's own.
    """
    words = document.plain.split()
    head = " ".join(f"{document.title}. {document.description}".split()[:HEAD_WORDS]).strip(" .")
    opening = " ".join(words[:OPENING_WORDS])
    found = [head or opening, opening]
    if len(words) > LEAST_WORDS:
        starts = (OPENING_WORDS + int((len(words) - OPENING_WORDS) * place) for place in PLACES)
        found += [" ".join(words[start : start + PASSAGE_WORDS]) for start in starts]
    return [text for text in found if text] or [""]


def passage_shares(count: int) -> Array:
    """The share of each passage in a document's vector; they add up to 1."""
    weights = np.array(SHARES[:count])
    shares: Array = weights / weights.sum()
    return shares


def document_vector(vectors: Vectors) -> Vectors:
    """One unit vector [d] of the passages' vectors [passages, d]; of nothing it is nothing."""
    vector = passage_shares(len(vectors)) @ np.asarray(vectors, np.float64)
    return (vector / max(float(np.linalg.norm(vector)), 1e-12)).astype(np.float32)


def read_features(document: Text, vectors: Vectors) -> Array:
    """All that the tagger reads: 1, signals, mean vector. Shape [1 + signals + d]."""
    shares = passage_shares(len(vectors))
    return np.concatenate(
        [[1.0], measure(document), shares @ np.asarray(vectors, np.float64)], dtype=np.float64
    )


def tag(model: TaggerModel, document: Text, vectors: Vectors) -> Tagging:
    """Tag one piece of content.

    Args:
        vectors: [passages, d], unit vectors of `texts_to_embed(document)`.

    Raises:
        InvalidInput: the vectors do not fit the passages or this tagger.
    """
    passages = texts_to_embed(document)
    if np.shape(vectors) != (len(passages), model.size):
        raise InvalidInput(
            f"Send one vector of {model.size} numbers for each of the {len(passages)} passages, "
            f"not {np.shape(vectors)}."
        )
    features = read_features(document, vectors)
    types = softmax(model.types @ features)
    heard = np.concatenate([features, types])
    phases = softmax(model.phases @ heard)
    read = _Read(document, passages, vectors, heard)
    evidence = _reasons("type", model.types, types, read)
    evidence += _reasons("phase", model.phases, phases, read)
    return Tagging(_tag(CONTENT_TYPES, types), _tag(LADDER, phases), tuple(evidence), model.name)


def adapt(model: TaggerModel, corrections: Sequence[Correction]) -> TaggerModel:
    """The model bent towards what people said; without corrections, the model itself.

    The same corrections always give the same model. Start from the default with all of a site's
    corrections, not from the last one with the new ones.

    Raises:
        InvalidInput: features of another encoder or release.
        UnknownName: of a type or phase that does not exist.
    """
    types, phases = model.types, model.phases
    said = [(c.features, c.type) for c in corrections if c.type]
    if said:
        features, answers = _spoken(said, CONTENT_TYPES, types.shape[1])
        types = fit_weights(features, answers, types, _site_ridge(model, 0))
    said = [(c.features, c.phase) for c in corrections if c.phase]
    if said:
        features, answers = _spoken(said, LADDER, types.shape[1])
        heard = np.hstack([features, softmax(features @ types.T)])
        phases = fit_weights(heard, answers, phases, _site_ridge(model, len(CONTENT_TYPES)))
    return replace(model, types=types, phases=phases)


@lru_cache(maxsize=4)
def default_tagger(size: int = 384) -> TaggerModel:
    """The tagger that is shipped.

    Args:
        size: of the encoder's vectors. The shipped map of vectors is MiniLM's; for vectors of
            another size it is nought, until corrections teach it.

    Raises:
        CorruptArtefact: the shipped file is not the one that was released.
    """
    from embeddings.tagging_weights import read_shipped

    model = TaggerModel.from_arrays(*read_shipped())
    return model if size == model.size else without_vectors(model, size)


def without_vectors(model: TaggerModel, size: int) -> TaggerModel:
    """For another encoder: wording and structure decide until corrections teach the rest."""
    start = 1 + len(SIGNALS)
    types, phases = (
        np.hstack([w[:, :start], np.zeros((len(w), size)), w[:, start + model.size :]])
        for w in (model.types, model.phases)
    )
    return TaggerModel(types, phases, model.name)


# --- evidence -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Read:
    document: Text
    passages: Sequence[str]
    vectors: Vectors
    heard: Array  # features and the types' probabilities


def _reasons(model: str, weights: Array, shares: Array, read: _Read) -> list[TagEvidence]:
    """What speaks for the likeliest class; weights add up to the log odds of its probability.

    The others are weighed by their probability among themselves: log odds are the winner's
    score, less the others' mean score, less the entropy of their shares.
    """
    classes = CONTENT_TYPES if model == "type" else LADDER
    first = int(shares.argmax())
    rest = np.delete(shares, first) / max(1.0 - shares[first], 1e-300)
    entropy = float(-(rest * np.log(np.maximum(rest, 1e-300))).sum())
    lead = weights[first] - rest @ np.delete(weights, first, axis=0)
    start = 1 + len(SIGNALS)
    end = start + read.vectors.shape[1]
    nearness = passage_shares(len(read.passages)) * (read.vectors @ lead[start:end])
    found = [("how often it occurs", float(lead[0]) - entropy)]
    found += zip(map(_excerpt, read.passages), nearness.tolist(), strict=True)
    pull = lead[1:start] * read.heard[1:start]
    said = sorted(pull.nonzero()[0].tolist(), key=lambda k: -abs(pull[k]))
    found += [(quote(SIGNALS[k], read.document), float(pull[k])) for k in said[:TOLD]]
    found += [("", float(pull[k])) for k in said[TOLD:]]
    if model == "phase":
        likely = CONTENT_TYPES[int(read.heard[end:].argmax())]
        found.append((f"most probably of type {likely}", float(lead[end:] @ read.heard[end:])))
    found.sort(key=lambda item: (not item[0], -abs(item[1])))
    found[TOLD:] = [("everything else", sum(weight for _, weight in found[TOLD:]))]
    target = f"{model}:{classes[first]}"
    return [TagEvidence(what, weight, target) for what, weight in found]


def _excerpt(passage: str) -> str:
    short = passage if len(passage) <= EXCERPT else passage[:EXCERPT].rsplit(" ", 1)[0] + " …"
    return f"sounds like it: “{short}”"


def _tag(classes: tuple[str, ...], shares: Array) -> Tag:
    return Tag(classes[int(shares.argmax())], dict(zip(classes, shares.tolist(), strict=True)))


# --- what people said -----------------------------------------------------------------------------


def _spoken(
    said: Sequence[tuple[Array, Mapping[str, float]]], classes: tuple[str, ...], width: int
) -> tuple[Array, Array]:
    """Features [n, width] and answers [n, classes], rows adding up to 1."""
    answers = np.zeros((len(said), len(classes)))
    for row, (features, shares) in enumerate(said):
        if np.shape(features) != (width,):
            raise InvalidInput(f"This tagger reads {width} features, not {np.shape(features)}.")
        for name, share in shares.items():
            if name not in classes:
                raise UnknownName(f"No such type or phase: {name}. Known: {', '.join(classes)}.")
            answers[row, classes.index(name)] += share
    return np.array([features for features, _ in said]), answers / answers.sum(1, keepdims=True)


def _site_ridge(model: TaggerModel, kinds: int) -> Array:
    held = [SITE_RIDGE["signals"]] * len(SIGNALS) + [SITE_RIDGE["vector"]] * model.size
    return np.array([SITE_RIDGE["base"], *held, *[SITE_RIDGE["types"]] * kinds])
