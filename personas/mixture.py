"""Who a visitor is: a mixture over mixed features of which any share may be missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Self

import numpy as np

from personas.entities import Array, Evidence, PersonaBelief
from personas.errors import CorruptArtefact, InvalidInput, NotEnoughData
from personas.features import FEATURES, TRAIT, Average
from personas.mixture_bonds import Bond, bonds_of, sizes_of, with_drawn
from personas.mixture_calibration import prepare, recast
from personas.mixture_choice import Choice, chosen, compare, is_structure
from personas.mixture_columns import Column, Row
from personas.mixture_em import Problem, Solution, joined_sums, posterior, stream
from personas.mixture_kinds import statistics_of
from personas.mixture_schema import Parameters, Schema, learn_schema, loadings, log_shares
from personas.mixture_search import path, settle, worth_keeping
from personas.wording import observed

EVERYONE = ("p_everyone", "Everyone")
MOST_EVIDENCE = 12
UNLIKE_ANY = 1e-6  # chance that a visitor is like nobody seen so far: it keeps log-odds finite
MOST_FOR_CHOICE = 3000  # visitors
STREAMED_STEPS = 40
NEVER_FITTED = tuple(feature.name for feature in FEATURES if not feature.tells_persona)


class PersonaMixture:
    """A maximum-a-posteriori mixture of personas.

    Each persona starts with `prior` visitors who are like everyone, so that a rare value tells
    little. Features that repeat each other weigh less, counts that come in clumps count less. What
    was not observed is integrated out. The number of personas is the one that repeats itself on
    other visitors and foretells them best; one persona, "no structure", is a possible answer.

    A persona may consist of several components, where people merged some.

    Args:
        count: how many components; None to choose from 1 to `most`.
        prior: visitors.
        starts: from which the search sets out; the best wins.
        folds: of the visitors, for the choice.
        sample: visitors that personas are sought in; the last steps read all.
        random_state: seed.

    Attributes:
        schema_: the features as learnt.
        parameters_: what the visitors of each component add up to.
        owners_: the persona of each component.
        curve_: one `Choice` for each number of components tried.

    Example:
        >>> rows = [{"trait:role": "buyer", "trait:seats": 3.0 + i % 6} for i in range(60)]
        >>> rows += [{"trait:role": "engineer", "trait:seats": 80.0 + i % 9} for i in range(60)]
        >>> mixture = PersonaMixture(count=2, random_state=1).fit(rows)
        >>> bool(mixture.memberships({"trait:role": "buyer"}).max() > 0.9)
        True
    """

    schema_: Schema
    parameters_: Parameters
    owners_: tuple[int, ...]
    curve_: tuple[Choice, ...]

    def __init__(
        self,
        count: int | None = None,
        most: int = 10,
        prior: float = 4.0,
        starts: int = 6,
        folds: int = 5,
        sample: int = 20_000,
        random_state: int = 0,
    ) -> None:
        self.count = count
        self.most = most
        self.prior = prior
        self.starts = starts
        self.folds = folds
        self.sample = sample
        self.random_state = random_state

    # --- learning -----------------------------------------------------------------------------

    def fit(
        self,
        X: Sequence[Row],  # noqa: N803 - scikit-learn's name
        before: Array | None = None,
        like: Schema | None = None,
        bonds: Sequence[Bond] = (),
        known: float = 1.0,
    ) -> Self:
        """Learn the personas of these visitors.

        Args:
            X: features of each visitor, as of `features_of`.
            before: memberships [row, component] under the components of before, which are kept
                unless others are clearly better; the first are those that `bonds` hold.
            like: the schema of before.
            bonds: what people say of the first components.
            known: share of these visitors that the components of before were learned from: the
                more, the more speaks for them, and for their number. 0: nothing does.

        Raises:
            NotEnoughData: no visitors, or no feature that differs between them.
        """
        schema = with_drawn(learn_schema(X, NEVER_FITTED, like), bonds)
        if not schema.columns:
            raise NotEnoughData(
                "no feature differs between visitors; send traits with identify, or more events"
            )
        return self.fit_table(schema, schema.encode(X), before, bonds, known)

    def fit_table(
        self,
        schema: Schema,
        table: Array,
        before: Array | None = None,
        bonds: Sequence[Bond] = (),
        known: float = 1.0,
    ) -> Self:
        """The same from statistics [row, statistic], of single precision where there are many."""
        rng = np.random.default_rng(self.random_state)
        rows = np.sort(rng.permutation(len(table))[: self.sample])
        sample = np.asarray(table[rows], np.float64)
        raw = Problem(schema, sample, self.prior)
        problem = bound(prepare(raw, self.most), bonds)
        held = None if before is None else _started(before[rows])
        count, usual = self._chosen(raw, problem, held, known, rng)
        solution = settle(problem, count, self.starts, rng, held, usual, known)
        solution = worth_keeping(problem, solution)
        if len(table) > len(sample):
            recast(table, schema, problem.schema)
            whole = bound(replace(problem, table=table), bonds)
            solution = stream(whole, solution, STREAMED_STEPS)
        self.schema_, self.parameters_ = problem.schema, solution.parameters
        if before is None:
            self.parameters_ = solution.parameters.take(_by_size(solution.parameters))
        self.owners_ = tuple(range(solution.count))
        self._settle()
        return self

    def _chosen(
        self,
        raw: Problem,
        problem: Problem,
        before: Array | None,
        known: float,
        rng: np.random.Generator,
    ) -> tuple[int, Solution | None]:
        """How many components, and which, where other samples were asked."""
        self.curve_ = ()
        if self.count is not None:
            return self.count, None
        rows = rng.permutation(problem.visitors)[:MOST_FOR_CHOICE]
        compared = compare(raw.with_rows(rows), self.most, self.folds, rng)
        self.curve_ = compared.curve
        count = chosen(self.curve_, before.shape[1] if before is not None and known else 0, known)
        free = replace(problem.with_rows(rows), bonds=None, frozen=None, extra=None)
        if count > 1 and not is_structure(free, self.curve_, count, rng):
            count = 1
        if count == 1 or count < problem.bound:
            return max(count, problem.bound), None
        return count, compared.usual(free, count, path(free, count)[-1:])

    def _settle(self) -> None:
        """What an answer needs, worked out once."""
        self.loadings_ = loadings(self.schema_, self.parameters_, self.prior)
        self.log_shares_ = log_shares(self.parameters_)
        self._ownership = np.eye(max(self.owners_) + 1)[list(self.owners_)]
        self.shares_ = np.exp(self.log_shares_) @ self._ownership
        self._places = {
            column.name: (column, part.start)
            for column, part in zip(self.schema_.columns, self.schema_.slices, strict=True)
        }

    @classmethod
    def of(
        cls, schema: Schema, parameters: Parameters, owners: Sequence[int], prior: float = 4.0
    ) -> Self:
        """A mixture that is known already."""
        mixture = cls(prior=prior)
        mixture.schema_, mixture.parameters_, mixture.curve_ = schema, parameters, ()
        return mixture.owned(owners)

    def owned(self, owners: Sequence[int]) -> Self:
        """The same components as other personas."""
        self.owners_ = tuple(owners)
        self._settle()
        return self

    # --- answering ----------------------------------------------------------------------------

    @property
    def personas(self) -> int:
        return max(self.owners_) + 1

    def persona_parameters(self) -> Parameters:
        """What the visitors of each persona add up to."""
        count = self.personas
        sizes = self.parameters_.sizes @ self._ownership
        return Parameters(joined_sums(self.parameters_.sums, self.owners_, count), sizes)

    def components(self, X: Sequence[Row]) -> Array:  # noqa: N803 - scikit-learn's name
        """Memberships [row, component]."""
        joint = self.schema_.encode(X) @ self.loadings_ + self.log_shares_
        return posterior(joint)[0] if len(X) else np.zeros((0, self.parameters_.count))

    def predict_proba(self, X: Sequence[Row]) -> Array:  # noqa: N803 - scikit-learn's name
        """Memberships [row, persona]."""
        return doubting(self.components(X) @ self._ownership, self.shares_)

    def predict(self, X: Sequence[Row]) -> np.ndarray:  # noqa: N803 - scikit-learn's name
        """The likeliest persona of each row."""
        return np.asarray(self.predict_proba(X).argmax(1))

    def memberships(self, features: Row) -> Array:
        """Of one visitor [persona]."""
        joint = self.log_shares_.copy()
        for _, _, says in self.said(features):
            joint += says
        return self.belief_of(joint)

    def belief_of(self, joint: Array) -> Array:
        """Memberships [persona] from log p(component, features) [component]."""
        likely = np.exp(joint - joint.max())
        return doubting(likely @ self._ownership / likely.sum(), self.shares_)

    def said(self, features: Row) -> list[tuple[Column, object, Array]]:
        """(column, value, log-likelihood [component]) of each feature that tells something."""
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
        names = ("count", "most", "prior", "starts", "folds", "sample", "random_state")
        return {name: getattr(self, name) for name in names} | {
            "columns": [asdict(column) for column in self.schema_.columns],
            "curve": [asdict(choice) for choice in self.curve_],
            "owners": list(self.owners_),
        }

    def to_arrays(self) -> dict[str, Array]:
        return {"sums": self.parameters_.sums, "sizes": self.parameters_.sizes}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], settings: Mapping[str, Any]) -> Self:
        """The mixture that `to_arrays` and `settings` were taken from.

        Raises:
            CorruptArtefact: arrays and settings do not fit together.
        """
        told = dict(settings)
        try:
            columns = tuple(_column(stored) for stored in told.pop("columns"))
            curve = tuple(Choice(**choice) for choice in told.pop("curve"))
            owners = tuple(int(owner) for owner in told.pop("owners"))
            mixture = cls(**told)
            mixture.schema_, mixture.curve_ = Schema(columns), curve
            mixture.parameters_ = Parameters(
                np.asarray(arrays["sums"], float), np.asarray(arrays["sizes"], float)
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptArtefact(f"the persona model cannot be read: {error}") from error
        count = mixture.parameters_.count
        fits = mixture.parameters_.sums.shape == (mixture.schema_.width, count)
        if (
            not fits
            or len(owners) != count
            or count == 0
            or set(owners) != set(range(max(owners) + 1))
        ):
            raise CorruptArtefact("the persona model's arrays do not fit its settings")
        return mixture.owned(owners)


def bound(problem: Problem, bonds: Sequence[Bond]) -> Problem:
    """A problem in which people hold the first components."""
    if not bonds:
        return problem
    return replace(
        problem,
        bonds=bonds_of(bonds, problem.schema, problem.visitors),
        frozen=np.array([bond.kept is not None for bond in bonds]),
        extra=sizes_of(bonds, problem.visitors),
    )


def _started(before: Array) -> Array:
    """Memberships in which a component that had no visitors gets some of everyone."""
    empty = before.sum(0) < 1.0
    started = np.where(empty, 1 / before.shape[1], before)
    return np.asarray(started / started.sum(1, keepdims=True))


def _by_size(parameters: Parameters) -> np.ndarray:
    return np.argsort(-parameters.sizes, kind="stable")


def _column(stored: Mapping[str, Any]) -> Column:
    return Column(
        **{**stored, "everyone": tuple(stored["everyone"]), "labels": tuple(stored["labels"])}
    )


def doubting(memberships: Array, shares: Array) -> Array:
    """Memberships that rule nothing out."""
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
    beliefs = [model.belief_of(joint) for joint in joints]
    winner = int(beliefs[-1].argmax())
    odds = [_log_odds(belief, winner) for belief in beliefs]
    evidence = [
        Evidence(_what(column, value), observed(column.name, value), after - before)
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
    """For machines: `role=buyer`, `channel=search`."""
    if isinstance(value, Mapping):
        return f"{column.name}={max(sorted(value), key=lambda label: value[label])}"
    return f"{column.name.removeprefix(TRAIT)}={_said(value)}"


def _said(value: object) -> str:
    number = value.mean if isinstance(value, Average) else value
    return f"{number:g}" if isinstance(number, float) else f"{number}"
