"""The encoder: in a process of its own, shared fairly, replaced when it dies, gone when we are."""

import asyncio
import io
import os
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from embeddings.encoder import open_encoder
from embeddings.encoder_frames import frame, read_frame
from embeddings.encoder_worker import CHUNK, Queue, Request, answer, has_bfloat16, is_better
from personas.errors import EncoderUnavailable

TEXTS = ["How a heat pump works", "A cake with apples", "Heating with a heat pump", ""]


@asynccontextmanager
async def encoder(name: str = "all-MiniLM-L6-v2"):
    made = open_encoder(name)
    try:
        yield made
    finally:
        await made.close()


def gone(pid: int) -> bool:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    status = Path(f"/proc/{pid}/status")
    try:
        return "zombie" in status.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_texts_become_unit_vectors_that_know_what_is_alike_and_a_dead_worker_is_replaced():
    async def story():
        async with encoder() as made:
            vectors = await made.encode(TEXTS)
            assert (vectors.shape, vectors.dtype, made.size) == ((4, 384), np.float32, 384)
            np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
            assert vectors[0] @ vectors[2] > vectors[0] @ vectors[1] + 0.3
            assert (await made.encode([])).shape == (0, 384)

            many = asyncio.create_task(made.encode([f"{TEXTS[0]} {k} " * 20 for k in range(100)]))
            await asyncio.sleep(0.05)
            one = asyncio.create_task(made.encode(["a short query"]))
            done, _ = await asyncio.wait({one, many}, return_when=asyncio.FIRST_COMPLETED)
            assert done == {one}, "a search waits for a batch"
            assert (await many).shape == (100, 384)

            before = made.pid
            under_way = asyncio.create_task(made.encode(TEXTS * 10))
            await asyncio.sleep(0.01)
            os.kill(before, signal.SIGKILL)
            again = await under_way
            assert made.pid != before
            agreement = (again[:4] * vectors).sum(axis=1)  # in bfloat16 a batch's shape shows
            assert (agreement > 0.9999).all()

            with pytest.raises(EncoderUnavailable):
                await made.encode(TEXTS * 200, timeout=0.01)
            pid = made.pid
        assert gone(pid)

    asyncio.run(story())


def test_a_model_that_is_not_there_is_said_to_be_so_at_once():
    async def story():
        async with encoder("/nowhere/model") as made:
            with pytest.raises(EncoderUnavailable, match="cannot start"):
                await made.encode(["x"])
            begun = time.monotonic()
            with pytest.raises(EncoderUnavailable):
                await made.encode(["x"])
            assert time.monotonic() - begun < 1

    asyncio.run(story())


def test_the_worker_ends_with_a_killed_parent():
    program = (
        "import asyncio\nfrom embeddings.encoder import open_encoder\n"
        "async def main():\n    e = open_encoder()\n    await asyncio.sleep(1)\n"
        "    print(e.pid, flush=True)\n    await asyncio.sleep(60)\nasyncio.run(main())"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 30
    while not gone(pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_service_side_never_imports_torch():
    program = "import sys, embeddings.encoder; print('torch' in sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "False"


# --- the worker's parts ---------------------------------------------------------------------------


def letters(texts):
    return np.array([[len(text), 1] for text in texts], np.float32)


def answers(out: io.BytesIO):
    out.seek(0)
    while (read := read_frame(out.read)) is not None:
        yield read


def test_short_work_goes_first_and_long_work_in_chunks():
    queue = Queue()
    queue.add(2, Request(1, [str(k) for k in range(3 * CHUNK)]))
    queue.add(1, Request(2, ["a", "bbb", "cc"]))
    queue.add(0, Request(3, ["query"]))
    taken = [[(request.id, place) for request, place in queue.take()] for _ in range(4)]
    assert taken[0] == [(3, 0)]
    assert taken[1] == [(2, 1), (2, 2), (2, 0)], "alike lengths stand together"
    assert [len(chunk) for chunk in taken[2:]] == [CHUNK, CHUNK]


def test_every_request_gets_its_own_vectors_in_its_own_order():
    queue, out = Queue(), io.BytesIO()
    requests = {k: ["x" * ((7 * k + j) % 11) for j in range(k)] for k in range(1, 9)}
    for number, texts in requests.items():
        queue.add(1, Request(number, texts))
    left = sum(map(len, requests.values()))
    while left:
        chunk = queue.take()
        left -= len(chunk)
        answer(chunk, letters, out)
    told = {head["id"]: np.frombuffer(body, np.float32) for head, body in answers(out)}
    for number, texts in requests.items():
        np.testing.assert_array_equal(told[number].reshape(-1, 2), letters(texts))


def test_a_chunk_that_fails_is_told_once_to_each_request_in_it():
    def fails(texts):
        raise RuntimeError("too long")

    queue, out = Queue(), io.BytesIO()
    queue.add(1, Request(1, ["a"] * (CHUNK + 3)))
    queue.add(1, Request(2, ["b"]))
    answer(queue.take(), fails, out)
    answer(queue.take(), fails, out)
    assert [(head["id"], head["error"]) for head, _ in answers(out)] == [
        (1, "too long"),
        (2, "too long"),
    ]


def test_frames_carry_any_text():
    raw = frame({"id": 1, "texts": ["é\0\n", "\ud800"]}, b"12") + frame({"id": 2})
    stream = io.BytesIO(raw)
    assert read_frame(stream.read)[1] == b"12"
    assert read_frame(stream.read)[0]["id"] == 2
    assert read_frame(stream.read) is None


def test_a_lighter_precision_is_taken_only_if_it_is_faster_and_agrees(tmp_path):
    def slow(texts):
        time.sleep(0.002 * len(texts))
        return np.tile(np.array([[1, 0]], np.float32), (len(texts), 1))

    def quick(texts):
        return np.tile(np.array([[1, 0]], np.float32), (len(texts), 1))

    def wrong(texts):
        return np.tile(np.array([[0.9, 0.4]], np.float32), (len(texts), 1))

    assert is_better(slow, quick)
    assert not is_better(quick, slow)
    assert not is_better(slow, wrong)
    info = tmp_path / "cpuinfo"
    for flags, has in (("avx2 avx512_bf16", True), ("avx512f avx512_vnni", False), ("", False)):
        info.write_text(f"flags : {flags}")
        assert has_bfloat16(info) is has
    assert not has_bfloat16(tmp_path / "nowhere")
