"""How a tenant has set agents up: versions of settings and of who may run an agent, none of which is ever changed.

A run keeps the version that it was accepted with, so that it can be told what it was decided by. Where nobody has set
an agent up, its own settings hold, and it runs for whoever may run agents.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from pydantic import BaseModel, ValidationError

from apps.accounts.models import User
from apps.agents import auditing, finding
from apps.agents.contract import Agent
from apps.agents.models import AgentConfiguration
from apps.agents.permissions import AGENTS_CONFIGURE, AGENTS_RUN, AGENTS_VIEW
from apps.ai.training.selectors import versions_query
from apps.audit.services import record
from apps.common.errors import Conflict, InvalidInput, Issue, NotFound, PermissionDenied
from apps.common.permissions import ROLES, Principal, codes_of, demand
from apps.common.reading import Pointing
from apps.console.schemaforms import shape_of
from apps.console.schemaforms.secrets import dumped, kept, masked, replaced
from apps.tenants.context import current_schema

OWNER: Final = "owner"
KEPT: Final = 500
"""Settings that a process keeps, of runs that it has carried out: a version never changes."""
LARGEST: Final = 256 * 1024
"""Bytes of settings as JSON."""
_SETTINGS: dict[tuple[str, UUID], InForce] = {}
_NEWEST = Pointing(AgentConfiguration, by="agent_key", key="created_by", last="number")
AnyAgent = Agent[Any, Any, Any]


@dataclass(frozen=True)
class InForce:
    """The settings that a run is carried out with."""

    settings: BaseModel
    number: int
    """Of their version; 0 for the agent's own."""


def configuration_current(*, who: Principal, agent: AnyAgent) -> AgentConfiguration | None:
    """What holds for new runs; None where nobody has set the agent up."""
    demand(who, AGENTS_VIEW)
    return newest(agent.key)


def configurations_query(*, who: Principal, agent: AnyAgent) -> QuerySet[AgentConfiguration]:
    """Every version, newest first. Evaluate it before leaving the tenant."""
    demand(who, AGENTS_VIEW)
    return AgentConfiguration.objects.filter(agent_key=agent.key).select_related("created_by")


def configuration_get(*, who: Principal, agent: AnyAgent, number: int) -> AgentConfiguration:
    """One version. Raises `NotFound`."""
    demand(who, AGENTS_VIEW)
    found = AgentConfiguration.objects.filter(agent_key=agent.key, number=number).first()
    if found is None:
        raise _unknown(agent, number)
    return found


def configuration_read(*, who: Principal, agent: AnyAgent, number: int) -> AgentConfiguration:
    """One version with the one before it. Raises `NotFound`."""
    found = configurations_query(who=who, agent=agent).filter(number=number).first()
    if found is None:
        raise _unknown(agent, number)
    formers_read([found])
    return found


def formers_read(rows: Sequence[AgentConfiguration]) -> None:
    """Give each of these versions, which are of one agent, its `former`. One statement."""
    if not rows:
        return
    known = {each.number: each for each in rows}
    missing = {number - 1 for number in known} - known.keys()
    known |= {
        each.number: each for each in AgentConfiguration.objects.filter(agent_key=rows[0].agent_key, number__in=missing)
    }
    for each in rows:
        each.former = known.get(each.number - 1)


def configurations_compare(*, who: Principal, agent: AnyAgent, former: int, number: int) -> list[str]:
    """What differs between two versions, a sentence each; 0 is the agent as it is by itself. Raises `NotFound`."""
    demand(who, AGENTS_VIEW)
    rows = AgentConfiguration.objects.filter(agent_key=agent.key, number__in={former, number})
    found: dict[int, AgentConfiguration | None] = {0: None, **{each.number: each for each in rows}}
    for each in (former, number):
        if each not in found:
            raise _unknown(agent, each)
    return configuration_differences(agent, found[former], found[number])


def agent_of(configuration: AgentConfiguration) -> AnyAgent:
    """The agent of a version. Raises `NotFound` where this release has none of its key."""
    agent = finding.agent_of(configuration.agent_key)
    if agent is None:
        raise NotFound(f"The agent {configuration.agent_key!r} is no longer installed.")
    return agent


def newest(agent_key: str) -> AgentConfiguration | None:
    """What holds for new runs of an agent, whoever asks."""
    return _NEWEST.get(agent_key)


