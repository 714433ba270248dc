"""Custom agents as the tenant's tables have them, made into `Agent`s.

A version that was published never changes, so that what was made of it is kept by its key for as long as the process
runs. Which version is published is read each time, but for titles and words: those may be a few seconds old.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Final

from django.db.models import F

from apps.agents.custom.agent import CustomMade
from apps.agents.custom.contents import content_of
from apps.agents.custom.problems import NotUsable
from apps.agents.models import CustomAgentVersion
from apps.tenants.context import CACHE_SECONDS, current_schema

logger = logging.getLogger(__name__)

KEPT: Final = 500
DRAFT: Final = "draft-"
"""How the version of a draft begins, before its fingerprint: a run keeps to what it was tried with."""
_MADE: dict[tuple[str, Any, str], CustomMade] = {}
_SHOWN: dict[str, tuple[float, dict[str, CustomMade]]] = {}


def every() -> list[CustomMade]:
    """Those that are published and not archived. One statement."""
    return [made for row in _published().filter(agent__archived_at=None) if (made := made_of(row))]


def published(key: str) -> CustomMade | None:
    """What new runs of a custom agent follow; None where there is nothing, or it is archived. One statement."""
    row = _published().filter(agent__key=key, agent__archived_at=None).first()
    return made_of(row) if row else None


def pinned(key: str, version: str) -> CustomMade | None:
    """A version of a custom agent as a run names it, whatever became of the agent. One statement."""
    rows = CustomAgentVersion.objects.select_related("agent").filter(agent__key=key)
    if version.startswith(DRAFT):  # it may have been published since
        newest = rows.order_by(F("number").desc(nulls_first=True))[:5]
        found = (draft_of(row) if row.number is None else made_of(row) for row in newest)
        return next((made for made in found if made and made.content.fingerprint == version[len(DRAFT) :]), None)
    row = rows.filter(number=int(version)).first() if version.isdecimal() and len(version) < 10 else None
    return made_of(row) if row else None


def shown(key: str) -> CustomMade | None:
    """What a custom agent is called and may decide, for lists: a few seconds old at most. At most one statement."""
    schema = current_schema()
    until, known = _SHOWN.get(schema, (0.0, {}))
    if until <= time.monotonic():
        known = {made.key: made for row in _published() if (made := made_of(row))}
        if len(_SHOWN) >= KEPT:
            _SHOWN.clear()
        _SHOWN[schema] = (time.monotonic() + CACHE_SECONDS, known)
    return known.get(key)


def forget() -> None:
    """Drop what this process knows of what is published here."""
    _SHOWN.pop(current_schema(), None)


def made_of(row: CustomAgentVersion) -> CustomMade | None:
    """The agent of a version that was published; None where this release cannot use it."""
    return _made(row, str(row.number))


def draft_of(row: CustomAgentVersion) -> CustomMade | None:
    """The agent of a draft as it is now."""
    try:
        return _made(row, f"{DRAFT}{content_of(row.content).fingerprint}")
    except NotUsable:
        return None


def _made(row: CustomAgentVersion, version: str) -> CustomMade | None:
    place = (current_schema(), row.pk, version)
    if place not in _MADE:
        try:
            made = CustomMade(row.agent.key, version, content_of(row.content))
        except (NotUsable, ValueError):
            logger.warning("a custom agent cannot be used", extra={"agent": row.agent.key, "version": version})
            return None
        if len(_MADE) >= KEPT:
            _MADE.clear()
        _MADE[place] = made
    return _MADE[place]


def _published() -> Any:
    return CustomAgentVersion.objects.select_related("agent").filter(agent__published=F("pk")).order_by("agent__title")
