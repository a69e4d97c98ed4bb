"""The index in a folder: durable, separate, and careful with the disk."""

import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from embeddings.index import ContentFilter
from embeddings.index_edge import EdgeIndex
from personas.entities import ContentItem
from personas.errors import IndexUnavailable

ONE = np.array([[0.6, 0.8]], np.float32)


def test_vectors_are_there_after_closing_and_opening(tmp_path):
    index = EdgeIndex(tmp_path, least_free=0)
    index.put("a", [ContentItem("/1")], ONE)
    index.close()
    again = EdgeIndex(tmp_path, least_free=0)
    np.testing.assert_array_equal(again.vectors("a", ["/1"])["/1"], ONE[0])
    assert [hit.id for hit in again.search("a", ONE[0], 1, ContentFilter())] == ["/1"]
    again.close()


def test_vectors_survive_a_kill(tmp_path):
    program = f"""
        import numpy as np, sys
        from pathlib import Path
        from embeddings.index_edge import EdgeIndex
        from personas.entities import ContentItem
        index = EdgeIndex(Path({str(tmp_path)!r}), least_free=0)
        for k in range(1000):
            index.put("a", [ContentItem(f"/{{k}}")], np.ones((1, 2), np.float32))
            print(k, flush=True)
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True
    )
    told = [int(child.stdout.readline()) for _ in range(50)]
    os.kill(child.pid, signal.SIGKILL)
    told += [int(line) for line in child.stdout.read().split() if line.isdigit()]
    child.wait()
    child.stdout.close()
    index = EdgeIndex(tmp_path, least_free=0)
    assert index.vectors("a", [f"/{k}" for k in told]).keys() == {f"/{k}" for k in told}
    index.close()


def test_nothing_is_written_where_little_room_is_left(tmp_path):
    index = EdgeIndex(tmp_path, least_free=0)
    index.put("a", [ContentItem("/1")], ONE)
    index.close()
    full = EdgeIndex(tmp_path, least_free=1 << 60)
    with pytest.raises(IndexUnavailable, match="Make room"):
        full.put("a", [ContentItem("/2")], ONE)
    with pytest.raises(IndexUnavailable):
        full.delete("a", ["/1"])
    assert full.count("a") == 1
    assert [hit.id for hit in full.search("a", ONE[0], 5, ContentFilter())] == ["/1"]
    full.close()


def test_a_folder_that_cannot_be_read_is_put_aside_and_filled_again(tmp_path):
    index = EdgeIndex(tmp_path, least_free=0)
    index.put("a", [ContentItem("/1")], ONE)
    index.close()
    (tmp_path / "site-a" / "edge_config.json").write_text("{")
    again = EdgeIndex(tmp_path, least_free=0)
    assert again.count("a") == 0
    again.put("a", [ContentItem("/1")], ONE)
    assert again.count("a") == 1
    again.close()


def test_two_processes_do_not_share_a_folder(tmp_path):
    index, other = EdgeIndex(tmp_path, least_free=0), EdgeIndex(tmp_path, least_free=0)
    index.put("a", [ContentItem("/1")], ONE)
    with pytest.raises(IndexUnavailable, match="Another process"):
        other.count("a")
    assert index.count("a") == 1
    index.close()


@pytest.mark.parametrize("site", ["..", "a/b", "%2e", "x" * 300, "é", "site-a"])
def test_any_site_has_a_folder_of_its_own(tmp_path, site):
    index = EdgeIndex(tmp_path / "index", least_free=0)
    index.put(site, [ContentItem("/1")], ONE)
    index.put("a", [ContentItem("/2")], ONE)
    assert (index.count(site), index.count("a")) == (1, 1)
    index.forget(site)
    assert (index.count(site), index.count("a")) == (0, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["index"]
    index.close()
