"""Tagging content by type and phase."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeddings.tagging import (
    Correction,
    TaggerModel,
    Tagging,
    adapt,
    default_tagger,
    document_vector,
    read_features,
    tag,
    texts_to_embed,
    without_vectors,
)
from embeddings.tagging_weights import ARRAYS, FOLDER, SETTINGS, read_shipped
from embeddings.text import Text, read_text
from personas.entities import CONTENT_TYPES, LADDER
from personas.errors import CorruptArtefact, InvalidInput, UnknownName

WRITTEN = [
    json.loads(line)
    for line in Path(__file__).with_name("written_content.jsonl").read_text("utf-8").splitlines()
]
SIZE = 384
COMPARISON = read_text(
    "Kettles vs pans: a comparison",
    "Which of the two is better?",
    "Both boil water. A kettle is faster, whereas a pan is cheaper. Pros and cons of each below.",
)


def vectors_of(document: Text, seed: int | None = None, size: int = SIZE) -> np.ndarray:
    """Unit vectors drawn at random; nothing at all without a seed."""
    count = len(texts_to_embed(document))
    if seed is None:
        return np.zeros((count, size), np.float32)
    drawn = np.random.default_rng(seed).normal(size=(count, size))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def by_wording(document: Text, model: TaggerModel | None = None) -> Tagging:
    return tag(model or default_tagger(), document, vectors_of(document))


def text_of(row: dict) -> Text:
    return read_text(row["title"], row["description"], row["body"])


def corrected(document: Text, seed: int, **said: dict[str, float]) -> Correction:
    vector = document_vector(vectors_of(document, seed))
    return Correction(read_features(document, vector), **said)


# --- what is told ---------------------------------------------------------------------------------


def test_wording_alone_tells_most_types_of_content():
    found = [(row["type"], by_wording(text_of(row)).type.id) for row in WRITTEN]
    assert sum(true == said for true, said in found) >= 0.8 * len(found)


@pytest.mark.parametrize("kind", CONTENT_TYPES)
def test_every_type_can_be_found(kind: str):
    found = [by_wording(text_of(row)).type.id for row in WRITTEN if row["type"] == kind]
    assert kind in found


def test_wording_alone_tells_most_phases():
    right = [by_wording(text_of(row)).phase.id in row["phases"] for row in WRITTEN]
    assert np.mean(right) >= 0.8


def test_the_phase_is_not_looked_up_from_the_type():
    phases: dict[str, set[str]] = {}
    for row in WRITTEN:
        found = by_wording(text_of(row))
        phases.setdefault(found.type.id, set()).add(found.phase.id)
    assert any(len(seen) > 1 for seen in phases.values())
    assert phases["landing-page"] >= {"intent", "loyalty"}


def test_html_and_markdown_are_tagged_as_the_plain_text_is():
    plain = read_text("Pricing", "", "Free\n\n$0 per month\n\nPro\n\n$29 per user / month")
    page = read_text(
        "Pricing", "", "<h2>Free</h2><p>$0 per month</p><h2>Pro</h2><p>$29 per user / month</p>"
    )
    marked = read_text("Pricing", "", "## Free\n\n$0 per month\n\n## Pro\n\n$29 per user / month")
    assert {by_wording(each).type.id for each in (plain, page, marked)} == {"pricing"}


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=600))
def test_whatever_is_sent_gets_distributions_that_name_their_winner(title, description, body):
    document = read_text(title, description, body)
    found = tag(default_tagger(), document, vectors_of(document, 1))
    for said, classes in ((found.type, CONTENT_TYPES), (found.phase, LADDER)):
        assert tuple(said.distribution) == classes
        assert math.isclose(sum(said.distribution.values()), 1.0, abs_tol=1e-9)
        assert min(said.distribution.values()) >= 0
        assert said.probability == max(said.distribution.values())


def test_the_same_content_is_always_tagged_the_same():
    vectors = vectors_of(COMPARISON, 3)
    assert tag(default_tagger(), COMPARISON, vectors) == tag(default_tagger(), COMPARISON, vectors)


def test_few_and_short_passages_are_embedded():
    long = read_text("Title", "Description", "word " * 20_000)
    passages = texts_to_embed(long)
    assert len(passages) == 3
    assert sum(len(passage.split()) for passage in passages) <= 150


def test_content_without_any_text_is_tagged_too():
    nothing = read_text(None, None, None)
    assert texts_to_embed(nothing) == [""]
    assert by_wording(nothing).type.id in CONTENT_TYPES


# --- why ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", WRITTEN, ids=lambda row: row["title"][:30])
def test_evidence_adds_up_to_the_log_odds_of_the_answer(row: dict):
    document = text_of(row)
    found = tag(default_tagger(), document, vectors_of(document, 5))
    for name, said in (("type", found.type), ("phase", found.phase)):
        told = [each for each in found.evidence if each.what_for == f"{name}:{said.id}"]
        odds = math.log(said.probability / (1 - said.probability))
        assert math.isclose(sum(each.weight for each in told), odds, abs_tol=1e-6)


def test_all_evidence_is_for_what_was_answered():
    found = tag(default_tagger(), COMPARISON, vectors_of(COMPARISON, 5))
    answers = {f"type:{found.type.id}", f"phase:{found.phase.id}"}
    assert {each.what_for for each in found.evidence} == answers


def test_evidence_quotes_the_sentence_that_decided():
    told = [each.text for each in by_wording(COMPARISON).evidence]
    assert any("whereas a pan is cheaper" in text for text in told)
    assert any("“vs”" in text for text in told)


def test_the_heaviest_reasons_come_first():
    weights = [
        abs(each.weight)
        for each in by_wording(COMPARISON).evidence
        if each.what_for.startswith("type:") and each.text != "everything else"
    ]
    assert weights == sorted(weights, reverse=True)


# --- what people teach ----------------------------------------------------------------------------


def test_without_corrections_the_tagger_stays_as_it_is():
    assert adapt(default_tagger(), []) is default_tagger()


def test_a_correction_is_obeyed_where_the_same_content_comes_again():
    vectors = vectors_of(COMPARISON, 7)
    features = read_features(COMPARISON, document_vector(vectors))
    said = Correction(features, {"article": 1.0}, {"awareness": 1.0})
    found = tag(adapt(default_tagger(), [said] * 3), COMPARISON, vectors)
    assert (found.type.id, found.phase.id) == ("article", "awareness")


def test_corrections_teach_about_similar_content():
    recipes = [read_text(f"Recipe {n}", "", f"Peel {n} onions and fry them.") for n in range(8)]
    before = by_wording(recipes[7]).type.distribution["other"]
    taught = adapt(
        default_tagger(), [corrected(each, 1, type={"other": 1.0}) for each in recipes[:7]]
    )
    found = tag(taught, recipes[7], vectors_of(recipes[7], 2))
    assert found.type.id == "other"
    assert before < 0.2


def test_few_corrections_leave_unlike_content_as_it_was():
    taught = adapt(default_tagger(), [corrected(COMPARISON, 1, type={"article": 1.0})])
    rows = [row for row in WRITTEN if row["type"] in ("documentation", "release-notes", "pricing")]
    same = [
        by_wording(text_of(row), taught).type.id == by_wording(text_of(row)).type.id for row in rows
    ]
    assert np.mean(same) >= 0.9


def test_the_order_of_corrections_does_not_matter():
    said = [
        corrected(text_of(row), number, type={row["type"]: 1.0}, phase={row["phases"][0]: 1.0})
        for number, row in enumerate(WRITTEN)
    ]
    there, back = adapt(default_tagger(), said), adapt(default_tagger(), said[::-1])
    np.testing.assert_allclose(there.types, back.types, atol=1e-3)
    np.testing.assert_allclose(there.phases, back.phases, atol=1e-3)


def test_a_word_on_the_type_alone_leaves_the_phases_weights():
    taught = adapt(default_tagger(), [corrected(COMPARISON, 1, type={"article": 1.0})])
    assert (taught.phases == default_tagger().phases).all()
    taught = adapt(default_tagger(), [corrected(COMPARISON, 1, phase={"loyalty": 1.0})])
    assert (taught.types == default_tagger().types).all()


def test_people_may_say_a_distribution():
    half = {"article": 0.5, "comparison": 0.5}
    taught = adapt(default_tagger(), [corrected(COMPARISON, 1, type=half)] * 30)
    found = tag(taught, COMPARISON, vectors_of(COMPARISON, 1)).type.distribution
    assert found["article"] == pytest.approx(found["comparison"], abs=0.1)


def test_a_taught_tagger_has_a_name_of_its_own():
    once = adapt(default_tagger(), [corrected(COMPARISON, 1, type={"article": 1.0})])
    other = adapt(default_tagger(), [corrected(COMPARISON, 1, type={"guide": 1.0})])
    assert len({default_tagger().name, once.name, other.name}) == 3


def test_unknown_types_and_phases_are_refused_by_name():
    with pytest.raises(UnknownName, match="sonnet"):
        adapt(default_tagger(), [corrected(COMPARISON, 1, type={"sonnet": 1.0})])
    with pytest.raises(UnknownName, match="regret"):
        adapt(default_tagger(), [corrected(COMPARISON, 1, phase={"regret": 1.0})])


def test_features_of_another_encoder_are_refused():
    features = read_features(COMPARISON, np.zeros(8, np.float32))
    with pytest.raises(InvalidInput):
        adapt(default_tagger(), [Correction(features, {"guide": 1.0})])


# --- weights --------------------------------------------------------------------------------------


def test_a_kept_tagger_is_the_same_when_it_is_read_again():
    taught = adapt(default_tagger(), [corrected(COMPARISON, 1, type={"article": 1.0})])
    again = TaggerModel.from_arrays(taught.to_arrays())
    vectors = vectors_of(COMPARISON, 4)
    assert tag(again, COMPARISON, vectors) == tag(taught, COMPARISON, vectors)


@pytest.mark.parametrize("missing", ["types", "phases", "serves", "signals", "name"])
def test_a_tagger_with_a_part_missing_is_refused(missing: str):
    arrays = default_tagger().to_arrays()
    del arrays[missing]
    with pytest.raises(CorruptArtefact):
        TaggerModel.from_arrays(arrays)


def test_a_tagger_of_another_releases_signals_is_refused():
    arrays = default_tagger().to_arrays()
    with pytest.raises(CorruptArtefact, match="another release"):
        TaggerModel.from_arrays(arrays | {"signals": arrays["signals"] + 1})


def test_every_flipped_bit_in_the_shipped_weights_is_noticed(tmp_path: Path):
    content = bytearray((FOLDER / ARRAYS).read_bytes())
    (tmp_path / SETTINGS).write_bytes((FOLDER / SETTINGS).read_bytes())
    for place in np.random.default_rng(0).integers(0, len(content), 20):
        content[place] ^= 4
        (tmp_path / ARRAYS).write_bytes(content)
        with pytest.raises(CorruptArtefact):
            read_shipped(tmp_path)
        content[place] ^= 4
    (tmp_path / ARRAYS).write_bytes(content)
    assert read_shipped(tmp_path).keys() == read_shipped().keys()


def test_the_shipped_weights_are_small_and_come_with_a_card():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 1_000_000
    assert "held" in (FOLDER / "card.md").read_text("utf-8")


def test_vectors_that_do_not_fit_are_refused():
    with pytest.raises(InvalidInput, match="one vector of 384"):
        tag(default_tagger(), COMPARISON, np.zeros((1, 16), np.float32))


def test_another_encoder_is_served_by_wording_until_people_teach():
    model = default_tagger(512)
    assert model.size == 512
    found = tag(model, COMPARISON, vectors_of(COMPARISON, 1, 512))
    plain = by_wording(COMPARISON)
    assert found.type.distribution == pytest.approx(plain.type.distribution)
    assert without_vectors(model, 16).size == 16


def test_reading_content_costs_no_heavy_import():
    """Types of content are told in the service, which never imports torch or scikit-learn."""
    import subprocess
    import sys

    program = (
        "import sys; from embeddings.tagging import default_tagger; default_tagger();"
        "print(sorted({'torch', 'sklearn', 'scipy'} & {m.split('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_no_type_is_never_said_and_none_takes_all():
    said = Counter(by_wording(text_of(row)).type.id for row in WRITTEN)
    assert max(said.values()) <= 0.25 * len(WRITTEN)
