"""Do learned rungs still mean what they are called? By the prior that named them.

What visitors did is as likely under any naming of the rungs: only the expert's prior tells which is
awareness and which is loyalty. So learned parameters are held against the prior under all 5,040
namings. Where another naming is likelier than theirs, learning went astray: the same model, its
rungs renamed, would fit better.
"""

from __future__ import annotations

from itertools import permutations

import numpy as np

from personas.entities import LADDER, Array
from personas.phase_chains import Parameters
from personas.phase_maximise import Priors

LEAST = 1e-12


def best_naming(parameters: Parameters, priors: Priors) -> tuple[int, ...]:
    """Which learned rung the prior would call by each rung's name; (0, 1, …, 6) where all is well.

    Held against the prior: where visitors start and what they do (Dirichlet), how long they stay
    and where they go then (Gamma), of all ways together.
    """
    namings = np.array(list(permutations(range(len(LADDER)))))
    weights = parameters.weights
    worth = _of_what_is_done(
        np.einsum("k,kic->ic", weights, parameters.meant), weights @ parameters.starts, priors
    )[np.arange(len(LADDER)), namings].sum(1)
    worth += _of_moves(np.einsum("k,kij->ij", weights, parameters.generators), priors, namings)
    best = namings[int(np.argmax(worth))]  # the first naming, their own, wins a draw
    return tuple(int(rung) for rung in best)


def _of_what_is_done(meant: Array, starts: Array, priors: Priors) -> Array:
    """Log density of calling by each rung's name each learned rung [name, rung]."""
    worth: Array = priors.meant @ np.log(np.maximum(meant, LEAST)).T
    worth += priors.starts[:, None] * np.log(np.maximum(starts, LEAST))
    return worth


def _of_moves(generator: Array, priors: Priors, namings: Array) -> Array:
    """Log density of the moves under each naming [5040]."""
    rates = np.log(np.maximum(generator, LEAST)) * ~np.eye(len(LADDER), dtype=bool)
    leaving = -np.diag(generator)
    moved = (priors.moves * rates[namings[:, :, None], namings[:, None, :]]).sum((1, 2))
    worth: Array = moved - leaving[namings] @ priors.stays
    return worth
