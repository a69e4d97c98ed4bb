"""The command line: it does what it says, and every failure says what to do next."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys

import pytest

from tests.conftest import SECRET, free_port


def run(*arguments: str, status: int = 0, **env: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "service.cli", *arguments],
        env=os.environ | {"COLUMNS": "120", "NO_COLOR": "1"} | env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def loaded(modules: str, *names: str) -> set[str]:
    """Which of these are loaded by importing the modules."""
    program = f"import sys, {modules}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(names) & set(done.stdout.split())


@pytest.fixture
def ask(running_service):
    def asked(*arguments: str, status: int = 0) -> str:
        return run(*arguments, "--url", running_service.url, "--key", SECRET, status=status)

    return asked


@pytest.mark.parametrize(
    "command",
    [[], ["serve"], ["demo"], ["import"], ["train"], ["keys"], ["keys", "create"], ["models"],
     ["models", "activate"]],
    ids=" ".join,
)  # fmt: skip
def test_every_command_explains_itself(command):
    told = run(*command, "--help")
    assert "Usage" in told
    assert len(told) > 200


def test_help_comes_at_once_without_the_heavy_libraries():
    assert loaded("service.cli", "numpy", "fastapi", "redis") == set()


def test_serving_starts_without_the_heavy_libraries():
    heavy = ("torch", "sentence_transformers", "sklearn", "scipy", "pyarrow", "qdrant_client")
    assert loaded("service.app, service.serve", *heavy) == set()


# --- import ---------------------------------------------------------------------------------------


def test_events_are_imported_and_a_second_run_changes_nothing(tmp_path, ask, secret):
    file = tmp_path / "events.jsonl"
    event = {"type": "track", "event": "Pricing Viewed", "userId": "imported"}
    lines = [event | {"timestamp": f"2025-01-{day:02}"} for day in range(1, 21)]
    file.write_text("\n".join(map(json.dumps, lines)))
    assert "20 taken" in ask("import", str(file))
    assert "0 taken, 20 known already" in ask("import", str(file))
    assert secret.get("/v1/visitors/user_id:imported").json()["evidenceCount"] == 20


def test_what_was_rejected_is_named_and_kept(tmp_path, ask):
    file, kept = tmp_path / "events.csv", tmp_path / "rejected.jsonl"
    file.write_text("type,event,userId\ntrack,Zap,csv-1\ntrack,Zap,\nnope,Zap,csv-2\n")
    told = ask("import", str(file), "--rejected", str(kept), status=1)
    assert "1 taken" in told
    assert "2 rejected" in told
    assert "row 3" in told
    rows = [json.loads(line) for line in kept.read_text().splitlines()]
    assert [row["row"] for row in rows] == [3, 4]
    assert all(row["code"] and row["detail"] and row["value"] for row in rows)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.jsonl"], "no file"),
        (["nowhere.jsonl", "--as", "visitors"], "events or content"),
    ],
)
def test_an_import_that_cannot_begin_says_why(ask, arguments, words):
    assert words in ask("import", *arguments, status=2)


# --- keys and models ------------------------------------------------------------------------------


def test_keys_are_made_listed_and_revoked(ask, running_service):
    told = ask("keys", "create", "content", "--label", "Our CMS")
    key = re.search(r"ck_[\w-]{43}", told)
    assert key
    with running_service.client(key.group()) as cms:
        assert cms.get("/v1/journeys").status_code == 200
        row = next(line for line in ask("keys", "list").splitlines() if "Our CMS" in line)
        assert "content" in row
        assert "Nobody" in ask("keys", "revoke", row.split()[0])
        assert cms.get("/v1/journeys").status_code == 401


def test_a_lost_secret_key_is_replaced_while_the_service_is_stopped(new_service):
    service = new_service()
    service.start()
    service.stop()
    told = run("keys", "create", "secret", "--data-dir", str(service.data_dir))
    key = re.search(r"sk_[\w-]{43}", told)
    assert key
    service.start()
    with service.client(key.group()) as client:
        assert client.get("/v1/keys").status_code == 200
    busy = run("keys", "create", "secret", "--data-dir", str(service.data_dir), status=1)
    assert "holds the event log" in busy


def test_models_are_listed_even_before_any_training(ask):
    assert "version" in ask("models", "list")
    assert "no version" in ask("models", "activate", "nowhere", status=2)


def test_an_unknown_model_is_named(ask):
    assert "choose among" in ask("train", "horoscope", status=2)


# --- failures -------------------------------------------------------------------------------------


def test_without_a_key_the_command_says_where_to_find_one():
    told = run("keys", "list", status=2, FINGERPOST_SECRET_KEY="")
    assert "--key" in told
    assert "FINGERPOST_SECRET_KEY" in told


def test_without_a_service_the_command_says_how_to_start_one():
    told = run(
        "keys", "list", "--key", SECRET, "--url", f"http://127.0.0.1:{free_port()}", status=1
    )
    assert "fingerpost serve" in told


def test_a_wrong_key_is_told_as_such(running_service):
    told = run("keys", "list", "--key", "sk_wrong", "--url", running_service.url, status=2)
    assert "No site has this key" in told


def test_a_taken_port_is_told_with_the_way_out(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        told = run("serve", "--port", port, "--data-dir", str(tmp_path / "d"), status=2)
    assert "--port" in told


def test_a_misspelt_setting_is_told_before_anything_starts(tmp_path):
    told = run(
        "serve", "--data-dir", str(tmp_path / "d"), status=2, FINGERPOST_STOREURL="redis://x"
    )
    assert "FINGERPOST_STORE_URL" in told
    assert not (tmp_path / "d").exists()
