"""Teach the tagger: one site's corrections, or the weights that are shipped.

    python -m training.fit_tagger FOLDER

fits the shipped weights anew to a folder of `<site>.jsonl` and writes them into the package.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from embeddings.documents import read_tag
from embeddings.encoder import DEFAULT
from embeddings.tagging import (
    Correction,
    TaggerModel,
    Vectors,
    adapt,
    default_tagger,
    read_features,
)
from embeddings.tagging_weights import FOLDER, write_shipped
from embeddings.text import read_text
from personas.entities import CONTENT_TYPES, LADDER
from personas.errors import NotEnoughData
from training.dataset import SiteData
from training.fitting import Fitted, Progress
from training.registry import Artefact
from training.tagger_card import card
from training.tagger_default import expert, fit_default, hold_out
from training.tagger_sites import read_sites

PER_KIND = 40  # documents of each kind and site


def fit_site_tagger(
    data: SiteData,
    before: Artefact | None,
    progress: Progress,
    now: float,
    seed: int,
) -> Fitted:
    """The shipped tagger bent towards one site's corrections.

    All corrections count anew each time, and do not age: what was learned before is not needed.

    Raises:
        NotEnoughData: nobody has tagged anything yet.
    """
    if not data.corrected:
        raise NotEnoughData("Nobody has corrected a tag yet. Tag some content, then train again.")
    size = next((len(vector) for vector in data.vectors.values()), default_tagger().size)
    nothing = np.zeros(size, np.float32)
    encoder = _encoder_of(data)
    corrections = {}
    for done, (name, document) in enumerate(data.corrected.items()):
        progress(done / len(data.corrected), f"read {done} of {len(data.corrected)} corrections")
        known = document.get("encoder", encoder) == encoder
        vector = data.vectors.get(name, nothing) if known else nothing
        corrections[name] = read_correction(document, vector)
    model = taught_tagger(corrections, size, encoder)
    return Fitted(
        name="tagger",
        arrays=model.to_arrays(),
        settings={"corrections": len(corrections), "encoder": encoder},
        card=f"# Tagger\n\nThe shipped tagger, bent towards {len(corrections)} tags by people.\n",
        report={"corrections": len(corrections)},
    )


def taught_tagger(corrections: Mapping[str, Correction], size: int, encoder: str) -> TaggerModel:
    """The tagger of a site on which people said this, by content id: its service's, too.

    Args:
        size, encoder: of the vectors, and the name of what they come from.
    """
    in_order = [corrections[name] for name in sorted(corrections)]
    return adapt(default_tagger(size, encoder), in_order)


def _encoder_of(data: SiteData) -> str:
    """The one that most of the corrected documents were embedded with."""
    names = Counter(kept.get("encoder") for kept in data.corrected.values())
    return next((name for name, _ in names.most_common() if name), DEFAULT)


def read_correction(document: Mapping[str, Any], vector: Vectors) -> Correction:
    """What people said about a kept document, with what the tagger reads of it.

    Args:
        vector: [d], the document's own; read in half precision, as training keeps it.
    """
    vector = np.asarray(vector, np.float16).astype(np.float32)
    text = read_text(document.get("title"), document.get("description"), document.get("body"))
    tagging = document.get("tagging") or {}
    said = {}
    for name, classes in (("type", CONTENT_TYPES), ("phase", LADDER)):
        tag = read_tag(tagging.get(name), classes)
        if tag is not None and tag.source == "human":
            said[name] = tag.distribution
    return Correction(read_features(text, vector), said.get("type"), said.get("phase"))


def main(arguments: Sequence[str] | None = None) -> int:
    """The program."""
    from training.encoding import encoder_at_hand

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--to", type=Path, default=FOLDER, help="where the weights are written")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(arguments)
    with encoder_at_hand() as encode:
        start = expert(encode)
        documents = read_sites(args.folder, encode, PER_KIND, args.seed)
    held = hold_out(start, documents)
    model = fit_default(start, documents, held)
    text, about = card(documents, held)
    write_shipped(model.to_arrays(), about, text, args.to)
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
