"""Made-up visitors whose personas are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from personas.entities import Array
from personas.features import Average

ROLES, PLANS, SIZES = ("buyer", "engineer", "owner"), ("free", "pro", "team"), ("s", "m", "l")
CHANNELS = ("search", "email", "social")
_STRONG = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])
INCOMES, SPREAD = np.log([20.0, 60.0, 180.0]), 0.5
DWELLS = np.array([3.0, 4.0, 5.0])


@dataclass(frozen=True)
class Population:
    """Rows of features, the persona of each, and by which log-likelihood to know it."""

    rows: list[dict[str, object]]
    personas: np.ndarray


def drawn(visitors: int, missing: float, seed: int, shift: float = 0.0) -> Population:
    """Three personas that differ in six features, each missing with some chance.

    Args:
        shift: how far the second and third persona's categories move towards everyone's.
    """
    rng = np.random.default_rng(seed)
    table = (1 - shift) * _STRONG + shift / 3
    table[0] = _STRONG[0]
    personas = rng.choice(3, visitors, p=[0.5, 0.3, 0.2])
    rows = []
    for persona in personas:
        counts = rng.multinomial(6, table[persona])
        row: dict[str, object] = {
            "trait:role": ROLES[rng.choice(3, p=table[persona])],
            "trait:plan": PLANS[rng.choice(3, p=table[persona])],
            "trait:size": SIZES[rng.choice(3, p=table[persona])],
            "trait:income": float(np.exp(rng.normal(INCOMES[persona], SPREAD))),
            "channel": {c: float(n) for c, n in zip(CHANNELS, counts, strict=True) if n},
            "dwell": Average(float(rng.normal(DWELLS[persona], 0.6)), 4.0),
        }
        rows.append({name: value for name, value in row.items() if rng.random() >= missing})
    return Population(rows, personas)


def independent(visitors: int, seed: int) -> list[dict[str, object]]:
    """Visitors of whom nothing goes along with anything."""
    rng = np.random.default_rng(seed)
    return [
        {
            "trait:role": ROLES[rng.integers(3)],
            "trait:plan": PLANS[rng.integers(3)],
            "trait:income": float(np.exp(rng.normal(4.0, 0.6))),
            "trait:visits": float(rng.poisson(4)),
            "channel": {CHANNELS[rng.integers(3)]: 2.0},
        }
        for _ in range(visitors)
    ]


def likelihoods(population: Population) -> Array:
    """log p(persona, features) [visitor, persona] of who knows the true parameters."""
    joints = [_joint(row) for row in population.rows]
    return np.asarray(np.log([0.5, 0.3, 0.2]) + np.array(joints))


def _joint(row: dict[str, object]) -> Array:
    joint = np.zeros(3)
    for name, labels in (("role", ROLES), ("plan", PLANS), ("size", SIZES)):
        value = row.get(f"trait:{name}")
        if isinstance(value, str):
            joint = joint + np.log(_STRONG[:, labels.index(value)])
    income, channel, dwell = row.get("trait:income"), row.get("channel"), row.get("dwell")
    if isinstance(income, float):
        joint = joint - 0.5 * ((np.log(income) - INCOMES) / SPREAD) ** 2
    if isinstance(channel, dict):
        joint = joint + sum(n * np.log(_STRONG[:, CHANNELS.index(c)]) for c, n in channel.items())
    if isinstance(dwell, Average):
        joint = joint - 0.5 * ((dwell.mean - DWELLS) / 0.6) ** 2
    return joint
