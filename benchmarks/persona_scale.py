"""Personas of a million visitors through the real entry point: log → features → fit → census.

    python benchmarks/persona_scale.py make DIR --visitors 1000000 --features 40
    python benchmarks/persona_scale.py train DIR --census
    python benchmarks/persona_scale.py compare DIR --messages 1000000

`make` writes the event log of visitors who told some of their traits, seven in ten of forty each,
and are of five kinds. `train` runs `python -m training.run --models personas` over it, and the
census after it, and tells what they took. `compare` makes a log of page views, five a visitor of
two ids, and works out the features of all, once by folding histories in memory and once by DuckDB.
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
from itertools import chain, islice
from pathlib import Path

import numpy as np

from personas.features import features_of
from personas.messages import Accepted, read_message
from training.dataset import load_site
from training.eventlog import EventLog, Record, message_record
from training.population_open import opened

SELF = [__file__]
OPENED = 1_795_600_000.0
TOGETHER = 20_000  # messages of one append
KINDS, KNOWN = 5, 0.7


def make(args: argparse.Namespace) -> None:
    rng = np.random.default_rng(0)
    centres = rng.normal(0, 0.8, (KINDS, args.features))

    told = chain.from_iterable(
        records(start, min(TOGETHER, args.visitors - start), centres, rng)
        for start in range(0, args.visitors, TOGETHER)
    )
    asyncio.run(write(args.folder / "events", told))


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
    run(["-m", "training.run", "--log", log, "--registry", models, "--models", "personas"])
    if args.census:
        out = str(args.folder / "census.sqlite")
        run(["-m", "training.census", "--log", log, "--registry", models, "--out", out])


def compare(args: argparse.Namespace) -> None:
    log = args.folder / f"views-{args.messages}"
    if not log.exists():
        asyncio.run(write(log, views(args.messages)))
    for way in ("fold", "engine"):
        run([*SELF, way, str(log)])


async def write(folder: Path, told: Iterator[Record]) -> None:
    log = EventLog.open(folder)
    try:
        while some := list(islice(told, TOGETHER)):
            await log.append(some)
        await asyncio.to_thread(log.seal)
    finally:
        await log.close()


def views(count: int) -> Iterator[Record]:
    rng = np.random.default_rng(0)
    visitors, days = max(count // 5, 1), 60.0
    for number in range(count):
        visitor, moment = int(rng.integers(visitors)), OPENED + 86_400 * days * float(rng.random())
        raw = {
            "type": "page",
            "messageId": f"m{number}",
            "anonymousId": f"a{visitor}-{number % 2}",
            "userId": f"u{visitor}",
            "timestamp": moment,
            "context": {"page": {"referrer": ("https://www.google.com/", "")[number % 2]}},
            "properties": {"contentId": f"/{int(rng.integers(500))}", "dwellMs": 20_000},
        }
        accepted = read_message(raw, moment)
        if isinstance(accepted, Accepted):
            yield message_record("default", raw, moment, None, accepted)


def by_fold(args: argparse.Namespace) -> None:
    visitors = load_site(args.folder, "default").visitors
    print(len([features_of(visitor.history, {}) for visitor in visitors]), "visitors folded")


def by_engine(args: argparse.Namespace) -> None:
    with opened(args.folder, "default", args.folder.parent / "scratch") as population:
        count = sum(len(part.rows) for part in population.parts({}))
    print(count, "visitors by the engine")


def run(arguments: Sequence[str]) -> None:
    begun = time.monotonic()
    with subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,  # its end would tell the program that we are gone
        stdout=subprocess.PIPE,
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        text=True,
    ) as child:
        for line in child.stdout or ():
            told = json.loads(line) if line.startswith("{") else {"detail": line.strip()}
            if "detail" in told:
                print(f"{time.monotonic() - begun:7.1f} s  {told['detail']}", flush=True)
        _, status, used = os.wait4(child.pid, 0)
    wall = time.monotonic() - begun
    worked = used.ru_utime + used.ru_stime
    print(
        f"{' '.join(arguments[:2])}: status {status}, {wall:.0f} s, {worked:.0f} s of processor, "
        f"peak {used.ru_maxrss / 1024**2:.2f} GB",
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
    comparing = kinds.add_parser("compare")
    comparing.add_argument("folder", type=Path)
    comparing.add_argument("--messages", type=int, default=1_000_000)
    comparing.set_defaults(run=compare)
    for way, work in (("fold", by_fold), ("engine", by_engine)):
        one = kinds.add_parser(way)
        one.add_argument("folder", type=Path)
        one.set_defaults(run=work)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
