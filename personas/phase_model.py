"""What is believed of a site's journeys, and what a touchpoint says of the phase."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from personas import phase_prior
from personas.entities import CHANNELS, LADDER, Array, ContentFacts, Touchpoint
from personas.vocabulary import VIEWS, kind_of_plain, plain_mapping, resolve

Category = tuple[str, str, str, str]  # kind, plain name, content type, grade

SECONDS_PER_DAY = 86400.0
LEAST_TAG = 0.02  # of a content's phase tag: taggers err
REPEAT_FATIGUE = 0.5
BASE, DIGITS = 16, 9  # gaps as base-16 numbers of seconds, up to 2,000 years
_CHANNEL = {channel: index for index, channel in enumerate(CHANNELS)}
TAGGED = VIEWS | {"video playback started", "recommendation clicked"}


@dataclass(frozen=True)
class PhaseModel:
    """What is believed of a site's journeys.

    Attributes:
        start: where visitors stand at their first touchpoint [7].
        generator: rates of moves per day [7, 7]; rows sum to 0.
        rows: category → log likelihood over the ladder [7], learned; a category without a row is
            read by the row of its kind ("kind", "", "", ""), else by the expert tables.
        channels: log likelihood of a visit's channel [8, 7].
        tag_weight: how much a content's own phase tag counts.
    """

    start: Array
    generator: Array
    channels: Array
    tag_weight: float = phase_prior.TAG_WEIGHT
    rows: Mapping[Category, Array] = field(default_factory=dict)

    @cached_property
    def steps(self) -> list[list[Array]]:
        """exp(generator · t) for t = digit · 16^place seconds, as [place][digit]."""
        from scipy.linalg import expm

        seconds = np.outer(float(BASE) ** np.arange(DIGITS), np.arange(BASE))
        days = seconds[:, :, None, None] / SECONDS_PER_DAY
        return [list(place) for place in _stochastic(expm(self.generator * days))]

    def to_arrays(self) -> dict[str, np.ndarray]:
        """As arrays for a registry; the categories are JSON in bytes."""
        categories = json.dumps([list(category) for category in self.rows]).encode()
        return {
            "start": self.start,
            "generator": self.generator,
            "channels": self.channels,
            "tag_weight": np.array([self.tag_weight]),
            "categories": np.frombuffer(categories, np.uint8).copy(),
            "rows": np.array(list(self.rows.values())).reshape(-1, len(LADDER)),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> PhaseModel:
        """The model that `to_arrays` wrote down."""
        categories = json.loads(bytes(arrays["categories"]))
        return cls(
            start=arrays["start"],
            generator=arrays["generator"],
            channels=arrays["channels"],
            tag_weight=float(arrays["tag_weight"][0]),
            rows={
                (kind, name, content_type, grade): row
                for (kind, name, content_type, grade), row in zip(
                    categories, arrays["rows"], strict=True
                )
            },
        )


def expert_model() -> PhaseModel:
    """The model of day one: the expert tables, no data."""
    return PhaseModel(
        start=phase_prior.START.copy(),
        generator=phase_prior.generator(),
        channels=phase_prior.CHANNEL_WEIGHT * np.log(phase_prior.CHANNELS_IN_PHASE.T),
    )


def _stochastic(matrices: Array) -> Array:
    """Rounding may leave a tiny negative number or a sum that is not 1."""
    kept = np.maximum(matrices, 0.0)
    result: Array = kept / kept.sum(-1, keepdims=True)
    return result


# --- what a touchpoint says -----------------------------------------------------------------------


def category_of(
    touchpoint: Touchpoint, fact: ContentFacts | None, mapping: Mapping[str, str], repeats: int
) -> Category:
    """What kind of thing a touchpoint is: kind, name, content type, grade.

    Args:
        mapping: of `plain_mapping`.
        repeats: how often the same came before (see `steps_of`).
    """
    name, given = resolve(touchpoint.name, mapping)
    content_type = (fact.type or "other") if fact is not None and name in TAGGED else ""
    kind = given or kind_of_plain(name, content_type)
    if name in phase_prior.ANCHORS:
        return kind, name, "", "again" if repeats else ""
    return kind, name, content_type, _grade(touchpoint) if name in TAGGED else ""


def _grade(touchpoint: Touchpoint) -> str:
    """How closely the visitor looked: "brief", "read" or "deep"; "" where nothing tells."""
    looked = [seen for seen in (touchpoint.scroll, touchpoint.completion) if seen is not None]
    if touchpoint.dwell is not None:
        looked.append(1.0 - np.exp(-max(touchpoint.dwell, 0.0) / 40.0))
    if not looked:
        return ""
    closely = max(looked)
    return "brief" if closely < 0.3 else "read" if closely < 0.8 else "deep"


def row_of(model: PhaseModel, category: Category) -> Array:
    """Log likelihood [7] of a category, up to a constant."""
    row = model.rows.get(category)
    if row is None and not phase_prior.knows(category[1], category[2]):
        row = model.rows.get((category[0], "", "", ""))
    return phase_prior.told(*category) if row is None else row


def log_likelihood(
    model: PhaseModel,
    touchpoint: Touchpoint,
    facts: Mapping[str, ContentFacts],
    mapping: Mapping[str, str],
    repeats: int,
    opens_visit: bool = False,
) -> Array:
    """How well each phase explains a touchpoint: log likelihood [7], up to a constant.

    Args:
        facts: by content id or URL; a missing key is unknown content.
        mapping: the site's own names (see `vocabulary`).
        repeats: how often the same came before; a repetition says less.
        opens_visit: only then does the channel say something.
    """
    fact = facts.get(touchpoint.content) if touchpoint.content is not None else None
    category = category_of(touchpoint, fact, plain_mapping(mapping), repeats)
    return said(model, touchpoint, fact, category, repeats, opens_visit)


def said(
    model: PhaseModel,
    touchpoint: Touchpoint,
    fact: ContentFacts | None,
    category: Category,
    repeats: int,
    opens_visit: bool,
) -> Array:
    row = row_of(model, category)
    beside = beside_row(model.tag_weight, touchpoint, fact, category)
    if beside is not None:
        row = row + beside
    if repeats and category[3] != "again":
        row = row / (1.0 + REPEAT_FATIGUE * repeats)
    if opens_visit:
        row = row + model.channels[_CHANNEL.get(touchpoint.channel, -1)]
    return row


def beside_row(
    tag_weight: float, touchpoint: Touchpoint, fact: ContentFacts | None, category: Category
) -> Array | None:
    """What the content's own phase tag and a rating add: log likelihood [7]; None for nothing."""
    row: Array | None = None
    if fact is not None and category[1] in TAGGED:
        known_type = category[2] not in ("", "other")
        weight = tag_weight * phase_prior.GRADES[category[3]]
        weight *= phase_prior.TAG_BESIDE_TYPE if known_type else 1.0
        row = weight * np.log(np.maximum(fact.phases, LEAST_TAG))
    if touchpoint.rating is not None:
        rating = phase_prior.RATING * (touchpoint.rating - 0.5)
        row = rating if row is None else row + rating
    return row
