"""Who the visitors are, learned from all of them; ids, names and people's decisions outlive it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from personas.describe import Telling, tellings, traits_of, worded
from personas.entities import Array
from personas.errors import CorruptArtefact, NotEnoughData
from personas.features import Features, features_of, sensitive_kind
from personas.hand import Edits, bound_by_people, edits_of, goal
from personas.lineage import Lineage, profile_likeness, told, trace
from personas.mixture import NEVER_FITTED, PersonaMixture
from personas.mixture_bonds import Bond
from personas.mixture_em import Problem
from personas.mixture_schema import Parameters, Schema, learn_schema
from personas.mixture_search import halved, points_of
from personas.persona_model import NOBODY_YET, Persona, PersonaModel, record
from personas.proxies import proxies, warned
from training.dataset import SiteData
from training.fitting import Fitted, Progress
from training.persona_crowd import Crowd, crowd_of, learn_from_all, population_of, some_of
from training.persona_portraits import channels, phases, top_content
from training.registry import Artefact

FEWEST_VISITORS = 30
MOST_LOOKED_THROUGH = 50_000  # visitors; of more, all are read once when personas are found
LIKENESS_FROM = 2000  # visitors
NAME = "personas"


@dataclass(frozen=True)
class Start:
    """From where a fit sets out.

    Attributes:
        model: the personas of before, as people want them.
        schema: theirs.
        memberships: of today's visitors [visitor, component], those that people hold first.
        bonds: of these first components.
        owners: the persona of each component, a number in `model`.
        known: share of today's visitors that the components were learned from; 0: none was.
    """

    model: PersonaModel
    schema: Schema
    memberships: Array
    bonds: tuple[Bond, ...]
    owners: tuple[int, ...]
    known: float


def persona_model(artefact: Artefact | Fitted) -> PersonaModel:
    """The personas that an artefact holds.

    Raises:
        CorruptArtefact: its parts do not fit together.
    """
    settings = artefact.settings
    try:
        listed, past = list(settings["personas"]), list(settings["past"])
        mixture = None
        if settings["mixture"] is not None:
            mixture = PersonaMixture.from_arrays(artefact.arrays, settings["mixture"])
    except (KeyError, TypeError) as error:
        raise CorruptArtefact(f"the persona model cannot be read: {error}") from error
    if mixture is not None and mixture.personas != len(listed):
        raise CorruptArtefact("the persona model's arrays do not fit its settings")
    return PersonaModel(mixture, tuple(listed), tuple(past))


def fit_personas(
    data: SiteData, before: Artefact | None, progress: Progress, now: float, seed: int
) -> Fitted:
    """Learn a site's personas.

    Args:
        before: the personas in use, which are kept unless others are clearly better.

    Raises:
        NotEnoughData: too few visitors, or nothing that tells them apart.
    """
    edits = edits_of(data.set_by_people.get("persona", {}))
    sensitive = bool(data.set_by_people.get("option", {}).get("allowSensitive", {}).get("value"))
    progress(0.0, "reading what is known of each visitor")
    data = some_of(data, MOST_LOOKED_THROUGH, seed)
    rows = [features_of(v.history, data.facts, None, sensitive) for v in data.visitors]
    told_of = [row for row in rows if row]
    if len(told_of) < FEWEST_VISITORS:
        raise NotEnoughData(
            f"personas need {FEWEST_VISITORS} visitors with traits or events, not {len(told_of)}"
        )
    old = NOBODY_YET if before is None else persona_model(before)
    progress(0.1, "finding personas")
    visitors = max(len(rows), data.everyone.count)
    start = started(old.edited(edits), rows, edits, visitors)
    mixture = PersonaMixture(random_state=seed)
    mixture = mixture.fit(rows) if start is None else _refitted(mixture, start, rows)
    crowd = None
    if data.everyone.count > len(rows):
        bonds = () if start is None else start.bonds
        crowd = learn_from_all(mixture, bonds, data, sensitive, progress)
    progress(0.8, "telling which is which")
    memberships = mixture.predict_proba(rows)
    crowd = crowd_of(memberships) if crowd is None else crowd
    model, lineage = _known_again(start, mixture, rows, memberships, now, seed)
    progress(0.85, "describing them")
    model = _described(model, data, rows, memberships, crowd, edits, seed)
    stories = () if start is None else told(lineage, _names(start.model), _names(model))
    return _fitted(model, data, rows, crowd.visitors, stories, lineage, sensitive)


# --- setting out ------------------------------------------------------------------------------


def started(
    model: PersonaModel, rows: Sequence[Features], edits: Edits, visitors: int
) -> Start | None:
    """Where to set out from, of so many visitors; None where nothing is known yet."""
    mixture = model.mixture
    if mixture is None:
        return None
    memberships, owners = mixture.components(rows), list(mixture.owners_)
    memberships, owners, model = _halved(model, memberships, owners, rows, edits)
    bound = [_is_bound(persona["id"], edits, owners, n) for n, persona in enumerate(model.personas)]
    order = sorted(range(len(owners)), key=lambda c: (not bound[owners[c]], c))
    held = [c for c in order if bound[owners[c]]]
    bonds = tuple(_bond(model, mixture, c, owners[c], edits) for c in held)
    learned = any(persona["origin"] == "discovered" for persona in model.personas)
    learned = learned and model.personas[0]["id"] != "p_everyone"
    known = min(sum(p["size"] for p in model.personas) / visitors, 1.0) if learned else 0.0
    ordered = tuple(owners[c] for c in order)
    return Start(model, mixture.schema_, memberships[:, order], bonds, ordered, known)


def _is_bound(identity: str, edits: Edits, owners: Sequence[int], number: int) -> bool:
    siblings = [name for name in edits if name != identity and goal(name, edits) == identity]
    return bound_by_people(identity, edits, siblings) or owners.count(number) > 1


def _bond(
    model: PersonaModel, mixture: PersonaMixture, component: int, owner: int, edits: Edits
) -> Bond:
    persona = model.personas[owner]
    edit = edits.get(persona["id"])
    if edit is not None and edit.locked and component < mixture.parameters_.count:
        return Bond(kept=(mixture.schema_, mixture.parameters_.take([component])))
    return Bond(drawn=edit.drawn) if edit is not None else Bond()


def _halved(
    model: PersonaModel,
    memberships: Array,
    owners: list[int],
    rows: Sequence[Features],
    edits: Edits,
) -> tuple[Array, list[int], PersonaModel]:
    """Personas that people want to split and that still are one."""
    mixture, personas = model.mixture, list(model.personas)
    present = {persona["id"] for persona in (*model.personas, *model.past)}
    for number, persona in enumerate(model.personas):
        edit = edits.get(persona["id"])
        if mixture is None or edit is None or not edit.split_into or edit.split_into in present:
            continue
        mine = [c for c, owner in enumerate(owners) if owner == number]
        problem = Problem(mixture.schema_, mixture.schema_.encode(rows), mixture.prior)
        cut = halved(memberships[:, mine].sum(1), points_of(problem))
        memberships = np.delete(memberships, mine, axis=1)
        owners = [owner for c, owner in enumerate(owners) if c not in mine]
        memberships = np.column_stack([memberships, cut.one, cut.other])
        owners += [number, len(personas)]
        personas.append(record(edit.split_into, f"{persona['name']} (split off)"))
    return memberships, owners, PersonaModel(mixture, tuple(personas), model.past)


def _refitted(mixture: PersonaMixture, start: Start, rows: Sequence[Features]) -> PersonaMixture:
    mixture.fit(rows, start.memberships, start.schema, start.bonds, start.known)
    if not start.bonds:
        return mixture
    held = len(start.bonds)
    groups = {owner: n for n, owner in enumerate(dict.fromkeys(start.owners[:held]))}
    owners = [groups[owner] for owner in start.owners[:held]]
    free = mixture.parameters_.count - held
    return mixture.owned([*owners, *range(len(groups), len(groups) + free)])


# --- which is which ---------------------------------------------------------------------------


def _known_again(
    start: Start | None,
    mixture: PersonaMixture,
    rows: Sequence[Features],
    memberships: Array,
    now: float,
    seed: int,
) -> tuple[PersonaModel, Lineage]:
    """The new personas under the ids and names of those that they continue."""
    if start is None:
        fresh = [record(_fresh_id(now, seed, n), "") for n in range(mixture.personas)]
        return PersonaModel(mixture, tuple(fresh)), Lineage()
    old = start.model
    shares = start.memberships @ np.eye(len(old.personas))[list(start.owners)]
    held = list(dict.fromkeys(start.owners[: len(start.bonds)]))
    fixed = dict(enumerate(held))
    lineage = trace(shares, memberships, _likeness(old, mixture, rows), fixed)
    personas: list[Persona] = []
    for number in range(mixture.personas):
        heir = lineage.heirs.get(number)
        newborn = record(_fresh_id(now, seed, number), "")
        personas.append(newborn if heir is None else old.personas[heir])
    kept = {persona["id"] for persona in personas}
    gone = [
        {**persona, "status": "retired", "share": 0.0, "size": 0}
        for persona in old.personas
        if persona["id"] not in kept and persona["id"] != "p_everyone"
    ]
    return PersonaModel(mixture, tuple(personas), (*gone, *old.past)), lineage


def _likeness(old: PersonaModel, new: PersonaMixture, rows: Sequence[Features]) -> Array | None:
    if old.mixture is None or old.mixture.personas != len(old.personas):
        return None
    sample = rows[:LIKENESS_FROM]
    return profile_likeness(_profile(old.mixture, sample), _profile(new, sample))


def _profile(mixture: PersonaMixture, rows: Sequence[Features]) -> Array:
    """Log-odds of each persona [row, persona], its share taken off."""
    memberships = np.clip(mixture.predict_proba(rows), 1e-9, 1 - 1e-9)
    return np.asarray(np.log(memberships) - np.log(mixture.shares_))


def _fresh_id(now: float, seed: int, number: int) -> str:
    told = f"{now!r} {seed} {number}".encode()
    return "p_" + hashlib.blake2b(told, digest_size=4).hexdigest()


def _names(model: PersonaModel) -> list[str]:
    return [persona["name"] for persona in model.personas]


# --- what they are like -----------------------------------------------------------------------


def _described(
    model: PersonaModel,
    data: SiteData,
    rows: Sequence[Features],
    memberships: Array,
    crowd: Crowd,
    edits: Edits,
    seed: int,
) -> PersonaModel:
    mixture = _mixture_of(model)
    said = said_of(mixture, rows, memberships)
    shares = crowd.shares
    kept = {p["name"] for p in (*model.personas, *model.past) if p["name"]}
    unnamed = [n for n, persona in enumerate(model.personas) if not persona["name"]]
    fresh = worded([said[n] for n in unnamed], shares[unnamed].tolist(), sorted(kept))
    names = {n: wording.name for n, wording in zip(unnamed, fresh, strict=True)}
    told_now = worded(said, shares.tolist())
    stability = next(
        (c.stability for c in mixture.curve_ if c.count == mixture.parameters_.count), None
    )
    visits, content = channels(rows, memberships), top_content(data, memberships)
    stood = phases(data, memberships, np.random.default_rng(seed))
    personas = []
    for n, persona in enumerate(model.personas):
        edit = edits.get(persona["id"])
        described = edit.description if edit is not None and edit.description else None
        personas.append(
            {
                **persona,
                "name": names.get(n, persona["name"]),
                "description": described or told_now[n].description,
                "share": float(shares[n]),
                "size": int(crowd.sizes[n]),
                "traits": traits_of(said[n]),
                "phases": stood[n],
                "channels": visits[n],
                "topContent": content[n],
                "quality": {"confidence": float(crowd.sureness[n]), "stability": stability},
            }
        )
    return PersonaModel(mixture, tuple(personas), model.past)


def _mixture_of(model: PersonaModel) -> PersonaMixture:
    if model.mixture is None:
        raise NotEnoughData("nothing was learned of personas")
    return model.mixture


def said_of(
    mixture: PersonaMixture, rows: Sequence[Features], memberships: Array
) -> list[list[Telling]]:
    """What sets each persona apart, by the features that formed it and by those that did not."""
    own = mixture.persona_parameters()
    everyone = Parameters(own.sums.sum(1, keepdims=True), own.sizes.sum(keepdims=True))
    said = tellings(mixture.schema_, own, everyone, mixture.prior)
    aside = [{name: row[name] for name in NEVER_FITTED if name in row} for row in rows]
    schema = learn_schema(aside)
    if not schema.columns:
        return said
    table = schema.encode(aside)
    also = tellings(
        schema,
        Parameters(table.T @ memberships, memberships.sum(0)),
        Parameters(table.sum(0)[:, None], np.array([float(len(rows))])),
        mixture.prior,
    )
    return [
        sorted([*first, *second], key=lambda each: each.rank)
        for first, second in zip(said, also, strict=True)
    ]


# --- the result -------------------------------------------------------------------------------


def _fitted(
    model: PersonaModel,
    data: SiteData,
    rows: Sequence[Features],
    visitors: int,
    stories: Sequence[str],
    lineage: Lineage,
    sensitive: bool,
) -> Fitted:
    mixture = _mixture_of(model)
    hidden = [] if sensitive else [_hidden(visitor.history.traits) for visitor in data.visitors]
    near = proxies(rows, hidden) if hidden else []
    report: dict[str, Any] = {
        "personas": len(model.personas),
        "visitors": visitors,
        "curve": [asdict(choice) for choice in mixture.curve_],
        "lineage": list(stories),
        "moved": lineage.moved,
        "keptOut": sorted({name for row in hidden for name in row}),
        "proxies": near,
    }
    settings = {
        "mixture": mixture.settings(),
        "personas": warned(model.personas, near),
        "past": list(model.past),
        "report": report,
        "population": population_of(mixture, data, rows),
    }
    count = len(model.personas)
    why = f"{count} personas" if count > 1 else "no structure beyond one persona"
    return Fitted(
        NAME,
        mixture.to_arrays(),
        settings,
        _card(model, report),
        report,
        why=f"{why}, from {visitors} visitors",
    )


def _hidden(traits: Sequence[Any]) -> dict[str, object]:
    """Sensitive traits that are kept out."""
    return {
        change.name: change.value
        for change in traits
        if change.value is not None and sensitive_kind(change.name) is not None
    }


def _card(model: PersonaModel, report: Mapping[str, Any]) -> str:
    lines = ["# Personas", "", f"Learned from {report['visitors']} visitors.", ""]
    for persona in model.personas:
        lines += [f"- **{persona['name']}** ({persona['share']:.0%}): {persona['description']}"]
    if report["lineage"]:
        lines += ["", "## Since the last training", "", *report["lineage"]]
    if report["keptOut"]:
        lines += ["", f"Kept out as sensitive: {', '.join(report['keptOut'])}."]
    lines += [
        f"Careful: `{near['trait']}` goes along with `{near['sensitive']}`, which is kept out "
        f"(association {near['association']:.2f})."
        for near in report["proxies"]
    ]
    return "\n".join(lines) + "\n"


__all__ = ["Persona", "PersonaModel", "fit_personas", "persona_model"]
