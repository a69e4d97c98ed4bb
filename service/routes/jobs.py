"""Long work, and the versions of models that come of it."""

from __future__ import annotations

import time
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.responses import Response

from personas.errors import InvalidInput
from service.auth import Caller, needs
from service.jobs import Job
from service.replay import replay
from service.routes.bodies import Body, Configuration, answer, written_moment
from service.routes.pages import ThePage, paged
from service.routes.paths import PathId
from service.state import State, state_of

router = APIRouter(prefix="/v1", tags=["Models and jobs"])
TheState = Annotated[State, Depends(state_of)]
Model = Literal["personas", "phases", "tagger", "ranker"]
ALL_MODELS: tuple[Model, ...] = ("personas", "phases", "tagger", "ranker")
Editor = Annotated[Caller, Depends(needs("secret", "console"))]


class NewJob(Configuration):
    """Work to be done."""

    kind: Literal["train", "replay"]
    models: list[Model] = Field(
        default_factory=lambda: list(ALL_MODELS), min_length=1, description="Which to train."
    )


@router.post("/jobs", status_code=202)
async def start_job(
    caller: Editor, state: TheState, body: Annotated[NewJob, Body(NewJob)]
) -> Response:
    """Start long work; Location says where to ask how far it is."""
    now, site = time.time(), caller.site
    if body.kind == "replay":
        job = state.jobs.start(site, body.kind, partial(replay, state, site), now)
    else:
        models: list[str] = list(dict.fromkeys(body.models))
        job = state.jobs.train(site, models, partial(state.active.refresh, site), now)
    return answer(_job(job), 202, {"Location": f"/v1/jobs/{job.id}"})


@router.get("/jobs")
async def list_jobs(caller: Editor, state: TheState, which: ThePage) -> Response:
    """The site's jobs since the service started."""
    return answer(paged(state.jobs.listed(caller.site), lambda job: job.id, which, _job))


@router.get("/jobs/{job_id}")
async def read_job(caller: Editor, state: TheState, job_id: PathId) -> Response:
    """How far it is, and what came of it."""
    return answer(_job(await state.jobs.get(caller.site, job_id)))


def _job(job: Job) -> dict[str, Any]:
    told = job.to_json()
    return told | {"createdAt": written_moment(told.pop("created"))}


@router.get("/models")
async def list_models(caller: Editor, state: TheState, which: ThePage) -> Response:
    """The versions of the site's models, and which is active."""
    versions = state.active.registry.versions(caller.site)
    active = state.active.registry.active(caller.site)
    shown = paged(versions, lambda each: each.version, which, lambda each: _version(each, active))
    return answer(shown | {"active": active})


@router.post("/models/{version}:activate")
async def activate_version(caller: Editor, state: TheState, version: PathId) -> Response:
    """Use this version from now on; also the way back to an older one."""
    if version not in {each.version for each in state.active.registry.versions(caller.site)}:
        detail = f"There is no version {version!r}. GET /v1/models lists those that there are."
        raise InvalidInput(detail, "unknown-version")
    state.active.registry.activate(caller.site, version)
    models = state.active.refresh(caller.site)
    return answer({"active": models.version, "models": dict(models.versions)})


def _version(version: Any, active: str | None) -> dict[str, Any]:  # noqa: ANN401 - until the registry is here
    return {"version": version.version, "active": version.version == active}
