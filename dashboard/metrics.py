"""How an installation fares, in the words of Prometheus.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crm.records.roles import RoleState
from crm.usecases.health import ROLES, HealthView

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_ENDLESS = "/live"
_KINDS = (("/api/", "api"), ("/_dash-update-component", "callback"), ("/assets/", "file"), ("/_dash-", "file"))


class Requests:
    """What this console was asked and how long the answers took."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        self._seconds = Histogram(
            "shenava_http_request_seconds", "Seconds until an answer of the console was sent in full.",
            ("kind", "status"), buckets=SECONDS, registry=self.registry,
        )  # fmt: skip

    def note(self, path: str, status: int, seconds: float) -> None:
        """Count one answer; paths are put together by kind, so that nothing of a post or a person shows."""
        kind = next((kind for start, kind in _KINDS if path.startswith(start)), "page")
        self._seconds.labels(kind, f"{status // 100}xx").observe(seconds)


class RequestsMiddleware:
    """Measures every request but the endless ones."""

    def __init__(self, app: ASGIApp, requests: Requests, seconds: Callable[[], float] = perf_counter) -> None:
        self.app, self._requests, self._seconds = app, requests, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == _ENDLESS:
            await self.app(scope, receive, send)
            return
        began, status = self._seconds(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            self._requests.note(scope["path"], status, self._seconds() - began)


def exposition(view: HealthView, requests: Requests) -> bytes:
    """Everything in Prometheus' text format."""
    return generate_latest(_Seen(view)) + generate_latest(requests.registry)


class _Seen(CollectorRegistry):
    """A registry of what was seen just now; nothing is kept between two looks."""

    def __init__(self, view: HealthView) -> None:
        super().__init__()
        self._view = view

    def collect(self) -> Iterator[Metric]:
        yield from _pipeline(self._view)
        yield from _sources(self._view)
        yield from _work(self._view)


def _pipeline(view: HealthView) -> Iterator[Metric]:
    up = GaugeMetricFamily("shenava_role_up", "Whether a role reported in the last 20 seconds.", labels=["role"])
    for name in ROLES:
        up.add_metric([name], float(view.role(name) is not None and name not in view.silent))
    yield up
    counted = (
        ("shenava_events_handled", "handled", "Events of the stream that a worker is done with since it started."),
        ("shenava_events_failed", "failed", "Events that became dead letters since the worker started."),
        ("shenava_worker_retries", "retries", "Pauses of a worker after a failure that may pass."),
    )
    for name, field, about in counted:
        family = CounterMetricFamily(name, about, labels=["group"])
        for role in _workers(view):
            family.add_metric([role.name], float(role.stats[field]))
        yield family
    rate = GaugeMetricFamily(
        "shenava_events_per_second", "Events a second in a worker's last report.", labels=["group"]
    )
    for role in _workers(view):
        rate.add_metric([role.name], float(role.stats["per_second"]))
    yield rate
    waiting = GaugeMetricFamily(
        "shenava_lag_events", "Events that a group has yet to handle.", labels=["group", "topic"]
    )
    behind = GaugeMetricFamily("shenava_lag_seconds", "Age of the oldest of them.", labels=["group", "topic"])
    for lag in view.lag:
        waiting.add_metric([lag.group, lag.topic], lag.waiting)
        behind.add_metric([lag.group, lag.topic], lag.seconds)
    yield from (waiting, behind)


def _workers(view: HealthView) -> list[RoleState]:
    return [role for role in view.roles if "handled" in role.stats]


def _sources(view: HealthView) -> Iterator[Metric]:
    labels = ["source", "kind"]
    up = GaugeMetricFamily("shenava_source_up", "Whether a source collects or has come to its end.", labels=labels)
    posts = CounterMetricFamily("shenava_source_posts", "Posts that a source brought.", labels=labels)
    rejected = CounterMetricFamily("shenava_source_rejected", "Rows and posts that could not be used.", labels=labels)
    last = GaugeMetricFamily(
        "shenava_source_last_success_timestamp_seconds", "When a source last answered, in seconds since 1970.",
        labels=labels,
    )  # fmt: skip
    for one in view.sources:
        if one.enabled:
            up.add_metric([one.id, one.kind], float(one.state not in {"failed", "waiting"}))
        posts.add_metric([one.id, one.kind], one.collected)
        rejected.add_metric([one.id, one.kind], one.rejected)
        if one.last_success:
            last.add_metric([one.id, one.kind], one.last_success.timestamp())
    yield from (up, posts, rejected, last)


def _work(view: HealthView) -> Iterator[Metric]:
    figures = (
        ("shenava_dead_letters", "Posts that could not be handled and wait for a person.", view.dead_total),
        ("shenava_replies_waiting", "Approved replies that are not sent yet.", view.replies_waiting),
        ("shenava_replies_unknown", "Replies of which nobody knows whether they were sent.", view.replies_unknown),
        ("shenava_to_searchable_seconds", "Age of the oldest post on its way to the index.", view.to_searchable),
        ("shenava_disk_used_bytes", "Bytes that the data folder takes.", view.disk_used),
        ("shenava_disk_free_bytes", "Bytes still free beside it.", view.disk_free),
    )
    yield from (GaugeMetricFamily(name, about, float(value)) for name, about, value in figures)
