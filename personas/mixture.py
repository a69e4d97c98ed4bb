"""Who a visitor is: a mixture over mixed features of which any share may be missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Self

import numpy as np

from personas.entities import Array, Evidence, PersonaBelief
from personas.errors import CorruptArtefact, InvalidInput, NotEnoughData
from personas.features import FEATURES, TRAIT
from personas.mixture_choice import Choice, chosen, compare
from personas.mixture_kinds import Column, Row, statistics_of
from personas.mixture_search import (
    Parameters,
    Problem,
    Schema,
    learn_schema,
    loadings,
    log_shares,
    posterior,
    prepare,
    settle,
)

EVERYONE = ("p_everyone", "Everyone")
UNLIKE_ANY = 1e-6  # chance that a visitor is like nobody seen so far: it keeps log-odds finite
MOST_EVIDENCE = 12
MOST_FOR_CHOICE = 3000  # visitors; the fit itself reads all
NEVER_FITTED = tuple(feature.name for feature in FEATURES if not feature.tells_persona)


class PersonaMixture:
    """A maximum-a-posteriori mixture of personas.

    Each persona starts with `prior` visitors who are like everyone, so that a rare value tells little.
    Features that repeat each other weigh less, counts that come in clumps count less. What was not
    observed is integrated out. The number of personas is the one that repeats itself on other
    visitors and foretells them best; one persona, "no structure", is a possible answer.

    Args:
        count: how many personas; None to choose from 1 to `most`.
        prior: visitors.
        starts: from which the search sets out; the best wins.
        folds: of the visitors, for the choice.
        random_state: seed.

    Attributes:
        schema_: the features as learnt.
        parameters_: what the visitors of each persona add up to.
        curve_: one `Choice` for each number of personas tried.
        memberships_: of the rows that were fitted [row, persona].

    Example:
        >>> rows = [{"trait:role": "buyer", "trait:seats": 3.0 + i % 5} for i in range(60)]
        >>> rows += [{"trait:role": "engineer", "trait:seats": 80.0 + i % 9} for i in range(60)]
        >>> mixture = PersonaMixture(count=2, random_state=1).fit(rows)
        >>> bool(mixture.memberships({"trait:role": "buyer"}).max() > 0.9)
        True
    """

    schema_: Schema
    parameters_: Parameters
    curve_: tuple[Choice, ...]
    memberships_: Array

    def __init__(
        self,
        count: int | None = None,
        most: int = 8,
        prior: float = 4.0,
        starts: int = 6,
        folds: int = 5,
        random_state: int = 0,
    ) -> None:
        self.count = count
        self.most = most
        self.prior = prior
        self.starts = starts
        self.folds = folds
        self.random_state = random_state

    def fit(self, X: Sequence[Row], before: Array | None = None) -> Self:  # noqa: N803  (sklearn's name)
        """Learn the personas of these visitors.

        Args:
            X: features of each visitor, as of `features_of`.
            before: memberships [row, persona] under the personas of before, which are kept unless
                others are clearly better.

        Raises:
            NotEnoughData: no visitors, or no feature that differs between them.
        """
        rng = np.random.default_rng(self.random_state)
        schema = learn_schema(X, ignore=NEVER_FITTED)
        if not schema.columns:
            raise NotEnoughData(
                "no feature differs between visitors; send traits with identify, or more events"
            )
        problem = prepare(schema, schema.encode(X), self.prior, self.most)
        self.schema_ = problem.schema
        known = None if before is None else before.shape[1]
        self.curve_, count = (), self.count or 1
        if self.count is None:
            rows = rng.permutation(problem.visitors)[:MOST_FOR_CHOICE]
            self.curve_ = compare(problem.with_rows(rows), self.most, self.folds, rng)
            count = chosen(self.curve_, len(rows), known)
        solution = settle(problem, count, self.starts, rng, before)
        return self._hold(solution.parameters, problem)

    def _hold(self, parameters: Parameters, problem: Problem) -> Self:
        by_size = np.argsort(-parameters.sizes, kind="stable")
        self.parameters_ = Parameters(parameters.sums[:, by_size], parameters.sizes[by_size])
        self._settle()
        self.memberships_ = self._of(problem.table)
        return self

    def _settle(self) -> None:
        """What an answer needs, worked out once."""
        self.loadings_ = loadings(self.schema_, self.parameters_, self.prior)
        self.log_shares_ = log_shares(self.parameters_)
        self._places = {
            column.name: (column, part.start)
            for column, part in zip(self.schema_.columns, self.schema_.slices, strict=True)
        }

    def _of(self, table: Array) -> Array:
        memberships, _ = posterior(table @ self.loadings_ + self.log_shares_)
        return _doubting(memberships, np.exp(self.log_shares_))

    @property
    def personas(self) -> int:
        return self.parameters_.count

    def predict_proba(self, X: Sequence[Row]) -> Array:  # noqa: N803
        """Memberships [row, persona]."""
        return self._of(self.schema_.encode(X))

    def predict(self, X: Sequence[Row]) -> Array:  # noqa: N803
        """The likeliest persona of each row."""
        return np.asarray(self.predict_proba(X).argmax(1))

    def memberships(self, features: Row) -> Array:
        """Of one visitor [persona]."""
        joint = self.log_shares_.copy()
        for _, _, says in self.said(features):
            joint += says
        return _doubting(_softmax(joint), np.exp(self.log_shares_))

    def said(self, features: Row) -> list[tuple[Column, object, Array]]:
        """(column, value, log-likelihood [persona]) of each feature that tells something."""
        found = []
        for name, value in features.items():
            column, start = self._places.get(name, (None, 0))
            if column is None:
                continue
            statistics = statistics_of(column, value)
            if statistics:
                places = [start + place for place, _ in statistics]
                numbers = np.array([number for _, number in statistics])
                found.append((column, value, numbers @ self.loadings_[places]))
        return found

    # --- to disk and back ---------------------------------------------------------------------

    def settings(self) -> dict[str, Any]:
        """All that is not an array, for JSON."""
        names = ("count", "most", "prior", "starts", "folds", "random_state")
        return {name: getattr(self, name) for name in names} | {
            "columns": [asdict(column) for column in self.schema_.columns],
            "curve": [asdict(choice) for choice in self.curve_],
        }

    def to_arrays(self) -> dict[str, Array]:
        return {"sums": self.parameters_.sums, "sizes": self.parameters_.sizes}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], settings: Mapping[str, Any]) -> Self:
        """The mixture that `to_arrays` and `settings` were taken from, without `memberships_`.

        Raises:
            CorruptArtefact: arrays and settings do not fit together.
        """
        told = dict(settings)
        try:
            columns = [_column(stored) for stored in told.pop("columns")]
            curve = tuple(Choice(**choice) for choice in told.pop("curve"))
            mixture = cls(**told)
            mixture.schema_, mixture.curve_ = Schema(tuple(columns)), curve
            mixture.parameters_ = Parameters(
                np.asarray(arrays["sums"], float), np.asarray(arrays["sizes"], float)
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptArtefact(f"the persona model cannot be read: {error}") from error
        if mixture.parameters_.sums.shape != (mixture.schema_.width, mixture.parameters_.count):
            raise CorruptArtefact("the persona model's arrays do not fit its columns")
        mixture._settle()
        return mixture


def _column(stored: Mapping[str, Any]) -> Column:
    return Column(
        **{**stored, "everyone": tuple(stored["everyone"]), "labels": tuple(stored["labels"])}
    )


def _softmax(joint: Array) -> Array:
    likely = np.exp(joint - joint.max())
    return np.asarray(likely / likely.sum())


def _doubting(memberships: Array, shares: Array) -> Array:
    return np.asarray((1 - UNLIKE_ANY) * memberships + UNLIKE_ANY * shares)


# --- a belief that explains itself ------------------------------------------------------------


def believe(
    model: PersonaMixture | None,
    features: Row,
    names: Sequence[tuple[str, str]] = (),
) -> PersonaBelief:
    """The belief about one visitor; the evidence and the prior add up to the log-odds.

    Args:
        model: None where nothing has been learnt yet.
        features: of the visitor, as of `features_of`.
        names: (id, name) of each persona, in the model's order.
    """
    if model is None or model.personas == 1:
        identity, name = names[0] if model is not None and names else EVERYONE
        return PersonaBelief(identity, name, 1.0, {identity: 1.0})
    if len(names) != model.personas:
        raise InvalidInput(f"{model.personas} personas need as many names, not {len(names)}")
    said = sorted(model.said(features), key=lambda item: item[0].name)
    joints = np.cumsum([model.log_shares_, *(says for _, _, says in said)], axis=0)
    shares = np.exp(model.log_shares_)
    beliefs = [_doubting(_softmax(joint), shares) for joint in joints]
    winner = int(beliefs[-1].argmax())
    odds = [_log_odds(belief, winner) for belief in beliefs]
    evidence = [
        Evidence(_what(column, value), _text(column, value), after - before)
        for (column, value, _), before, after in zip(said, odds, odds[1:], strict=False)
    ]
    identity, name = names[winner]
    distribution = {key: float(p) for (key, _), p in zip(names, beliefs[-1], strict=True)}
    return PersonaBelief(
        identity, name, distribution[identity], distribution, odds[0], _most_telling(evidence)
    )


def _log_odds(belief: Array, winner: int) -> float:
    return float(np.log(belief[winner]) - np.log1p(-belief[winner]))


def _most_telling(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The items that weigh most; the rest as one, so that the sum stays."""
    ranked = sorted(evidence, key=lambda item: -abs(item.log_odds))
    if len(ranked) <= MOST_EVIDENCE:
        return tuple(ranked)
    kept, rest = ranked[: MOST_EVIDENCE - 1], ranked[MOST_EVIDENCE - 1 :]
    total = sum(item.log_odds for item in rest)
    return (*kept, Evidence("everything else", "Everything else", total))


def _what(column: Column, value: object) -> str:
    name = column.name.removeprefix(TRAIT)
    if isinstance(value, Mapping):
        name, value = column.name, max(sorted(value), key=lambda label: value[label])
    return f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}"


def _text(column: Column, value: object) -> str:
    if isinstance(value, Mapping):
        total = sum(value.values())
        ranked = sorted(value.items(), key=lambda item: (-item[1], item[0]))[:3]
        parts = ", ".join(f"{label} {count / total:.0%}" for label, count in ranked)
        return f"{column.name}: {parts}"
    name = column.name.removeprefix(TRAIT)
    return f"{name} is {value:g}" if isinstance(value, float) else f"{name} is {value}"
