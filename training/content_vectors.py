"""Vectors of a site's content for training, which has no index of its own.

The service writes them down before it starts a training; they are a copy, and may be missing.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array32 = NDArray[np.float32]
FOLDER = ".vectors"  # no site is called so


def keep_vectors(data_dir: Path, site: str, pages: Iterable[tuple[list[str], Array32]]) -> None:
    """Write down the vectors of all pages of an index, whole or not at all."""
    ids: list[str] = []
    parts: list[NDArray[np.float16]] = []
    for names, vectors in pages:
        ids += names
        parts.append(np.asarray(vectors, np.float16))
    folder = data_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    whole = np.concatenate(parts) if parts else np.zeros((0, 0), np.float16)
    names_of = np.frombuffer(json.dumps(ids).encode(), np.uint8)
    written = folder / f"{site}.{os.getpid()}.part.npz"
    np.savez(written, ids=names_of, vectors=whole)
    written.replace(folder / f"{site}.npz")


def read_vectors(data_dir: Path, site: str) -> dict[str, Array32]:
    """Vectors by content id; empty where none were written, or what was written is damaged."""
    try:
        with np.load(data_dir / FOLDER / f"{site}.npz", allow_pickle=False) as kept:
            ids: list[str] = json.loads(bytes(kept["ids"]))
            vectors = kept["vectors"].astype(np.float32)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return {}
    return dict(zip(ids, vectors, strict=False))
