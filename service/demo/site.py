"""The demo: a made-up company's site, and beside it what the service makes of who reads it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from service.demo import visit
from service.demo.pages import middle_of, whole

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
router = APIRouter(prefix="/demo", include_in_schema=False)
static = StaticFiles(packages=[("service.demo", "static")])
router.routes.extend(visit.router.routes)


@router.get("")
async def beginning() -> Response:
    """To the front page."""
    return RedirectResponse("/demo/")


@router.get("/{path:path}")
async def page(request: Request, path: str) -> Response:
    """A page of the made-up site; only its middle where the script asks for that."""
    where = f"/{path}"
    text = middle_of(where)[0] if request.headers.get("x-fragment") else whole(where)
    return Response(text, media_type="text/html; charset=utf-8", headers=HEADERS)
