"""Some visitors by chance: where they lie between the personas, and what an edit would do to them.

They are drawn from the census once, and looked at in a thread; pages answer from that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from personas.entities import Array
from personas.features import Features, features_of
from personas.hand import edits_of
from personas.persona_model import NOBODY_YET, PersonaModel
from personas.visitor import merged
from service.personas import NOTHING
from training.eventlog import key_of

if TYPE_CHECKING:
    from service.state import State

MOST = 400  # visitors
SEED = 7


@dataclass(frozen=True)
class Sample:
    """Visitors by chance.

    Attributes:
        keys: an id of each, as written.
        rows: features of each.
        of: how many visitors there are in all.
        taken: when they were counted.
    """

    keys: tuple[str, ...]
    rows: tuple[Features, ...]
    of: int
    taken: float


@dataclass(frozen=True)
class Placed:
    """A sample among the personas of a model.

    Attributes:
        places: of each visitor [visitor, 2].
        memberships: [visitor, persona].
    """

    sample: Sample
    model: PersonaModel
    places: Array
    memberships: Array


@dataclass
class Samples:
    """The latest sample of each site."""

    _known: dict[str, Sample] = field(default_factory=dict)
    _placed: dict[str, Placed] = field(default_factory=dict)
    _forgotten: int = 0

    async def of(self, state: State, site: str) -> Sample | None:
        """A sample of the latest census; None while the first is being taken."""
        taken = await state.censuses.latest(state, site)
        if taken is None:
            return None
        moment = float(taken.about["takenAt"])
        held = self._known.get(site)
        if held is not None and held.taken == moment:
            return held
        forgotten = self._forgotten
        found = await asyncio.to_thread(taken.census.sample, MOST, SEED)
        sets = [tuple(key_of(written) for written in member.ids) for member in found]
        flat = [key for keys in sets for key in keys]
        histories = dict(zip(flat, await state.store.histories(site, flat), strict=True))
        facts, sensitive = state.catalogues.of(site).facts, state.sites.of(site).allow_sensitive

        def looked_at() -> Sample:
            whole = [merged([histories[key] for key in keys]) for keys in sets]
            known = [
                (str(keys[0]), features_of(history, facts, moment, sensitive))
                for keys, history in zip(sets, whole, strict=True)
                if history != NOTHING
            ]
            count = int(taken.about["visitors"])
            return Sample(
                tuple(key for key, _ in known), tuple(row for _, row in known), count, moment
            )

        sample = await asyncio.to_thread(looked_at)
        if forgotten == self._forgotten:  # nobody was erased meanwhile
            self._known[site] = sample
        return sample

    async def placed(self, state: State, site: str) -> Placed | None:
        """Where the sample's visitors lie between the personas in use."""
        sample, model = await self.of(state, site), state.personas.of(state, site)
        if sample is None:
            return None
        held = self._placed.get(site)
        if held is None or held.sample is not sample or held.model is not model:
            found = await asyncio.to_thread(
                lambda: Placed(sample, model, places(model, sample), memberships(model, sample))
            )
            held = self._placed[site] = found
        return held

    def forget(self, site: str) -> None:
        """Somebody of the site was erased."""
        self._forgotten += 1
        self._known.pop(site, None)
        self._placed.pop(site, None)


def memberships(model: PersonaModel, sample: Sample) -> Array:
    """Of each visitor [visitor, persona]."""
    if model.mixture is None:
        return np.ones((len(sample.rows), len(model.personas)))
    return model.mixture.predict_proba(sample.rows)


def places(model: PersonaModel, sample: Sample) -> Array:
    """A place for each visitor in the plane [visitor, 2].

    What each visitor's attributes and behaviour say for each component against the others, seen
    from where it differs most (principal components). Near each other are those of whom the same
    is believed for the same strength of reasons.
    """
    mixture = model.mixture
    if mixture is None or len(sample.rows) < 2:
        return np.zeros((len(sample.rows), 2))
    said = np.stack([_said(model, row) for row in sample.rows])
    centred = said - said.mean(1, keepdims=True)
    centred -= centred.mean(0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    found = left[:, :2] * sizes[:2]
    if found.shape[1] < 2:
        found = np.hstack([found, np.zeros((len(found), 2 - found.shape[1]))])
    signs = np.sign(found[np.abs(found).argmax(0), np.arange(2)])
    turned: Array = found * np.where(signs == 0, 1.0, signs)
    return turned


def _said(model: PersonaModel, row: Features) -> Array:
    """Log likelihood of each component [component], softened so that nobody is far out."""
    if model.mixture is None:
        return np.zeros(1)
    says = [each for _, _, each in model.mixture.said(row)]
    total: Array = np.sum(says, axis=0) if says else np.zeros(len(model.mixture.log_shares_))
    softened: Array = np.arcsinh(total - total.mean())
    return softened


@dataclass(frozen=True)
class Effect:
    """What a change would do.

    Attributes:
        rows: id, name, share now and then; of every persona of now or then.
        moved: visitors who would belong to another persona.
        seen: how many were looked at.
    """

    rows: Sequence[tuple[str, str, float, float]]
    moved: int
    seen: int


def effect(state: State, site: str, sample: Sample, changes: Mapping[str, Any]) -> Effect:
    """What it would do if this were decided, on the visitors of a sample.

    Args:
        changes: persona → what would be decided about it, beside what is.
    """
    learned = state.active.models(site).personas or NOBODY_YET
    decisions = state.sites.of(site).decisions
    wanted = {
        **decisions,
        **{name: {**decisions.get(name, {}), **change} for name, change in changes.items()},
    }
    now, then = learned.edited(edits_of(decisions)), learned.edited(edits_of(wanted))
    one, other = memberships(now, sample), memberships(then, sample)
    before, after = _shares(now, one), _shares(then, other)
    names = {**dict(now.names), **dict(then.names)}
    rows = [(name, names[name], before.get(name, 0.0), after.get(name, 0.0)) for name in names]
    moved = sum(
        now.names[here][0] != then.names[there][0]
        for here, there in zip(one.argmax(1).tolist(), other.argmax(1).tolist(), strict=True)
    )
    return Effect(sorted(rows, key=lambda row: (-max(row[2:]), row[0])), moved, len(sample.rows))


def _shares(model: PersonaModel, belonging: Array) -> dict[str, float]:
    """Of the visitors, by whose likeliest persona it is: as sizes are counted."""
    sizes = np.bincount(belonging.argmax(1), minlength=len(model.names))
    shares = sizes / max(len(belonging), 1)
    return {name: float(share) for (name, _), share in zip(model.names, shares, strict=True)}
