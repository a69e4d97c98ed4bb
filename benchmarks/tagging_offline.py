"""How well the tagger knows sites that it has never seen, without a service.

    python benchmarks/tagging_offline.py FOLDER [--learn 20] [--seeds 3] [--vectors FILE]

FOLDER holds `<site>.jsonl` with {"id", "title", "description", "body", "kind"}. Each site is told
by a tagger that was fitted to all others. Vectors are kept in FILE for the next time.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import gettempdir

import numpy as np

from embeddings.tagging import (
    Correction,
    TaggerModel,
    adapt,
    default_tagger,
    tag,
    texts_to_embed,
)
from embeddings.tagging_signals import SIGNALS
from embeddings.text import read_text
from training.encoding import encoder_at_hand
from training.fit_tagger import PER_KIND
from training.tagger_default import expert, fit_default, hold_out
from training.tagger_figures import Figures, figures
from training.tagger_sites import KINDS, Encode, SiteDocument, read_sites

STEPS = (0, 5, 20)
MANY = 1000  # corrections of a site that has been taught for years
ARTICLE = "We moved our service last year, and this is what you should know before you do. " * 95


@contextmanager
def kept_encoder(path: Path) -> Iterator[Encode]:
    """An encoder that remembers the vectors of texts that it has read."""
    known: dict[str, np.ndarray] = {}
    if path.exists():
        with np.load(path, allow_pickle=False) as kept:
            known = dict(zip(json.loads(bytes(kept["texts"])), kept["vectors"], strict=True))
    with encoder_at_hand() as encode:

        def remembering(texts: Sequence[str]) -> np.ndarray:
            new = sorted({text for text in texts if text not in known}, key=len)
            for start in range(0, len(new), 256):
                some = new[start : start + 256]
                known.update(zip(some, encode(some), strict=True))
            return np.array([known[text] for text in texts], np.float32)

        yield remembering
    names = np.frombuffer(json.dumps(list(known)).encode(), np.uint8)
    np.savez(path, texts=names, vectors=np.array(list(known.values()), np.float32))


def answered(model: TaggerModel, documents: Sequence[SiteDocument]) -> Figures:
    types, phases, _ = model.probabilities(np.array([each.features for each in documents]))
    return figures([each.kind for each in documents], types, phases)


def without_map(model: TaggerModel) -> TaggerModel:
    types = model.types.copy()
    types[:, 1 + len(SIGNALS) :] = 0.0
    return replace(model, types=types)


def learning_curve(
    models: dict[str, TaggerModel], documents: Sequence[SiteDocument], most: int, seed: int
) -> dict[int, Figures]:
    """Figures by the number of tags that people set, always of the same other documents."""
    rest: list[SiteDocument] = []
    shares: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {step: [] for step in STEPS}
    for site, model in models.items():
        here = [each for each in documents if each.site == site]
        if len(here) < 2 * most:
            continue
        shuffled = random.Random(f"{seed} {site}").sample(here, len(here))
        taught, others = shuffled[:most], shuffled[most:]
        rest += others
        features = np.array([each.features for each in others])
        for step in STEPS:
            bent = adapt(model, [correction(each) for each in taught[:step]])
            shares[step].append(bent.probabilities(features)[:2])
    kinds = [each.kind for each in rest]
    return {
        step: figures(kinds, *(np.concatenate(part) for part in zip(*found, strict=True)))
        for step, found in shares.items()
    }


def correction(document: SiteDocument) -> Correction:
    types, phases = KINDS[document.kind]
    return Correction(document.features, {types[0]: 1.0}, {phases[0]: 1.0})


def timings(documents: Sequence[SiteDocument]) -> None:
    text = read_text("How we moved our service", "A story of one year", ARTICLE)
    vectors = np.full((len(texts_to_embed(text)), 384), 384**-0.5, np.float32)
    model = default_tagger()
    tag(model, text, vectors)
    begun = time.process_time()
    for _ in range(50):
        tag(model, text, vectors)
    print(f"tagging 1,500 words, without the encoder: {(time.process_time() - begun) * 20:.1f} ms")
    many = [correction(each) for each in documents * (1 + MANY // len(documents))][:MANY]
    begun = time.process_time()
    adapt(model, many)
    print(f"learning from {MANY} corrections: {time.process_time() - begun:.2f} s")


def row(name: str, found: Figures) -> str:
    numbers = (found.type_f1, found.type_right, found.type_error, found.phase_f1)
    return f"{name:<28}{found.documents:>6}" + "".join(f"{number:>9.3f}" for number in numbers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--learn", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=1, help="of who is taught what")
    vectors = Path(gettempdir()) / "tagging-vectors.npz"
    parser.add_argument("--vectors", type=Path, default=vectors)
    args = parser.parse_args()
    with kept_encoder(args.vectors) as encode:
        documents = read_sites(args.folder, encode, PER_KIND, 0)
        start = expert(encode)
    sites = sorted({each.site for each in documents})
    held = hold_out(start, documents)
    print(
        f"{'':<28}{'docs':>6}" + "".join(f"{n:>9}" for n in ("typeF1", "right", "ECE", "phaseF1"))
    )
    models = {}
    for site in sites:
        others = [each for each in documents if each.site != site]
        models[site] = fit_default(start, others, replace(held))
        print(row(site, answered(models[site], [each for each in documents if each.site == site])))
    kinds = [each.kind for each in documents]
    print(row("all, each held out", figures(kinds, held.types, held.phases)))
    sure = replace(start, types=held.confidence * start.types)
    print(row("tables and map alone", answered(sure, documents)))
    print(row("tables alone", answered(without_map(sure), documents)))
    for seed in range(args.seeds):
        curve = learning_curve(models, documents, args.learn, seed)
        for step, found in curve.items():
            print(row(f"{step} taught, draw {seed}", found))
    timings(documents)


if __name__ == "__main__":
    main()
