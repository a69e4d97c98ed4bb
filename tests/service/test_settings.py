"""Settings: each described, none misspelt in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from personas.errors import InvalidInput
from service.settings import Settings, load, refuse_unknown, table

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "settings.md"


def test_every_setting_says_what_it_does():
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith(".") or "`" in field.description, name


def test_the_document_lists_every_setting_as_it_is():
    assert table() in DOCUMENT.read_text()


def test_a_misspelt_variable_is_refused_with_the_right_one():
    with pytest.raises(InvalidInput, match="FINGERPOST_STORE_URL"):
        refuse_unknown({"FINGERPOST_STOREURL": "redis://x"})
    with pytest.raises(InvalidInput, match=r"docs/settings\.md"):
        refuse_unknown({"FINGERPOST_QQQQQQQ": "1"})
    refuse_unknown({"PATH": "x", "FINGERPOST_CMD": "x", "FINGERPOST_PORT": "1"})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FINGERPOST_PORT", "eighty"),
        ("FINGERPOST_PORT", "70000"),
        ("FINGERPOST_STORE_URL", "localhost:6379"),
        ("FINGERPOST_INDEX_URL", "redis://x"),
        ("FINGERPOST_EVENT_LOG_URL", "s3://bucket"),
        ("FINGERPOST_LOG_LEVEL", "loud"),
        ("FINGERPOST_SECRET_KEY", "short"),
    ],
)
def test_a_value_that_cannot_be_used_is_told_by_its_variable(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidInput, match=variable):
        load()


def test_an_empty_variable_is_as_good_as_none(monkeypatch):
    monkeypatch.setenv("FINGERPOST_STORE_URL", "")
    monkeypatch.setenv("FINGERPOST_SECRET_KEY", "")
    settings = load()
    assert settings.store_url is None
    assert settings.secret_key is None


def test_what_is_given_goes_before_the_environment(monkeypatch):
    monkeypatch.setenv("FINGERPOST_PORT", "1000")
    assert load().port == 1000
    assert load(port=2000, host=None).port == 2000


def test_origins_are_parted_by_commas(monkeypatch):
    monkeypatch.setenv("FINGERPOST_ALLOWED_ORIGINS", "https://a.example/, https://b.example")
    assert load().allowed_origins == ("https://a.example", "https://b.example")


def test_secrets_are_not_shown():
    assert "sk_hidden_1" not in repr(load(secret_key="sk_hidden_1"))


def test_the_event_log_lies_in_the_data_folder_unless_said_otherwise():
    assert load(data_dir=Path("d")).event_log_folder == Path("d/log")
    assert load(event_log_url="file:///var/log/fp").event_log_folder == Path("/var/log/fp")
    assert load(event_log_url="elsewhere").event_log_folder == Path("elsewhere")
