"""Teach the tagger what a site's people said about its content."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from embeddings.documents import read_tag
from embeddings.tagging import (
    Correction,
    Vectors,
    adapt,
    default_tagger,
    read_features,
    texts_to_embed,
)
from embeddings.text import read_text
from personas.entities import CONTENT_TYPES, LADDER
from personas.errors import NotEnoughData
from training.dataset import SiteData
from training.fitting import Fitted, Progress
from training.registry import Artefact

Encode = Callable[[Sequence[str]], Vectors]


def no_vectors(texts: Sequence[str]) -> Vectors:
    """In place of an encoder: wording and structure alone."""
    return np.zeros((len(texts), 384), np.float32)


def fit_site_tagger(
    data: SiteData,
    before: Artefact | None,
    progress: Progress,
    now: float,
    seed: int,
    encode: Encode = no_vectors,
) -> Fitted:
    """The shipped tagger bent towards one site's corrections.

    Raises:
        NotEnoughData: nobody has tagged anything yet.
    """
    corrections = []
    for done, document in enumerate(data.corrected.values()):
        progress(done / len(data.corrected), f"read {done} of {len(data.corrected)} corrections")
        corrections.append(read_correction(document, encode))
    if not corrections:
        raise NotEnoughData("Nobody has corrected a tag yet. Tag some content, then train again.")
    model = adapt(default_tagger(corrections[0].features.size - default_width()), corrections)
    return Fitted(
        name="tagger",
        arrays=model.to_arrays(),
        settings={"corrections": len(corrections)},
        card=f"# Tagger\n\nThe shipped tagger, bent towards {len(corrections)} tags by people.\n",
        report={"corrections": len(corrections)},
    )


def default_width() -> int:
    """Features besides the vector."""
    model = default_tagger()
    return int(model.types.shape[1]) - model.size


def read_correction(document: Mapping[str, Any], encode: Encode) -> Correction:
    """What people said about a kept document, with what the tagger reads of it."""
    text = read_text(document.get("title"), document.get("description"), document.get("body"))
    tagging = document.get("tagging") or {}
    said = {}
    for name, classes in (("type", CONTENT_TYPES), ("phase", LADDER)):
        tag = read_tag(tagging.get(name), classes)
        if tag is not None and tag.source == "human":
            said[name] = tag.distribution
    features = read_features(text, encode(texts_to_embed(text)))
    return Correction(features, said.get("type"), said.get("phase"))
