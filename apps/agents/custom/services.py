"""Writes to custom agents: drafts, versions that are published and never change, and what is done with whole agents."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

import yaml
from django.db import IntegrityError, transaction
from django.utils import timezone
from pydantic import ValidationError

from apps.accounts.models import User
from apps.agents import auditing
from apps.agents import services as runs
from apps.agents.custom import store
from apps.agents.custom.checking import content_check
from apps.agents.custom.contents import LARGEST, PREFIX, Content, content_of
from apps.agents.custom.selectors import content_now, custom_get, draft_get, version_get
from apps.agents.models import AgentRun, CustomAgent, CustomAgentVersion
from apps.agents.permissions import AGENTS_CONFIGURE, AGENTS_RUN
from apps.audit.fingerprints import fingerprint
from apps.audit.kinds import EntryKind
from apps.audit.services import Subject, record
from apps.common.errors import Conflict, InvalidInput, Issue
from apps.common.permissions import Principal, demand
from apps.common.yamls import text_read

FORMAT = "orchestrall.agent/1"
MOST = 500
"""Agents that a tenant makes: each list of agents holds all of them."""


def content_parse(data: Any) -> Content:
    """What a version says, checked by its model. Raises `InvalidInput` with an issue for each place."""
    try:
        content = Content.model_validate(data)
    except ValidationError as error:
        raise InvalidInput.from_pydantic(error) from error
    _require_storable(content)
    return content


def custom_create(*, who: Principal, user: User | None, content: Content, is_demo: bool = False) -> CustomAgent:
    """Make an agent, as a draft. Its key is made of its title, and stays."""
    demand(who, AGENTS_CONFIGURE)
    _require_storable(content)
    slug = re.sub(r"[^a-z0-9]+", "_", content.title.lower()).strip("_")[:50]
    base = f"{PREFIX}{slug if re.match(r'[a-z]', slug) else f'agent_{slug}'.rstrip('_')}"
    if CustomAgent.objects.count() >= MOST:
        raise Conflict(
            f"{MOST} agents are made here, which is the most; nothing was stored.",
            remedy="Change one of them into what you want.",
        )
    with transaction.atomic():
        taken = set(CustomAgent.objects.filter(key__startswith=base).values_list("key", flat=True))
        key = next(each for n in range(1, len(taken) + 2) if (each := base if n == 1 else f"{base}_{n}") not in taken)
        try:
            with transaction.atomic():
                agent = CustomAgent.objects.create(
                    key=key, title=content.title, summary=content.summary, icon=content.icon, created_by=user,
                    is_demo=is_demo,
                )  # fmt: skip
        except IntegrityError as error:
            raise Conflict("Somebody has just made an agent of this name; nothing was stored.") from error
        CustomAgentVersion.objects.create(agent=agent, content=content.stored(), created_by=user)
        _note(auditing.CUSTOM_MADE, who, agent, None, content.stored())
    return agent


def draft_save(
    *, who: Principal, user: User | None, agent: CustomAgent, content: Content, seen: int | None = None
) -> CustomAgent:
    """Keep a draft. What is published goes on as it is. Raises `Conflict` where somebody else has changed the agent
    since it had the `seq` that was `seen`."""
    demand(who, AGENTS_CONFIGURE)
    _require_storable(content)
    with transaction.atomic():
        held = _held(who, agent, seen)
        row = draft_get(held) or CustomAgentVersion(agent=held)
        before = row.content or (held.published.content if held.published else None)
        _note(auditing.CUSTOM_DRAFTED, who, held, before, content.stored())
        row.content, row.created_by = content.stored(), user
        row.save()
        if held.published is None:
            held.title, held.summary, held.icon = content.title, content.summary, content.icon
        return _changed(held)


def draft_discard(*, who: Principal, agent: CustomAgent, seen: int | None = None) -> CustomAgent:
    """Throw a draft away. Raises `Conflict` where nothing was published: then there would be nothing left."""
    demand(who, AGENTS_CONFIGURE)
    with transaction.atomic():
        held = _held(who, agent, seen)
        if held.published is None:
            raise Conflict(f"{held.title} was never published: there is only this draft.", remedy="Archive the agent.")
        draft = draft_get(held)
        _note(auditing.CUSTOM_DISCARDED, who, held, draft.content if draft else None, held.published.content)
        CustomAgentVersion.objects.filter(agent=held, number=None).delete()
        return _changed(held)


def custom_publish(
    *, who: Principal, user: User | None, agent: CustomAgent, note: str = "", seen: int | None = None
) -> CustomAgentVersion:
    """Publish the draft: runs follow it from now on, and those that are under way stay on theirs.

    Raises `InvalidInput` with an issue for each place that stands against it, `Conflict` where there is no draft.
    """
    demand(who, AGENTS_CONFIGURE)
    with transaction.atomic():
        held = _held(who, agent, seen)
        row = draft_get(held)
        if row is None:
            raise Conflict(f"{held.title} has no draft; nothing was published.", remedy="Change something first.")
        content = content_of(row.content)
        content_check(content, key=held.key, who=who, user=user)
        return _published(who, held, row, content, note, user)


def custom_rollback(
    *, who: Principal, user: User | None, agent: CustomAgent, number: int, seen: int | None = None
) -> CustomAgentVersion:
    """Publish what an earlier version said, as a new one. A draft stays. Raises `NotFound`, and as `custom_publish`."""
    demand(who, AGENTS_CONFIGURE)
    with transaction.atomic():
        held = _held(who, agent, seen)
        content = content_of(version_get(who=who, agent=held, number=number).content)
        content_check(content, key=held.key, who=who, user=user)
        row = CustomAgentVersion(agent=held, content=content.stored())
        return _published(who, held, row, content, f"Back to version {number}", user, former=number)


def custom_try(*, who: Principal, user: User, agent: CustomAgent, data: dict[str, Any], origin: str) -> AgentRun:
    """Run what an agent says now, its draft where there is one, on a sample: a run like any other, which keeps to it.

    Raises as `custom_publish` and `run_start` do; then nothing is started.
    """
    demand(who, AGENTS_CONFIGURE)
    demand(who, AGENTS_RUN)
    row = draft_get(agent) or agent.published
    if row is None:
        raise Conflict(f"{agent.title} says nothing yet; nothing was started.")
    row.agent = agent
    content_check(content_of(row.content), key=agent.key, who=who, user=user)
    made = store.draft_of(row) if row.number is None else store.made_of(row)
    if made is None:
        raise Conflict(f"What {agent.title} says cannot be read; nothing was started.", remedy="Save its draft anew.")
    return runs.run_start(agent=made, data=data, user=user, who=who, origin=origin, fresh=True)


def custom_duplicate(*, who: Principal, user: User | None, agent: CustomAgent) -> CustomAgent:
    """Make another agent that says the same, as a draft."""
    content = content_now(agent)
    title = f"{content.title[:70]} (copy)"
    return custom_create(who=who, user=user, content=content.model_copy(update={"title": title}))


def custom_archive(*, who: Principal, agent: CustomAgent, seen: int | None = None) -> CustomAgent:
    """Take an agent out of use: no new runs. Runs and results are kept, and those under way end as they would."""
    return _put(who, agent, seen, timezone.now(), auditing.CUSTOM_ARCHIVED)


def custom_restore(*, who: Principal, agent: CustomAgent, seen: int | None = None) -> CustomAgent:
    """Take an archived agent into use again."""
    return _put(who, agent, seen, None, auditing.CUSTOM_RESTORED)


def content_yaml(content: Content) -> str:
    """What an agent says as a file, to be kept or taken to another organisation."""
    return str(yaml.safe_dump({"format": FORMAT, **content.stored()}, sort_keys=False, allow_unicode=True, width=100))


def content_load(text: str) -> Content:
    """What a file says. Raises `InvalidInput` with an issue for each place."""
    if len(text.encode()) > LARGEST:
        raise InvalidInput(f"The file has more than {LARGEST // 1024} KiB; nothing was stored.")
    data = text_read(text)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise InvalidInput(
            "The file is no agent; nothing was stored.",
            issues=[Issue(path="format", message=f"It begins with `format: {FORMAT}`.")],
        )
    return content_parse({name: value for name, value in data.items() if name != "format"})


def _require_storable(content: Content) -> None:
    """Raise `InvalidInput` for what is too large, or holds what JSON and texts of the database do not."""
    try:
        text = json.dumps(content.stored(), allow_nan=False, ensure_ascii=False)
        size, why = len(text.encode()), "The character NUL is no text." if "\\u0000" in text else ""
    except ValueError:  # also a half of a character (UnicodeEncodeError)
        size, why = 0, "It holds a number that is none, or half of a character: write it otherwise."
    if size > LARGEST:
        why = f"It has {LARGEST // 1024} KiB at most: leave some of it out."
    if why:
        raise InvalidInput("The agent cannot be kept like this; nothing was stored.", issues=[Issue(message=why)])


def _published(
    who: Principal,
    agent: CustomAgent,
    row: CustomAgentVersion,
    content: Content,
    note: str,
    user: User | None,
    former: int | None = None,
) -> CustomAgentVersion:
    newest = CustomAgentVersion.objects.filter(agent=agent).exclude(number=None).order_by("-number").first()
    row.number = (newest.number or 0) + 1 if newest else 1
    row.note, row.published_at, row.created_by = note.strip()[:200], timezone.now(), user
    row.save()
    held, facts = agent.published, {"note": row.note} if former is None else {"former": former}
    record(
        auditing.CUSTOM_PUBLISHED if former is None else auditing.CUSTOM_ROLLED_BACK,
        who=who,
        subject=_subject(agent),
        before={"version": held.number, **fingerprint(held.content)} if held else {},
        after={"version": row.number, **fingerprint(row.content)},
        **facts,
    )
    agent.published, agent.archived_at = row, None
    agent.title, agent.summary, agent.icon = content.title, content.summary, content.icon
    _changed(agent)
    return row


def _put(
    who: Principal, agent: CustomAgent, seen: int | None, archived_at: datetime | None, kind: EntryKind
) -> CustomAgent:
    demand(who, AGENTS_CONFIGURE)
    with transaction.atomic():
        held = _held(who, agent, seen)
        if (held.archived_at is None) != (archived_at is None):
            held.archived_at = archived_at
            record(kind, who=who, subject=_subject(held))
        return _changed(held)


def _subject(agent: CustomAgent) -> Subject:
    return Subject("agents.customagent", agent.key, agent.title)


def _note(kind: EntryKind, who: Principal, agent: CustomAgent, before: Any, after: Any) -> None:
    """Tell of a change of what an agent says, by what stands for both."""
    record(
        kind, who=who, subject=_subject(agent), before=fingerprint(before) if before else {}, after=fingerprint(after)
    )


def _held(who: Principal, agent: CustomAgent, seen: int | None) -> CustomAgent:
    held = custom_get(who=who, key=agent.key, lock=True)
    if seen is not None and seen != held.seq:
        raise Conflict(
            f"Somebody else has changed {held.title} in the meantime; nothing was stored.",
            remedy="Look at what it says now, and make your change again.",
        )
    return held


def _changed(agent: CustomAgent) -> CustomAgent:
    agent.seq += 1
    agent.save()
    store.forget()
    return agent
