"""The process as Prometheus reads it: worked out when it is asked for, nothing kept besides.

Names follow Prometheus' conventions: base units (seconds), `_total` for what only grows, labels
with few values. No number, name, address or reference of anybody is in a label.
"""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from calleq import __version__
from calleq.journal.entries import Dialled, LineAnswered, LineRefused, LineSeized, Transit
from calleq.operation.standing import Standing
from calleq.runtime.durations import Durations
from calleq.units import SECOND_US

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
ENTRIES: dict[type, tuple[str, str]] = {
    Dialled: ("calleq_dial_attempts", "Attempts of equipment to dial somebody."),
    Transit: ("calleq_transits", "Calls that a switch passed on."),
    LineSeized: ("calleq_line_seizures", "Calls that were offered to lines and trunks."),
    LineAnswered: ("calleq_line_answers", "Calls that were answered there."),
    LineRefused: ("calleq_line_refusals", "Calls that could not be offered."),
}
ACCEPTED = frozenset(("accepted", "replayed"))
"""Outcomes of a message that are no refusal."""


class ProcessMetrics:
    """What is told of one process."""

    def __init__(self, standing: Standing) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Network(standing))
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def text(self) -> bytes:
        """In the text format."""
        return generate_latest(self._registry)


class _Network(Collector):
    def __init__(self, standing: Standing) -> None:
        self._network = standing.network
        self._standing = standing

    def collect(self) -> Iterable[Metric]:
        """Everything, now."""
        yield InfoMetricFamily("calleq_build", "What runs.", value={"version": __version__})
        yield from self._doors()
        yield from self._gates()
        yield from self._who()
        yield from self._exchanges()
        yield from self._entries()
        yield from self._journal()
        yield from self._certificates()
        yield from self._health()

    def _doors(self) -> Iterator[Metric]:
        calls = _gauge("calleq_calls", "Calls that have not ended.", "door", "state")
        ended = _counter("calleq_calls_ended", "Calls by final state.", "door", "state")
        accepted = _counter("calleq_messages_accepted", "Messages accepted.", "door", "outcome")
        refused = _counter("calleq_messages_refused", "Messages refused.", "door", "reason")
        queue = _gauge("calleq_queue_length", "What waits to be done.", "queue", "element")
        for door in self._network.doors.values():
            _add(calls, (door.name,), door.states())
            _add(ended, (door.name,), door.ended)
            outcomes = door.intake.outcomes
            _add(accepted, (door.name,), outcomes, ACCEPTED)
            reasons = {why: count for why, count in outcomes.items() if why not in ACCEPTED}
            _add(refused, (door.name,), reasons)
            queue.add_metric(["messages_in_work", door.name], door.intake.in_work)
        yield from (calls, ended, accepted, refused, queue)

    def _gates(self) -> Iterator[Metric]:
        connections = _gauge("calleq_connections", "Connections from the internet.", "door")
        in_work = _gauge("calleq_requests_in_work", "Requests that are being answered.", "door")
        refused = _counter(
            "calleq_front_refusals", "Requests and connections refused unread.", "door", "reason"
        )
        for name, gate in self._standing.gates.items():
            connections.add_metric([name], len(gate.connections))
            in_work.add_metric([name], gate.in_work)
            _add(refused, (name,), gate.seen)
        yield from (connections, in_work, refused)

    def _who(self) -> Iterator[Metric]:
        if self._network.authenticator is None or self._network.accounts is None:
            return
        denials = _counter(
            "calleq_authentication_denials", "Requests whose sender was not let in.", "reason"
        )
        _add(denials, (), self._network.authenticator.denials)
        failures = _counter("calleq_password_failures", "Wrong passwords.")
        failures.add_metric([], self._network.accounts.failures.total())
        waiting = _gauge(
            "calleq_password_verifications_waiting", "Passwords that are being verified."
        )
        waiting.add_metric([], self._network.accounts.under_way)
        yield from (denials, failures, waiting)

    def _exchanges(self) -> Iterator[Metric]:
        circuits = _gauge(
            "calleq_circuits", "Circuits by what they are doing.", "exchange", "group", "state"
        )
        counted = _counter(
            "calleq_exchange_events", "What an exchange counts of itself.", "exchange", "event"
        )
        alarms = _gauge("calleq_alarms", "Alarms that stand.", "exchange", "kind")
        for name, exchange in self._network.exchanges.items():
            snapshot = exchange.snapshot()
            for group in snapshot.groups:
                for state in ("idle", "busy", "reset", "blocked"):
                    circuits.add_metric([name, group.name, state], getattr(group, state))
            for field in snapshot.__struct_fields__:
                value = getattr(snapshot, field)
                if isinstance(value, int):
                    counted.add_metric([name, field], value)
            kinds: dict[str, int] = {}
            for alarm in snapshot.alarms:
                kinds[alarm.kind.value] = kinds.get(alarm.kind.value, 0) + 1
            _add(alarms, (name,), kinds)
        yield from (circuits, counted, alarms)
        links = _gauge("calleq_signalling_link_up", "1 while a link is in service.", "link", "node")
        for name, node in self._network.nodes.items():
            for link in node.point.links():
                links.add_metric([link.name, name], float(link.end.in_service))
        yield links

    def _entries(self) -> Iterator[Metric]:
        """What the journal tells of. The answer-seizure ratio of a switch's lines is answers over
        seizures and refusals."""
        for kind, (name, text) in ENTRIES.items():
            family = _counter(name, text, "element")
            for (element, written), count in list(self._standing.written.items()):
                if written is kind:
                    family.add_metric([element], count)
            yield family

    def _journal(self) -> Iterator[Metric]:
        if self._standing.flushes is not None:
            flushes = HistogramMetricFamily(
                "calleq_journal_flush_seconds", "How long it takes to make entries durable."
            )
            flushes.add_metric([], *_buckets(self._standing.flushes))
            yield flushes
        waiting = _gauge("calleq_journal_outstanding_entries", "Entries that wait for the disk.")
        waiting.add_metric([], self._standing.outstanding())
        yield waiting

    def _certificates(self) -> Iterator[Metric]:
        ends = _gauge(
            "calleq_certificate_expiry_timestamp_seconds", "When a certificate ends.", "door"
        )
        renewals = _counter("calleq_certificate_renewals", "Certificates taken up since.", "door")
        failed = _gauge(
            "calleq_certificate_renewal_failed", "1 while files cannot be taken up.", "door"
        )
        for tls in self._standing.certificates.values():
            ends.add_metric([tls.door], tls.expires_at_us // SECOND_US)
            renewals.add_metric([tls.door], tls.renewals)
            failed.add_metric([tls.door], float(bool(tls.problem)))
        yield from (ends, renewals, failed)

    def _health(self) -> Iterator[Metric]:
        view = self._standing.view()
        ready = _gauge("calleq_ready", "1 while messages should be sent here.")
        ready.add_metric([], float(not view.reasons))
        bugs = _counter("calleq_request_bugs", "Requests that ended in an error of ours.", "door")
        for door, count in self._standing.bugs.items():
            bugs.add_metric([door], count())
        yield from (ready, bugs)


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=labels)


def _counter(name: str, text: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(name, text, labels=labels)


def _add(
    family: GaugeMetricFamily | CounterMetricFamily,
    labels: tuple[str, ...],
    counted: Mapping[str, int],
    only: frozenset[str] | None = None,
) -> None:
    for word, count in sorted(counted.items()):
        if only is None or word in only:
            family.add_metric([*labels, word], count)


def _buckets(durations: Durations) -> tuple[list[tuple[str, float]], float]:
    """Cumulative counts by upper bound in seconds, and the sum."""
    buckets, reached = [], 0
    bounds = [f"{bound / SECOND_US:g}" for bound in durations.bounds_us]
    for bound, count in zip([*bounds, "+Inf"], list(durations.counts), strict=True):
        reached += count
        buckets.append((bound, float(reached)))
    return buckets, durations.total_us / SECOND_US
