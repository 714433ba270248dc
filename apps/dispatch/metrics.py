"""How much work there is, counted when Prometheus asks."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from django.db import Error
from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from apps.dispatch import rows, wakeups
from apps.tenants.context import public_context

logger = logging.getLogger(__name__)


class WorkRows(Collector):
    """`orchestrall_work_rows{queue, state}`: due, later, held or dead, over all tenants; and how many were missing."""

    def describe(self) -> Iterator[GaugeMetricFamily]:
        yield self._family()

    def collect(self) -> Iterator[Metric]:
        family = self._family()
        try:
            with public_context():
                for queue, state, number in rows.counts():
                    family.add_metric([queue, state], number)
        except Error as error:  # a database that is away must not cost the other metrics
            logger.warning("work rows could not be counted: %s", type(error).__name__)
        yield family
        missing = CounterMetricFamily(
            "orchestrall_work_rows_missing", "Work rows that the hourly comparison had to make", labels=["kind"]
        )
        for kind, number in wakeups.missing_counted().items():
            missing.add_metric([kind], number)
        yield missing

    @staticmethod
    def _family() -> GaugeMetricFamily:
        return GaugeMetricFamily("orchestrall_work_rows", "Rows of the index of work", labels=["queue", "state"])


_collector = WorkRows()


def install() -> None:
    if _collector not in REGISTRY._collector_to_names:
        REGISTRY.register(_collector)
