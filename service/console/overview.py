"""The first page: who came, where they stand, and what waits for somebody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup
from starlette.responses import Response

from personas.journeys import Journey
from service.active import PRIOR
from service.console.charts.area import Moment, Series, stacked_area
from service.console.charts.bars import Part, meter, split_bar
from service.console.colours import persona_colours, phase_css
from service.console.desk import Desk, Pages
from service.console.frame import has_page
from service.console.naming import phase_names
from service.console.news import Idle, news
from service.content_review import waiting
from service.drift import drift
from service.journeys import FEWEST, Counts, counted
from service.personas import listed

pages = Pages()
WIDE, NARROW = 640, 340
WEEK = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that waits for somebody, and where it is mended."""

    text: str
    path: str
    mend: str
    tone: str = "warn"


@pages.show("")
async def overview(desk: Desk) -> Response:
    """What a marketer should know today."""
    told = await counted(desk.state, desk.site, desk.journey, None)
    moved = await drift(desk.state, desk.site)
    personas = [
        persona
        for persona in listed(desk.state.personas.of(desk.state, desk.site))
        if persona["status"] == "active"
    ]
    weeks = None
    if told.counts is not None:
        weeks = weeks_of(desk, told.counts, told.taken or desk.now)
    phases, rows = ((), ()) if weeks is None else (weeks.phases, weeks.rows)
    return desk.page(
        "overview.html",
        told=told,
        news=await news(desk, phases, rows),
        moved=moved,
        weeks=weeks,
        now=None if told.counts is None else _now(desk, told.counts),
        personas=sorted(personas, key=lambda each: -each["share"]),
        colours=persona_colours(personas),
        bar=meter,
        matters=list(_matters(desk, moved["verdict"])),
        is_empty=desk.state.log.position == 0 or (told.taken is not None and told.counts is None),
    )


# --- where visitors stand -------------------------------------------------------------------------


@dataclass(frozen=True)
class Weeks:
    """Visitors of each week by phase, drawn twice, and as rows."""

    wide: Markup
    narrow: Markup
    phases: Sequence[str]
    rows: Sequence[tuple[float, Sequence[float]]]

    @property
    def last(self) -> tuple[float, float] | None:
        """Visitors of the last whole week, and of the one before."""
        if len(self.rows) < 2:
            return None
        return sum(self.rows[-1][1]), sum(self.rows[-2][1])


def weeks_of(desk: Desk, counts: Counts, until: float) -> Weeks | None:
    """Phases over time in weeks that are over by `until`; None of fewer than two."""
    rows = [(week, told.tolist()) for week, told in sorted(counts.weeks.items())]
    rows = [row for row in rows if sum(row[1]) >= FEWEST and row[0] + WEEK <= until]
    if len(rows) < 2:
        return None
    names = [phase_name(desk, counts.journey, place) for place in range(len(rows[0][1]))]
    css = [phase_css(counts.journey, place) for place in range(len(names))]
    moments = [Moment(week, desk.words.short_day(week)) for week, _ in rows]
    series = [
        Series(name, colour, [told[place] for _, told in rows])
        for place, (name, colour) in enumerate(zip(names, css, strict=True))
    ]
    name = desk.words("overview.weeks")
    wide, narrow = (
        stacked_area(name, moments, series, desk.words.number, width=width, height=height)
        for width, height in ((WIDE, 360), (NARROW, 250))
    )
    return Weeks(wide, narrow, names, rows)


def phase_name(desk: Desk, journey: Journey, place: int) -> str:
    """A phase in the marketer's language: the ladder's names are known, a site's own stay."""
    return phase_names(desk.words, journey)[place]


@dataclass(frozen=True)
class Now:
    """Where all visitors stand now."""

    bar: Markup
    rows: Sequence[tuple[str, str, float, float]]  # name, colour, visitors, share


def _now(desk: Desk, counts: Counts) -> Now:
    whole = max(counts.visitors, 1e-9)
    rows = [
        (
            phase_name(desk, counts.journey, place),
            phase_css(counts.journey, place),
            float(visitors),
            float(visitors) / whole,
        )
        for place, visitors in enumerate(counts.now)
    ]
    parts = [Part(name, css, share) for name, css, _, share in rows]
    return Now(split_bar(desk.words("overview.now"), parts, desk.words.percent), rows)


# --- what waits -----------------------------------------------------------------------------------


def _matters(desk: Desk, verdict: str) -> Iterator[Matter]:
    words, state, site = desk.words, desk.state, desk.site
    entries = state.catalogues.of(site).entries
    if not entries:
        yield Matter(words("overview.no-content"), "/docs", words("overview.read"))
    if state.active.models(site).version == PRIOR:
        yield Matter(words("overview.untrained"), "/console/models", words("overview.train"))
    elif verdict in ("shifting", "shifted"):
        tone = "bad" if verdict == "shifted" else "warn"
        mend = words("overview.train" if verdict == "shifted" else "overview.look")
        yield Matter(words(f"overview.{verdict}"), "/console/models", mend, tone)
    if unmapped := len(state.sites.unmapped(site)):
        text = words("overview.unmapped", n=unmapped)
        yield Matter(text, "/console/settings#events", words("overview.map"))
    if (number := waiting(state, site)) and has_page("/content"):
        text = words("overview.review", n=number)
        yield Matter(text, "/console/content/review", words("overview.review-now"), "plain")
    idle: Idle = desk.request.app.state.console_idle
    if nobody := idle.count(desk):
        text = words("overview.idle", n=nobody)
        yield Matter(text, "/console/coverage", words("overview.look"), "plain")