def newest_with_trained(agent: AnyAgent) -> tuple[AgentConfiguration | None, dict[str, int]]:
    """What holds for new runs of an agent, and the versions of the models trained here that it works with. One
    statement."""
    if not agent.trained:
        return newest(agent.key), {}
    found, versions = _NEWEST.get_with(agent.key, *versions_query(agent.trained))
    return found, json.loads(versions)


def configuration_save(
    *,
    who: Principal,
    user: User | None,
    agent: AnyAgent,
    settings: dict[str, Any],
    roles: Sequence[str] | None,
    note: str = "",
    seen: int | None = None,
    former: int | None = None,
) -> AgentConfiguration:
    """Set an agent up: a version more. `seen` is the number of the one that was looked at, 0 for none; `former` that of
    the earlier one that is gone back to.

    A secret that is sent as it was shown stays as it is. Raises `InvalidInput` with an issue for each place, and
    `Conflict` where somebody else has saved in between.
    """
    demand(who, AGENTS_CONFIGURE)
    last = newest(agent.key)
    values = settings_parse(agent, kept(shape_of(agent.settings_type), settings, settings_whole(agent, last)))
    allowed = _roles_parse(roles)
    number = last.number if last else 0
    if seen is not None and seen != number:
        raise _saved_meanwhile(agent)
    if last is not None and (last.settings, last.roles) == (values, allowed):
        return last
    made = AgentConfiguration(
        agent_key=agent.key, number=number + 1, settings=values, roles=allowed, note=note.strip()[:200], created_by=user
    )
    try:
        with transaction.atomic():
            made.save(force_insert=True)
            facts: dict[str, Any] = {"note": made.note} if former is None else {"former": former}
            if replaced(shape_of(agent.settings_type), settings_whole(agent, made), settings_whole(agent, last)):
                facts["replaced"] = "a secret"
            record(
                auditing.CONFIGURED if former is None else auditing.RESTORED,
                who=who,
                subject=auditing.agent_subject(agent.key, agent.title),
                before=_told(agent, last),
                after=_told(agent, made),
                **facts,
            )
    except IntegrityError as error:
        raise _saved_meanwhile(agent) from error
    return made


def configuration_restore(*, who: Principal, user: User | None, agent: AnyAgent, number: int) -> AgentConfiguration:
    """Set an agent up as an earlier version had it: as a new one. Raises `NotFound`, and as `configuration_save`."""
    former = configuration_get(who=who, agent=agent, number=number)
    return configuration_save(
        who=who,
        user=user,
        agent=agent,
        settings=former.settings,
        roles=former.roles,
        note=f"Back to version {number}",
        former=number,
    )


def _told(agent: AnyAgent, configuration: AgentConfiguration | None) -> dict[str, Any]:
    """A version as it may be told: its number, every setting without its secrets, and who may run the agent."""
    roles = configuration.roles if configuration else None
    number = configuration.number if configuration else 0
    return {**settings_shown(agent, configuration), "roles": roles, "version": number}


def settings_of(agent: AnyAgent, configuration: UUID | None) -> InForce:
    """The settings of a run by the id of their version, None for the agent's own.

    Raises `InvalidInput` where a newer release of the agent no longer takes them.
    """
    if configuration is None:
        return InForce(agent.settings_type(), 0)
    key = (current_schema(), configuration)
    found = _SETTINGS.get(key)
    if found is None:
        row = AgentConfiguration.objects.get(pk=configuration)
        if len(_SETTINGS) >= KEPT:
            _SETTINGS.clear()
        found = _SETTINGS[key] = InForce(_validated(agent, row.settings), row.number)
    return found


def runs_for(*, user: User | None, configuration: AgentConfiguration | None) -> bool:
    """Whether an agent so set up is for people of this role. The platform and owners may always."""
    if user is None or configuration is None or configuration.roles is None or user.role == OWNER:
        return True
    return user.role in configuration.roles


def runner_check(*, agent: AnyAgent, user: User | None, configuration: AgentConfiguration | None) -> None:
    """Raise `PermissionDenied` where the agent is not for people of this role."""
    if user is not None and configuration is not None and not runs_for(user=user, configuration=configuration):
        raise PermissionDenied(
            f"{agent.title} is not run by the role {ROLES[user.role].title} here; nothing was started.",
            remedy=f"It is for {_titles(configuration.roles)}: ask one of them, or whoever configures agents.",
        )


