"""What can be set, called, counted or go wrong stands in the documents."""

from __future__ import annotations

import re
from pathlib import Path

from personas.entities import LADDER
from service.metrics import Metrics
from service.settings import table

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


def test_every_setting_is_documented():
    assert table() in (DOCS / "settings.md").read_text(encoding="utf-8")


def test_every_metric_is_documented_in_its_own_words():
    told = (DOCS / "metrics.md").read_text(encoding="utf-8")
    helps = re.findall(r"^# HELP (\S+?)(?:_total)? (.+)$", Metrics().written().decode(), re.M)
    assert helps
    for name, words in helps:
        assert f"`{name}`" in told
        assert words in told


def test_every_command_of_the_readme_exists():
    made = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^make ([a-z]+)", readme, re.M)) <= made


def test_links_between_documents_lead_somewhere():
    for page in [ROOT / "README.md", *DOCS.rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_glossary_names_the_ladder():
    assert ", ".join(LADDER) in (DOCS / "glossary.md").read_text(encoding="utf-8")
