"""Which index serves: one choice, in one place."""

from __future__ import annotations

from pathlib import Path

from embeddings.index import ContentIndex


def open_index(url: str | None, folder: Path) -> ContentIndex:
    """The index: a Qdrant server's by URL, else one in a folder.

    Raises:
        IndexUnavailable: another process holds the folder, or it cannot be written.
    """
    if url:
        from embeddings.index_server import ServerIndex

        return ServerIndex.at(url)
    from embeddings.index_edge import EdgeIndex

    return EdgeIndex(folder)
