"""Two tenants in which every primary key is equal, and every text tells which of them it belongs to."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from uuid import UUID

WORD = "zebra"
"""In the texts of both tenants: whoever searches for it must find their own only."""
PASSWORD = "a password of both tenants"
HOLDER = UUID(int=6)
TRAINABLE = "retail.combination_weights"
PROMPT = "explain"
BOUNDLESS = {"max_requests": 1_000_000, "max_caller_requests": 1_000_000, "max_starts": 1_000_000}
"""Limits of a minute that no try reaches: refused for that, an attack would prove nothing."""


@dataclass(frozen=True)
class Things:
    """The names of one thing of each sort. Those of `Side.shared` exist in both tenants."""

    member: str
    deputy: str
    """The address of a member who stands in for the owner, and is asked; their key is the member's and 800."""
    service_account: str
    group: str
    """A group of the directory, with the member in it."""
    scim_token: str
    """The id of a token of the directory."""
    grant: str
    """The id of an operator's request to be let in."""
    open_grant: str
    """The id of a grant that lets an operator in now."""
    api_key: str
    dataset: str
    run: str
    number: int
    open_run: str
    """A run that has not ended."""
    open_number: int
    watch: str
    """The id of the work row of a watch."""
    workflow: str
    """The name of a workflow."""
    webhook: str
    approval_link: str
    """What a mail to the owner brings them to their question with."""
    link_user: str
    link_token: str
    """The two parts of a link that sets a member's password."""
    passkey: int
    """The key of a passkey of the member who has factors."""
    input: dict[str, Any]
    """An input for the agent that reads the dataset."""


@dataclass(frozen=True)
class Side:
    """One of the two tenants: what stands in it, and the ways in that its owner has."""

    slug: str
    schema: str
    marker: str
    """In every text of this tenant, and nowhere else."""
    agent: str
    email: str
    shared: Things
    own: Things
    """What the other tenant has no thing of the same name for."""
    session: str
    token: str
    api_key: str
    refresh_token: str
    holder_session: str
    """Of a member who has an authenticator app, recovery codes and passkeys, which the owner has not."""
    copied_session: str
    """A session, a key and a refresh token whose rows stand in the other tenant too, as after a careless restore."""
    copied_api_key: str
    copied_refresh_token: str
    narrow_key: str
    """A key whose one scope is `narrow_scope`; `other_narrow_key` has another one."""
    other_narrow_key: str
    scim_token: str
    """What the directory provisions with; `copied_scim_token` stands in the other tenant too."""
    copied_scim_token: str
    narrow_scope: str = "runs.view"

    @property
    def host(self) -> str:
        """Without a port."""
        return f"{self.slug}.localhost"

    @property
    def origin(self) -> str:
        """Of pages that this tenant lets call its API from a browser."""
        return _origin(self.marker)


def _origin(marker: str) -> str:
    return f"https://{marker}.example"


@cache
def sample_output(agent: str) -> dict[str, Any]:
    """What the agent makes of the table that both tenants have; where the marker stands in it, this says MARKER."""
    from django.utils import timezone

    from apps.agents.contract import AGENTS, RunContext

    found = AGENTS[agent]
    context = RunContext(now=timezone.now(), load=lambda table: _table("MARKER").with_row_index("__row__", 2))
    data = found.input_type.model_validate(sample_input(agent, str(UUID(int=1))))
    output: dict[str, Any] = found.run(data, found.settings_type(), context).model_dump(mode="json")
    return output


def sample_input(agent: str, dataset: str) -> dict[str, Any]:
    from apps.agents.contract import AGENTS

    return {AGENTS[agent].table_field: {"dataset": dataset}}


def _table(marker: str) -> Any:
    """Two years of a sale a month, as text, as an upload is read."""
    import polars

    months = [f"{year}-{month:02}-01" for year in (2025, 2026) for month in range(1, 13)]
    quantities = [str(20 + number % 12) for number in range(24)]
    return polars.DataFrame({"item": [marker] * 24, "period": months, "quantity": quantities})


def side_make(tenant: Any, *, agent: str, extra: int) -> Side:
    """Fill a tenant, with runs of `agent`. `extra` tells its own things from the other's: it is part of their keys."""
    from apps.tenants.context import forget, tenant_context
    from apps.tenants.models import Tenant

    marker = f"{WORD}{hashlib.sha256(tenant.slug.encode()).hexdigest()[:12]}"
    with tenant_context(tenant):
        owner = _member(UUID(int=1), "owner", f"owner@{tenant.slug}.example", name=f"Owner {marker}")
        holder = _holder(tenant.slug, marker)
        shared = _things(marker, agent, owner, 10)
        own = _things(marker, agent, owner, 10 + extra)
        _configurations(marker, agent, owner)
        _prompt(marker, owner)
        _choice(agent, shared.run)
        Tenant.objects.filter(pk=tenant.pk).update(cors_origins=[_origin(marker)], **BOUNDLESS)
        forget()
        return Side(
            slug=tenant.slug,
            schema=tenant.schema_name,
            marker=marker,
            agent=agent,
            email=owner.email,
            shared=shared,
            own=own,
            session=_session(owner),
            token=_token(owner),
            api_key=_api_key(owner, UUID(int=2), "of the owner"),
            refresh_token=_refresh_token(owner),
            holder_session=_session(holder),
            copied_session=_session(owner),
            copied_api_key=_api_key(owner, UUID(int=3 + extra), "copied"),
            copied_refresh_token=_refresh_token(owner),
            narrow_key=_api_key(owner, UUID(int=4), "narrow", [Side.narrow_scope]),
            other_narrow_key=_api_key(owner, UUID(int=5), "narrow too", ["agents.view"]),
            scim_token=_scim_token(UUID(int=2), f"Directory {marker}"),
            copied_scim_token=_scim_token(UUID(int=3 + extra), "copied"),
        )


