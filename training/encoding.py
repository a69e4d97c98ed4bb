"""The encoder for programs that wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from embeddings.encoder import WorkerEncoder
from embeddings.tagging import Vectors

PATIENCE = 3600.0  # seconds


@contextmanager
def encoder_at_hand() -> Iterator[Callable[[Sequence[str]], Vectors]]:
    """A function from texts to their unit vectors, computed in a process of its own."""
    with asyncio.Runner() as runner:
        encoder = runner.run(_started())
        try:
            yield lambda texts: runner.run(encoder.encode(texts, PATIENCE))
        finally:
            runner.run(encoder.close())


async def _started() -> WorkerEncoder:
    return WorkerEncoder()
