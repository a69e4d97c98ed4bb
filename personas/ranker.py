"""What a site's log taught about ranking: weights of the features, and the learned scores."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from personas.contacts import Contacts
from personas.entities import Array
from personas.item_item import Links
from personas.neighbours import Neighbours
from personas.pattern import Pattern
from personas.ranking_features import INDEX, PRIOR, Situation

LAST_OF_SEQUENCE = 3  # items that tell what comes next
SEQUENCE_WORTH = (1.0, 0.5, 0.25)
LEAST_ODDS = -8.0
Score = Callable[[NDArray[np.intp]], Array]


class _Artefact(Protocol):
    @property
    def arrays(self) -> Mapping[str, np.ndarray]: ...
    @property
    def settings(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Ranker:
    """Weights, and what was learned of items.

    Attributes:
        weights: one a feature, in log-odds [FEATURES], for what comes next.
        of_sets: the same where the order of what was seen means nothing.
        items: ids of the items that the learned scores number.
        together, sequence: item to item; pattern: set to item; None before training.
        progress: how content types move visitors on from each rung, as log [7, types].
        personas: ids of those that the log told apart.
        affinities: how much more often each views each item, as log [personas, items].
        contacts: which of them were answered.
    """

    weights: Array
    of_sets: Array
    items: Sequence[str] = ()
    together: Links | None = None
    sequence: Links | None = None
    pattern: Pattern | None = None
    neighbours: Neighbours | None = None
    progress: Array | None = None
    personas: Sequence[str] = ()
    affinities: Array | None = None
    contacts: Contacts = field(default_factory=Contacts.none)
    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, artefact: _Artefact | None) -> Ranker:
        """The ranker of an artefact; without one, the expert's."""
        if artefact is None:
            return cls(PRIOR, PRIOR)
        arrays, settings = artefact.arrays, artefact.settings
        names = settings["features"]
        return cls(
            _placed(names, arrays["weights"]),
            _placed(names, arrays["of_sets"]),
            json.loads(bytes(arrays["items"])) if "items" in arrays else (),
            links_from(arrays, "together"),
            links_from(arrays, "sequence"),
            Pattern.from_arrays(_of(arrays, "pattern")) if "pattern.bias" in arrays else None,
            Neighbours.from_arrays(_of(arrays, "neighbours"))
            if "neighbours.items" in arrays
            else None,
            arrays.get("progress"),
            settings.get("personas") or (),
            arrays.get("affinities"),
            _contacts_from(arrays, settings),
            settings,
        )

    def to_arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """For a registry."""
        items = np.frombuffer(json.dumps(list(self.items)).encode(), np.uint8).copy()
        arrays: dict[str, np.ndarray[Any, Any]] = {
            "weights": self.weights,
            "of_sets": self.of_sets,
            "items": items,
        }
        if self.progress is not None:
            arrays["progress"] = self.progress
        if self.affinities is not None:
            arrays["affinities"] = self.affinities
        if self.contacts.personas:
            arrays["contacts.tried"] = self.contacts.tried
            arrays["contacts.answered"] = self.contacts.answered
        for name, links in (("together", self.together), ("sequence", self.sequence)):
            if links is not None:
                arrays[f"{name}.start"] = links.start
                arrays[f"{name}.to"] = links.to
                arrays[f"{name}.weight"] = links.weight
        for name, model in (("pattern", self.pattern), ("neighbours", self.neighbours)):
            if model is not None:
                learned = model.to_arrays()
                arrays |= {f"{name}.{part}": array for part, array in learned.items()}
        return arrays

    def blended(self, trust: float) -> Array:
        """Weights where orders mean something for this share of visits [FEATURES]."""
        return trust * self.weights + (1 - trust) * self.of_sets

    def who(self, ids: Sequence[str], memberships: Array) -> Array | None:
        """Memberships of the personas that this ranker knows, in its order; None for none.

        Args:
            ids: of the personas whose memberships these are.
        """
        if not self.personas:
            return None
        known = dict(zip(ids, memberships.tolist(), strict=True))
        return np.asarray([known.get(name, 0.0) for name in self.personas])

    @property
    def scores(self) -> dict[str, Score]:
        """Learned features → scores of all numbered items, from what was seen, latest last."""
        found: dict[str, Score] = {}
        if self.together is not None:
            found["together"] = self.together.scores
        if self.pattern is not None:
            pattern = self.pattern

            def fitting(seen: NDArray[np.intp]) -> Array:
                scores = pattern.scores(seen)
                # Against the average item, as what an item that is not numbered has: 0.
                odds: Array = scores - np.log(np.mean(np.exp(scores - scores.max()))) - scores.max()
                return np.clip(odds, LEAST_ODDS, None)

            found["pattern"] = fitting
        if self.neighbours is not None:
            found["neighbours"] = self.neighbours.scores
        if self.sequence is not None:
            sequence = self.sequence

            def following(seen: NDArray[np.intp]) -> Array:
                return sequence.scores(seen[::-1][:LAST_OF_SEQUENCE], SEQUENCE_WORTH)

            found["next"] = following
        return found


def learned_scores(
    ranker: Ranker, row_of: Mapping[str, int], size: int
) -> dict[str, Callable[[Situation], Array]]:
    """The ranker's learned scores, each for all rows of the catalogue [size].

    An item that the ranker does not know scores 0, and tells nothing of others.
    """
    rows = np.asarray([row_of.get(item, -1) for item in ranker.items], np.intp)
    known = np.flatnonzero(rows >= 0)
    number_of = np.full(size, -1, np.intp)
    number_of[rows[known]] = known

    def placed(score: Callable[[NDArray[np.intp]], Array], situation: Situation) -> Array:
        found = np.zeros(size)
        seen = number_of[situation.seen]
        seen = seen[seen >= 0]
        if len(seen):
            found[rows[known]] = score(seen)[known]
        return found

    def scorer(score: Callable[[NDArray[np.intp]], Array]) -> Callable[[Situation], Array]:
        return lambda situation: placed(score, situation)

    found = {name: scorer(score) for name, score in ranker.scores.items()}
    if ranker.affinities is not None:
        liked = np.zeros((len(ranker.personas), size))
        liked[:, rows[known]] = ranker.affinities[:, known]
        found["persona"] = partial(_liked, liked)
    return found


def _liked(liked: Array, situation: Situation) -> Array:
    """How much more often such visitors view each row than others [rows], as log."""
    if situation.personas is None:
        return np.zeros(liked.shape[1])
    affinity: Array = situation.personas @ liked
    return affinity


def _contacts_from(arrays: Mapping[str, np.ndarray], settings: Mapping[str, Any]) -> Contacts:
    if "contacts.tried" not in arrays:
        return Contacts.none()
    personas = tuple(settings.get("personas") or ("",))
    return Contacts(personas, arrays["contacts.tried"], arrays["contacts.answered"])


def links_from(arrays: Mapping[str, np.ndarray], name: str) -> Links | None:
    """Links that `Ranker.to_arrays` wrote down."""
    parts = _of(arrays, name)
    return Links(parts["start"], parts["to"], parts["weight"]) if parts else None


def _placed(names: Sequence[str], told: Array) -> Array:
    """Weights by the names of features, as of a version that may have had others."""
    weights = np.zeros(len(PRIOR))
    for name, weight in zip(names, told, strict=True):
        if name in INDEX:
            weights[INDEX[name]] = weight
    return weights


def _of(arrays: Mapping[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    return {
        key.removeprefix(f"{name}."): array
        for key, array in arrays.items()
        if key.startswith(f"{name}.")
    }