def rows_copy(source: Side, target: Side) -> None:
    """Copy a session, a key and a refresh token of one tenant into the other, row by row."""
    from django.db import connection

    from apps.gateway.marks import digest_of
    from apps.tenants.context import tenant_context

    with tenant_context(_tenant(source)):
        refresh = digest_of(source.copied_refresh_token)
    with connection.cursor() as cursor:
        for table, column, value in (
            ("django_session", "session_key", source.copied_session),
            ("gateway_apikey", "prefix", source.copied_api_key.split("_")[1]),
            ("gateway_refreshtoken", "digest", refresh),
            ("accounts_scimtoken", "prefix", source.copied_scim_token.split("_")[1]),
        ):
            cursor.execute(
                f'insert into "{target.schema}".{table} select * from "{source.schema}".{table} where {column} = %s',
                [value],
            )
            if cursor.rowcount != 1:
                raise LookupError(f"There is no {table} to copy.")


def numbers(ours: Side, theirs: Side, *, at_rest: bool) -> dict[str, bytes]:
    """What is counted and kept in Redis, by key: whatever is not of ours while nobody else calls; else what is of
    theirs, without their live figures. Messages of the broker are left out: they name a tenant, and hold nothing."""
    from apps.gateway import counters
    from apps.tenants.fast import redis

    counters.flush()  # what this process has not written yet
    found = {}
    for raw in redis().scan_iter("*" if at_rest else f"*{theirs.schema}:*", count=1000):
        name = raw.decode()
        of_ours, of_broker = f"{ours.schema}:" in name, "celery" in name or "kombu" in name
        if not (of_ours or of_broker) and (at_rest or ":figures:" not in name):
            found[name] = redis().dump(raw)
    return {name: value for name, value in found.items() if value}


def _things(marker: str, agent: str, owner: Any, number: int) -> Things:
    from apps.accounts.services import password_link

    member = _member(UUID(int=number), "viewer", f"member{number}@example.org", name=f"Member {marker}")
    dataset = _dataset(UUID(int=number), marker, owner)
    about = {"agent_key": agent, "input": sample_input(agent, dataset), "created_by": owner}
    ended = _run(number, "succeeded", marker, **about)
    opened = _run(number + 50, "queued", marker, **about)
    _batch([ended, _run(number + 25, "succeeded", marker, **about)], "ended", marker, dataset)
    _batch([opened], "running", marker, dataset)
    _decision(ended, marker, owner)
    _evaluation(ended, "failed", marker)
    _evaluation(opened, "queued", marker)
    _message(ended, "succeeded", marker)
    _message(opened, "queued", marker)
    _trained(ended, "trained", marker, dataset)
    _trained(opened, "queued", marker, dataset)
    _entry(ended, marker, 0)
    _entry(opened, marker, 1)
    _privacy(ended, "found", marker)
    _privacy(opened, "looking", marker)
    _budget(ended, marker)
    _call(ended, marker)
    _call(opened, marker)
    _custom(ended, marker)
    _custom(opened, marker)
    _models(ended, "ended", marker)
    _mcp_server(ended, marker)
    _sso(ended, marker)
    _models(opened, "queued", marker)
    deputy = _member(UUID(int=number + 800), "approver", f"deputy{number}@example.org", name=f"Deputy {marker}")
    workflow, webhook = _workflow(opened.pk, ended.pk, marker, owner, deputy)
    user, _, token = password_link(member).rstrip("/").rpartition("/")[2].partition("-")
    _api_key(owner, UUID(int=number), f"Key {marker}")
    return Things(
        member=str(member.pk),
        deputy=deputy.email,
        service_account=_service_account(UUID(int=number + 500), f"Program {marker}"),
        group=_group(UUID(int=number), marker, member),
        scim_token=_scim_token_row(UUID(int=number + 500), marker),
        grant=_grant(UUID(int=number), marker),
        open_grant=_open_grant(UUID(int=number + 500), marker, owner),
        api_key=str(UUID(int=number)),
        dataset=dataset,
        run=str(ended.pk),
        number=ended.number,
        open_run=str(opened.pk),
        open_number=opened.number,
        watch=_watch(agent, owner, deputy, number),
        workflow=workflow,
        webhook=webhook,
        approval_link=_approval_link(opened.pk, owner),
        link_user=user,
        link_token=token,
        passkey=_passkey(1_000_000 + number, marker),
        input=sample_input(agent, dataset),
    )


