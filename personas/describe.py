"""What sets a persona apart, as lifts against everyone; its name and description in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from personas.entities import Array
from personas.features import TRAIT
from personas.mixture_columns import OTHER, Column
from personas.mixture_schema import Parameters, Schema
from personas.wording import HAVE, SELDOM, Piece, humanised, listed, number_piece, value_piece

TELLING_LIFT = 1.1  # what lies between it and its inverse says little
MOST_TRAITS = 12
SENTENCES = 4  # in a description
PIECES, MOST_PIECES = 2, 5  # in a name; more only to tell two personas apart
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(15)


@dataclass(frozen=True, slots=True)
class Telling:
    """One thing that sets a persona apart.

    Args:
        feature: as sent, without the prefix of traits.
        value: a category, or the mean of a number.
        lift: its share, or mean, divided by that of everyone.
        weight: nats that it tells of the persona.
        piece: in words.
    """

    feature: str
    value: str | float
    lift: float
    weight: float
    piece: Piece

    @property
    def rank(self) -> tuple[bool, float, str]:
        """The most telling first, what says little last."""
        return not is_telling(self.lift), -self.weight, self.feature


def tellings(
    schema: Schema, parameters: Parameters, everyone: Parameters, prior: float
) -> list[list[Telling]]:
    """For each persona what sets it apart, the most telling first.

    Args:
        everyone: the same sums over all visitors, one persona.
        prior: visitors like everyone that each persona starts with.
    """
    sums = parameters.sums + prior * schema.everyone[:, None]
    overall = everyone.sums + prior * schema.everyone[:, None]
    found: list[list[Telling]] = [[] for _ in range(parameters.count)]
    for column, part in zip(schema.columns, schema.slices, strict=True):
        for persona, told in enumerate(_of_column(column, sums[part], overall[part][:, 0])):
            found[persona] += told
    return [sorted(told, key=lambda each: each.rank) for told in found]


def traits_of(told: Sequence[Telling]) -> list[dict[str, object]]:
    """The most telling as data."""
    return [
        {
            "feature": each.feature,
            "value": each.value,
            "lift": each.lift,
            "text": each.piece.sentence,
        }
        for each in told[:MOST_TRAITS]
    ]


def is_telling(lift: float) -> bool:
    """Whether a lift is far enough from 1."""
    return not 1 / TELLING_LIFT < lift < TELLING_LIFT


def _of_column(column: Column, sums: Array, overall: Array) -> list[list[Telling]]:
    if column.kind in ("categorical", "counts"):
        return _of_values(column, sums, overall)
    return _of_numbers(column, sums, overall)


def _of_values(column: Column, sums: Array, overall: Array) -> list[list[Telling]]:
    shares, usual = sums / sums.sum(0), overall / overall.sum()
    feature = column.name.removeprefix(TRAIT)
    named = [n for n, label in enumerate(column.labels) if label != OTHER]
    found = []
    for own in shares.T:
        surprise = own * np.log(own / usual)
        weight = float(surprise.sum()) * column.weight
        ranked = sorted(named, key=lambda place: -surprise[place])
        order = [ranked[0], ranked[-1]]
        found.append(
            [
                Telling(
                    feature,
                    column.labels[place],
                    float(own[place] / usual[place]),
                    weight if number == 0 else weight / 4,
                    value_piece(column.name, column.labels[place], float(own[place]), number == 0),
                )
                for number, place in enumerate(dict.fromkeys(order))
            ]
        )
    return found


def _of_numbers(column: Column, sums: Array, overall: Array) -> list[list[Telling]]:
    feature = column.name.removeprefix(TRAIT)
    usual, spread = _mean(column, overall), _spread(column, overall)
    found = []
    for own in sums.T:
        mean = _mean(column, own)
        lift = _ratio(column, mean, usual)
        distance = (_centre(column, own) - _centre(column, overall)) / spread
        weight = 0.5 * float(distance**2) * column.weight
        piece = number_piece(column.name, lift, column.kind == "count")
        found.append([Telling(feature, float(f"{mean:.3g}"), lift, weight, piece)])
    return found


def _ratio(column: Column, mean: float, usual: float) -> float:
    if column.signed or usual <= 0:
        return float(np.exp((mean - usual) / column.scale))
    return mean / usual


def _centre(column: Column, sums: Array) -> float:
    """Of a persona on the scale on which it was fitted; zeros lie at the lower end."""
    if column.kind == "count":
        return float(sums[1] / sums[0])
    share = sums[0] / (sums[0] + sums[1])
    return float(share * column.low + (1 - share) * sums[2] / sums[1])


def _spread(column: Column, overall: Array) -> float:
    if column.kind == "count":
        mean = overall[1] / overall[0]
        return float(np.sqrt(mean + column.dispersion * mean**2))
    return 1.0


def _mean(column: Column, sums: Array) -> float:
    """In the units in which it was sent."""
    if column.kind == "count":
        return float(sums[1] / sums[0])
    mean = sums[2] / sums[1]
    variance = max(sums[3] / sums[1] - mean**2, 1e-6)
    z = np.clip(mean + np.sqrt(variance) * _NODES, column.low, column.high)
    values = column.centre + column.scale * z
    values = column.lowered(values)
    share = sums[1] / (sums[0] + sums[1])
    return float(share * (_WEIGHTS @ values) / _WEIGHTS.sum())


# --- names ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wording:
    """A persona's name and description."""

    name: str
    description: str


