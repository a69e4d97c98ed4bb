"""What browser clients ask for before they send anything: their settings, which are all "yes"."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from service.auth import Caller, identified, presented, wrong_kind
from service.routes.bodies import answer

router = APIRouter(tags=["Events"])
EVERYTHING = {"__default": {"enabled": True, "integrations": {}}}


@router.get("/v1/projects/{key}/settings")
async def segment_settings(request: Request, key: str) -> Response:
    """For analytics.js: no destinations but this service."""
    _publishable(request, key)
    own: dict[str, Any] = {
        "apiKey": key,
        "unbundledIntegrations": [],
        "addBundledMetadata": False,
        "maybeBundledConfigIds": {},
        "versionSettings": {"version": "4.4.7", "componentTypes": ["browser"]},
    }
    return answer(
        {
            "integrations": {"Segment.io": own},
            "plan": {"track": EVERYTHING, "identify": EVERYTHING, "group": EVERYTHING},
            "edgeFunction": {},
            "analyticsNextEnabled": True,
            "middlewareSettings": {},
            "enabledMiddleware": {},
            "metrics": {"sampleRate": 0},
            "legacyVideoPluginsEnabled": False,
            "remotePlugins": [],
        },
        headers={"Cache-Control": "public, max-age=300"},
    )


@router.get("/sourceConfig/")
@router.get("/sourceConfig", include_in_schema=False)
async def rudder_source(
    request: Request, write_key: Annotated[str | None, Query(alias="writeKey")] = None
) -> Response:
    """For RudderStack's browser client: an enabled source without destinations."""
    key = presented(request.headers) or write_key
    caller = _publishable(request, key)
    off = {"enabled": False}
    source: dict[str, Any] = {
        "id": caller.site,
        "name": caller.site,
        "writeKey": key,
        "enabled": True,
        "workspaceId": caller.site,
        "config": {"statsCollection": {"errors": off, "metrics": off}},
        "destinations": [],
        "dataplanes": {},
    }
    return answer({"source": source, "updatedAt": "2026-01-01T00:00:00.000Z"})


def _publishable(request: Request, key: str | None) -> Caller:
    caller = identified(request.app.state.fingerpost.sites, key)
    if caller.kind != "publishable":
        raise wrong_kind(caller.kind, ("publishable",))
    return caller