def _approval_link(id: UUID, owner: Any) -> str:
    from apps.workflows.approvals.links import link_token
    from apps.workflows.models import Approval

    return link_token(approval=Approval.objects.get(pk=id), user=owner)


def webhook_secret(marker: str) -> str:
    """What messages to the webhooks of the tenant of this marker are signed with."""
    return f"whsec_{base64.b64encode(marker.encode()).decode()}"


def _workflow(id: UUID, ended: UUID, marker: str, owner: Any, deputy: Any) -> tuple[str, str]:
    """A workflow, with an open run, an approval, a call, an act and a schedule that are all of this id, and a run that
    has `ended` and of which a dead letter is left; its name, and a webhook. The owner lets the deputy stand in."""
    from datetime import timedelta

    from django.utils import timezone

    from apps.dispatch.models import DeadLetter
    from apps.tenants.context import current_schema
    from apps.workflows.models import (
        Approval,
        ApprovalNotice,
        Backfill,
        Delegation,
        HttpCall,
        Replay,
        ReplayRun,
        StepAct,
        StepRun,
        Trial,
        Trigger,
        Workflow,
        WorkflowChange,
        WorkflowEdit,
        WorkflowRun,
        WorkflowVersion,
    )

    now = timezone.now()
    name = f"w{id.int}"
    content: dict[str, Any] = {
        "name": name,
        "title": f"Flow {marker}",
        "steps": {"a": {"kind": "transform", "set": {"x": marker}}},
    }
    workflow = Workflow.objects.create(id=id, name=name, title=content["title"], created_by=owner)
    about = {"workflow": workflow, "note": f"Note {marker}", "published_at": now}
    for version, title in ((1, f"First {marker}"), (2, f"Flow {marker}")):
        told = json.dumps(content | {"title": title})
        latest = WorkflowVersion.objects.create(
            id=UUID(int=id.int + 1000 * version), number=version, content=told, **about
        )
    Workflow.objects.filter(pk=id).update(published=latest)
    draft = json.dumps(content | {"title": f"Draft {marker}"})
    WorkflowVersion.objects.create(id=UUID(int=id.int + 3000), number=None, content=draft, workflow=workflow)
    edit = WorkflowEdit.objects.create(id=id, workflow=workflow, user=owner, seq=workflow.seq)
    changed = json.dumps({"definition": content | {"title": f"Edit {marker}"}, "triggers": []})
    WorkflowChange.objects.create(edit=edit, number=0, what=f"Began {marker}", content=changed)
    Trial.objects.create(id=id, edit=edit, user=owner, content=content, inputs={"said": f"Sample {marker}"})
    of_both: dict[str, Any] = {"workflow": workflow, "version": latest, "inputs": {}, "created_by": owner}
    run = WorkflowRun.objects.create(id=id, number=1000 + id.int, origin="console", **of_both)
    over: dict[str, Any] = {"status": "succeeded", "outputs": {"x": marker}, "started_at": now, "finished_at": now}
    WorkflowRun.objects.create(id=ended, number=1000 + ended.int, origin="console", **of_both, **over)
    letter = {"tenant": current_schema(), "queue": "flow", "cause": f"Cause {marker}"}
    DeadLetter.objects.create(id=ended, kind="workflows.run", **letter)
    for attempt in (1, 2):
        StepRun.objects.create(
            run=run, step=0, item=0, attempt=attempt, ended=True, outcome="failed", output={"x": marker}, at=now
        )
    until = now + timedelta(days=1)
    asked: dict[str, Any] = {"roles": ["approver"], "risk": "low", "remind_at": now, "due_at": until}
    approval = Approval.objects.create(id=id, run=run, step="a", question=f"Question {marker}", **asked)
    over_id = UUID(int=id.int + 2000)
    Approval.objects.create(id=over_id, run=run, step="a", question=f"Over {marker}", withdrawn_at=now, **asked)
    reason = f"Reason {marker}"
    Delegation.objects.create(id=id, giver=owner, taker=deputy, reason=reason, begins_at=now, ends_at=until)
    ApprovalNotice.objects.create(id=id, approval=approval, user=deputy, reason="asked")
    request: dict[str, Any] = {"method": "POST", "url": f"http://127.0.0.1:9/{marker}", "headers": {}, "body": None}
    HttpCall.objects.create(id=id, run=run, step="call", key=id, is_repeatable=False, request=request)
    done = {"done": [{"title": f"Done {marker}", "kind": "agents.run", "text": "", "link": ""}], "left": []}
    acts = {"runs": [str(ended)], "kinds": ["agents.run"]}
    StepAct.objects.create(id=id, run=run, step="act", asked=acts, output=done)
    replayed = {"against": f"Against {marker}", "ids": [str(ended)]}
    of_replays: dict[str, Any] = {"workflow": workflow, "content": content, "created_by": owner, "summary": {}}
    replay = Replay.objects.create(id=id, asked=replayed, total=2, **of_replays)
    Replay.objects.create(id=UUID(int=id.int + 1000), asked=replayed, status="cancelled", **of_replays)
    sides = {"before": {"end": "succeeded"}, "after": {"end": "failed"}, "sentences": [f"Sentence {marker}"]}
    for followed in (id, ended):
        ReplayRun.objects.create(id=followed, replay=replay, run_id=followed, verdict="changed", told=sides)
    due, webhook = now - timedelta(minutes=1), UUID(int=id.int + 1000)
    schedule = {"kind": "schedule", "told": {"every": "1h"}, "due_at": due, "problem": f"Problem {marker}"}
    timed = Trigger.objects.create(id=id, workflow=workflow, **schedule)
    span: dict[str, Any] = {"begins_at": now - timedelta(days=2), "ends_at": now - timedelta(days=1), "total": 24}
    Backfill.objects.create(id=id, trigger=timed, problem=f"Problem {marker}", created_by=owner, **span)
    Trigger.objects.create(id=webhook, workflow=workflow, kind="webhook", told={}, secret=webhook_secret(marker))
    return name, str(webhook)


