"""A Qdrant server that is away is said to be so, in about a second."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import numpy as np
import pytest

from embeddings.index import ContentFilter
from embeddings.index_server import ServerIndex
from personas.entities import ContentItem
from personas.errors import IndexUnavailable

ONE = np.array([0.6, 0.8], np.float32)


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Takes connections and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        yield listening.getsockname()[1]


CALLS = {
    "put": lambda index: index.put("a", [ContentItem("/1")], ONE[None]),
    "delete": lambda index: index.delete("a", ["/1"]),
    "search": lambda index: index.search("a", ONE, 3, ContentFilter()),
    "vectors": lambda index: index.vectors("a", ["/1"]),
    "all_vectors": lambda index: list(index.all_vectors("a")),
    "count": lambda index: index.count("a"),
    "forget": lambda index: index.forget("a"),
}


@pytest.mark.parametrize("call", CALLS)
def test_every_call_to_a_server_that_is_away_raises_our_error(closed_port, call):
    index = ServerIndex.at(f"http://127.0.0.1:{closed_port}")
    with pytest.raises(IndexUnavailable):
        CALLS[call](index)
    index.close()


def test_a_server_that_never_answers_is_given_up_on(silent_port):
    index = ServerIndex.at(f"http://127.0.0.1:{silent_port}")
    begun = time.monotonic()
    with pytest.raises(IndexUnavailable):
        index.search("a", ONE, 3, ContentFilter())
    assert time.monotonic() - begun < 4
    index.close()
