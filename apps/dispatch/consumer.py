"""How a worker finds back to Redis: it asks every second, for as long as it takes.

Celery's own waits two seconds longer each time, up to half a minute, and gives up in the end. Work would rest as long
after Redis is back, and for good after a long outage.
"""

from __future__ import annotations

import logging
from typing import Any, Final

from celery.worker import consumer
from celery.worker.state import maybe_shutdown

logger = logging.getLogger(__name__)

EVERY: Final = 1.0
"""Seconds between two tries."""


class Consumer(consumer.Consumer):
    """Celery's consumer of messages, named by the setting `CELERY_WORKER_CONSUMER`."""

    def ensure_connected(self, conn: Any) -> Any:
        """Wait until Redis answers. Raises what an orderly stop raises meanwhile."""

        def tell(error: Exception, interval: float) -> None:
            logger.warning("Redis does not answer, and is asked again in %.0f s: %s", interval, type(error).__name__)

        conn.ensure_connection(
            tell, None, interval_start=EVERY, interval_step=0, interval_max=EVERY, callback=maybe_shutdown
        )
        self.first_connection_attempt = False
        return conn
