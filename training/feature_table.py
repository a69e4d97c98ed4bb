"""The features of all visitors at once, as expressions for engines that hold more than memory.

What is said here of tables is what `personas.features` says of one history; a test holds both
equal. The expressions are Ibis', and run on DuckDB and on Spark alike.

Nothing here waits for a model, and no feature does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import ibis
from ibis import Table
from ibis import _ as each
from ibis.expr.types import BooleanValue, StringValue

from personas.features import (
    DAY,
    DAYTIMES,
    MAIL_OR_DATE,
    OF_THE_SERVICE,
    ORDERS,
    TRAIT,
    VISIT_GAP,
    YES_OR_NO,
    identifies,
    sensitive_kind,
)

MESSAGES = {
    "visitor": "string",
    "message": "int64",
    "event_time": "float64",
    "name": "string",
    "channel": "string",
    "content": "string",
    "device": "string",
    "dwell": "float64",
    "value": "float64",
    "told": "array<struct<trait: string, text: string, number: float64, yes: boolean>>",
}
SAID = ("name", "channel", "content", "device", "dwell", "value")  # by a touchpoint
IDS = {"id": "string", "visitor": "int64"}
CONTENTS = {"content": "string", "type": "string"}
TOPICS = {"content": "string", "tag": "string"}
SPACE = r"[\s\x0B\x1C-\x1F\x{85}\p{Z}]+"  # what `str.strip` takes away
DAYTIME = 86_400 // len(DAYTIMES)  # seconds


@dataclass(frozen=True)
class Names:
    """Traits that are features, by what their values are."""

    of_text: Collection[str]
    of_others: Collection[str]


@dataclass(frozen=True)
class Tables:
    """What is known of visitors.

    Attributes:
        told: traits as last told [visitor, trait, text, number, yes].
        touches: [visitor, message, time, *SAID, place, visit], each once, without what the service
            did; `place` within all of a visitor's, from 0.
        visits: [visitor, visit, opened, touches, channel, device].
        contents, topics: of content, by id and URL.
    """

    told: Table
    touches: Table
    visits: Table
    contents: Table
    topics: Table


# --- from messages to touchpoints, visits and traits ------------------------------------------


def numbered(messages: Table, ids: Table) -> Table:
    """Messages under the number of their visitor instead of the id.

    Args:
        messages: columns `MESSAGES`.
        ids: columns `IDS`; the number of the visitor whose id it is.
    """
    others = [messages[name] for name in MESSAGES if name != "visitor"]
    return messages.join(ids, messages.visitor == ids.id).select(ids.visitor, *others)


def touches_of(messages: Table) -> Table:
    """Touchpoints, each once and in its visit.

    Of several that claim the same message the earliest is believed.
    """
    said = messages.filter(each.name.notnull()).select(
        "visitor", "message", *SAID, time="event_time"
    )
    once = said.mutate(
        copy=ibis.row_number().over(group_by=["visitor", "message"], order_by=["time", *SAID])
    ).filter(each.copy == 0, each.name.notin(sorted(OF_THE_SERVICE)))
    in_time = ibis.window(group_by="visitor", order_by=["time", "message"])
    placed = once.drop("copy").mutate(
        place=ibis.row_number().over(in_time), since=each.time - each.time.lag().over(in_time)
    )
    so_far = ibis.cumulative_window(group_by="visitor", order_by="place")
    opens = ibis.ifelse(each.since > VISIT_GAP, 1, 0).fill_null(0)
    return placed.mutate(visit=opens.sum().over(so_far)).drop("since")


def visits_of(touches: Table) -> Table:
    """One row a visit; its channel is the first that says more than direct."""
    return touches.group_by("visitor", "visit").agg(
        opened=each.time.min(),
        touches=each.count(),
        channel=each.channel.argmin(each.place, where=each.channel != "direct").fill_null("direct"),
        device=each.device.argmin(each.place, where=each.device.length() > 0),
    )


def told_of(messages: Table) -> Table:
    """Traits as last told: [visitor, trait, text, number, yes]; those withdrawn have none."""
    told = messages.filter(each.told.notnull()).select(
        "visitor", "message", time="event_time", told=each.told.unnest()
    )
    said = told.select(
        "visitor",
        "message",
        "time",
        trait=each.told["trait"],
        text=each.told["text"],
        number=each.told["number"],
        yes=each.told["yes"],
    )
    order = ["time", "text", "number", "yes"]
    first = ibis.row_number().over(group_by=["visitor", "message", "trait"], order_by=order)
    once = said.mutate(copy=first).filter(each.copy == 0).drop("copy")
    latest = ibis.row_number().over(
        group_by=["visitor", "trait"], order_by=[ibis.desc("time"), ibis.desc("message")]
    )
    return once.mutate(age=latest).filter(each.age == 0).drop("age", "time", "message")


def names_of(names: Collection[str], allow_sensitive: bool) -> Names:
    """Which traits are features, by their names."""
    open_ones = [n for n in sorted(names) if allow_sensitive or sensitive_kind(n) is None]
    return Names(
        [name for name in open_ones if not identifies(name, text=True)],
        [name for name in open_ones if not identifies(name, text=False)],
    )


# --- features -----------------------------------------------------------------------------------


def features_of(tables: Tables, names: Names) -> Table:
    """All features of all visitors: [visitor, feature, label, number, seen].

    | feature | label | number | seen |
    |---|---|---|---|
    | trait, of text | its value | | |
    | trait, of a number | | its value | |
    | counts, a row for each value | the value | how often | |
    | average | | the mean | of how many |
    """
    behaviour = [_named(name, reading(tables)) for name, reading in READINGS.items()]
    return ibis.union(trait_features(tables.told, names), *behaviour)


def trait_features(told: Table, names: Names) -> Table:
    """The usable traits in the form of `features_of`."""
    text = each.text.re_replace(f"^{SPACE}|{SPACE}$", "")
    known = told.mutate(plain=text).filter(_usable(names))
    yes = ibis.ifelse(each.yes, "yes", "no")
    label = ibis.coalesce(each.plain, ibis.ifelse(each.yes.isnull(), ibis.null(str), yes))
    return known.select(
        "visitor",
        feature=TRAIT + each.trait,
        label=label,
        number=each.number,
        seen=ibis.null(float),
    )


def _usable(names: Names) -> BooleanValue:
    text = each.text.notnull() & each.plain.lower().notin(sorted(YES_OR_NO))
    by_name = ibis.ifelse(
        text, each.trait.isin(list(names.of_text)), each.trait.isin(list(names.of_others))
    )
    of_text = (each.plain != "") & ~each.text.re_search(rf"\A(?:{MAIL_OR_DATE})\z")
    of_number = ~(each.number.isnan() | each.number.isinf())
    of_value = ibis.ifelse(
        each.text.notnull(),
        of_text,
        ibis.ifelse(each.number.notnull(), of_number, each.yes.notnull()),
    )
    return by_name & of_value


def _named(name: str, rows: Table) -> Table:
    return rows.select("visitor", "label", "number", "seen", feature=ibis.literal(name)).relocate(
        "feature", after="visitor"
    )


def _counts(rows: Table, label: StringValue) -> Table:
    told = rows.select("visitor", label=label).filter(each.label.length() > 0)
    counted = told.group_by("visitor", "label").agg(number=each.count().cast("float64"))
    return counted.mutate(seen=ibis.null(float))


def _average(rows: Table, value: ibis.Value) -> Table:
    found = rows.group_by("visitor").agg(number=value.mean(), seen=each.count().cast("float64"))
    return found.mutate(label=ibis.null(str))


def _channels(tables: Tables) -> Table:
    return _counts(tables.visits, each.channel)


def _devices(tables: Tables) -> Table:
    return _counts(tables.visits, each.device)


def _daytimes(tables: Tables) -> Table:
    second = each.opened % 86_400
    ends = [(second < DAYTIME * n, name) for n, name in enumerate(DAYTIMES[:-1], 1)]
    return _counts(tables.visits, ibis.cases(*ends, else_=DAYTIMES[-1]))


def _types(tables: Tables) -> Table:
    read = tables.touches.join(tables.contents, "content")
    return _counts(read, each.type)


def _topics(tables: Tables) -> Table:
    read = tables.touches.join(tables.topics, "content")
    return _counts(read, each.tag)


def _pace(tables: Tables) -> Table:
    last = each.visit.max().over(group_by="visitor")
    ended = tables.visits.mutate(last=last).filter(each.visit < each.last)
    return _average(ended, each.touches)


def _dwell(tables: Tables) -> Table:
    return _average(tables.touches.filter(each.dwell > 0), each.dwell.ln())


def _rhythm(tables: Tables) -> Table:
    lasted = tables.visits.group_by("visitor").agg(
        days=(each.opened.max() - each.opened.min()) / DAY, gaps=each.count() - 1
    )
    told = lasted.filter(each.gaps > 0)
    return told.select(
        "visitor",
        number=each.days / each.gaps,
        seen=each.gaps.cast("float64"),
        label=ibis.null(str),
    )


def _spending(tables: Tables) -> Table:
    orders = tables.touches.filter(each.name.isin(ORDERS), each.value > 0)
    return _average(orders, each.value)


READINGS: dict[str, Callable[[Tables], Table]] = {
    "channel": _channels,
    "device": _devices,
    "content type": _types,
    "topic": _topics,
    "hour": _daytimes,
    "pace": _pace,
    "dwell": _dwell,
    "days between visits": _rhythm,
    "order value": _spending,
}
