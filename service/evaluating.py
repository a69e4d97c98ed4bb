"""Evaluations as jobs: the log is read by a process of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import orjson

from personas.errors import StoreUnavailable
from service.jobs import Job, Report, run_python
from service.state import State
from training.content_vectors import keep_vectors

RESULT = "experiment-result/"  # documents of the store: the last results


def evaluate(state: State, site: str, asked: Mapping[str, Any], now: float) -> Job:
    """Start an evaluation.

    Args:
        asked: as of `training/evaluate.py`.
    """

    async def work(report: Report) -> Mapping[str, Any]:
        log, models = state.settings.event_log_folder, state.settings.data_dir / "models"
        vectors = state.index.all_vectors(site)
        await asyncio.to_thread(keep_vectors, models, site, vectors)
        folders = ["--log", str(log), "--registry", str(models)]
        arguments = [*folders, "--site", site, "--asked", json.dumps(asked)]
        result = await run_python("training.evaluate", arguments, report)
        if (name := asked.get("experiment")) is not None:
            with suppress(StoreUnavailable):
                kept = orjson.dumps({**result, "evaluatedAt": now})
                await state.store.put_documents(site, {RESULT + name: kept})
        return result

    return state.jobs.start(site, "evaluate", work, now)
