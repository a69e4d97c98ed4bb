"""A folder of Markdown, as static site generators keep it, is content."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from embeddings.documents import read_document
from service.rows_markdown import item_of, read_markdown

FRONT = """---
title: "How a heat pump works"
summary: All of it
date: 2026-03-04T05:06:07Z
categories: [Heating, Home]
lang: en-GB
author: Ann
weight: 3
---
# Heat

A heat pump moves warmth.
"""


def read(name: str, text: str) -> dict:
    troubles: list[str] = []
    item = item_of(name, text, troubles.append)
    assert troubles == []
    return item


def test_front_matter_is_fields_and_the_rest_properties():
    assert read("guides/heat.md", FRONT) == {
        "id": "/guides/heat",
        "title": "How a heat pump works",
        "description": "All of it",
        "body": "# Heat\n\nA heat pump moves warmth.",
        "tags": ["Heating", "Home"],
        "publishedAt": "2026-03-04T05:06:07Z",
        "locale": "en-GB",
        "properties": {"author": "Ann", "weight": 3},
    }


@pytest.mark.parametrize(
    ("name", "front", "content_id"),
    [
        ("a/b.md", "", "/a/b"),
        ("a/index.md", "", "/a"),
        ("a/_index.md", "", "/a"),
        ("index.md", "", "/"),
        ("a.mdx", "id: own", "own"),
        ("a.md", "permalink: /there/", "/there/"),
        ("a.md", "url: https://example.org/a", "https://example.org/a"),
    ],
)
def test_an_id_is_the_place_of_the_page(name, front, content_id):
    assert read(name, f"---\n{front}\n---\nText")["id"] == content_id


@pytest.mark.parametrize("front", ["draft: true", "published: false", "hidden: yes"])
def test_a_draft_is_hidden(front):
    assert read("a.md", f"---\n{front}\n---\nText")["hidden"] is True


def test_a_file_without_front_matter_is_its_text():
    assert read("a.md", "# Heat\n\nText") == {"id": "/a", "body": "# Heat\n\nText"}


BOMB = "---\n" + "".join(
    f"l{n}: &l{n} [{', '.join([f'*l{n - 1}' if n else 'x'] * 9)}]\n" for n in range(9)
) + "---\nText"  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["---\ntitle: [\n---\nText", "---\na: !!python/object/apply:os.system [ls]\n---\nText", BOMB],
    ids=["broken", "code", "bomb"],
)
def test_front_matter_that_is_not_safe_or_broken_is_passed_over_and_told(text):
    troubles: list[str] = []
    item = item_of("a.md", text, troubles.append)
    assert item["body"].strip() == "Text"
    assert len(troubles) == 1
    assert "a.md" in troubles[0]
    assert "properties" not in item


def test_a_folder_is_read_in_order_without_what_is_hidden(tmp_path):
    for name in ("b.md", "a/c.markdown", ".git/x.md", "node_modules/y.md", "z.txt", "a/.d.md"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("Text")
    (tmp_path / "away.md").symlink_to(tmp_path / "nowhere.md")
    rows = list(read_markdown(tmp_path, pytest.fail))
    assert [row.value["id"] for row in rows] == ["/a/c", "/b"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NAMES = st.sampled_from(["title", "date", "tags", "draft", "url", "lang", "type", "id", "other"])


@given(st.dictionaries(NAMES | st.text(max_size=8), VALUES, max_size=5), st.text(max_size=50))
def test_whatever_front_matter_says_is_content(front, text):
    written = f"---\n{yaml.safe_dump(front)}\n---\n{text}"
    item = item_of("a.md", written, lambda _: None)
    json.dumps(item)
    kept = {name: value for name, value in item.items() if name not in ("id", "properties")}
    read_document(kept, "a")
