"""The numbers of the page in Prometheus' text format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prometheus_client.metrics_core import Metric

    from dicom_gateway.standing import Standing

PREFIX = "tsunagu_gateway_"


class StandingCollector(Collector):
    """Looks once a scrape."""

    def __init__(self, look: Callable[[], Standing]) -> None:
        self._look = look

    @override
    def collect(self) -> Iterable[Metric]:
        """Every family; labels are states and programs, never anything of a patient."""
        now = self._look()
        yield _single("studies", "Studies listed", now.studies)
        yield _single("studies_today", "Studies that came or grew today", now.studies_today)
        yield _labelled("objects", "Objects kept, by state", "state", now.objects)
        yield _single("objects_quarantined", "Objects kept but not shown", now.quarantined)
        yield _single("stored_bytes", "Bytes of all objects", now.bytes_kept)
        yield _labelled("events", "Events for the portal, by state", "state", now.events)
        age = now.oldest_waiting or 0.0
        yield _single("oldest_event_seconds", "Age of the oldest event that waits", age)
        yield _labelled("pulls", "Studies asked of peers, 7 days, by state", "state", now.pulls)
        yield _single("disk_free_bytes", "Free bytes where images are kept", now.disk.free)
        yield _single("disk_total_bytes", "All bytes where images are kept", now.disk.total)
        if now.uploads is not None:
            waits = now.uploads.objects
            yield _single("uploads_waiting", "Objects the bucket has not confirmed", waits)
            yield _single("oldest_upload_seconds", "Age of the oldest of them", now.upload_age)
        up = {name: int(answers) for name, answers in now.programs.items()}
        yield _labelled("up", "1 when a program takes connections", "program", up)


def exposition(look: Callable[[], Standing]) -> bytes:
    """One scrape."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(StandingCollector(look))
    return generate_latest(registry)


def _single(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(PREFIX + name, words, value=value)


def _labelled(name: str, words: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(PREFIX + name, words, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
