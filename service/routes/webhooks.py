"""Webhooks: content systems tell what was published, changed, taken back, deleted."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from personas.entities import CONTENT_TYPES
from personas.errors import InvalidInput
from service import problems
from service.auth import Caller, Needs, needs, presented
from service.routes.bodies import (
    Body,
    BodyOf,
    Configuration,
    Limits,
    answer,
    check_shape,
    inflated,
    parsed,
    raw_bytes,
)
from service.sites import DEFAULT, Site
from service.state import State, state_of
from service.webhooks import deliver, delivery_name, filled_in
from service.webhooks_signatures import MISSING, OLD, Delivery, fault_of, is_signed
from service.webhooks_systems import SYSTEMS, change_of

router = APIRouter(prefix="/v1", tags=["Content"])
TheState = Annotated[State, Depends(state_of)]
Owner = Annotated[Caller, Depends(needs("secret"))]
System = Literal["wordpress", "ghost", "contentful", "strapi", "generic"]
DELIVERIES = Limits(raw=4 << 20, inflated=8 << 20, depth=100)
FORM = "application/x-www-form-urlencoded"
FAULTS: Mapping[str, str] = {
    MISSING: "Sign the delivery: this site has a secret for this system.",
    OLD: "The delivery was signed more than five minutes ago. Send it anew; check the clock.",
}


# --- what is set ----------------------------------------------------------------------------------


class WebhookSettings(Configuration):
    """What holds for a system's deliveries; what is left out stays as it is, null takes away."""

    secret: str | None = Field(
        None,
        min_length=8,
        max_length=256,
        description="With which the system signs. It is never shown again, and from now on every "
        "delivery must be signed.",
    )
    url_template: str | None = Field(
        None,
        max_length=500,
        pattern=r"^https?://",
        description="Where entries appear if the system does not say: "
        "`https://example.org/{locale}/{slug}`; also `{id}` and `{type}`.",
    )
    type: str | None = Field(None, description="Content type of everything from this system.")
    locale: str | None = Field(None, max_length=35, description="Where the system tells none.")


@router.get("/webhooks")
async def list_webhooks(caller: Owner, state: TheState) -> Response:
    """What is set for each content system; never its secret."""
    site = state.sites.of(caller.site)
    return answer({"data": [_shown(site, system) for system in SYSTEMS], "nextCursor": None})


@router.patch("/webhooks/{system}")
async def change_webhook(
    caller: Owner,
    state: TheState,
    body: Annotated[WebhookSettings, Body(WebhookSettings)],
    system: System,
) -> Response:
    """Set how deliveries of a content system are checked and read."""
    if body.type is not None and body.type not in CONTENT_TYPES:
        detail = f"There is no such type. Known: {', '.join(CONTENT_TYPES)}."
        raise InvalidInput(detail, "unknown-type", "/type")
    site = state.sites.of(caller.site)
    told = body.model_dump(by_alias=True, exclude_unset=True)
    value = {**site.webhooks.get(system, {}), **told}
    kept = {name: each for name, each in value.items() if each is not None}
    await state.sites.set(caller.site, "webhook", system, kept, time.time())
    return answer(_shown(state.sites.of(caller.site), system))


def _shown(site: Site, system: str) -> dict[str, Any]:
    value = site.webhooks.get(system, {})
    told = {name: value.get(name) for name in ("urlTemplate", "type", "locale")}
    return {"system": system, "signed": "secret" in value, **told}


# --- deliveries -----------------------------------------------------------------------------------


class Sender(Needs):
    """The caller: by a key, or by a signature, which is checked when the body is there.

    A key never comes in the address, where logs would keep it.
    """

    async def __call__(
        self,
        request: Request,
        site: Annotated[
            str, Query(max_length=64, description="For signed deliveries without a key: whose.")
        ] = DEFAULT,
    ) -> Caller:
        if presented(request.headers) is None and is_signed(request.headers):
            state: State = request.app.state.fingerpost
            system = request.path_params.get("system", "")
            if state.sites.of(site).webhooks.get(system, {}).get("secret"):
                return Caller(site, "content", f"signature-{system}")
        return await super().__call__(request)


class Payload(BaseModel):
    """A delivery, as the system sends it."""

    model_config = ConfigDict(extra="allow")


class Raw(BodyOf):
    """The body's bytes, which signatures cover, and what it says."""

    async def __call__(self, request: Request) -> Any:  # noqa: ANN401 - bytes and JSON
        body = await raw_bytes(request, self.limits)
        plain = inflated(body, self.limits)
        said = _form(plain) if request.headers.get("content-type", "").startswith(FORM) else None
        value = parsed(plain) if said is None else said
        check_shape(value, self.limits)
        return body, value


def _form(body: bytes) -> dict[str, str] | None:
    """WordPress.com sends forms; clients send JSON under any Content-Type."""
    if body[:1] in (b"{", b"[", b""):
        return None
    return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=1_000)) or None


@router.post(
    "/webhooks/{system}",
    responses={202: {"description": "Taken; it is done in a moment, also after a restart."}},
)
async def receive_delivery(
    caller: Annotated[Caller, Depends(Sender(("secret", "content")))],
    state: TheState,
    body: Annotated[tuple[bytes, object], Depends(Raw(Payload, DELIVERIES))],
    system: System,
    request: Request,
) -> Response:
    """Take what a content system sends when something is published, changed, hidden or deleted.

    A key comes as Bearer, as Basic's user name or as `X-Write-Key`. Where a secret is set for the
    system, every delivery must be signed, and a signature alone will do.
    """
    raw, payload = body
    told = state.sites.of(caller.site).webhooks.get(system, {})
    headers = {name.lower(): value for name, value in request.headers.items()}
    _check(told, system, request, headers, raw)
    change = change_of(system, payload, headers, told.get("urlTemplate", ""))
    defaults = {name: told[name] for name in ("type", "locale") if name in told}
    change = filled_in(change, defaults)
    done = await deliver(state, caller.site, change, delivery_name(raw, headers), time.time())
    if done is None:
        return answer({"action": "accepted", "contentIds": [], "detail": "it is being done"}, 202)
    return answer(done.to_json())


def _check(
    told: Mapping[str, Any], system: str, request: Request, headers: Mapping[str, str], raw: bytes
) -> None:
    """Refuse what a system did not sign, or not lately."""
    if "secret" not in told:
        return
    query = request.url.query
    path = request.scope.get("raw_path", b"").decode("latin-1").partition("?")[0]
    delivery = Delivery(request.method, f"{path}?{query}" if query else path, headers, raw)
    fault = fault_of(system, told["secret"], delivery, time.time())
    if fault is not None:
        status = 401 if fault == MISSING else 403
        detail = FAULTS.get(fault, "The signature does not fit: both sides must have one secret.")
        response = problems.problem(status, fault, detail)
        raise problems.Refused(response)
