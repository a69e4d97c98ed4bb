"""Training begun from the service, and the choice of the version in use."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from personas.errors import UnknownName
from service.active import MODELS, Models
from service.jobs import Job
from training.content_vectors import keep_vectors

if TYPE_CHECKING:
    from service.state import State


def train(state: State, site: str, models: Sequence[str], now: float) -> Job:
    """Queue a training of some models, or of all where none is named."""
    chosen = list(dict.fromkeys(models or MODELS))

    def swapped() -> None:
        """Uses the new version, and looks at all visitors with it."""
        state.active.refresh(site)
        state.censuses.take(state, site)

    return state.jobs.train(
        site,
        chosen,
        swapped,
        now,
        lambda folder: keep_vectors(folder, site, state.index.all_vectors(site)),
    )


async def activate(state: State, site: str, version: str) -> Models:
    """Use this version from now on; also the way back to an older one.

    Raises:
        UnknownName: there is none of this name.
        CorruptArtefact: it is damaged, and not used.
    """
    registry = state.active.registry
    versions = await asyncio.to_thread(registry.versions, site)
    if version not in {each.version for each in versions}:
        detail = f"There is no version {version!r}. GET /v1/models lists those that there are."
        raise UnknownName(detail, "unknown-version")
    await asyncio.to_thread(registry.activate, site, version)
    return state.active.refresh(site)
