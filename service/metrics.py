"""What the service counts, for Prometheus. Labels are few and ours: no ids, no paths as sent."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """Counters of one running service."""

    def __init__(self) -> None:
        # Each would be one more series that nobody reads.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library forgot it
        self._registry = registry = CollectorRegistry()
        self._requests = Histogram(
            "fingerpost_request_seconds",
            "Time from a request's head to the end of its answer.",
            ("method", "route", "status"),
            registry=registry,
            buckets=SECONDS,
        )
        self._messages = Counter(
            "fingerpost_messages",
            "Messages by outcome: received = accepted + duplicate + rejected.",
            ("site", "outcome"),
            registry=registry,
        )
        self._rejected = Counter(
            "fingerpost_messages_rejected",
            "Rejected messages, by reason.",
            ("site", "code"),
            registry=registry,
        )
        self._refused = Counter(
            "fingerpost_versions_refused",
            "Versions of models that could not be read and were not activated.",
            ("site",),
            registry=registry,
        )
        self._links = Counter(
            "fingerpost_links_refused",
            "Links between ids that were refused, by reason: full, shared.",
            ("site", "reason"),
            registry=registry,
        )
        self._shed = Counter(
            "fingerpost_requests_shed",
            "Requests told to come again because too many were under way.",
            registry=registry,
        )
        self._degraded = Counter(
            "fingerpost_answers_degraded",
            "Answers given without a part that was down.",
            ("part",),
            registry=registry,
        )
        # Found once, because a look-up by labels costs more than the count.
        self._children: dict[tuple[str, str, int], Histogram] = {}
        self._outcomes: dict[tuple[str, str], Counter] = {}

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request was answered; `route` is its template."""
        key = (method, route, status)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = self._requests.labels(method, route, str(status))
        child.observe(seconds)

    def ingested(
        self, site: str, accepted: int, duplicates: int, rejections: Sequence[str]
    ) -> None:
        """Messages came in; `rejections` holds the code of each that was rejected."""
        outcomes = {"accepted": accepted, "duplicate": duplicates, "rejected": len(rejections)}
        outcomes["received"] = sum(outcomes.values())
        for outcome, count in outcomes.items():
            if count:
                self._outcome(site, outcome).inc(count)
        for code, count in Tally(rejections).items():
            self._rejected.labels(site, code).inc(count)

    def _outcome(self, site: str, outcome: str) -> Counter:
        child = self._outcomes.get((site, outcome))
        if child is None:
            child = self._outcomes[site, outcome] = self._messages.labels(site, outcome)
        return child

    def version_refused(self, site: str, _words: str) -> None:
        """A version of models could not be read."""
        self._refused.labels(site).inc()

    def links_refused(self, site: str, reason: str, count: int) -> None:
        """So many links would have joined what cannot be one visitor."""
        self._links.labels(site, reason).inc(count)

    def shed(self) -> None:
        """A request was told to come again."""
        self._shed.inc()

    def degraded(self, part: str) -> None:
        """An answer was given without this part, such as "store"."""
        self._degraded.labels(part).inc()

    def written(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self._registry)