def _member(id: UUID, role: str, email: str, name: str) -> Any:
    from allauth.account.models import EmailAddress
    from django.contrib.auth.hashers import make_password

    from apps.accounts.models import User

    # The same hash in both tenants: nothing but the schema tells their signatures apart.
    user = User.objects.create(
        id=id, email=email, name=name, role=role, password=make_password(PASSWORD, salt="a" * 22)
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def _holder(slug: str, marker: str) -> Any:
    """A member who has set up an authenticator app and recovery codes."""
    from tests.accounts.factors import app_of, recovery_codes_of

    holder = _member(HOLDER, "viewer", f"holder@{slug}.example", name=f"Holder {marker}")
    app_of(holder)
    recovery_codes_of(holder)
    return holder


def _passkey(id: int, marker: str) -> int:
    """A passkey of that member under this key, far above those that the database gives to other factors."""
    from allauth.mfa.models import Authenticator

    data = {"name": f"Passkey {marker}", "credential": {}}
    Authenticator.objects.create(id=id, user_id=HOLDER, type="webauthn", data=data)
    return id


def _service_account(id: UUID, name: str) -> str:
    from apps.accounts.models import User

    User.objects.create_user(f"{id}@service.invalid", None, id=id, name=name, role="builder", is_service=True)
    return str(id)


def _group(id: UUID, marker: str, member: Any) -> str:
    """A group of the directory that gives the role that its member has."""
    from apps.accounts.models import DirectoryGroup

    group = DirectoryGroup.objects.create(id=id, display_name=f"Group {marker}", role=member.role)
    group.members.add(member)
    return str(id)


def _scim_token(id: UUID, name: str) -> str:
    """What a directory comes with. Its row has this id in both tenants."""
    import secrets

    from apps.accounts.models import ScimToken
    from apps.gateway.marks import SCIM, digest_of, mint

    prefix = secrets.token_hex(4)
    text = mint(f"{SCIM}{prefix}_")
    ScimToken.objects.create(id=id, name=name, prefix=prefix, digest=digest_of(text), expires_at=_soon())
    return text


def _scim_token_row(id: UUID, marker: str) -> str:
    _scim_token(id, f"Directory {marker}")
    return str(id)


def _grant(id: UUID, marker: str) -> str:
    from django.utils import timezone

    from apps.accounts.models import OperatorGrant

    OperatorGrant.objects.create(
        id=id, asked_by="ops@example.org", asked_at=timezone.now(), reason=f"Reason {marker}", hours=1
    )
    return str(id)


def _open_grant(id: UUID, marker: str, owner: Any) -> str:
    from django.utils import timezone

    from apps.accounts.models import OperatorGrant

    OperatorGrant.objects.create(
        id=id,
        operator_email="ops@example.org",
        reason=f"Leave {marker}",
        granted_by=owner,
        granted_at=timezone.now(),
        ends_at=_soon(),
    )
    return str(id)


def entry_ticket(side: Side) -> str:
    """What takes an operator into the tenant, once."""
    from apps.accounts.operator_access.tickets import Entry, entry_mint
    from apps.tenants.context import tenant_context

    with tenant_context(_tenant(side)):
        return entry_mint(Entry(side.shared.open_grant, str(UUID(int=9)), "ops@example.org", "Ops"))


def _soon() -> Any:
    from datetime import timedelta

    from django.utils import timezone

    return timezone.now() + timedelta(days=1)


def _dataset(id: UUID, marker: str, owner: Any) -> str:
    """A dataset of this id from the start: what is stored of it is sealed to its id."""
    from unittest.mock import patch

    from apps.datasets import services

    with patch.object(services, "uuid7", return_value=id):
        services.dataset_from_frame(frame=_table(marker), name=f"Sales {marker}", filename=f"{marker}.csv", user=owner)
    return str(id)


def _configurations(marker: str, agent: str, owner: Any) -> None:
    """Two versions of how the agent is set up, which both let everybody run it who runs agents."""
    from apps.agents.configurations import runners
    from apps.agents.models import AgentConfiguration

    for number, roles in ((1, None), (2, runners())):
        AgentConfiguration.objects.create(
            id=UUID(int=number), agent_key=agent, number=number, settings={}, roles=roles, note=marker, created_by=owner
        )


def _run(number: int, status: str, marker: str, **about: Any) -> Any:
    from django.utils import timezone

    from apps.agents.models import AgentResult, AgentRun

    done = status == "succeeded"
    run = AgentRun.objects.create(
        id=UUID(int=number),
        number=1000 + number,
        agent_version="1.0",
        status=status,
        source=f"Sales {marker}",
        headline=f"Result {marker}" if done else "",
        note=f"Note {marker}",
        origin="console",
        started_at=timezone.now(),
        finished_at=timezone.now() if done else None,
        **about,
    )
    if done:
        output = json.loads(json.dumps(sample_output(run.agent_key)).replace("MARKER", marker))
        AgentResult.objects.create(run=run, output=output)
    return run


def _decision(run: Any, marker: str, owner: Any) -> None:
    """A decision of the id of its run, which proposes to run the agent once more; a review of it, and feedback."""
    from apps.agents.models import AgentDecision, AgentFeedback, AgentReview, AgentRun

    again = {"agent": run.agent_key, "input": run.input}
    said: dict[str, Any] = {
        "subject": f"Subject {marker}",
        "verdict": "noted",
        "summary": f"Summary {marker}",
        "reasons": [{"text": f"Reason {marker}", "evidence": [{"text": marker, "row": 2}]}],
        "actions": [{"kind": "agents.run", "title": f"Act {marker}", "arguments": again}],
    }
    of_agent = {"agent_key": run.agent_key, "agent_version": "1.0", "verdict": "noted"}
    decision = AgentDecision.objects.create(id=run.pk, run=run, position=0, record=said, review="wanted", **of_agent)
    AgentReview.objects.create(
        id=run.pk, decision=decision, number=1, verdict="noted", reason=f"Reason {marker}", by=owner
    )
    AgentFeedback.objects.create(id=run.pk, run=run, by=owner, is_right=True, comment=f"Comment {marker}")
    AgentRun.objects.filter(pk=run.pk).update(verdict="noted")


def _message(run: Any, status: str, marker: str) -> None:
    """A draft about a run, of its id, and an explanation."""
    from apps.agents.models import AgentMessage

    of = {"run": run, "by": run.created_by}
    AgentMessage.objects.create(number=2, kind="explanation", status="failed", asked={"kind": "explanation"}, **of)
    AgentMessage.objects.create(
        id=run.pk,
        number=1,
        kind="draft",
        status=status,
        asked={"kind": "draft", "purpose": f"Purpose {marker}"},
        said={"text": f"Text {marker}"} if status == "succeeded" else None,
        **of,
    )


def _evaluation(run: Any, status: str, marker: str) -> None:
    """An evaluation and a case of the id of a run."""
    from apps.agents.models import AgentCase, AgentEvaluation

    of = {"agent_key": run.agent_key, "created_by": run.created_by}
    fact: dict[str, Any] = {"path": "headline", "op": "contains", "value": marker}
    expected = {"expect": [fact], "note": f"Note {marker}"}
    AgentCase.objects.create(id=run.pk, name=f"Case {run.number} {marker}", input=run.input, expected=expected, **of)
    judged = {"text": f"headline contains {marker}", "holds": True, "must": True, "weight": 1, "found": marker}
    result = {"name": f"Case {marker}", "passed": True, "score": 1, "facts": [judged], "seconds": 0}
    told = {"code": "evaluation_stopped", "title": "Stopped", "detail": f"Stopped by {marker}."}
    AgentEvaluation.objects.create(
        id=run.pk,
        agent_version=run.agent_version,
        status=status,
        total=2,
        done=1,
        passed=1,
        results={"settings": {}, "results": [result]},
        problem=None if status == "queued" else told,
        **of,
    )


def _entry(run: Any, marker: str, place: int) -> None:
    """An entry of the audit log of the id of a run, in its place in the tree, and a checkpoint that covers it."""
    from datetime import timedelta

    from django.utils import timezone

    from apps.audit.documents import digest_of, document_of, leaf_hash, salted
    from apps.audit.models import AuditCheckpoint, AuditEntry, AuditLeaf, AuditPayload

    facts, personal = salted({"after": {"title": f"Title {marker}"}}), salted({"actor": f"Actor {marker}"})
    about = {"kind": "tests.changed", "outcome": "done", "actor_kind": "person", "actor_id": run.created_by_id}
    entry = AuditEntry.objects.create(
        id=run.pk,
        at=timezone.now(),
        via="console",
        subject_kind="agents.run",
        subject_id=str(run.pk),
        request=f"request-{marker}",
        facts_digest=digest_of(facts),
        personal_digest=digest_of(personal),
        **about,
    )
    AuditPayload.objects.create(entry_id=run.pk, facts=facts, personal=personal)
    last = AuditLeaf.objects.order_by("seq").last()
    seq, at = (last.seq + 1 if last else 0), timezone.now() + timedelta(seconds=place)
    AuditLeaf.objects.create(epoch=1, seq=seq, entry=run.pk, hash=leaf_hash(document_of(entry)))
    AuditCheckpoint.objects.create(epoch=1, size=seq + 1, root=bytes(32), at=at, note=f"Note {marker}", published_at=at)


def _privacy(run: Any, status: str, marker: str) -> None:
    """A request about a person's data with what it found and a file, a hold and a record of the id of a run."""
    import zipfile
    from datetime import timedelta

    from django.utils import timezone

    from apps.compliance.models import LegalHold, PrivacyFind, PrivacyRequest, RetentionRecord
    from apps.compliance.requests.services import file_path
    from apps.tenants.storage import file_seal, scratch_path

    subject, soon = {"member": None, "identifiers": [f"person-{marker}"]}, timezone.now() + timedelta(days=7)
    request = PrivacyRequest.objects.create(
        id=run.pk, number=run.number, kind="erase", status=status, subject=subject, reason=marker, due_at=soon,
        progress={"agents.run": {"looked": 1, "found": 1}}, asked_by=run.created_by, file_until=soon,
        file_sha256=marker,
    )  # fmt: skip
    content: dict[str, object] = {"title": marker, "at": None, "url": "", "record": {}}
    PrivacyFind.objects.create(id=run.pk, request=request, kind="agents.run", row=marker, content=content)
    PrivacyFind.objects.create(request=request, kind="agents.decision", row=marker, content=content)
    plain = scratch_path(f"{run.pk}.zip")
    with zipfile.ZipFile(plain, "w") as archive:
        archive.writestr("data/agents.run.json", json.dumps([{"title": marker}]))
    file_seal(plain, file_path(request))
    request.file_bytes = plain.stat().st_size
    plain.unlink()
    request.save(update_fields=["file_bytes"])
    held = {"member": None, "identifiers": [f"another-{marker}"]}
    LegalHold.objects.create(id=run.pk, title=f"Matter {marker}", reason=marker, subject=held)
    now = timezone.now()
    RetentionRecord.objects.create(id=run.pk, kind=marker, days=1, before=now, removed=1, ended_at=now)


def _budget(run: Any, marker: str) -> None:
    """A budget of the id of a run."""
    from django.utils import timezone

    from apps.ai.models import Budget, BudgetAccount

    key = f"agent.{run.number}.{marker}"
    about = {"scope": "agent", "agent_key": key, "period": "month", "created_by": run.created_by}
    budget = Budget.objects.create(id=run.pk, money=9, **about)
    BudgetAccount.objects.create(budget=budget, bearer=key, starts=timezone.now().date().replace(day=1))


def _trained(run: Any, status: str, marker: str, dataset: str) -> None:
    """A trained model of the id of a run."""
    from apps.ai.models import TrainedModel

    gain = {"mean": 1, "low": 0.5, "high": 1.5, "cases": 20}
    TrainedModel.objects.create(
        id=run.pk,
        kind=TRAINABLE,
        kind_version="1.0",
        number=run.number,
        status=status,
        input={"dataset": dataset, "options": {}},
        source=f"Table {marker}",
        fingerprint="0" * 64,
        note=f"Note {marker}",
        parameters={"groups": {}},
        metrics={"metrics": [], "gain": gain, "notes": [f"Said {marker}"]},
        created_by=run.created_by,
    )


def _models(run: Any, status: str, marker: str) -> None:
    """A provider with a model, and of a prompt a case and a trial, all of the id of a run."""
    from apps.ai.models import LanguageModel, PromptAnswer, PromptCase, PromptTrial, Provider

    access = {"base_url": f"http://127.0.0.1:9/{marker}", "key": marker}
    about = {"kind": "compatible", "access": access, "offered": [f"more {marker}"], "created_by": run.created_by}
    provider = Provider.objects.create(id=run.pk, name=f"Provider {run.number} {marker}", **about)
    model = LanguageModel.objects.create(id=run.pk, provider=provider, name=f"model {marker}", is_enabled=False)
    of = {"prompt_key": PROMPT, "created_by": run.created_by}
    values = {"result": f"Result {marker}"}
    PromptCase.objects.create(id=run.pk, title=f"Case {run.number} {marker}", values=values, **of)
    # Its model is gone: within a test's transaction none may be asked.
    side = {"system": marker, "user": "{result}", "model": str(UUID(int=0)), "model_name": model.name}
    trial = PromptTrial.objects.create(
        id=run.pk,
        status=status,
        sides=[{"version": version, **side} for version in ("1", "2")],
        cases=[{"title": f"Case {marker}", "values": values}],
        total=2,
        done=1,
        **of,
    )
    PromptAnswer.objects.create(id=run.pk, trial=trial, position=0, side=0, answered={"text": f"Said {marker}"})


def _sso(run: Any, marker: str) -> None:
    """An identity provider of the id of a run, with a domain of that id."""
    from apps.accounts.models import SsoConnection, SsoDomain

    name = f"p{run.number}-{marker}"
    access = {
        "entity_id": f"https://login.example/{marker}",
        "sso_url": f"https://login.example/{marker}/sso",
        "certificates": [_saml_keys()["certificate"]],
    }
    made = SsoConnection.objects.create(
        id=run.pk, kind="saml", name=name, access=access, rules={}, keys=_saml_keys(), is_enabled=True
    )
    SsoDomain.objects.create(id=run.pk, connection=made, name=f"{name}.invalid".lower(), token=marker)


@cache
def _saml_keys() -> dict[str, str]:
    from apps.accounts.sso.saml import keys_made

    return keys_made("Of the tests")


def _mcp_server(run: Any, marker: str) -> None:
    """A connected MCP server of the id of a run, with a tool that is allowed."""
    from apps.ai.models import McpServer

    access = {"url": f"http://127.0.0.1:9/{marker}", "bearer": marker, "headers": []}
    offer = {"name": "look", "description": f"Says {marker}", "parameters": {"type": "object"}, "print": "0" * 64}
    tools = {"offered": [{**offer, "says_read": True}], "allowed": {"look": {"print": "0" * 64}}}
    about = {"access": access, "tools": tools, "created_by": run.created_by}
    McpServer.objects.create(id=run.pk, name=f"s{run.number}-{marker}", **about)


def _custom(run: Any, marker: str) -> None:
    """An agent of a prompt under the run's id: a version and a draft."""
    from django.utils import timezone

    from apps.agents.custom.contents import EXAMPLE
    from apps.agents.models import CustomAgent, CustomAgentVersion

    about = {"key": f"custom.a{run.pk.hex}", "title": f"Maker {marker}", "created_by": run.created_by}
    agent = CustomAgent.objects.create(id=run.pk, summary=f"Summary {marker}", **about)
    for number in (1, 2, None):
        content = {**EXAMPLE, "title": f"Maker {marker}", "instructions": f"Say {number} {marker}"}
        row = CustomAgentVersion.objects.create(
            agent=agent, number=number, content=content, note=f"Note {marker}", created_by=run.created_by,
            published_at=timezone.now() if number else None,
        )  # fmt: skip
        if number:
            CustomAgent.objects.filter(pk=agent.pk).update(published=row)


def _choice(agent: str, model: str) -> None:
    """The agent has a model of its own, which is turned off."""
    from apps.ai.models import ModelChoice

    ModelChoice.objects.create(id=UUID(int=1), agent_key=agent, position=0, model_id=model)


def _prompt(marker: str, owner: Any) -> None:
    """Two versions of a prompt, and a draft."""
    from django.utils import timezone

    from apps.ai.models import Prompt, PromptVersion

    prompt = Prompt.objects.create(id=UUID(int=1), key=PROMPT, title=f"Prompt {marker}", seq=3, created_by=owner)
    for id, number in ((1, 1), (2, 2), (3, None)):
        row = PromptVersion.objects.create(
            id=UUID(int=id),
            prompt=prompt,
            number=number,
            content={"system": f"System {id} {marker}", "user": "{result}"},
            note=f"Note {marker}",
            created_by=owner,
            published_at=timezone.now() if number else None,
        )
        if number == 2:
            Prompt.objects.filter(pk=prompt.pk).update(published=row)


def _call(run: Any, marker: str) -> None:
    """A call of a model for a run, under the run's id."""
    from django.utils import timezone

    from apps.ai.models import ModelCall

    ModelCall.objects.create(
        id=run.pk,
        purpose="explain",
        agent_key=run.agent_key,
        subject_kind="agents.run",
        subject=run.pk,
        user=run.created_by,
        provider_name=f"Provider {marker}",
        model_name=f"model {marker}",
        status="succeeded",
        attempts=1,
        until=timezone.now(),
        finished_at=timezone.now(),
        sent={"messages": [{"role": "user", "text": f"Asked {marker}"}]},
        answered={"text": f"Said {marker}"},
    )


def _watch(agent: str, owner: Any, deputy: Any, number: int) -> str:
    """The watch of the agent, or of one that is called by the number; the id of its work row. The deputy wishes mails
    about drift, and is still to be told of one."""
    from django.utils import timezone

    from apps.agents.drift.watching import work_id
    from apps.agents.models import AgentWatch, DriftMails, DriftNotice

    key = agent if number == 10 else f"{agent}_{number}"
    AgentWatch.objects.create(agent_key=key, changed_by=owner)
    DriftMails.objects.create(user=deputy)
    DriftNotice.objects.create(
        id=UUID(int=number), user=deputy, agent_key=agent, what=DriftNotice.What.BEGAN, since=timezone.now()
    )
    return str(work_id(key))


def _batch(runs: list[Any], status: str, marker: str, dataset: str) -> None:
    """A batch of these runs, of the id and the number of the first."""
    from apps.agents.models import AgentBatch, AgentRun

    run, plan = runs[0], {"dataset": dataset, "by": "groups", "group": "item"}
    batch = AgentBatch.objects.create(
        id=run.pk,
        number=run.number,
        agent_key=run.agent_key,
        agent_version=run.agent_version,
        status=status,
        source=f"Batch {marker}",
        input={"plan": plan, "labels": {"2": marker}},
        total=len(runs),
        opened=len(runs),
        created_by=run.created_by,
        origin="console",
    )
    for row, each in enumerate(runs, 2):
        AgentRun.objects.filter(pk=each.pk).update(batch=batch, batch_row=row)


def _session(user: Any) -> str:
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from apps.accounts import door

    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    door.begin(store, user)
    store.create()
    store.save()
    return str(store.session_key)


def _token(user: Any) -> str:
    from apps.gateway.tokens import token_issue

    return token_issue(user=user)


def _refresh_token(user: Any) -> str:
    from apps.gateway.refresh import refresh_issue

    return refresh_issue(user=user)


def tokens_fresh(sides: tuple[Side, Side]) -> tuple[Side, Side]:
    """The sides with tokens that were just issued: they live for minutes only."""
    first, second = (replace(side, token=_fresh(side)) for side in sides)
    return first, second


def _fresh(side: Side) -> str:
    from apps.accounts.models import User
    from apps.tenants.context import tenant_context

    with tenant_context(_tenant(side)):
        return _token(User.objects.get(email=side.email))


def sessions_renew(sides: tuple[Side, Side]) -> None:
    """Make the sessions of both as if they had begun just now: use of one that is older is noted in a row."""
    from django.db import connection

    from apps.tenants.context import tenant_context

    for side, other in (sides, sides[::-1]):
        with tenant_context(_tenant(side)):
            for key in (side.session, side.holder_session, side.copied_session):
                _session_renew(key)
        with connection.cursor() as cursor:
            cursor.execute(
                f'update "{other.schema}".django_session to_copy set session_data = s.session_data '
                f'from "{side.schema}".django_session s where s.session_key = to_copy.session_key',
            )


def _session_renew(key: str) -> None:
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import SESSION_KEY

    from apps.accounts import door
    from apps.accounts.models import User

    store = import_module(settings.SESSION_ENGINE).SessionStore(key)
    door.begin(store, User.objects.with_policy().get(pk=store[SESSION_KEY]))
    store.save()


def ticket_fresh(side: Side) -> str:
    """A one-time ticket of the owner, bought with a key that has the same id in both tenants."""
    from apps.gateway.credentials import bearer_verify
    from apps.gateway.principals import caller_of
    from apps.gateway.tickets import ticket_issue
    from apps.tenants.context import tenant_context

    with tenant_context(_tenant(side)):
        return ticket_issue(caller_of(*bearer_verify(side.api_key)))


def _tenant(side: Side) -> Any:
    from apps.tenants.context import tenant_by_schema

    tenant = tenant_by_schema(side.schema)
    if tenant is None:
        raise LookupError(f"There is no tenant of the schema {side.schema}.")
    return tenant


def _api_key(user: Any, id: UUID, name: str, scopes: list[str] | None = None) -> str:
    """A key with these scopes; without them, with all that the user may do."""
    from apps.common.permissions import PERMISSIONS
    from apps.gateway.models import ApiKey
    from apps.gateway.principals import Caller
    from apps.gateway.services import key_create

    every = [item.code for item in PERMISSIONS if user.can(item.code)]
    key, text = key_create(who=Caller(user), name=name, scopes=scopes or every, days=1)
    ApiKey.objects.filter(pk=key.pk).update(id=id)
    return text


def sides_make(slugs: tuple[str, str], *, agent: str) -> tuple[Side, Side]:
    """Make two new tenants of these slugs, and fill them."""
    from apps.agents.contract import AGENTS
    from apps.tenants.services import tenant_create

    industry = AGENTS[agent].industry
    # Attacks come quicker than any caller may ask.
    quotas: dict[str, int | None] = dict.fromkeys(("max_requests", "max_caller_requests", "max_starts"), 1_000_000)
    first, second = (
        side_make(
            tenant_create(slug=slug, name=f"Tenant {place}", industry=industry, quotas=quotas, now=True),
            agent=agent,
            extra=100 * place,
        )
        for place, slug in enumerate(slugs, 1)
    )
    rows_copy(first, second)
    rows_copy(second, first)
    return first, second