def worded(
    personas: Sequence[Sequence[Telling]], shares: Sequence[float], taken: Sequence[str] = ()
) -> list[Wording]:
    """A name and a description for each persona; no name occurs twice, nor is in `taken`."""
    used = {name.casefold() for name in taken}
    found: list[Wording] = []
    for told, share in zip(personas, shares, strict=True):
        name = _fresh_name(told, used)
        used.add(name.casefold())
        found.append(Wording(name, _description(told, share)))
    return found


def _fresh_name(told: Sequence[Telling], used: set[str]) -> str:
    """The strongest of two kinds of words, and who they are where a word tells.

    More or others only where that name is taken.
    """
    pieces = _distinct(e.piece for e in told if is_telling(e.lift) and e.piece.naming)
    for count in range(PIECES, MOST_PIECES + 1):
        for skipped in range(max(len(pieces) - count, 0) + 1):
            chosen = [*pieces[: count - 1], *pieces[count - 1 + skipped :][:1]]
            name = composed(_with_noun(chosen, pieces))
            if name.casefold() not in used:
                return name
    base = composed(_with_noun(pieces[:PIECES], pieces))
    return next(
        name for number in range(2, 1000) if (name := f"{base} ({number})").casefold() not in used
    )


def _with_noun(chosen: Sequence[Piece], pieces: Sequence[Piece]) -> list[Piece]:
    noun = [piece for piece in pieces if piece.place == "noun" and piece not in chosen]
    return [*chosen, *noun[:1]]


def _distinct(pieces: Iterable[Piece]) -> list[Piece]:
    """One of each kind of word, then more of what one may have several of."""
    unlike = list(dict.fromkeys(pieces))
    first = {piece.place: piece for piece in reversed(unlike)}
    once = [piece for piece in unlike if first[piece.place] is piece]
    said = {piece.text for piece in once}
    others = [p for p in unlike if p.place in ("adjective", "with") and p.text not in said]
    return once + others


def composed(pieces: Sequence[Piece]) -> str:
    """Words to a name: "Mobile evening visitors from search who compare"."""
    said = {place: [p.text for p in pieces if p.place == place] for place in Piece.PLACES}
    if not pieces:
        return "Everyone else"
    nouns = said["noun"] or ["readers" if said["topic"] else "visitors"]
    parts = [*said["adjective"], *nouns, *said["in"], *said["from"]]
    if said["with"]:
        parts.append("with " + listed(said["with"]))
    parts += [*said["topic"], *said["who"]]
    return _capital(" ".join(parts))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _description(told: Sequence[Telling], share: float) -> str:
    strong = [each for each in told if is_telling(each.lift)]
    first = f"About {share:.0%} of your visitors."
    if not strong:
        return f"{first} They differ little from everyone."
    said = [each.piece.sentence for each in _of_each_feature(strong)[:SENTENCES]]
    often = _phrases(each for each in said if not each.startswith(SELDOM))
    seldom = _phrases(each.removeprefix(SELDOM) for each in said if each.startswith(SELDOM))
    parts = [f"more often {listed(often)}"] if often else []
    parts += [f"seldom {listed(seldom)}"] if seldom else []
    return f"{first} Compared with everyone, they {' and '.join(parts)}."


def _of_each_feature(told: Sequence[Telling]) -> list[Telling]:
    """The strongest of each; who mostly has one value seldom has the others."""
    first: dict[str, Telling] = {}
    for each in told:
        first.setdefault(each.feature, each)
    return list(first.values())


def _phrases(sentences: Iterable[str]) -> list[str]:
    """What they have as one phrase, and what they do."""
    told = list(dict.fromkeys(sentences))
    things = [each.removeprefix(HAVE) for each in told if each.startswith(HAVE)]
    others = [each for each in told if not each.startswith(HAVE)]
    return ([HAVE + listed(things)] if things else []) + others


__all__ = ["Telling", "Wording", "composed", "humanised", "is_telling", "tellings", "worded"]
