"""A version is whole or refused; which one is in use is always clear."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from personas.errors import CorruptArtefact, InvalidInput, Unavailable, UnknownName
from training.fitting import Fitted
from training.registry import Registry

NOW = 1_795_645_000.25  # 2026-11-25 22:16:40
SITE = "default"


@pytest.fixture
def registry(tmp_path):
    return Registry(tmp_path / "models")


def fitted(name: str = "phases", seed: int = 1, **arrays) -> Fitted:
    table = np.random.default_rng(seed).normal(size=(7, 7))
    return Fitted(name, {"table": table, **arrays}, {"pace": 0.1, "seed": seed}, f"# Seed {seed}\n")


def in_use(registry: Registry, *models: Fitted, now: float = NOW) -> str:
    version = registry.write(SITE, models, now)
    registry.activate(SITE, version)
    return version


def place_of(registry: Registry, version: str):
    return registry._folder / SITE / "versions" / version


def test_what_was_written_is_read(registry):
    written = fitted(
        numbers=np.arange(5),
        flags=np.array([True, False]),
        nothing=np.zeros((0, 3), np.float32),
        one=np.array(2.5),
        turned=np.arange(6.0).reshape(2, 3).T,
        half=np.ones(3, np.float16),
        endless=np.array([np.inf, -np.inf]),
        other=np.arange(3, dtype=">i4"),
    )
    version = registry.write(SITE, [written], NOW)
    read = registry.load(SITE, version)["phases"]
    assert (read.name, read.version, read.card) == ("phases", version, written.card)
    assert read.settings == written.settings
    assert read.arrays.keys() == written.arrays.keys()
    for name, array in written.arrays.items():
        np.testing.assert_array_equal(read.arrays[name], array, strict=name != "other")


@settings(deadline=None, max_examples=50)
@given(
    arrays.arrays(
        st.sampled_from([np.float64, np.float32, np.int64, np.int8, np.uint16, np.bool_]),
        arrays.array_shapes(min_dims=0, min_side=0),
        elements={"allow_nan": False},
    )
)
def test_any_array_keeps_its_type_shape_and_values(tmp_path_factory, array):
    registry = Registry(tmp_path_factory.mktemp("models"))
    version = registry.write(SITE, [fitted(any=array)], NOW)
    np.testing.assert_array_equal(
        registry.load(SITE, version)["phases"].arrays["any"], array, strict=True
    )


def test_a_model_in_use_cannot_be_written_to(registry):
    version = in_use(registry, fitted())
    with pytest.raises(ValueError, match="read-only"):
        registry.load(SITE, version)["phases"].arrays["table"][0, 0] = 1


def test_versions_are_named_by_their_time(registry):
    names = [registry.write(SITE, [fitted()], NOW + hour * 3600) for hour in range(5)]
    assert names[0].startswith("20261125-221640-")
    assert len(names[0]) == 20
    assert names == sorted(names)
    assert [each.version for each in registry.versions(SITE)] == names[::-1]


def test_writing_does_not_activate(registry):
    assert registry.active(SITE) is None
    first = registry.write(SITE, [fitted()], NOW)
    assert registry.active(SITE) is None
    registry.activate(SITE, first)
    registry.write(SITE, [fitted(seed=2)], NOW + 1)
    assert registry.active(SITE) == first


def test_the_other_models_are_carried_along_with_their_age(registry):
    first = in_use(registry, fitted("phases", 1), fitted("personas", 2))
    second = in_use(registry, fitted("phases", 3), now=NOW + 60)
    third = in_use(registry, fitted("ranker", 4), now=NOW + 120)
    read = registry.load(SITE, third)
    ages = {name: artefact.version for name, artefact in read.items()}
    assert ages == {"phases": second, "personas": first, "ranker": third}
    seeds = {name: artefact.settings["seed"] for name, artefact in read.items()}
    assert seeds == {"phases": 3, "personas": 2, "ranker": 4}


def test_the_list_tells_each_version_its_models_and_its_note(registry):
    first = in_use(registry, fitted())
    second = registry.write(SITE, [fitted("ranker")], NOW + 60, {"visitors": 12})
    newest, oldest = registry.versions(SITE)
    assert (oldest.version, oldest.active, oldest.models) == (first, True, {"phases": first})
    assert (newest.version, newest.active, newest.created) == (second, False, NOW + 60)
    assert newest.models == {"phases": first, "ranker": second}
    assert newest.note == {"visitors": 12}
    assert newest.readable
    assert registry.versions("other") == []


def test_rolling_back_is_activating_an_older_version(registry):
    first, second = in_use(registry, fitted()), in_use(registry, fitted(seed=2), now=NOW + 60)
    registry.activate(SITE, first)
    assert registry.active(SITE) == first
    assert registry.load(SITE, second)["phases"].settings["seed"] == 2


def test_sites_are_apart_whatever_they_are_called(registry):
    names = ["a", "a/b", "..", ".", "a b", "ß", "%2E", ""]
    versions = {name: registry.write(name, [fitted()], NOW) for name in names}
    for name, version in versions.items():
        registry.activate(name, version)
        assert [each.version for each in registry.versions(name)] == [version]
    folders = [
        each for each in registry._folder.rglob("*") if each.is_relative_to(registry._folder)
    ]
    assert folders
    assert not (registry._folder.parent / "versions").exists()


@pytest.mark.parametrize("version", ["", "..", "../other", "20261125-221640-zzzz", "prior"])
def test_an_unknown_version_is_said_to_be_unknown(registry, version):
    active = in_use(registry, fitted())
    for call in (registry.load, registry.activate):
        with pytest.raises(UnknownName):
            call(SITE, version)
    assert registry.active(SITE) == active


def test_of_1000_flipped_bits_each_is_refused_and_the_active_version_stays(registry):
    chance = random.Random(1)
    good = in_use(registry, fitted())
    version = registry.write(SITE, [fitted(seed=2), fitted("ranker", 3)], NOW + 60)
    files = [each for each in place_of(registry, version).rglob("*") if each.is_file()]
    contents = {file: file.read_bytes() for file in files}
    for number in range(1_000):
        file = files[number % len(files)]
        changed = bytearray(contents[file])
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        file.write_bytes(changed)
        with pytest.raises(CorruptArtefact):
            registry.load(SITE, version)
        with pytest.raises(CorruptArtefact):
            registry.activate(SITE, version)
        file.write_bytes(contents[file])
    assert registry.active(SITE) == good
    registry.activate(SITE, version)


def test_a_version_that_lost_a_file_or_the_end_of_one_is_refused(registry):
    version = registry.write(SITE, [fitted()], NOW)
    for file in sorted(place_of(registry, version).rglob("*")):
        if file.is_file():
            content = file.read_bytes()
            for rest in (content[:-1], content[: len(content) // 2], b"", content + b"\0"):
                file.write_bytes(rest)
                with pytest.raises(CorruptArtefact):
                    registry.load(SITE, version)
            file.unlink()
            with pytest.raises(CorruptArtefact):
                registry.load(SITE, version)
            file.write_bytes(content)
    (place_of(registry, version) / "phases" / "more.json").write_text("{}")
    with pytest.raises(CorruptArtefact):
        registry.load(SITE, version)


def test_a_version_under_another_name_is_refused(registry):
    version = registry.write(SITE, [fitted()], NOW)
    other = "20270101-000000-0000"
    shutil.copytree(place_of(registry, version), place_of(registry, other))
    with pytest.raises(CorruptArtefact):
        registry.load(SITE, other)


def test_an_active_version_that_is_damaged_has_a_good_one_before_it(registry):
    first, second = in_use(registry, fitted()), in_use(registry, fitted(seed=2), now=NOW + 60)
    registry.write(SITE, [fitted(seed=3)], NOW + 120)  # never in use
    third = in_use(registry, fitted(seed=4), now=NOW + 180)
    assert registry.latest_good(SITE) == third
    damage(registry, third)
    assert registry.latest_good(SITE) == second
    damage(registry, second)
    assert registry.latest_good(SITE) == first
    assert registry.active(SITE) == third


def damage(registry: Registry, version: str) -> None:
    file = place_of(registry, version) / "phases" / "card.md"
    file.write_bytes(file.read_bytes() + b"!")


def test_without_any_good_version_there_is_none(registry):
    assert registry.latest_good(SITE) is None
    damage(registry, in_use(registry, fitted()))
    assert registry.latest_good(SITE) is None


def test_a_new_version_carries_along_what_is_whole(registry):
    in_use(registry, fitted("personas", 1), fitted("phases", 2))
    damage(registry, in_use(registry, fitted("phases", 3), now=NOW + 60))
    version = registry.write(SITE, [fitted("ranker", 4)], NOW + 120)
    seeds = {name: each.settings["seed"] for name, each in registry.load(SITE, version).items()}
    assert seeds == {"personas": 1, "phases": 2, "ranker": 4}


def test_an_active_version_that_is_gone_is_damaged_and_not_unknown(registry):
    version = in_use(registry, fitted())
    shutil.rmtree(place_of(registry, version))
    with pytest.raises(CorruptArtefact, match="missing"):
        registry.load(SITE, version)
    assert registry.write(SITE, [fitted()], NOW)


def test_a_damaged_version_stands_in_the_list_as_such(registry):
    version = in_use(registry, fitted())
    manifest = place_of(registry, version) / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b"phases", b"phasis"))
    [line] = registry.versions(SITE)
    assert (line.version, line.readable, line.active, line.models) == (version, False, True, {})
    assert line.created == int(NOW)


def test_where_the_pointer_is_damaged_the_newest_version_is_in_use(registry):
    in_use(registry, fitted())
    second = in_use(registry, fitted(seed=2), now=NOW + 60)
    pointer = registry._folder / SITE / "active.json"
    content = pointer.read_bytes()
    chance = random.Random(2)
    for _ in range(300):
        changed = bytearray(content)
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        pointer.write_bytes(changed)
        assert registry.active(SITE) == second
    pointer.write_bytes(b"")
    assert registry.active(SITE) == second
    assert json.loads(content)["active"] == second


@pytest.mark.parametrize(
    "model",
    [
        Fitted("Phases", {}, {}, ""),
        Fitted("../phases", {}, {}, ""),
        Fitted("phases", {}, {"pace": float("nan")}, ""),
        Fitted("phases", {}, {"pace": object()}, ""),
        Fitted("phases", {"names": np.array(["a"])}, {}, ""),
        Fitted("phases", {"things": np.array([None])}, {}, ""),
        Fitted("phases", {"wide": np.zeros(2, np.longdouble)}, {}, ""),
        Fitted("phases", {"complex": np.zeros(2, complex)}, {}, ""),
    ],
)
def test_what_cannot_be_written_is_refused_and_leaves_nothing(registry, model):
    with pytest.raises(InvalidInput):
        registry.write(SITE, [fitted(), model], NOW)
    assert registry.versions(SITE) == []


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.float16])
def test_a_model_with_a_nan_is_never_written(registry, kind):
    with pytest.raises(CorruptArtefact, match="NaN"):
        registry.write(SITE, [fitted(weights=np.array([1.0, np.nan], kind))], NOW)


def test_a_nan_in_a_file_with_right_checksums_is_refused_too(registry, monkeypatch):
    monkeypatch.setattr("training.registry._writable", lambda array, *_: array)
    version = registry.write(SITE, [fitted(weights=np.array([1.0, np.nan]))], NOW)
    with pytest.raises(CorruptArtefact, match="NaN"):
        registry.activate(SITE, version)


def test_people_can_check_a_version_with_sha256sum(registry):
    version = registry.write(SITE, [fitted(), fitted("ranker")], NOW)
    subprocess.run(
        [shutil.which("sha256sum"), "--check", "--strict", "--quiet", "SHA256SUMS"],
        cwd=place_of(registry, version),
        check=True,
    )


def test_writers_of_the_same_second_do_not_collide(registry):
    with ThreadPoolExecutor(8) as pool:
        versions = list(
            pool.map(lambda seed: registry.write(SITE, [fitted(seed=seed)], NOW), range(20))
        )
    assert len(set(versions)) == 20
    for seed, version in enumerate(versions):
        assert registry.load(SITE, version)["phases"].settings["seed"] == seed


def test_a_name_that_is_taken_is_not_taken_again(registry, monkeypatch):
    given = iter(["0000", "0000", "0001"])
    monkeypatch.setattr(
        "training.registry._new_version", lambda now: f"20261125-221640-{next(given)}"
    )
    first, second = (registry.write(SITE, [fitted(seed=seed)], NOW) for seed in (1, 2))
    assert (first[-4:], second[-4:]) == ("0000", "0001")
    assert registry.load(SITE, first)["phases"].settings["seed"] == 1


WRITER = """
import sys
from pathlib import Path
from tests.training.test_registry import Registry, fitted, in_use
registry = Registry(Path(sys.argv[1]))
for seed in range(15):
    in_use(registry, fitted(seed=seed), now=float(sys.argv[2]) + seed)
