"""Where visitors stand, learned from what they did."""

from __future__ import annotations

from personas.phase_learning import PhaseEstimator
from training.dataset import SiteData
from training.fitting import Fitted, Progress
from training.registry import Artefact

NAME = "phases"


def fit_phases(
    data: SiteData, before: Artefact | None, progress: Progress, now: float, seed: int
) -> Fitted:
    """Learn a site's phases.

    Raises:
        NotEnoughData: too few touchpoints to learn anything from.
    """
    histories = [visitor.history for visitor in data.visitors]
    progress(0.1, "learning how visitors move")
    fitted = PhaseEstimator().fit(histories, data.facts, data.mapping)
    report = {"visitors": len(histories), "iterations": len(fitted.objective_)}
    return Fitted(
        NAME, fitted.model_.to_arrays(), {}, "# Phases\n", report, True, "learned from the log"
    )
