"""The shipped weights of the tagger: arrays, settings and a card, checked by their SHA-256."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personas.errors import CorruptArtefact

FOLDER = Path(__file__).with_name("weights")
ARRAYS, SETTINGS, CARD = "tagger.safetensors", "tagger.json", "card.md"


def read_shipped(folder: Path = FOLDER) -> dict[str, NDArray[np.generic]]:
    """The arrays of the shipped tagger.

    Raises:
        CorruptArtefact: a file is missing, or is not the one that was released.
    """
    from safetensors.numpy import load

    try:
        settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        content = (folder / ARRAYS).read_bytes()
    except (OSError, ValueError) as error:
        raise CorruptArtefact(f"The shipped tagger cannot be read: {error}.") from error
    if hashlib.sha256(content).hexdigest() != settings.get("sha256"):
        raise CorruptArtefact("The shipped tagger is damaged. Install Fingerpost again.")
    found: dict[str, NDArray[np.generic]] = load(content)
    return found


def write_shipped(
    arrays: Mapping[str, NDArray[np.generic]],
    about: Mapping[str, Any],
    card: str,
    folder: Path = FOLDER,
) -> None:
    """Save what `read_shipped` reads, with a card for people."""
    from safetensors.numpy import save

    folder.mkdir(parents=True, exist_ok=True)
    content = save({key: np.ascontiguousarray(array) for key, array in arrays.items()})
    settings = {"sha256": hashlib.sha256(content).hexdigest(), **about}
    (folder / ARRAYS).write_bytes(content)
    (folder / SETTINGS).write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
    (folder / CARD).write_text(card, encoding="utf-8")
