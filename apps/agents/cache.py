"""Results at hand: the same agent with the same settings makes the same of the same input, so that a run may be
answered by one that came before it.

Redis keeps them for as long as the agent says (`Agent.fresh_for`), sealed with the tenant's data key, under a keyed
hash: neither an input nor a result can be read there, or guessed and looked for. Nothing here is the only truth: a
result that is not at hand, or that cannot be read, is worked out.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import zlib
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

import prometheus_client
from pydantic import BaseModel, ValidationError
from redis.exceptions import RedisError

from apps.agents.contract import Agent
from apps.agents.ends import Origin, Result
from apps.agents.finding import agent_of
from apps.agents.models import AgentResult, AgentRun
from apps.agents.records import Record, canonical
from apps.common.decisions import Decision
from apps.tenants.context import current_tenant
from apps.tenants.fast import redis, redis_key
from apps.tenants.keys import data_key
from apps.tenants.sealing import DataKey, SealBroken

logger = logging.getLogger(__name__)

LARGEST: Final = 256 * 1024
"""Bytes of a result, packed: a larger one is worked out each time."""
PURPOSE: Final = "agents.result"
NONE_TRAINED: Final[Mapping[str, int]] = MappingProxyType({})
LOOKS = prometheus_client.Counter("orchestrall_result_cache_total", "Results looked for in the cache", ["outcome"])


class Kept(BaseModel):
    """A result at hand, and where it comes from."""

    run: UUID
    at: datetime
    """When it was worked out."""
    output: Any
    headline: str
    decisions: list[Decision]
    record: Record | None

    @property
    def origin(self) -> Origin:
        return Origin(self.run, self.at)

    def result(self, agent: Agent[Any, Any, Any]) -> Result:
        return Result(self.output, self.headline, agent, self.decisions, self.record)


def find(
    agent: Agent[Any, Any, Any],
    configuration: UUID | None,
    data: Any,
    trained: Mapping[str, int] = NONE_TRAINED,
    *,
    person: UUID | None = None,
) -> Kept | None:
    """The result of an agent's current version for an input as it is stored; `configuration` is that of its settings,
    and `trained` are the versions of the models trained here that are in use. Of an agent that asks tools it is the
    result of the same `person`: another one may not see what their tools found.

    Whether the caller may run the agent and see the data is asked before.
    """
    if agent.fresh_for is None or (key := data_key(current_tenant())) is None:
        return None
    place = _place(key, agent, agent.version, configuration, data, trained, person)
    try:
        sealed = redis().get(redis_key(*place))
    except RedisError:
        LOOKS.labels("away").inc()
        return None
    found = _opened(key, place, sealed) if isinstance(sealed, bytes) else None
    LOOKS.labels("hit" if found else "miss").inc()
    return found


def keep(run: AgentRun, result: Result, trained: Mapping[str, int] = NONE_TRAINED) -> None:
    """Keep the result of a run that has just ended, for the next one like it. Where it cannot be kept, it is not.

    `trained` are the versions of the models trained here that it was worked out with.
    """
    fresh_for = result.agent.fresh_for
    if fresh_for is None or run.finished_at is None or run.agent_version != result.agent.version:
        return
    if (key := data_key(current_tenant())) is None:
        return
    kept = Kept(
        run=run.id, at=run.finished_at, output=result.output, headline=result.headline,
        decisions=result.decisions, record=result.record,
    )  # fmt: skip
    packed = zlib.compress(kept.model_dump_json(exclude_defaults=True).encode(), 1)
    if len(packed) > LARGEST:
        return
    place = _place(key, result.agent, run.agent_version, run.configuration_id, run.input, trained, run.created_by_id)
    sealed = key.seal(packed, purpose=PURPOSE, context=":".join(place))
    try:
        redis().set(redis_key(*place), sealed, ex=max(1, int(fresh_for.total_seconds())))
    except RedisError:
        logger.warning("a result was not kept: Redis is away", extra={"agent": run.agent_key})


def forget(run: AgentRun) -> None:
    """Let nobody else be answered by the result of a run: somebody has found it wrong."""
    agent = agent_of(run.agent_key, run.agent_version)
    if agent is None or agent.fresh_for is None or (key := data_key(current_tenant())) is None:
        return
    trained: Mapping[str, int] = NONE_TRAINED
    if agent.trained and (record := AgentResult.objects.only("record").get(pk=run.pk).record):
        trained = Record.model_validate(record).trained
    place = _place(key, agent, run.agent_version, run.configuration_id, run.input, trained, run.created_by_id)
    try:
        redis().delete(redis_key(*place))
    except RedisError:
        logger.warning("a result could not be forgotten: Redis is away", extra={"agent": run.agent_key})


def _place(
    key: DataKey,
    agent: Agent[Any, Any, Any],
    version: str,
    configuration: UUID | None,
    data: Any,
    trained: Mapping[str, int],
    person: UUID | None,
) -> tuple[str, str]:
    """Where a result is kept, within its tenant: a hash of all that it comes from, keyed with the tenant's own key."""
    named = canonical([agent.key, version, str(configuration or ""), data, dict(trained)])
    if agent.tools:
        named += canonical([str(person or "")])
    return "result", hmac.digest(key.derive(f"{PURPOSE}.place"), named, hashlib.sha256).hex()


def _opened(key: DataKey, place: tuple[str, str], sealed: bytes) -> Kept | None:
    """What was kept; None for anything else that may stand there."""
    try:
        packed = key.open(sealed, purpose=PURPOSE, context=":".join(place))
        return Kept.model_validate_json(zlib.decompress(packed))
    except (SealBroken, ValidationError, ValueError, zlib.error):
        logger.warning("a result at hand could not be read and is worked out anew")
        return None
