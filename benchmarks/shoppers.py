"""Does the belief about shop sessions tell who will buy? Beside gradient boosting on all columns.

    python benchmarks/shoppers.py ../shared/data/uci_online_shoppers/online_shoppers_intention.csv

Pages are touchpoints, what is known of the visitor are traits; `PageValues`, which leaks the
outcome, is never used. Sessions to learn from end with an order where one was made; of the others
the outcome is hidden. The figure is the area under the curve of P(intent or beyond) for `Revenue`.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from personas.entities import LADDER, History, Touchpoint, TraitChange
from personas.phase_leanings import lean
from personas.phase_learning import PhaseEstimator
from personas.phases import PhaseModel, expert_model, ladder_at

TEST_SHARE = 0.3
PAGES = {
    "Administrative": "Account Page Viewed",  # no vocabulary knows it: its meaning is learned
    "Informational": "page",
    "ProductRelated": "Product Viewed",
}
MOST_PAGES = 60  # of one sort, in a session
KNOWN = ("Month", "TrafficType", "VisitorType", "Weekend", "SpecialDay", "Region")
RATES = ("BounceRates", "ExitRates")
INTENT = LADDER.index("intent")

Row = dict[str, Any]


def main() -> None:
    args = _arguments()
    with args.table.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    figures = [_run(rows, seed, args.iterations) for seed in range(args.seeds)]
    names = ("no data", "the chain alone", "trained", "gradient boosting")
    for name, column in zip(names, zip(*figures, strict=True), strict=True):
        print(f"{name:<20} AUC {np.mean(column):.3f} ± {np.std(column):.3f}")


def _run(rows: list[Row], seed: int, iterations: int) -> tuple[float, ...]:
    order = np.random.default_rng(seed).permutation(len(rows))
    cut = int(len(rows) * TEST_SHARE)
    test, training = ([rows[place] for place in part] for part in (order[:cut], order[cut:]))
    seen = [_history(row, outcome=True) for row in training]
    chain = PhaseEstimator(iterations=iterations, seed=seed).fit(seen, {}, {}).model_
    learned = lean(chain, seen, {}, {}, seed)
    bought = [row["Revenue"] == "TRUE" for row in test]
    by_phases = [
        roc_auc_score(bought, _intents(model, test)) for model in (expert_model(), chain, learned)
    ]
    return *by_phases, roc_auc_score(bought, _boosted(training, test))


def _intents(model: PhaseModel, rows: list[Row]) -> list[float]:
    """P(intent or beyond) at the end of each session."""
    histories = [_history(row, outcome=False) for row in rows]
    return [
        float(ladder_at(model, history, {}, history.touchpoints[-1].time, {})[INTENT:].sum())
        for history in histories
    ]


def _history(row: Row, outcome: bool) -> History:
    """A session as touchpoints; its pages are spread evenly, as their order is not known."""
    pages = []
    for sort, name in PAGES.items():
        count = min(int(row[sort]), MOST_PAGES)
        seconds = float(row[f"{sort}_Duration"]) / max(int(row[sort]), 1)
        pages += [((place + 0.5) / count, name, seconds, place) for place in range(count)]
    pages = sorted(pages) or [(0.5, "page", 0.0, 0)]
    touchpoints, clock = [], 0.0
    for number, (_, name, seconds, place) in enumerate(pages):
        content = f"/{name}/{place}"
        touchpoints.append(Touchpoint(clock, number, name, content=content, dwell=seconds or None))
        clock += min(seconds, 1200.0)
    if outcome and row["Revenue"] == "TRUE":
        touchpoints.append(Touchpoint(clock, len(pages), "Order Completed"))
    traits = [TraitChange(0.0, -1, name, row[name]) for name in KNOWN]
    traits += [TraitChange(0.0, -1, name, float(row[name])) for name in RATES]
    return History(tuple(touchpoints), tuple(traits))


def _boosted(training: list[Row], test: list[Row]) -> np.ndarray:
    """P(bought) by gradient boosting on all columns but the one that leaks."""
    columns = [name for name in training[0] if name not in ("PageValues", "Revenue")]
    codes: dict[str, dict[str, int]] = {name: {} for name in columns}

    def number(name: str, value: str) -> float:
        try:
            return float(value)
        except ValueError:
            return codes[name].setdefault(value, len(codes[name]))

    points = [
        np.array([[number(name, row[name]) for name in columns] for row in part])
        for part in (training, test)
    ]
    bought = [row["Revenue"] == "TRUE" for row in training]
    model = HistGradientBoostingClassifier(random_state=0, max_iter=150, learning_rate=0.05)
    return model.fit(points[0], bought).predict_proba(points[1])[:, 1]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("--seeds", type=int, default=3, help="splits")
    parser.add_argument("--iterations", type=int, default=40)
    return parser.parse_args()


if __name__ == "__main__":
    main()
