"""The worth of a policy in figures and in words, in all and by persona and phase."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from personas.errors import NotEnoughData
from personas.feedback import Shown
from personas.policy_value import LEAST_EFFECTIVE, Estimate, Trials, Value, value_of
from training.evaluate_policies import Policy

METHOD = (
    "Mean reward of an answer, doubly robust (ips and snips beside it), each place weighed by the "
    "chances of the places down to it. Intervals: 95 %, Student's t on sums over visitors. Refused "
    f"where the weighted answers are worth fewer than {LEAST_EFFECTIVE:.0f}."
)
PARTS = ("persona", "phase")


def told_of(policy: Policy, answers: Sequence[Shown], trials: Trials) -> dict[str, Any]:
    """One policy's entry in the result of an evaluation."""
    told: dict[str, Any] = {"name": policy.name, "kind": policy.kind}
    told |= _value(policy.name, trials)
    for part in PARTS:
        names = np.asarray([str(answer.answer.get(part)) for answer in answers], object)
        told[f"by{part.capitalize()}"] = [
            {part: name} | _value(policy.name, trials.part(np.asarray(names == name)))
            for name in sorted(set(names.tolist()))
        ]
    return told


def _value(name: str, trials: Trials) -> dict[str, Any]:
    try:
        value = value_of(trials)
    except NotEnoughData as error:
        return {"refused": True, "answers": len(trials), "words": str(error)}
    return {
        "refused": False,
        "answers": value.lists,
        "visitors": value.visitors,
        "places": value.places,
        "effectiveAnswers": value.effective,
        "logged": _told(value.logged),
        "estimates": {method: _told(found) for method, found in value.estimates.items()},
        "gain": _told(value.gain),
        "words": words_of(name, value, trials.rewards.shape[1]),
    }


def _told(estimate: Estimate) -> dict[str, float]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def words_of(name: str, value: Value, ranks: int) -> str:
    """What a marketer may want to know."""
    found, logged, gain = value.estimates["dr"], value.logged, value.gain
    first = (
        f"“{name}” would bring {found.value:.3f} an answer ({found.low:.3f} to {found.high:.3f})"
    )
    first += f", against {logged.value:.3f} as it was"
    if not gain.is_certain:
        verdict = "the log cannot tell them apart"
    elif logged.value > 0:
        share = abs(gain.value) / logged.value
        verdict = f"{share:.0%} {'more' if gain.value > 0 else 'less'}"
    else:
        verdict = "more" if gain.value > 0 else "less"
    where = "" if value.places >= ranks else f" On the first {value.places} of {ranks} places only."
    return f"{first}: {verdict}.{where}"
