"""Our mixture beside StepMix and scikit-learn's: the truth found, time, memory, one visitor.

    python benchmarks/mixtures_compared.py --visitors 3000 --missing 0,.4,.7

Three made-up personas, six features (`tests/personas/populations.py`): three categories, an income,
counts of channels, a mean of repeated observations. All are told how many personas there are.
StepMix takes what it has a model for: categories with missing ones, the rest as normal with missing
ones. scikit-learn's mixture takes no missing ones: they become the mean.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable, Sequence
from multiprocessing.queues import Queue
from typing import Any, TypeAlias

import numpy as np

from personas.entities import Array
from personas.mixture import PersonaMixture
from personas.mixture_choice import adjusted_rand
from tests.personas.populations import CHANNELS, PLANS, ROLES, SIZES, drawn, likelihoods

PERSONAS, FITS, ALONE = 3, 5, 200  # FITS: random starts; ALONE: visitors answered one by one
Rows = Sequence[dict[str, Any]]
Answers: TypeAlias = "Queue[tuple[float, float, float, float, float]]"
CATEGORIES = (("trait:role", ROLES), ("trait:plan", PLANS), ("trait:size", SIZES))


def plain(rows: Rows) -> Array:
    """Numbers of categories, logarithm of income, shares of channels, mean; nan is missing."""
    return np.array([_plain(row) for row in rows])


def _plain(row: dict[str, Any]) -> list[float]:
    found = [
        float(labels.index(row[name])) if name in row else np.nan for name, labels in CATEGORIES
    ]
    found.append(np.log(row["trait:income"]) if "trait:income" in row else np.nan)
    seen = row.get("channel")
    found += [seen.get(c, 0.0) / sum(seen.values()) if seen else np.nan for c in CHANNELS[:-1]]
    found.append(row["dwell"].mean if "dwell" in row else np.nan)
    return found


def ours(rows: Rows) -> Callable[[Rows], Any]:
    return PersonaMixture(count=PERSONAS, starts=FITS, random_state=0).fit(rows).predict


def stepmix(rows: Rows) -> Callable[[Rows], Any]:
    from stepmix.stepmix import StepMix  # type: ignore[import-untyped]  # it ships no types

    measurement = {
        "categories": {"model": "categorical_nan", "n_columns": len(CATEGORIES)},
        "numbers": {"model": "gaussian_diag_nan", "n_columns": 4},
    }
    model = StepMix(
        PERSONAS, measurement=measurement, n_init=FITS, random_state=0, progress_bar=0, verbose=0
    )
    model.fit(plain(rows))
    return lambda told: model.predict(plain(told))


def scikit_learn(rows: Rows) -> Callable[[Rows], Any]:
    from sklearn.mixture import GaussianMixture

    means = np.nanmean(_one_hot(plain(rows)), axis=0)

    def filled(told: Rows) -> Array:
        table = _one_hot(plain(told))
        return np.where(np.isnan(table), means, table)

    model = GaussianMixture(PERSONAS, covariance_type="diag", n_init=FITS, random_state=0)
    model.fit(filled(rows))
    return lambda told: model.predict(filled(told))


def _one_hot(table: Array) -> Array:
    first = [
        np.where(np.isnan(table[:, [n]]), np.nan, table[:, [n]] == np.arange(len(labels)))
        for n, (_, labels) in enumerate(CATEGORIES)
    ]
    return np.hstack([*first, table[:, len(CATEGORIES) :]])


def measured(name: str, visitors: int, missing: float, seed: int, answers: Answers) -> None:
    """One method in a process of its own, so that its memory is its own."""
    population = drawn(visitors, missing, seed)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    predict = METHODS[name](population.rows)
    fitted = time.process_time()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    found = adjusted_rand(np.asarray(predict(population.rows)), population.personas)
    alone = time.process_time()
    for row in population.rows[:ALONE]:
        predict([row])
    each = 1e3 * (time.process_time() - alone) / ALONE
    ideal = adjusted_rand(likelihoods(population).argmax(1), population.personas)
    answers.put((found, ideal, fitted - started, grown, each))


METHODS: dict[str, Callable[[Rows], Callable[[Rows], Any]]] = {
    "ours": ours,
    "StepMix": stepmix,
    "scikit-learn": scikit_learn,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--visitors", type=int, default=3000)
    parser.add_argument("--missing", default="0,.4,.7")
    parser.add_argument("--seed", type=int, default=5)
    args = parser.parse_args()
    processes = multiprocessing.get_context("spawn")
    for missing in map(float, args.missing.split(",")):
        for name in METHODS:
            answers: Answers = processes.Queue()
            told = (name, args.visitors, missing, args.seed, answers)
            process = processes.Process(target=measured, args=told)
            process.start()
            found, ideal, seconds, memory, each = answers.get()
            process.join()
            print(
                f"missing {missing:.0%} {name}: ARI {found:.3f} (who knows the truth {ideal:.3f}), "
                f"fit {seconds:.1f} s of CPU, {memory:.0f} MB more, one visitor {each:.2f} ms",
                flush=True,
            )


if __name__ == "__main__":
    main()
