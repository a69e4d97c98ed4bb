"""Direct routes: fixed paths that are answered without FastAPI's machinery, which costs 0.1 ms.

They are documented in /openapi.json like all others; `service/envelope.py` finds them by one
look-up.

```python
direct = DirectRoutes()

@direct.post("/v1/track", summary="One message", kinds=("publishable", "secret"), body=Message)
async def track(request: Request) -> Response: …
```
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Direct:
    """One such route, and what /openapi.json says about it.

    Attributes:
        kinds: of keys that may call; the endpoint checks them itself.
        body: what it reads, None for nothing.
        answers: what it answers with 200, None for any JSON.
    """

    method: str
    path: str
    endpoint: Endpoint
    summary: str
    tag: str
    kinds: tuple[str, ...] = ()
    body: type[BaseModel] | None = None
    answers: type[BaseModel] | None = None
    credentials: bool = False  # browsers send cookies along, which we ignore


class DirectRoutes:
    """A set of direct routes."""

    def __init__(self) -> None:
        self._routes: dict[tuple[str, str], Direct] = {}

    def add(self, route: Direct) -> None:
        """One more; a path and method stand once."""
        key = (route.method, route.path)
        if key in self._routes:
            raise ValueError(f"{route.method} {route.path} stands twice")
        self._routes[key] = route

    def post(
        self,
        path: str,
        *,
        summary: str,
        tag: str,
        kinds: tuple[str, ...],
        body: type[BaseModel] | None = None,
        answers: type[BaseModel] | None = None,
    ) -> Callable[[Endpoint], Endpoint]:
        """Decorator of the endpoint that answers POST on this path."""

        def made(endpoint: Endpoint) -> Endpoint:
            self.add(Direct("POST", path, endpoint, summary, tag, kinds, body, answers))
            return endpoint

        return made

    @classmethod
    def of(cls, *sets: Iterable[Direct]) -> DirectRoutes:
        """Several sets in one."""
        together = cls()
        for route in (route for routes in sets for route in routes):
            together.add(route)
        return together

    def find(self, method: str, path: str) -> Direct | None:
        """The route that answers, if it is a direct one."""
        return self._routes.get((method, path))

    def routes(self) -> list[Route]:
        """The same for starlette's router, which then knows that other methods are not allowed."""
        return [
            Route(each.path, each.endpoint, methods=[each.method], include_in_schema=False)
            for each in self
        ]

    def __iter__(self) -> Iterator[Direct]:
        return iter(self._routes.values())
