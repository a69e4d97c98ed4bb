"""Personas of a million visitors through the real entry point: log → features → fit → census.

    python benchmarks/persona_scale.py make DIR --visitors 1000000 --features 40
    python benchmarks/persona_scale.py train DIR

`make` writes the event log of visitors who told some of their traits, seven in ten of forty each,
and are of five kinds. `train` runs `python -m training.run --models personas` over it, and the
census after it, and tells what they took.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from personas.messages import Accepted, read_message
from training.eventlog import EventLog, Record, message_record

OPENED = 1_795_600_000.0
TOGETHER = 20_000  # messages of one append
KINDS, KNOWN = 5, 0.7


def make(args: argparse.Namespace) -> None:
    rng = np.random.default_rng(0)
    centres = rng.normal(0, 0.8, (KINDS, args.features))

    async def written() -> None:
        log = EventLog.open(args.folder / "events")
        try:
            for start in range(0, args.visitors, TOGETHER):
                count = min(TOGETHER, args.visitors - start)
                await log.append([*records(start, count, centres, rng)])
            await asyncio.to_thread(log.seal)
        finally:
            await log.close()

    asyncio.run(written())


def records(
    start: int, count: int, centres: np.ndarray, rng: np.random.Generator
) -> Iterator[Record]:
    """Every third trait is a word, the others are amounts."""
    values = centres[rng.integers(KINDS, size=count)] + rng.normal(size=(count, centres.shape[1]))
    known = rng.random(values.shape) < KNOWN
    for number, (row, seen) in enumerate(zip(values, known, strict=True), start):
        traits = {
            f"f{n}": f"v{int(np.clip(v + 2, 0, 4))}" if n % 3 == 0 else round(float(np.exp(v)), 3)
            for n, v in enumerate(row)
            if seen[n]
        }
        raw = {"type": "identify", "messageId": f"m{number}", "userId": f"u{number}"}
        told = {**raw, "traits": traits, "timestamp": OPENED + number}
        accepted = read_message(told, OPENED + number)
        if isinstance(accepted, Accepted):
            yield message_record("default", told, OPENED + number, None, accepted)


def train(args: argparse.Namespace) -> None:
    log, models = str(args.folder / "events"), str(args.folder / "models")
    run(["training.run", "--log", log, "--registry", models, "--models", "personas"])
    if args.census:
        out = str(args.folder / "census.sqlite")
        run(["training.census", "--log", log, "--registry", models, "--out", out])


def run(arguments: Sequence[str]) -> None:
    begun = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", *arguments],
        stdin=subprocess.PIPE,  # its end would tell the program that we are gone
        stdout=subprocess.PIPE,
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        text=True,
    ) as child:
        for line in child.stdout or ():
            told = json.loads(line)
            if "progress" in told:
                print(f"{time.monotonic() - begun:7.1f} s  {told['detail']}", flush=True)
        _, status, used = os.wait4(child.pid, 0)
    wall = time.monotonic() - begun
    print(
        f"{arguments[0]}: status {status}, {wall:.0f} s, {used.ru_utime + used.ru_stime:.0f} s of "
        f"processor, peak {used.ru_maxrss / 1024**2:.2f} GB",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    kinds = parser.add_subparsers(required=True)
    making = kinds.add_parser("make")
    making.add_argument("folder", type=Path)
    making.add_argument("--visitors", type=int, default=1_000_000)
    making.add_argument("--features", type=int, default=40)
    making.set_defaults(run=make)
    training = kinds.add_parser("train")
    training.add_argument("folder", type=Path)
    training.add_argument("--census", action="store_true")
    training.set_defaults(run=train)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
