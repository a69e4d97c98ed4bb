"""The acceptance tasks of personas in process: the same figures, no service, in seconds.

    python benchmarks/personas_offline.py FOLDER table customer_personality --seeds 0,1
    python benchmarks/personas_offline.py FOLDER table --csv FILE --id ID --outcome COLUMN
    python benchmarks/personas_offline.py FOLDER journeys --site-seeds 1-6 --shifts .15,.3
    python benchmarks/personas_offline.py FOLDER scale --visitors 1000000 --features 40

FOLDER holds the acceptance programs, whose tables, sites and scores are used (`_table.py`,
`_groups.py`, `_site.py`, `_scores.py`). `scale` needs none of them; give any folder.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from personas.describe import is_telling
from personas.entities import Array, ContentFacts, History, Touchpoint, TraitChange, VisitorKey
from personas.features import Features, features_of
from personas.mixture import PersonaMixture
from personas.mixture_schema import Schema, learn_schema
from personas.persona_model import PersonaModel
from training.dataset import SiteData, VisitorData
from training.fit_personas import fit_personas, persona_model
from training.fitting import silent
from training.registry import Artefact

DAY, OPENED = 86_400.0, 1_704_067_200.0
FIRST_SHARE, ENOUGH_EVENTS, LEAST_TRAITS = 0.9, 10, 3
BATCH = 50_000  # visitors


def trained(
    histories: Sequence[History],
    before: Artefact | None = None,
    facts: dict[str, ContentFacts] | None = None,
    now: float = OPENED,
) -> Artefact:
    """The personas of these visitors, as a version would hold them."""
    visitors = [
        VisitorData((VisitorKey("user_id", f"u{number}"),), history)
        for number, history in enumerate(histories)
    ]
    data = SiteData(visitors, {}, facts or {}, {}, [], OPENED)
    fitted = fit_personas(data, before, silent, now, 0)
    return Artefact("personas", "offline", fitted.arrays, fitted.settings, fitted.card)


def ids_of(model: PersonaModel, rows: Sequence[Features]) -> list[str]:
    return [model.believe(row).id for row in rows]


def of_traits(traits: dict[str, Any]) -> History:
    told = (TraitChange(OPENED, n, name, value) for n, (name, value) in enumerate(traits.items()))
    return History(traits=tuple(told))


# --- tables -----------------------------------------------------------------------------------


def table_of(args: argparse.Namespace) -> SimpleNamespace:
    import _table as tables

    if args.preset:
        return tables.read_table(tables.PRESETS[args.preset])
    excluded = tuple(args.exclude.split(",")) if args.exclude else ()
    return tables.read_table(tables.Source(args.csv, args.id, args.outcome, excluded))


def run_table(args: argparse.Namespace) -> None:
    for seed in numbers_of(args.seeds):
        one_table(table_of(args), int(seed), args.rows)


def one_table(table: SimpleNamespace, seed: int, rows: int | None) -> None:
    import _groups as groups

    rng = np.random.default_rng(seed)
    table = table.rows(rng.permutation(len(table))[:rows])
    histories = [of_traits(traits) for traits in table.traits]
    features = [features_of(history, {}) for history in histories]
    most = round(FIRST_SHARE * len(table))
    first = trained(histories[:most])
    before = ids_of(persona_model(first), features[:most])
    grown = trained(histories, first, now=OPENED + 1)
    after = ids_of(persona_model(grown), features)
    lasting = np.mean([old == new for old, new in zip(before, after, strict=False)])
    trials = [groups.draw_trial(table, 400, rng) for _ in range(2)]
    models = [persona_model(trained([histories[row] for row in t.trained])) for t in trials]
    stability = groups.agreement([ids_of(model, features) for model in models])
    known = foretold(models[0], features, trials[0])
    names, labels = np.unique(after, return_inverse=True)
    useful = groups.usefulness(labels, table.outcome).area
    rival = groups.KMeans(table, rng)
    theirs = rival.figures(len(names), trials[0])
    best = max(rival.usefulness(count).area for count in range(2, 11))
    print(
        f"seed {seed}: {len(names)} personas; stability {stability:.2f} "
        f"(k-means {theirs.stability:.2f}); lineage {lasting:.3f}; foretold {known.share:.2f} "
        f"(k-means {theirs.known.share:.2f}); outcome AUC {useful:.3f} "
        f"(best k-means {best:.3f}); readable {readable(grown):.2f}",
        flush=True,
    )


def foretold(
    model: PersonaModel, features: Sequence[Features], trial: SimpleNamespace
) -> SimpleNamespace:
    import _groups as groups

    names, labels = np.unique(ids_of(model, features), return_inverse=True)
    told = [features_of(of_traits(traits), {}) for traits in trial.told]
    beliefs = [model.believe(row).distribution for row in told]
    answers = [[belief.get(str(name), 0.0) for name in names] for belief in beliefs]
    return groups.foretold(np.array(answers), labels, trial)


def readable(artefact: Artefact) -> float:
    listed = artefact.settings["personas"]
    names = [persona["name"].casefold() for persona in listed]
    return float(
        np.mean(
            [
                names.count(persona["name"].casefold()) == 1
                and sum(is_telling(trait["lift"]) for trait in persona["traits"]) >= LEAST_TRAITS
                for persona in listed
            ]
        )
    )


# --- simulated sites --------------------------------------------------------------------------


def run_journeys(args: argparse.Namespace) -> None:
    for shift in numbers_of(args.shifts):
        for seed in numbers_of(args.site_seeds):
            one_site(int(seed), shift)


def one_site(seed: int, shift: float) -> None:
    import _scores as scores
    import _site as sites

    rng = np.random.default_rng(0)
    site = sites.draw_site(seed, shift)
    learned = sites.draw_visitors(site, 3000, 25, rng, "train")
    tested = sites.draw_visitors(site, 800, 25, rng, "test")
    facts = facts_of(sites)
    started = time.process_time()
    model = persona_model(trained([history_of(sites, site, v) for v in learned], facts=facts))
    seconds = time.process_time() - started

    def agreement(visitors: Sequence[Any], events: int | None) -> float:
        rows = [features_of(history_of(sites, site, v, events), facts) for v in visitors]
        return float(scores.adjusted_rand(ids_of(model, rows), [v.persona for v in visitors]))

    many = [visitor for visitor in tested if len(visitor.events) >= ENOUGH_EVENTS]
    print(
        f"site {seed} shift {shift}: {len(site.shares)} personas, {len(model.personas)} found; "
        f"ARI {agreement(many, None):.3f}, first event {agreement(tested, 1):.3f}; "
        f"{seconds:.0f} s of CPU",
        flush=True,
    )


def facts_of(sites: ModuleType) -> dict[str, ContentFacts]:
    types = {kind.partition(":")[2] for kind in sites.KINDS if ":" in kind}
    even = np.full(7, 1 / 7)
    return {
        f"/{t}/{topic}": ContentFacts(t, even, (topic,)) for t in types for topic in sites.TOPICS
    }


def history_of(
    sites: ModuleType, site: SimpleNamespace, visitor: SimpleNamespace, events: int | None = None
) -> History:
    """What the service would know of a simulated visitor after so many events."""
    touchpoints = tuple(
        Touchpoint(
            time=OPENED + DAY * event.at,
            message=number,
            name=site.names[event.kind],
            channel=sites.CHANNELS[event.channel],
            content=content_of(sites, event),
            dwell=event.dwell_s,
        )
        for number, event in enumerate(visitor.events[:events])
    )
    moment = OPENED + DAY * visitor.events[0].at
    told = enumerate(visitor.traits.items())
    return History(touchpoints, tuple(TraitChange(moment, n, k, v) for n, (k, v) in told))


def content_of(sites: ModuleType, event: SimpleNamespace) -> str | None:
    if event.topic is None:
        return None
    return f"/{sites.KINDS[event.kind].partition(':')[2]}/{sites.TOPICS[event.topic]}"


# --- scale ------------------------------------------------------------------------------------


def run_scale(args: argparse.Namespace) -> None:
    started = time.perf_counter()
    rng = np.random.default_rng(0)
    centres = rng.normal(0, 0.8, (5, args.features))
    batches = rows_in_batches(args.visitors, centres, rng)
    first = next(batches)
    schema = learn_schema(first)
    table = np.zeros((args.visitors, schema.width), np.float32)
    fill(schema, table, first, batches)
    encoded = time.perf_counter()
    mixture = PersonaMixture(random_state=0).fit_table(schema, table)
    fitted = time.perf_counter()
    for row in first[:1000]:
        mixture.memberships(row)
    each = (time.perf_counter() - fitted) / 1000
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(
        f"{args.visitors:,} x {args.features}: encoded {encoded - started:.0f} s, "
        f"fitted {fitted - encoded:.0f} s, {mixture.personas} personas, peak {peak:.2f} GB, "
        f"one visitor {1e6 * each:.0f} µs"
    )


def fill(schema: Schema, table: Array, first: list[Any], rest: Iterator[list[Any]]) -> None:
    start = 0
    for batch in chain([first], rest):
        table[start : start + len(batch)] = schema.encode(batch)
        start += len(batch)


def rows_in_batches(
    visitors: int, centres: Array, rng: np.random.Generator
) -> Iterator[list[dict[str, object]]]:
    """Five personas; every third feature is a category, three tenths are missing."""
    features = centres.shape[1]
    for start in range(0, visitors, BATCH):
        count = min(BATCH, visitors - start)
        personas = rng.integers(5, size=count)
        values = centres[personas] + rng.normal(size=(count, features))
        known = rng.random((count, features)) > 0.3
        yield [
            {
                f"trait:f{n}": (f"v{int(np.clip(v + 2, 0, 4))}" if n % 3 == 0 else float(np.exp(v)))
                for n, v in enumerate(row)
                if seen[n]
            }
            for row, seen in zip(values, known, strict=True)
        ]


# --- arguments --------------------------------------------------------------------------------


def numbers_of(text: str) -> list[float]:
    """`1-3,7` → 1, 2, 3, 7."""
    found: list[float] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        found += map(float, range(int(first), int(last) + 1)) if dash else [float(part)]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    kinds = parser.add_subparsers(required=True)
    table = kinds.add_parser("table")
    table.add_argument("preset", nargs="?")
    table.add_argument("--csv", type=Path)
    table.add_argument("--id")
    table.add_argument("--outcome")
    table.add_argument("--exclude", help="columns, with commas")
    table.add_argument("--rows", type=int)
    table.add_argument("--seeds", default="0")
    table.set_defaults(run=run_table)
    journeys = kinds.add_parser("journeys")
    journeys.add_argument("--site-seeds", default="1")
    journeys.add_argument("--shifts", default="0.15")
    journeys.set_defaults(run=run_journeys)
    scale = kinds.add_parser("scale")
    scale.add_argument("--visitors", type=int, default=1_000_000)
    scale.add_argument("--features", type=int, default=40)
    scale.set_defaults(run=run_scale)
    args = parser.parse_args()
    sys.path.append(str(args.folder))
    args.run(args)


if __name__ == "__main__":
    main()
