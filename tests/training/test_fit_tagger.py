"""Teaching the tagger: from one site's corrections, and from public sites."""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from embeddings.tagging import TaggerModel, default_tagger, read_features
from embeddings.tagging_signals import SIGNALS, read_table
from embeddings.tagging_softmax import fit_weights, softmax
from embeddings.tagging_weights import read_shipped, write_shipped
from embeddings.text import read_text
from personas.entities import CONTENT_TYPES, LADDER
from personas.errors import NotEnoughData
from training.dataset import SiteData
from training.fit_tagger import fit_site_tagger, read_correction
from training.fitting import silent
from training.tagger_card import card
from training.tagger_default import expert, fit_default, hold_out
from training.tagger_examples import examples
from training.tagger_figures import calibration_error, figures, macro_f1
from training.tagger_sites import KINDS, SiteDocument, read_sites

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "content"
SIZE = 16


def encode(texts: list[str]) -> np.ndarray:
    """Vectors by which words a text holds: made up, but the same text has the same vector."""
    found = np.zeros((len(texts), SIZE))
    for row, text in enumerate(texts):
        for word in text.lower().split():
            found[row, hashlib.sha256(word.encode()).digest()[0] % SIZE] += 1
    return (found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)).astype("f4")


def row(kind: str, number: int) -> dict[str, str]:
    titles = {"docs": "Parameter reference", "release_notes": "Version 1.{} released"}
    bodies = {
        "docs": "Type: string. Default: none.",
        "release_notes": "You can now sort. Fixed: bugs.",
    }
    title = titles[kind].format(number)
    body = f"{bodies[kind]} Number {number}."
    return {"id": f"{kind}{number}", "title": title, "body": body, "kind": kind}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    found = tmp_path_factory.mktemp("content")
    for site in ("ash", "birch", "cedar", "dogwood"):
        rows = [row(kind, number) for kind in ("docs", "release_notes") for number in range(8)]
        (found / f"{site}.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return found


@pytest.fixture(scope="module")
def start() -> TaggerModel:
    return expert(encode)


@pytest.fixture(scope="module")
def documents(folder) -> list[SiteDocument]:
    return read_sites(folder, encode, 6, 0)


def site_data(**fields) -> SiteData:
    return SiteData([], {}, {}, {}, [], 0.0, **fields)


def tagged(content_id: str, source: str = "human", **said: str) -> dict:
    tagging = {
        name: {"id": word, "distribution": {word: 1.0}, "source": source}
        for name, word in said.items()
    }
    return {
        "id": content_id,
        "title": "Onions",
        "description": "",
        "body": "Peel them.",
        "tagging": tagging,
    }


# --- one site -------------------------------------------------------------------------------------


def test_what_people_said_makes_a_tagger_of_the_sites_own():
    corrected = {name: tagged(name, type="other", phase="loyalty") for name in ("a", "b", "c")}
    vectors = {name: np.eye(384, dtype=np.float32)[0] for name in corrected}
    fitted = fit_site_tagger(site_data(corrected=corrected, vectors=vectors), None, silent, 0.0, 0)
    model = TaggerModel.from_arrays(fitted.arrays)
    text = read_text("Onions", "", "Peel them.")
    types, phases, _ = model.probabilities(read_features(text, vectors["a"])[None])
    assert CONTENT_TYPES[types[0].argmax()] == "other"
    assert LADDER[phases[0].argmax()] == "loyalty"
    assert fitted.report == {"corrections": 3}


def test_a_site_without_corrections_has_nothing_to_teach():
    with pytest.raises(NotEnoughData, match="Nobody has corrected"):
        fit_site_tagger(site_data(), None, silent, 0.0, 0)


def test_corrections_without_vectors_teach_by_wording():
    data = site_data(corrected={"a": tagged("a", type="guide")})
    fitted = fit_site_tagger(data, None, silent, 0.0, 0)
    assert fitted.arrays["types"].shape == default_tagger().types.shape


def test_only_a_persons_word_counts_as_a_correction():
    correction = read_correction(tagged("a", source="model", type="guide"), np.zeros(384, "f4"))
    assert correction.type is None
    assert correction.phase is None


# --- public sites ---------------------------------------------------------------------------------


def test_at_most_so_many_documents_of_each_kind_and_site_are_read(documents):
    assert len(documents) == 4 * 2 * 6
    assert {each.kind for each in documents} == {"docs", "release_notes"}


def test_the_sample_is_the_one_that_the_seed_says(folder):
    again = [each.id for each in read_sites(folder, encode, 3, 1) if each.site == "ash"]
    rows = [f"docs{number}" for number in range(8)]
    assert again[:3] == random.Random("1 ash docs").sample(rows, 3)


def test_a_sites_own_labels_never_reach_its_own_answers(start, documents):
    lied = [replace(each, kind="blog" if each.site == "ash" else each.kind) for each in documents]
    rows = [number for number, each in enumerate(documents) if each.site == "ash"]
    honest, poisoned = hold_out(start, documents), hold_out(start, lied)
    scores = [np.log(held.types[rows]) / held.confidence for held in (honest, poisoned)]
    gaps = [each - each.mean(axis=1, keepdims=True) for each in scores]
    np.testing.assert_allclose(*gaps, atol=1e-6)


def test_one_site_alone_cannot_be_held_out(start, documents):
    with pytest.raises(NotEnoughData):
        hold_out(start, [each for each in documents if each.site == "ash"])


def test_types_that_no_site_has_keep_the_experts_weights(start, documents):
    held = hold_out(start, documents)
    fitted = fit_default(start, documents, held)
    for kind in ("video", "newsletter", "guide"):
        k = CONTENT_TYPES.index(kind)
        np.testing.assert_allclose(fitted.types[k], held.confidence * start.types[k])
    k = CONTENT_TYPES.index("documentation")
    assert not np.allclose(fitted.types[k], held.confidence * start.types[k], atol=1e-9)


def test_what_was_fitted_is_written_with_a_card_and_read_again(tmp_path, start, documents):
    held = hold_out(start, documents)
    fitted = fit_default(start, documents, held)
    text, about = card(documents, held)
    write_shipped(fitted.to_arrays(), about, text, tmp_path)
    again = TaggerModel.from_arrays(read_shipped(tmp_path))
    np.testing.assert_array_equal(again.types, fitted.types)
    assert "| ash | 12 |" in (tmp_path / "card.md").read_text("utf-8")


def test_having_no_vector_speaks_for_no_type(start):
    """The map is neutral on what all vectors share; so tables decide where no encoder answers."""
    vectors = start.types[:, 1 + len(SIGNALS) :]
    middle = encode([each.title + " " + each.opening for each in examples(150, 0)]).mean(axis=0)
    ordinary = np.abs(vectors @ middle).max()
    assert ordinary < 0.2 * np.abs(vectors).max()


# --- examples and tables --------------------------------------------------------------------------


def test_there_are_examples_of_every_type_and_none_has_a_gap():
    found = examples(30, 0)
    assert [each.type for each in found].count("guide") == 30
    assert {each.type for each in found} == set(CONTENT_TYPES)
    assert not any(mark in f"{each.title}{each.opening}" for each in found for mark in "{}")


def test_the_same_seed_fills_in_the_same_words():
    assert examples(5, 3) == examples(5, 3)
    assert examples(5, 3) != examples(5, 4)


def test_a_table_with_an_unknown_class_or_place_is_refused():
    with pytest.raises(ValueError, match="sonnet"):
        read_table("[title 1] rhymes\n  = love\n  : sonnet 2")
    with pytest.raises(ValueError, match="margin"):
        read_table("[margin 1] notes\n  = ibid\n  : article 2")


def test_every_signal_has_a_name_of_its_own_and_speaks_for_something():
    assert len({signal.name for signal in SIGNALS}) == len(SIGNALS)
    assert all(signal.types or signal.phases for signal in SIGNALS)


# --- figures --------------------------------------------------------------------------------------


def one_hot(classes: tuple[str, ...], *names: str) -> np.ndarray:
    return np.array([[float(name == each) for each in classes] for name in names])


def test_prices_and_product_pages_count_as_landing_pages():
    types = one_hot(CONTENT_TYPES, "pricing", "product-page", "landing-page")
    phases = one_hot(LADDER, "intent", "favorability", "intent")
    found = figures(["landing_or_pricing"] * 3, types, phases)
    assert (found.type_f1, found.type_right, found.phase_f1) == (1.0, 1.0, 1.0)


def test_the_named_class_is_the_likeliest_not_the_largest_sum():
    types = np.zeros((1, len(CONTENT_TYPES)))
    for name, share in (("guide", 0.4), ("pricing", 0.3), ("landing-page", 0.3)):
        types[0, CONTENT_TYPES.index(name)] = share
    phases = one_hot(LADDER, "awareness")
    assert figures(["guide"], types, phases).type_right == 1.0


def test_macro_f1_is_the_mean_over_the_classes_that_occur():
    assert macro_f1(["a", "a", "b"], ["a", "c", "b"]) == pytest.approx((2 / 3 + 1) / 2)


def test_who_is_right_as_often_as_he_is_sure_is_calibrated():
    chance = np.random.default_rng(0)
    sure = chance.uniform(0.2, 1.0, 20_000)
    assert calibration_error(sure, chance.random(20_000) < sure) < 0.02
    assert calibration_error(np.ones(100), np.zeros(100, bool)) == 1.0


# --- the fit itself -------------------------------------------------------------------------------


def test_from_nothing_the_fit_is_ridge_logistic_regression():
    chance = np.random.default_rng(1)
    features = chance.normal(size=(200, 4))
    labels = (features @ chance.normal(size=(4, 3)) + chance.gumbel(size=(200, 3))).argmax(1)
    answers = np.eye(3)[labels]
    found = fit_weights(features, answers, np.zeros((3, 4)), np.full(4, 2.0))
    other = LogisticRegression(C=0.5, fit_intercept=False, tol=1e-10, max_iter=5000)
    other.fit(features, labels)
    np.testing.assert_allclose(found, other.coef_, atol=5e-3)


def test_a_firm_prior_is_not_moved_and_a_loose_one_is():
    chance = np.random.default_rng(2)
    features, start = chance.normal(size=(50, 3)), chance.normal(size=(2, 3))
    answers = np.eye(2)[chance.integers(0, 2, 50)]
    firm = fit_weights(features, answers, start, np.full(3, 1e9))
    loose = fit_weights(features, answers, start, np.full(3, 1e-3))
    np.testing.assert_allclose(firm, start, atol=1e-6)
    assert np.abs(loose - start).max() > 0.1


def test_a_coarse_answer_teaches_without_choosing_among_its_classes():
    features = np.ones((40, 1))
    answers = np.tile([1.0, 1.0, 0.0], (40, 1))
    found = fit_weights(features, answers, np.zeros((3, 1)), np.ones(1), coarse=True)
    shares = softmax(features @ found.T)[0]
    assert shares[0] == pytest.approx(shares[1])
    assert shares[2] < 0.1


@pytest.mark.realdata
@pytest.mark.slow
@pytest.mark.skipif(not REAL.is_dir(), reason="the real data are not here")
def test_wording_and_structure_alone_know_real_sites_by_and_large():
    def nothing(texts):
        return np.zeros((len(texts), 384), np.float32)

    documents = read_sites(REAL, nothing, 20, 0)
    features = np.array([each.features for each in documents])
    types, phases, _ = default_tagger().probabilities(features)
    found = figures([each.kind for each in documents], types, phases)
    assert {each.kind for each in documents} <= KINDS.keys()
    assert found.type_f1 > 0.6
    assert found.phase_f1 > 0.65
