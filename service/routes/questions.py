"""What an evaluation may be asked."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from pydantic import Field

from personas.errors import InvalidInput, UnknownName
from service.routes.bodies import Configuration, Id, Moment
from service.routes.experiments import check_slot
from service.state import State

USUAL_VERSIONS = ("active", "prior")


class PolicyBody(Configuration):
    """A way of drawing lists that is to be valued."""

    kind: Literal["ranker", "popularity", "uniform"] = "ranker"
    name: str | None = Field(None, min_length=1, max_length=100, description="For the result.")
    version: str | None = Field(
        None, description="Of the models whose ranking draws; `active` or `prior`, too."
    )
    slot: dict[str, Any] | None = Field(
        None, description="What is set otherwise than in the slot; fields of PUT /v1/slots."
    )


class Question(Configuration):
    """Of an evaluation: what would these policies have been worth?"""

    slot: Id | None = Field(None, description="Answers of this slot only; without it all.")
    reward: Literal["clicks", "conversions"] | None = None
    from_: Moment | None = Field(None, alias="from")
    to: Moment | None = None
    policies: list[PolicyBody] | None = Field(None, min_length=1, max_length=10)
    experiment: Id | None = Field(None, description="Results of this experiment instead.")


async def asked_of(state: State, site: str, question: Question) -> dict[str, Any]:
    """A question as `training/evaluate.py` reads it.

    Raises:
        UnknownName, InvalidInput: it asks for what there is not.
    """
    if question.experiment is not None:
        if question.experiment not in state.sites.of(site).experiments:
            detail = f"There is no experiment {question.experiment!r}."
            raise UnknownName(detail, "unknown-experiment", "/experiment")
        return {"experiment": question.experiment}
    await _check(state, site, question.policies or [])
    asked: dict[str, Any] = {
        "slot": question.slot,
        "reward": question.reward,
        "from": question.from_,
        "to": question.to,
    }
    if question.policies is not None:
        asked["policies"] = [
            each.model_dump(mode="json", exclude_none=True) for each in question.policies
        ]
    return asked


async def _check(state: State, site: str, policies: list[PolicyBody]) -> None:
    versions = await asyncio.to_thread(state.active.registry.versions, site)
    known = {each.version for each in versions} | set(USUAL_VERSIONS)
    for number, policy in enumerate(policies):
        if policy.version is not None and policy.version not in known:
            detail = (
                f"There is no version {policy.version!r}. GET /v1/models lists those there are."
            )
            raise UnknownName(detail, "unknown-version", f"/policies/{number}/version")
        if policy.slot is not None:
            check_slot(policy.slot, f"/policies/{number}/slot")


def refuse_question(question: Question, kind: str) -> None:
    """Fields of a question have no meaning for other jobs."""
    for name in Question.model_fields:
        if getattr(question, name) is not None:
            pointer = f"/{name.rstrip('_')}"
            raise InvalidInput(f"Only an evaluation asks that; this is a {kind}.", pointer=pointer)