"""


def test_writers_in_several_processes_do_not_collide(registry):
    folder = str(registry._folder)
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, folder, str(NOW)]) for _ in range(3)]
    while any(writer.poll() is None for writer in writers):
        if registry.active(SITE):
            assert registry.in_use(SITE).keys() == {"phases"}
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    listed = registry.versions(SITE)
    assert all(each.readable for each in listed)
    assert sum(each.active for each in listed) == 1


def test_old_versions_go_but_never_one_in_use(tmp_path):
    registry, later = Registry(tmp_path, kept=3), time.time() + 3600
    first = in_use(registry, fitted(), now=later)
    for number in range(1, 10):
        newest = registry.write(SITE, [fitted(seed=number)], later + number)
    left = [each.version for each in registry.versions(SITE)]
    assert len(left) == 4
    assert (left[0], left[-1]) == (newest, first)
    registry.activate(SITE, newest)
    for number in range(10, 20):
        registry.write(SITE, [fitted(seed=number)], later + number)
    assert {first, newest} <= {each.version for each in registry.versions(SITE)}


def test_a_version_that_was_written_just_now_stays_until_it_can_be_activated(tmp_path):
    registry, now = Registry(tmp_path, kept=3), time.time()
    first = registry.write(SITE, [fitted()], now)
    for number in range(1, 10):
        in_use(registry, fitted(seed=number), now=now + number)
    registry.activate(SITE, first)
    assert registry.active(SITE) == first


def test_what_a_dead_writer_left_goes(registry):
    registry.write(SITE, [fitted()], NOW)
    draft = registry._folder / SITE / "versions" / ".draft-0123"
    (draft / "phases").mkdir(parents=True)
    os.utime(draft, (NOW, NOW))
    registry.write(SITE, [fitted()], NOW + 60)
    assert draft.exists()
    registry.write(SITE, [fitted()], NOW + 100_000)
    assert not draft.exists()
    assert len(registry.versions(SITE)) == 3


def test_a_disk_that_takes_nothing_is_unavailable_and_harms_nothing(registry):
    (registry._folder.parent / "models").write_text("a file in the way")
    with pytest.raises(Unavailable):
        registry.write(SITE, [fitted()], NOW)
