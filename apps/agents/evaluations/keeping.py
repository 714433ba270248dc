"""A tenant's own cases: kept from runs or written by hand, changed, deleted, and brought back."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from pydantic import ValidationError

from apps.accounts.models import User
from apps.agents import auditing, finding
from apps.agents.evaluations.cases import AnyAgent, Case
from apps.agents.inputs import input_parse
from apps.agents.models import AgentCase, AgentRun
from apps.agents.permissions import AGENTS_CONFIGURE, RUNS_VIEW
from apps.audit.fingerprints import fingerprint
from apps.audit.services import record
from apps.common.errors import Conflict, InvalidInput, Issue, NotFound
from apps.common.permissions import Principal, demand

MOST_CASES: Final = 200
"""Cases that a tenant keeps of an agent."""


def cases_kept(*, who: Principal, agent: AnyAgent) -> list[AgentCase]:
    """The tenant's own cases of an agent, by name. One statement."""
    demand(who, RUNS_VIEW)
    return list(AgentCase.objects.filter(agent_key=agent.key).select_related("created_by", "run"))


def case_get(*, who: Principal, agent: AnyAgent, id: UUID) -> AgentCase:
    """One of them. Raises `NotFound`."""
    demand(who, RUNS_VIEW)
    found = AgentCase.objects.filter(agent_key=agent.key, pk=id).select_related("run").first()
    if found is None:
        raise NotFound(f"{agent.title} has no case of this id.", remedy="See the list of its cases.")
    return found


def case_of(row: AgentCase) -> Case:
    """A stored case as those are that ship with the product."""
    return Case.model_validate({"name": row.name, "input": row.input, **row.expected})


def case_save(
    *,
    who: Principal,
    user: User | None,
    agent: AnyAgent,
    name: str,
    data: dict[str, Any],
    expected: dict[str, Any],
    row: AgentCase | None = None,
    run: AgentRun | None = None,
) -> AgentCase:
    """Keep a case: a new one, or `row` as it is to be. `expected` has `expect`, and may have `scores` and a `note`.

    Raises `InvalidInput` with an issue for each place, and `Conflict` for a name that another case has.
    """
    demand(who, AGENTS_CONFIGURE)
    case = _checked(agent, name, data, expected)
    if row is None and AgentCase.objects.filter(agent_key=agent.key).count() >= MOST_CASES:
        raise Conflict(
            f"{agent.title} has {MOST_CASES} cases already; nothing was stored.",
            remedy="Delete one that is not needed.",
        )
    made = row or AgentCase(agent_key=agent.key, created_by=user, run=run)
    before = _told(made) if row else {}
    made.name, made.input = case.name, case.input
    made.expected = case.model_dump(mode="json", include={"expect", "scores", "note"}, exclude_defaults=True)
    try:
        with transaction.atomic():
            made.save()
            subject = auditing.agent_subject(agent.key, agent.title)
            record(auditing.CASE_KEPT, who=who, subject=subject, before=before, after=_told(made), case=made.name)
    except IntegrityError as error:
        raise Conflict(
            f"There is another case “{case.name}” of {agent.title}; nothing was stored.",
            remedy="Give this one a name of its own.",
        ) from error
    return made


def case_delete(*, who: Principal, agent: AnyAgent, id: UUID) -> AgentCase:
    """Delete a case. What is returned can be brought back by `case_save`. Raises `NotFound`."""
    demand(who, AGENTS_CONFIGURE)
    row = case_get(who=who, agent=agent, id=id)
    with transaction.atomic():
        AgentCase.objects.filter(pk=row.pk).delete()
        subject = auditing.agent_subject(agent.key, agent.title)
        record(auditing.CASE_DELETED, who=who, subject=subject, before=_told(row), case=row.name)
    return row


def _told(row: AgentCase) -> dict[str, Any]:
    return fingerprint({"input": row.input, "expected": row.expected})


def _checked(agent: AnyAgent, name: str, data: dict[str, Any], expected: dict[str, Any]) -> Case:
    try:
        case = Case.model_validate({"name": name.strip(), "input": data, **expected})
    except ValidationError as error:
        raise InvalidInput.from_pydantic(error) from error
    if case.example or case.made_by or case.table or case.settings:
        told = "A case of your own has its whole input in `input`, and no settings."
        raise InvalidInput(f"{told} Nothing was stored.", issues=[Issue(path="input", message=told)])
    refused = any(fact.path.startswith("problem") for fact in case.expect)
    try:
        case.input = input_parse(agent=agent, data=case.input).model_dump(mode="json", exclude_defaults=True)
    except InvalidInput as problem:
        if not refused:
            issues = [issue.model_copy(update={"path": f"input.{issue.path}".rstrip(".")}) for issue in problem.issues]
            raise InvalidInput(problem.detail, issues=issues) from problem
    return case


def agent_of(row: AgentCase) -> AnyAgent:
    """The agent of a case. Raises `NotFound` where this release has none of its key."""
    agent = finding.agent_of(row.agent_key)
    if agent is None:
        raise NotFound(f"The agent {row.agent_key!r} is no longer installed.")
    return agent
