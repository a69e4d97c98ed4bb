"""What content is: its type and its phase as distributions, with what decided them.

Both are softmax models of linear scores over the same sources: how often a class occurs, the
signals of wording and structure, and a map of the passages' vectors. The phase starts from what
the types usually serve, and has signals of its own. The weights start from the expert's tables and
our own example sentences, and stay near them (maximum a posteriori), so that an untaught tagger
answers sensibly, and a taught one bends no further than its examples carry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from embeddings.tagging_evidence import Answer, Read, TagEvidence, reasons, sound_of
from embeddings.tagging_signals import NAMES, SIGNALS, measure, places_of
from embeddings.tagging_softmax import fit_weights, softmax
from embeddings.text import Text
from personas.entities import CONTENT_TYPES, LADDER, Array, Tag
from personas.errors import CorruptArtefact, InvalidInput, UnknownName

Vectors = NDArray[np.float32]

MAPPED = ("all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2")  # names of one encoder
HEAD_WORDS, OPENING_WORDS, MIDDLE_WORDS = 40, 40, 24
LEAST_WORDS = 160  # bodies shorter than that are their opening
WHOLE = "the sound of the whole text"
SHARES = (1.2, 1.5, 0.8)  # of title and description, opening, middle
SITE_RIDGE = {"base": 3.0, "signals": 0.5, "vector": 0.08}  # how firmly the default is held
PHASE_FIRMNESS = 4.0  # times that: most of what people say of phases comes through the types


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
        type: probabilities over content types; {"guide": 1.0} for one word.
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
        phases: [7, 1 + signals + d], likewise, added to the log of what the types serve.
        serves: [15, 7], probabilities of the phases given a type.
        name: which weights these are.
    """

    types: Array
    phases: Array
    serves: Array
    name: str

    @property
    def size(self) -> int:
        """Of the vectors that it reads."""
        return int(self.types.shape[1]) - 1 - len(SIGNALS)

    def probabilities(self, features: Array) -> tuple[Array, Array, Array]:
        """Of types [n, 15] and phases [n, 7], and the log of what the types serve [n, 7].

        Args:
            features: [n, 1 + signals + d].
        """
        types = softmax(features @ self.types.T)
        served = np.log(types @ self.serves)
        return types, softmax(served + features @ self.phases.T), served

    def to_arrays(self) -> dict[str, Array]:
        """The weights, and a mark of the signals that they are for."""
        weights = {"types": self.types, "phases": self.phases, "serves": self.serves}
        name = np.frombuffer(self.name.encode(), np.uint8).astype(np.float64)
        return {**weights, "signals": np.array([_MARK]), "name": name}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> TaggerModel:
        """The model that was saved.

        Raises:
            CorruptArtefact: arrays are missing, or of another release's signals.
        """
        try:
            types, phases, serves, mark, name = (
                np.asarray(arrays[key], np.float64)
                for key in ("types", "phases", "serves", "signals", "name")
            )
        except KeyError as error:
            raise CorruptArtefact(f"This tagger lacks its {error}. Train it again.") from error
        kinds, rungs, width = len(CONTENT_TYPES), len(LADDER), types.shape[-1]
        shapes = [(kinds, width), (rungs, width), (kinds, rungs)]
        fits = [types.shape, phases.shape, serves.shape] == shapes and mark.tolist() == [_MARK]
        if not fits or width <= len(SIGNALS):
            raise CorruptArtefact("This tagger was saved by another release. Train it again.")
        return cls(types, phases, serves, name.astype(np.uint8).tobytes().decode())


_MARK = float(crc32("\n".join(NAMES).encode()))