def configuration_differences(
    agent: AnyAgent, old: AgentConfiguration | None, new: AgentConfiguration | None
) -> list[str]:
    """A sentence for each setting that differs, and for who may run the agent; empty where nothing does."""
    told = settings_differences(agent, old.settings if old else {}, new.settings if new else {})
    who_before, who_after = (old.roles if old else None), (new.roles if new else None)
    if who_before != who_after:
        told.append(f"It was run by {_titles(who_before)}, and is run by {_titles(who_after)}.")
    return told


def settings_differences(agent: AnyAgent, old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """A sentence for each setting that differs, of what differs from the agent's own."""
    own, shape = dumped(agent.settings_type()), shape_of(agent.settings_type)
    before, after = own | old, own | new
    was, now = masked(shape, before), masked(shape, after)
    return [
        f"{_label(agent, name)} was {_shown(was.get(name))}, and is {_shown(now[name])}."
        if was.get(name) != now[name]
        else f"{_label(agent, name)} has another secret."
        for name, value in after.items()
        if before.get(name) != value
    ]


def runners() -> list[str]:
    """The roles that may run agents at all, besides the owner's, most powerful first."""
    return [role for role in ROLES if role != OWNER and AGENTS_RUN in codes_of(role)]


def settings_whole(agent: AnyAgent, configuration: AgentConfiguration | None) -> dict[str, Any]:
    """Every setting with the value that it has in a version, None for the agent's own; secrets are among them."""
    return dumped(agent.settings_type()) | (configuration.settings if configuration else {})


def settings_shown(agent: AnyAgent, configuration: AgentConfiguration | None) -> dict[str, Any]:
    """Every setting as people and programs may see it: of a secret only that it is set."""
    shown: dict[str, Any] = masked(shape_of(agent.settings_type), settings_whole(agent, configuration))
    return shown


def settings_parse(agent: AnyAgent, settings: dict[str, Any]) -> dict[str, Any]:
    """What differs from the agent's own settings, checked."""
    values = dumped(_validated(agent, settings), exclude_defaults=True)
    try:
        size = len(json.dumps(values, allow_nan=False))
    except ValueError as error:  # a model that is not strict takes NaN
        issue = Issue(path="settings", message="One of the numbers is none, or is larger than a number may be.")
        raise InvalidInput("A setting is no number; nothing was stored.", issues=[issue]) from error
    if size > LARGEST:
        raise InvalidInput(
            f"Settings have {LARGEST // 1024} KiB at most; nothing was stored.",
            issues=[Issue(message="Leave some out.")],
        )
    return values


def _validated(agent: AnyAgent, settings: dict[str, Any]) -> BaseModel:
    unknown = sorted(set(settings) - set(agent.settings_type.model_fields))
    if unknown:
        names = ", ".join(agent.settings_type.model_fields) or "none"
        issues = [
            Issue(path=f"settings.{name}", message=f"There is no such setting. There are: {names}.") for name in unknown
        ]
        raise InvalidInput("The settings cannot be used; nothing was stored.", issues=issues)
    try:
        return agent.settings_type.model_validate(settings)
    except ValidationError as error:
        raise InvalidInput.from_pydantic(error, path="settings") from error


def _roles_parse(roles: Sequence[str] | None) -> list[str] | None:
    if roles is None:
        return None
    able = runners()
    issues = [
        Issue(path=f"roles.{n}", message=f"{role!r} does not run agents. Those that do: {', '.join(able)}.")
        for n, role in enumerate(roles)
        if role not in able
    ]
    if issues:
        raise InvalidInput("The roles cannot be used; nothing was stored.", issues=issues)
    return [role for role in able if role in roles]


def _unknown(agent: AnyAgent, number: int) -> NotFound:
    return NotFound(f"{agent.title} has no settings of version {number}.", remedy="See the list of its versions.")


def _saved_meanwhile(agent: AnyAgent) -> Conflict:
    return Conflict(
        f"Somebody else has changed the settings of {agent.title} in the meantime; nothing was stored.",
        remedy="Look at what holds now, and make your change to that.",
    )


def _titles(roles: Sequence[str] | None) -> str:
    if roles is None:
        return "every role that runs agents"
    return ", ".join([ROLES[OWNER].title, *(ROLES[role].title for role in roles)])


def _label(agent: AnyAgent, name: str) -> str:
    field = agent.settings_type.model_fields.get(name)
    return (field.title if field and field.title else name.replace("_", " ")).capitalize()


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:79]}…"
