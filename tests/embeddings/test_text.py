"""Content is read in any format, and in bounded time whatever is sent."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.text import PASSAGE_WORDS, Text, is_code, is_list_item, passages, read_text

HTML = """<!doctype html><html><head><title>Heat pumps</title><style>p {}</style></head>
<body><nav><a href="/">Home</a></nav><h1>What is it?</h1><p>It moves <b>heat</b>.</p>
<ul><li>quiet</li><li>clean</li></ul><pre>pip install heat</pre><script>alert(1)</script>
<table><tr><td>1</td></tr></table><img src="x"><a href="/more">more</a></body></html>"""
MARKDOWN = """# What is it?

It moves **heat**. See [more](https://a.example/more).

- quiet
- clean

```
pip install heat
```
"""


def test_html_is_read_without_what_people_do_not_see():
    text = read_text(None, None, HTML)
    assert text.title == "Heat pumps"
    assert text.format == "html"
    assert text.headings == ("What is it?",)
    assert "It moves heat ." in text.plain.replace("heat.", "heat .")
    assert "alert" not in text.plain
    assert "Home" not in text.plain
    assert (text.lists, text.code_blocks, text.tables, text.images, text.links) == (2, 1, 1, 1, 1)
    assert "- quiet" in text.plain


def test_markdown_is_read_without_its_marks():
    text = read_text("Heat", "", MARKDOWN)
    assert text.format == "markdown"
    assert text.headings == ("What is it?",)
    assert "It moves heat. See more." in text.plain
    assert (text.lists, text.code_blocks, text.links) == (2, 1, 1)


def test_plain_text_keeps_its_paragraphs():
    text = read_text("Heat", "", "A short heading\n\nA first paragraph.\n\n- one\n- two")
    assert text.format == "plain"
    assert text.headings == ("A short heading",)
    assert text.lists == 2
    assert "less < more" in read_text("t", "", "It is less < more and a > b.").plain


def test_passages_begin_with_the_title_and_spread_over_the_text():
    body = " ".join(f"w{k}" for k in range(3_000))
    found = passages(Text("Title", "Description.", body), limit=5)
    assert found[0] == "Title. Description"
    assert len(found) == 5
    assert found[1].startswith("w0 ")
    assert found[-1].endswith("w2999")
    assert all(len(each.split()) <= PASSAGE_WORDS for each in found)
    assert passages(Text("", "", "")) == [""]


def test_code_and_lists_are_told_from_prose():
    assert is_code("const x = 5;")
    assert is_code("$ npm install heat")
    assert not is_code("The price of heat rose last year.")
    assert is_list_item("- one")
    assert is_list_item(" 12. twelve")
    assert not is_list_item("one - two")


@given(st.text(), st.text(), st.text())
def test_any_strings_can_be_read(title, description, body):
    text = read_text(title, description, body)
    assert passages(text)
    text.plain.encode()


HOSTILE = {
    "nested divs": "<div>" * 100_000,
    "nested and closed": "<div>" * 50_000 + "x" + "</div>" * 50_000,
    "open tags": "<" * 400_000,
    "open brackets": "[" * 400_000,
    "links": "[a](" * 100_000,
    "quotes": "> " * 100_000,
    "stars": "*" * 400_000,
    "list levels": "".join("  " * k + "- x\n" for k in range(600)),
    "table": "|" * 400_000,
    "entities": "&amp;" * 80_000,
    "one long word": "x" * 2_000_000,
    "spaces": " " * 2_000_000,
    "newlines": "\n" * 2_000_000,
    "attributes": "<a " + "b=c " * 90_000 + ">",
    "comments": "<!--" * 100_000,
    "front matter": "---\n" * 100_000,
    "code fences": "```\n" * 100_000,
    "dollars": "$ " * 200_000,
    "equals": "a = " * 100_000,
    "braces": "(" * 200_000 + ")" * 200_000,
    "html then markdown": "<p>x</p>\n# y\n" * 30_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_content_is_read_in_bounded_time(name):
    begun = time.process_time()
    text = read_text("t", "d", HOSTILE[name])
    passages(text)
    assert time.process_time() - begun < 2.0