def texts_to_embed(document: Text) -> list[str]:
    """The passages that `tag` wants vectors of: at most three, short, never none.

    What title and description say, the opening, and a cut from the middle. The weighted mean of
    their vectors (`document_vector`) serves as the document's own.
    """
    words = document.plain.split()
    head = " ".join(f"{document.title}. {document.description}".split()[:HEAD_WORDS]).strip(" .")
    opening = " ".join(words[:OPENING_WORDS])
    middle = words[len(words) // 2 :][:MIDDLE_WORDS] if len(words) > LEAST_WORDS else []
    found = [head or opening, opening, " ".join(middle)]
    return [text for text in found if text] or [""]


def document_vector(vectors: Vectors) -> Vectors:
    """One unit vector [d] of the passages' vectors [passages, d]; of nothing it is nothing."""
    vector: Vectors = _parts(vectors).sum(axis=0).astype(np.float32)
    return vector


def _parts(vectors: Vectors) -> Array:
    """What each passage [passages, d] adds to the document's vector."""
    shares = np.array(SHARES[: len(vectors)])[:, None]
    weighted: Array = shares * np.asarray(vectors, np.float64)
    return weighted / max(float(np.linalg.norm(weighted.sum(axis=0))), 1e-12)


def read_features(document: Text, vector: Vectors) -> Array:
    """All that the tagger reads: 1, signals, vector. Shape [1 + signals + d].

    Args:
        vector: [d], the document's own, from `document_vector`.
    """
    return np.concatenate([[1.0], measure(document), vector.astype(np.float64)])


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
    return _tagged(model, document, [sound_of(passage) for passage in passages], _parts(vectors))


def tag_anew(model: TaggerModel, document: Text, vector: Vectors) -> Tagging:
    """`tag`, where the passages' vectors are not at hand: of the same opinion, but the evidence
    tells the vector's share in one piece.

    Args:
        vector: [d], from `document_vector`.

    Raises:
        InvalidInput: the vector is of another size than this tagger's.
    """
    if np.shape(vector) != (model.size,):
        raise InvalidInput(f"Send a vector of {model.size} numbers, not {np.shape(vector)}.")
    return _tagged(model, document, [WHOLE], np.asarray(vector, np.float64)[None])


def _tagged(model: TaggerModel, document: Text, sounds: Sequence[str], parts: Array) -> Tagging:
    features = read_features(document, parts.sum(axis=0))
    types, phases, served = (found[0] for found in model.probabilities(features[None]))
    read = Read(places_of(document), sounds, features, parts)
    evidence = reasons(Answer("type", CONTENT_TYPES, model.types, types), read)
    given = f"what a {CONTENT_TYPES[int(types.argmax())]} is usually for", served
    evidence += reasons(Answer("phase", LADDER, model.phases, phases, given), read)
    return Tagging(_tag(CONTENT_TYPES, types), _tag(LADDER, phases), tuple(evidence), model.name)


def adapt(model: TaggerModel, corrections: Sequence[Correction]) -> TaggerModel:
    """The model bent towards what people said; without corrections, the model itself.

    The same corrections always give the same model. Start from the default with all of a site's
    corrections, not from the last one with the new ones.

    Raises:
        InvalidInput: features of another encoder or release.
        UnknownName: of a type or phase that does not exist.
    """
    if not corrections:
        return model
    ridge, name = _site_ridge(model.size), f"{model.name}+{_digest(corrections)}"
    said = [(c.features, c.type) for c in corrections if c.type]
    if said:
        features, answers = _spoken(said, CONTENT_TYPES, len(ridge))
        model = replace(model, types=fit_weights(features, answers, model.types, ridge))
    said = [(c.features, c.phase) for c in corrections if c.phase]
    if said:
        features, answers = _spoken(said, LADDER, len(ridge))
        _, _, served = model.probabilities(features)
        held = PHASE_FIRMNESS * ridge
        phases = fit_weights(features, answers, model.phases, held, offsets=served)
        model = replace(model, phases=phases)
    return replace(model, name=name)


@lru_cache(maxsize=4)
def default_tagger(size: int = 384, encoder: str = MAPPED[0]) -> TaggerModel:
    """The tagger that is shipped.

    Args:
        size: of the encoder's vectors.
        encoder: its name. The shipped map of vectors is MiniLM's; for vectors of another encoder
            it is nought, until corrections teach it.

    Raises:
        CorruptArtefact: the shipped file is not the one that was released.
    """
    from embeddings.tagging_weights import read_shipped

    model = TaggerModel.from_arrays(read_shipped())
    if size == model.size and encoder in MAPPED:
        return model
    return replace(without_vectors(model, size), name=f"{model.name}-unmapped")


def without_vectors(model: TaggerModel, size: int) -> TaggerModel:
    """For another encoder: wording and structure decide until corrections teach the rest."""
    start = 1 + len(SIGNALS)
    types, phases = (
        np.hstack([weights[:, :start], np.zeros((len(weights), size))])
        for weights in (model.types, model.phases)
    )
    return replace(model, types=types, phases=phases)


def _tag(classes: tuple[str, ...], shares: Array) -> Tag:
    return Tag(classes[int(shares.argmax())], dict(zip(classes, shares.tolist(), strict=True)))


def _spoken(
    said: Sequence[tuple[Array, Mapping[str, float]]], classes: tuple[str, ...], width: int
) -> tuple[Array, Array]:
    """Features [n, width] and answers [n, classes], whose rows add up to 1."""
    answers = np.zeros((len(said), len(classes)))
    for row, (features, shares) in enumerate(said):
        if np.shape(features) != (width,):
            raise InvalidInput(f"This tagger reads {width} features, not {np.shape(features)}.")
        for name, share in shares.items():
            if name not in classes:
                raise UnknownName(f"No such type or phase: {name}. Known: {', '.join(classes)}.")
            answers[row, classes.index(name)] += share
    return np.array([features for features, _ in said]), answers / answers.sum(1, keepdims=True)


def _digest(corrections: Sequence[Correction]) -> str:
    """Tells one set of corrections from another."""
    said = 0
    for each in corrections:
        words = sorted((each.type or {}).items()), sorted((each.phase or {}).items())
        said = crc32(repr(words).encode(), crc32(each.features.astype(np.float32).tobytes(), said))
    return f"{len(corrections)}.{said:08x}"


def _site_ridge(size: int) -> Array:
    held = [SITE_RIDGE["signals"]] * len(SIGNALS) + [SITE_RIDGE["vector"]] * size
    return np.array([SITE_RIDGE["base"], *held])
