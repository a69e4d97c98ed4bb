"""The store follows the log: beside the requests, from the start to the end of the service."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from personas.errors import StoreUnavailable
from service.folding import catch_up, note_position
from service.joint import fold_joint_pasts
from service.replay import refold

if TYPE_CHECKING:
    from service.state import State

KEEP_EVERY = 1.0  # seconds between notes of how far the store is
TRY_AGAIN = 0.5  # seconds
REST = 10.0  # folding again from the log may take one part in so many of the time


async def follow(state: State) -> None:
    """Notes how far the store is, catches up when it was away, and folds late histories again."""
    rested = 0.0
    while True:
        await asyncio.sleep(KEEP_EVERY if state.folding.behind is None else TRY_AGAIN)
        with suppress(StoreUnavailable):
            if state.folding.behind is not None:
                await catch_up(state, state.folding.behind)
            await note_position(state)
            begun = time.monotonic()
            wanted = any(state.joint_pasts.wanted.values())
            if (state.folding.late or wanted) and begun >= rested:
                await _fold_late(state)
                rested = time.monotonic() + REST * (time.monotonic() - begun)


async def _fold_late(state: State) -> None:
    for site in list(state.folding.late):
        keys = state.folding.late.pop(site)
        try:
            await refold(state, site, keys)
        except BaseException:
            state.folding.late[site] |= keys
            raise
    state.folding.folded_late()
    for site in [site for site, wanted in state.joint_pasts.wanted.items() if wanted]:
        await fold_joint_pasts(state, site)
