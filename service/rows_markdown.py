"""A folder of Markdown files with front matter, as static site generators keep them, as rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from embeddings.documents import FIELDS
from service.feeds import locale_of, moment
from service.rows import Row
from service.webhooks_text import first, names_of, plain_of, web_address

ENDINGS = (".md", ".markdown", ".mdx")
PASSED_OVER = ("node_modules", "vendor")
MOST_BYTES = 8 << 20  # of one file
MOST_VALUES = 2_000  # in the front matter of one file: YAML's aliases can make many of a few
# What front matter calls the fields of content.
NAMES: Mapping[str, tuple[str, ...]] = {
    "title": ("title",),
    "description": ("description", "summary", "excerpt", "subtitle"),
    "tags": ("tags", "categories", "keywords", "topics"),
    "publishedAt": ("publishedAt", "date", "pubDate", "publishDate"),
    "locale": ("locale", "lang", "language"),
    "url": ("url", "permalink", "canonicalUrl", "canonical"),
    "hidden": ("hidden", "draft"),
}
MOST_INT = 2**53  # that JSON's readers agree about
Trouble = Callable[[str], None]


def markdown_files(folder: Path) -> list[Path]:
    """The Markdown files of a folder and those below it, without hidden ones."""
    found = (file for file in folder.rglob("*") if file.suffix.lower() in ENDINGS)
    return sorted(file for file in found if file.is_file() and _is_content(file, folder))


def _is_content(file: Path, folder: Path) -> bool:
    parts = file.relative_to(folder).parts
    return not any(part.startswith(".") or part in PASSED_OVER for part in parts)


def read_markdown(folder: Path, trouble: Trouble) -> Iterator[Row]:
    """An item for each file; its id is the place where a site generator would put it.

    Args:
        trouble: is told of files that cannot be read as they should.
    """
    for number, file in enumerate(markdown_files(folder), 1):
        name = file.relative_to(folder).as_posix()
        try:
            if file.stat().st_size > MOST_BYTES:
                trouble(f"{name} is larger than {MOST_BYTES >> 20} MB, and was passed over.")
                continue
            text = file.read_text(encoding="utf-8-sig", errors="replace")
        except OSError as error:
            trouble(f"{name} cannot be read: {error}.")
            continue
        yield Row(item_of(name, text, trouble), number, number)


def item_of(name: str, text: str, trouble: Trouble) -> dict[str, Any]:
    """The content item of a file.

    Args:
        name: of the file, from the folder on.
    """
    front, body = _parted(name, text, trouble)
    told = {field: first(front, names) for field, names in NAMES.items()}
    taken = {plain for names in NAMES.values() for plain in names} | FIELDS
    rest = {key: _plain(value) for key, value in front.items() if key not in taken}
    found = {
        "id": _id(name, front, told["url"]),
        "title": plain_of(_text(told["title"])),
        "description": plain_of(_text(told["description"])),
        "body": body,
        "type": front.get("type") if isinstance(front.get("type"), str) else None,
        "tags": list(names_of(_texts(told["tags"]))),
        "publishedAt": moment(_text(told["publishedAt"])),
        "locale": locale_of(told["locale"]),
        "url": web_address(told["url"]),
        "hidden": bool(told["hidden"]) or front.get("published") is False,
        "properties": {key: value for key, value in rest.items() if value is not None},
    }
    return {field: value for field, value in found.items() if value}


def _id(name: str, front: Mapping[str, Any], address: object) -> str:
    given = front.get("id")
    if isinstance(given, str | int) and str(given):
        return str(given)
    if isinstance(address, str) and address.strip():
        return address.strip()
    place = "/" + name.rpartition(".")[0]
    for index in ("/index", "/_index", "/README"):
        place = place.removesuffix(index)
    return place or "/"


def _parted(name: str, text: str, trouble: Trouble) -> tuple[Mapping[str, Any], str]:
    """Front matter, and what follows it."""
    import frontmatter
    from yaml import YAMLError

    try:
        front, body = frontmatter.parse(text)
        if isinstance(front, dict) and _is_small(front):
            return {str(key): value for key, value in front.items()}, body
        trouble(f"{name}: its front matter holds too much, and was passed over.")
    except (YAMLError, ValueError, TypeError, RecursionError) as error:
        words = " ".join(str(error).split())[:200]
        trouble(f"{name}: its front matter cannot be read: {words}.")
    begin, _, rest = text.partition("\n---")
    return {}, rest.partition("\n")[2] if begin.startswith("---") else text


def _is_small(front: object) -> bool:
    """Whether it can be walked through: aliases may make a tree of a billion values."""
    waiting, count = [front], 0
    while waiting:
        value = waiting.pop()
        count += 1
        if count > MOST_VALUES:
            return False
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list | tuple | set):
            waiting.extend(value)
    return True


def _text(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if isinstance(value, str | list | dict) else ("" if value is None else str(value))


def _texts(value: object) -> object:
    return [_text(each) for each in value] if isinstance(value, list) else value


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON
    """What properties may hold."""
    if isinstance(value, int) and abs(value) > MOST_INT:
        return str(value)
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    return None if value is None else str(_text(value))
