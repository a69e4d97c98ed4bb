"""The card of the shipped tagger: from what it was learnt, how good it is, where it is weak."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from training.tagger_default import EXAMPLES, NAME, HeldOut
from training.tagger_figures import Figures, figures
from training.tagger_sites import SiteDocument

RESAMPLES = 500
SOURCES = {
    "budibase": "Budibase/website@5dbfc940, MIT-style",
    "gitpod": "gitpod-io/website@a430a920, MIT",
    "checkly": "checkly/checklyhq.com@a15d98c0, MIT",
    "questdb": "questdb/questdb.io@ade83f59, Apache-2.0",
    "dvc": "iterative/dvc.org@f820bc53, CC BY 4.0",
    "openstatus": "openstatusHQ/openstatus@22df52eb, AGPL-3.0",
    "gitlab": "spicysoft/jp-www-gitlab-com@9c8ce628, MIT",
}


def card(documents: Sequence[SiteDocument], held: HeldOut) -> tuple[str, dict[str, Any]]:
    """The card in Markdown, and its figures for JSON."""
    sites = sorted({document.site for document in documents})
    rows = {site: _figures(documents, held, [site]) for site in sites}
    overall = _figures(documents, held, sites)
    low, high = _bounds(documents, held, sites)
    lines = [
        "# Tagger",
        "",
        f"`{NAME}` tells the type and the phase of content. Learnt from the expert's tables of",
        f"wording and structure, {EXAMPLES} example texts of our own for each type (which a MiniLM",
        f"encoder turned into a map of its vectors), and {len(documents)} documents of",
        f"{len(sites)} companies' public sites. Weights only; no sentence of theirs is in here.",
        "",
        "Each row is of a site held out of the fit; its publisher's folders are the truth.",
        "",
        "| site | documents | type macro-F1 | type right | calibration | phase macro-F1 |",
        "|---|---|---|---|---|---|",
        *[_row(site, found) for site, found in {**rows, "all": overall}.items()],
        "",
        f"Drawing sites anew: type {low[0]:.2f} to {high[0]:.2f}, phase {low[1]:.2f} to "
        f"{high[1]:.2f} (90 % of {RESAMPLES} draws).",
        "",
        "## Limits",
        "",
        "- Who wrote the tables has read documents of these sites: expect less of others.",
        "- English, mostly software. Videos, webinars, white papers, reviews, newsletters and",
        "  product pages were not in the data: they rest on the tables and examples alone.",
        "- Folders are noisy: one publisher's guides are another's documentation.",
        "",
        "## Sources",
        "",
        *[f"- {site}: {SOURCES.get(site, 'not named')}" for site in sites],
        "",
    ]
    about = {"name": NAME, "confidence": held.confidence, "heldOut": asdict(overall)}
    return "\n".join(lines), about


def _figures(documents: Sequence[SiteDocument], held: HeldOut, sites: Sequence[str]) -> Figures:
    """Of some sites; a site that is named twice counts twice."""
    times = Counter(sites)
    rows = np.repeat(np.arange(len(documents)), [times[each.site] for each in documents])
    kinds = [documents[row].kind for row in rows.tolist()]
    return figures(kinds, held.types[rows], held.phases[rows])


def _bounds(
    documents: Sequence[SiteDocument], held: HeldOut, sites: Sequence[str]
) -> tuple[tuple[float, float], tuple[float, float]]:
    chance = np.random.default_rng(0)
    drawn = [
        _figures(documents, held, chance.choice(sites, len(sites)).tolist())
        for _ in range(RESAMPLES)
    ]
    scores = np.array([(found.type_f1, found.phase_f1) for found in drawn])
    low, high = np.quantile(scores, (0.05, 0.95), axis=0).tolist()
    return tuple(low), tuple(high)


def _row(site: str, found: Figures) -> str:
    numbers = (found.type_f1, found.type_right, found.type_error, found.phase_f1)
    return f"| {site} | {found.documents} | " + " | ".join(f"{n:.3f}" for n in numbers) + " |"
