"""Versions of what was learned: written once, checked at every reading, swapped whole.

    FOLDER/SITE/active.json                     which version is in use, and which were before it
    FOLDER/SITE/versions/VERSION/SHA256SUMS     of every file below; `sha256sum -c` reads it
                                manifest.json   when, from what, which models of which age
                                MODEL/arrays.safetensors, settings.json, card.md

A version is a folder that is renamed into place when all of it is on disk. It is never changed
afterwards. safetensors loads flipped bits without a word, so nothing is used before its checksum
was compared, in the same bytes that are then read.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from personas.errors import CorruptArtefact, InvalidInput, Unavailable, UnknownName
from training.files import is_older, locked, put_file, sync_folder

FORMAT = 1
KEPT = 20  # versions of a site
FRESH_SECONDS = 600  # so long its writer may take to activate a version
STALE_SECONDS = 86_400  # a draft this old has lost its writer
SUMS, MANIFEST = "SHA256SUMS", "manifest.json"
ARRAYS, SETTINGS, CARD = "arrays.safetensors", "settings.json", "card.md"
NO_NOTE: Mapping[str, Any] = {}

_VERSION = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")
_MODEL = re.compile(r"[a-z][a-z0-9_-]{0,40}")
_KINDS = frozenset("biuf")  # bool, integers, floats: what safetensors can hold


class Learned(Protocol):
    """What a fit gives back: a model before a version holds it."""

    @property
    def name(self) -> str: ...
    @property
    def arrays(self) -> Mapping[str, np.ndarray]: ...
    @property
    def settings(self) -> Mapping[str, Any]: ...
    @property
    def card(self) -> str: ...


@dataclass(frozen=True)
class Artefact:
    """A model as a version holds it.

    Attributes:
        name: "phases", "personas", "tagger", "ranker" …
        version: in which it was trained; later versions may have carried it along.
        arrays: its numbers; they cannot be written to.
        settings: all that is not an array.
        card: Markdown for people: from what it was learned, how good it is, where it is weak.
    """

    name: str
    version: str
    arrays: Mapping[str, np.ndarray]
    settings: Mapping[str, Any]
    card: str


@dataclass(frozen=True)
class VersionInfo:
    """One line of the list of versions.

    Attributes:
        version: its id; ids sort by time.
        created: when.
        models: model → the version in which it was trained.
        note: what the writer wrote beside it.
        active: whether it is in use.
        readable: False if its manifest does not match its checksum; then it has no models here.
    """

    version: str
    created: float
    models: Mapping[str, str] = field(default_factory=dict)
    note: Mapping[str, Any] = field(default_factory=dict)
    active: bool = False
    readable: bool = True


class Registry:
    """The versions of all sites in one folder; any number of processes may use it together.

    Args:
        folder: made when something is written.
        kept: versions of a site; with one more the oldest goes, but never one in use, nor one that
            was written just now.
    """

    def __init__(self, folder: Path, kept: int = KEPT) -> None:
        self._folder, self._kept = folder, kept

    @property
    def folder(self) -> Path:
        """Where the versions are."""
        return self._folder

    def write(
        self, site: str, learned: Sequence[Learned], now: float, note: Mapping[str, Any] = NO_NOTE
    ) -> str:
        """A new version: these models, and the others of the active version as they are.

        Args:
            now: when, in seconds since 1970.
            note: anything JSON can hold.

        Returns:
            The version, which is not active yet.

        Raises:
            InvalidInput: a model has a name, a setting or an array that cannot be written.
            CorruptArtefact: an array holds NaN.
            Unavailable: the disk does not take it.
        """
        files = {name: content for each in learned for name, content in _files_of(each)}
        names = {each.name for each in learned}
        about = {"format": FORMAT, "created": now, "note": note}
        try:
            carried, files_carried = self._carried(site, names)
            files |= files_carried
            while True:
                version = _new_version(now)
                models = {**carried, **dict.fromkeys(names, version)}
                manifest = _json({**about, "version": version, "models": models})
                if self._put(site, version, {**files, MANIFEST: manifest}):
                    break
            self._prune(site, now)
        except OSError as error:
            raise Unavailable(f"the model registry cannot be written: {error}") from error
        return version

    def activate(self, site: str, version: str) -> None:
        """Use this version from now on, if it is whole.

        Raises:
            UnknownName: no such version.
            CorruptArtefact: it is damaged; the active one stays.
            Unavailable: the disk does not take it.
        """
        self.load(site, version)
        place = self._site(site)
        try:
            with locked(place):
                active, before = self._pointer(site)
                earlier = [each for each in (active, *before) if each not in (None, version)]
                pointer = {"active": version, "before": earlier[: self._kept]}
                put_file(place / "active.json", _with_sum(pointer))
        except OSError as error:
            raise Unavailable(f"the version cannot be activated: {error}") from error

    def active(self, site: str) -> str | None:
        """The version in use, or None before the first."""
        return self._pointer(site)[0]

    def latest_good(self, site: str) -> str | None:
        """The version that was in use last of those that are whole, else the newest that is."""
        active, before = self._pointer(site)
        for version in dict.fromkeys((active, *before, *reversed(self._ids(site)))):
            if version is not None:
                with contextlib.suppress(CorruptArtefact, UnknownName):
                    self.load(site, version)
                    return version
        return None

    def in_use(self, site: str) -> dict[str, Artefact]:
        """The models of the active version or, where that is damaged, of the last good one."""
        version = self.active(site)
        try:
            return {} if version is None else self.load(site, version)
        except (CorruptArtefact, UnknownName):
            good = self.latest_good(site)
            return {} if good is None else self.load(site, good)

    def versions(self, site: str) -> list[VersionInfo]:
        """All versions, the newest first."""
        active = self.active(site)
        found = [self._info(site, version, active) for version in self._ids(site)]
        return sorted(found, key=lambda each: (each.created, each.version), reverse=True)

    def load(self, site: str, version: str) -> dict[str, Artefact]:
        """All models of a version, by name.

        Raises:
            UnknownName: no such version.
            CorruptArtefact: a file is missing, cut or changed, or an array holds NaN.
        """
        files = self._files(site, version)
        manifest = _manifest(files[MANIFEST], version)
        return {
            name: _artefact(name, trained, files) for name, trained in manifest["models"].items()
        }

    # Folders

    def _site(self, site: str) -> Path:
        return self._folder / (quote(site, safe="").replace(".", "%2E") or "%")

    def _version(self, site: str, version: str) -> Path:
        place = self._site(site) / "versions" / version
        if _VERSION.fullmatch(version) and place.is_dir():
            return place
        if version == self.active(site):
            raise CorruptArtefact(f"the active version {version} of {site!r} is missing")
        raise UnknownName(f"there is no version {version!r} of {site!r}", "unknown-version")

    def _ids(self, site: str) -> list[str]:
        place = self._site(site) / "versions"
        if not place.is_dir():
            return []
        return sorted(each.name for each in place.iterdir() if _VERSION.fullmatch(each.name))

    # Reading

    def _files(self, site: str, version: str) -> dict[str, bytes]:
        """All files of a version, checked."""
        place = self._version(site, version)
        try:
            files = {
                path.relative_to(place).as_posix(): path.read_bytes()
                for path in place.rglob("*")
                if path.is_file() and not path.name.startswith(".")
            }
        except OSError as error:
            self._version(site, version)  # gone meanwhile, as one of the oldest
            raise CorruptArtefact(f"version {version} cannot be read: {error}") from error
        if files.pop(SUMS, None) != _sums(files) or MANIFEST not in files:
            raise CorruptArtefact(f"version {version} of {site!r} does not match its checksums")
        return files

    def _info(self, site: str, version: str, active: str | None) -> VersionInfo:
        place = self._site(site) / "versions" / version
        with contextlib.suppress(OSError, CorruptArtefact):
            content = (place / MANIFEST).read_bytes()
            if _sums({MANIFEST: content}) in (place / SUMS).read_bytes():
                told = _manifest(content, version)
                return VersionInfo(
                    version, told["created"], told["models"], told["note"], version == active
                )
        created = datetime.strptime(version[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC).timestamp()
        return VersionInfo(version, created, active=version == active, readable=False)

    def _pointer(self, site: str) -> tuple[str | None, list[str]]:
        """The active version, and those before it. Where that was damaged: the newest one."""
        try:
            content = (self._site(site) / "active.json").read_bytes()
        except OSError:
            return None, []
        with contextlib.suppress(ValueError, KeyError, TypeError):
            told = json.loads(content)
            if content == _with_sum({"active": told["active"], "before": told["before"]}):
                return told["active"], told["before"]
        newest = self._ids(site)[-1:]
        return (newest[0] if newest else None), []

    def _carried(self, site: str, replaced: set[str]) -> tuple[dict[str, str], dict[str, bytes]]:
        """The other models of the active version, or of the last good one: their ages and files."""
        version = self.active(site)
        if version is None:
            return {}, {}
        try:
            files = self._files(site, version)
        except (CorruptArtefact, UnknownName):
            version = self.latest_good(site)
            if version is None:
                return {}, {}
            files = self._files(site, version)
        models = _manifest(files[MANIFEST], version)["models"]
        carried = {name: trained for name, trained in models.items() if name not in replaced}
        return carried, {
            path: content for path, content in files.items() if path.split("/")[0] in carried
        }

    # Writing

    def _put(self, site: str, version: str, files: Mapping[str, bytes]) -> bool:
        """Whether this version was still to be had."""
        versions = self._site(site) / "versions"
        versions.mkdir(parents=True, exist_ok=True)
        draft = versions / f".draft-{secrets.token_hex(8)}"
        try:
            for path, content in {**files, SUMS: _sums(files)}.items():
                (draft / path).parent.mkdir(parents=True, exist_ok=True)
                put_file(draft / path, content)
            draft.rename(versions / version)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
            return False
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        sync_folder(versions)
        return True

    def _prune(self, site: str, now: float) -> None:
        versions = self._site(site) / "versions"
        with locked(self._site(site)):
            active, before = self._pointer(site)
            spare = [each for each in self._ids(site) if each not in (active, *before[:1])]
            for version in spare[: -self._kept]:
                if is_older(versions / version, now - FRESH_SECONDS):
                    shutil.rmtree(versions / version, ignore_errors=True)
        for draft in versions.glob(".draft-*"):
            if is_older(draft, now - STALE_SECONDS):
                shutil.rmtree(draft, ignore_errors=True)


# Contents of files --------------------------------------------------------------------------------


def _files_of(learned: Learned) -> Iterator[tuple[str, bytes]]:
    if not _MODEL.fullmatch(learned.name):
        raise InvalidInput(f"{learned.name!r} cannot be the name of a model", "unwritable")
    arrays = {name: _writable(array, learned.name, name) for name, array in learned.arrays.items()}
    yield f"{learned.name}/{ARRAYS}", safetensors.numpy.save(arrays)
    yield f"{learned.name}/{SETTINGS}", _json(learned.settings)
    yield f"{learned.name}/{CARD}", learned.card.encode()


def _writable(array: np.ndarray, model: str, name: str) -> np.ndarray:
    if array.dtype.kind not in _KINDS or array.dtype.itemsize > 8:
        raise InvalidInput(f"{model}: array {name!r} has type {array.dtype}", "unwritable")
    _refuse_nan(array, model, name)
    return np.require(array, array.dtype.newbyteorder("="), "C")


def _refuse_nan(array: np.ndarray, model: str, name: str) -> None:
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise CorruptArtefact(f"{model}: array {name!r} holds NaN")


def _artefact(name: str, trained: str, files: Mapping[str, bytes]) -> Artefact:
    try:
        arrays = safetensors.numpy.load(files[f"{name}/{ARRAYS}"])
        settings = json.loads(files[f"{name}/{SETTINGS}"])
        card = files[f"{name}/{CARD}"].decode()
    except (KeyError, ValueError, TypeError, SafetensorError) as error:
        raise CorruptArtefact(f"{name} cannot be read: {error!r}") from error
    for label, array in arrays.items():
        _refuse_nan(array, name, label)
        array.flags.writeable = False
    return Artefact(name, trained, arrays, settings, card)


def _manifest(content: bytes, version: str) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(content)
    except ValueError as error:
        raise CorruptArtefact(f"the manifest of {version} cannot be read") from error
    if manifest.get("format") != FORMAT or manifest.get("version") != version:
        raise CorruptArtefact(f"{version} has the manifest of another version or a later product")
    return manifest


def _json(content: object) -> bytes:
    try:
        return json.dumps(content, allow_nan=False, indent=1, sort_keys=True).encode()
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"JSON cannot hold these settings: {error}", "unwritable") from error


def _with_sum(pointer: Mapping[str, Any]) -> bytes:
    return _json({**pointer, "sha256": hashlib.sha256(_json(pointer)).hexdigest()})


def _sums(files: Mapping[str, bytes]) -> bytes:
    """The lines of SHA256SUMS."""
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return "".join(lines).encode()


def _new_version(now: float) -> str:
    moment = datetime.fromtimestamp(now, UTC)
    return f"{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
