"""Experiments: visitors parted by chance between ways of choosing content."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.responses import Response

from personas.errors import InvalidInput, StoreUnavailable
from service.auth import Caller, needs
from service.evaluating import RESULT
from service.problems import not_found
from service.routes.bodies import Body, Configuration, Id, answer
from service.routes.pages import ThePage, paged
from service.routes.paths import PathId
from service.routes.slots import SlotBody
from service.state import State, state_of

router = APIRouter(prefix="/v1", tags=["Experiments"])
TheState = Annotated[State, Depends(state_of)]
Editor = Annotated[Caller, Depends(needs("secret", "console"))]


class ArmBody(Configuration):
    """One of the ways: other settings of the slot, another version's ranking, or a hold-out."""

    id: Id
    weight: float = Field(default=1.0, gt=0, le=1000, description="Its share, against the others'.")
    version: str | None = Field(default=None, description="Of the models whose ranking is used.")
    slot: dict[str, Any] | None = Field(
        default=None, description="What is set otherwise than in the slot; fields of PUT /v1/slots."
    )
    hold_out: bool = Field(default=False, description="The same list for all, nothing personal.")


class ExperimentBody(Configuration):
    """Arms, of which the first is what the others are compared with."""

    arms: list[ArmBody] = Field(min_length=2, max_length=10)
    slots: list[Id] = Field(default_factory=list, max_length=100, description="Empty for all.")
    status: Literal["running", "stopped"] = "running"


@router.put("/experiments/{experiment_id}")
async def put_experiment(
    caller: Editor,
    state: TheState,
    experiment_id: PathId,
    body: Annotated[ExperimentBody, Body(ExperimentBody)],
) -> Response:
    """Start, change or stop an experiment; it holds from the next recommendation on."""
    await _check(state, caller.site, body)
    value = body.model_dump(mode="json", by_alias=True)
    await state.sites.set(caller.site, "experiment", experiment_id, value, time.time())
    return answer({"id": experiment_id} | value)


@router.get("/experiments")
async def list_experiments(caller: Editor, state: TheState, which: ThePage) -> Response:
    """All experiments of the site."""
    settings = state.sites.of(caller.site).experiment_settings
    rows = [{"id": name, **value} for name, value in sorted(settings.items())]
    return answer(paged(rows, lambda row: str(row["id"]), which, dict))


@router.get("/experiments/{experiment_id}")
async def get_experiment(caller: Editor, state: TheState, experiment_id: PathId) -> Response:
    """One experiment, with the results of its last evaluation.

    `POST /v1/jobs {"kind": "evaluate", "experiment": …}` reads the log for new ones.
    """
    value = state.sites.of(caller.site).experiment_settings.get(experiment_id)
    if value is None:
        raise not_found("experiment", experiment_id)
    try:
        kept = await state.store.document(caller.site, RESULT + experiment_id)
    except StoreUnavailable:
        kept = None
    results = orjson.loads(kept) if kept else None
    return answer({"id": experiment_id, **value, "results": results})


@router.delete("/experiments/{experiment_id}", status_code=204)
async def delete_experiment(caller: Editor, state: TheState, experiment_id: PathId) -> Response:
    """Forget an experiment; its answers stay in the log."""
    await state.sites.set(caller.site, "experiment", experiment_id, None, time.time())
    return Response(status_code=204)


async def _check(state: State, site: str, body: ExperimentBody) -> None:
    """Refuse arms that could not answer."""
    names = [arm.id for arm in body.arms]
    if len(set(names)) < len(names):
        raise InvalidInput("Each arm needs an id of its own.", pointer="/arms")
    versions = await asyncio.to_thread(state.active.registry.versions, site)
    known = {each.version for each in versions}
    for number, arm in enumerate(body.arms):
        if arm.version is not None and arm.version not in known:
            detail = f"There is no version {arm.version!r}. GET /v1/models lists those there are."
            raise InvalidInput(detail, "unknown-version", f"/arms/{number}/version")
        if arm.slot is not None:
            check_slot(arm.slot, f"/arms/{number}/slot")


def check_slot(changed: dict[str, Any], pointer: str) -> None:
    """Refuse what PUT /v1/slots would refuse."""
    from pydantic import ValidationError

    from embeddings.index import parse_filter

    try:
        slot = SlotBody.model_validate(changed, by_alias=True, by_name=False)
    except ValidationError as error:
        first = error.errors()[0]
        where = "".join(f"/{part}" for part in first["loc"])
        raise InvalidInput(first["msg"], "invalid-slot", pointer + where) from None
    parse_filter(slot.filter or {}, f"{pointer}/filter")
    for number, boost in enumerate(slot.boosts):
        parse_filter(boost.filter, f"{pointer}/boosts/{number}/filter")
