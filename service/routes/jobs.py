"""Long work, and the versions of models that come of it."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.responses import Response

from personas.errors import InvalidInput
from service.auth import Caller, needs
from service.evaluating import evaluate
from service.jobs import Job
from service.replay import replay
from service.routes.bodies import Body, answer, written_moment
from service.routes.pages import ThePage, paged
from service.routes.paths import PathId
from service.routes.questions import Question, asked_of, refuse_question
from service.state import State, state_of
from service.training import activate, train
from training.registry import VersionInfo

router = APIRouter(prefix="/v1", tags=["Models and jobs"])
TheState = Annotated[State, Depends(state_of)]
Model = Literal["personas", "phases", "tagger", "ranker"]
Editor = Annotated[Caller, Depends(needs("secret", "console"))]
Reader = Annotated[Caller, Depends(needs("secret", "console", "content"))]


class NewJob(Question):
    """Work to be done: `train` models, `evaluate` what a change would be worth, or `replay` the
    event log into long histories."""

    kind: Literal["train", "evaluate", "replay"]
    models: list[Model] | None = Field(
        None, min_length=1, description="Which to train; without it all of them."
    )


@router.post("/jobs", status_code=202)
async def start_job(
    caller: Editor, state: TheState, body: Annotated[NewJob, Body(NewJob)]
) -> Response:
    """Start long work; Location says where to ask how far it is."""
    job = await _started(state, caller.site, body, time.time())
    return answer(shown_job(job), 202, {"Location": f"/v1/jobs/{job.id}"})


async def _started(state: State, site: str, body: NewJob, now: float) -> Job:
    if body.kind != "train" and body.models is not None:
        raise InvalidInput(f"A job of kind {body.kind} trains nothing.", pointer="/models")
    if body.kind == "evaluate":
        return evaluate(state, site, await asked_of(state, site, body), now)
    refuse_question(body, body.kind)
    if body.kind == "train":
        return train(state, site, body.models or (), now)
    return state.jobs.start(site, body.kind, partial(replay, state, site), now)


@router.get("/jobs")
async def list_jobs(caller: Editor, state: TheState, which: ThePage) -> Response:
    """The site's jobs since the service started."""
    return answer(paged(state.jobs.listed(caller.site), lambda job: job.id, which, shown_job))


@router.get("/jobs/{job_id}")
async def read_job(caller: Reader, state: TheState, job_id: PathId) -> Response:
    """How far it is, and what came of it."""
    return answer(shown_job(await state.jobs.get(caller.site, job_id)))


def shown_job(job: Job) -> dict[str, Any]:
    """A job as the API answers with it."""
    told = job.to_json()
    return told | {"createdAt": written_moment(told.pop("created"))}


@router.get("/models")
async def list_models(caller: Editor, state: TheState, which: ThePage) -> Response:
    """The versions of the site's models, and which is active."""
    versions = await asyncio.to_thread(state.active.registry.versions, caller.site)
    active = next((each.version for each in versions if each.active), None)
    return answer(paged(versions, lambda each: each.version, which, _version) | {"active": active})


@router.post("/models/{version}:activate")
async def activate_version(caller: Editor, state: TheState, version: PathId) -> Response:
    """Use this version from now on; also the way back to an older one."""
    models = await activate(state, caller.site, version)
    return answer({"active": models.version, "models": dict(models.versions)})


def _version(info: VersionInfo) -> dict[str, Any]:
    return {
        "version": info.version,
        "createdAt": written_moment(info.created),
        "models": dict(info.models),
        "note": dict(info.note),
        "active": info.active,
        "readable": info.readable,
    }
