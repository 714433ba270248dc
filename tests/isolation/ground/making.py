"""The two tenants are made, and what of one was copied into the other."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from tests.isolation.ground import accounts, agents, ai, audit, compliance, credentials, datasets, workflows
from tests.isolation.ground.sides import WORD, Side, Things, origin_of, tenant_of

BOUNDLESS = {"max_requests": 1_000_000, "max_caller_requests": 1_000_000, "max_starts": 1_000_000}
"""Limits of a minute that no try reaches: refused for that, an attack would prove nothing."""


def side_make(tenant: Any, *, agent: str, extra: int) -> Side:
    """Fill a tenant, with runs of `agent`. `extra` tells its own things from the other's: it is part of their keys."""
    from apps.tenants.context import forget, tenant_context
    from apps.tenants.models import Tenant

    marker = f"{WORD}{hashlib.sha256(tenant.slug.encode()).hexdigest()[:12]}"
    with tenant_context(tenant):
        owner = accounts.member(UUID(int=1), "owner", f"owner@{tenant.slug}.example", name=f"Owner {marker}")
        holder = accounts.holder(tenant.slug, marker)
        shared = _things(marker, agent, owner, 10)
        own = _things(marker, agent, owner, 10 + extra)
        agents.configurations(marker, agent, owner)
        ai.prompt(marker, owner)
        ai.choice(agent, shared.run)
        Tenant.objects.filter(pk=tenant.pk).update(cors_origins=[origin_of(marker)], **BOUNDLESS)
        forget()
        return Side(
            slug=tenant.slug,
            schema=tenant.schema_name,
            marker=marker,
            agent=agent,
            email=owner.email,
            shared=shared,
            own=own,
            session=credentials.session(owner),
            token=credentials.token(owner),
            api_key=credentials.api_key(owner, UUID(int=2), "of the owner"),
            refresh_token=credentials.refresh_token(owner),
            holder_session=credentials.session(holder),
            copied_session=credentials.session(owner),
            copied_api_key=credentials.api_key(owner, UUID(int=3 + extra), "copied"),
            copied_refresh_token=credentials.refresh_token(owner),
            narrow_key=credentials.api_key(owner, UUID(int=4), "narrow", [Side.narrow_scope]),
            other_narrow_key=credentials.api_key(owner, UUID(int=5), "narrow too", ["agents.view"]),
            scim_token=credentials.scim_token(UUID(int=2), f"Directory {marker}"),
            copied_scim_token=credentials.scim_token(UUID(int=3 + extra), "copied"),
        )


def rows_copy(source: Side, target: Side) -> None:
    """Copy a session, a key and a refresh token of one tenant into the other, row by row."""
    from django.db import connection

    from apps.gateway.marks import digest_of
    from apps.tenants.context import tenant_context

    with tenant_context(tenant_of(source)):
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

    member = accounts.member(UUID(int=number), "viewer", f"member{number}@example.org", name=f"Member {marker}")
    dataset = datasets.dataset(UUID(int=number), marker, owner)
    about = {"agent_key": agent, "input": agents.sample_input(agent, dataset), "created_by": owner}
    ended = agents.run(number, "succeeded", marker, **about)
    opened = agents.run(number + 50, "queued", marker, **about)
    agents.batch([ended, agents.run(number + 25, "succeeded", marker, **about)], "ended", marker, dataset)
    agents.batch([opened], "running", marker, dataset)
    agents.decision(ended, marker, owner)
    agents.evaluation(ended, "failed", marker)
    agents.evaluation(opened, "queued", marker)
    agents.message(ended, "succeeded", marker)
    agents.message(opened, "queued", marker)
    ai.trained(ended, "trained", marker, dataset)
    ai.trained(opened, "queued", marker, dataset)
    audit.entry(ended, marker, 0)
    audit.entry(opened, marker, 1)
    compliance.privacy(ended, "found", marker)
    compliance.privacy(opened, "looking", marker)
    ai.budget(ended, marker)
    ai.call(ended, marker)
    ai.call(opened, marker)
    agents.custom(ended, marker)
    agents.custom(opened, marker)
    ai.models(ended, "ended", marker)
    ai.mcp_server(ended, marker)
    accounts.sso(ended, marker)
    ai.models(opened, "queued", marker)
    deputy = accounts.member(UUID(int=number + 800), "approver", f"deputy{number}@example.org", name=f"Deputy {marker}")
    workflow, webhook = workflows.workflow(opened.pk, ended.pk, marker, owner, deputy)
    user, _, token = password_link(member).rstrip("/").rpartition("/")[2].partition("-")
    credentials.api_key(owner, UUID(int=number), f"Key {marker}")
    return Things(
        member=str(member.pk),
        deputy=deputy.email,
        service_account=accounts.service_account(UUID(int=number + 500), f"Program {marker}"),
        group=accounts.group(UUID(int=number), marker, member),
        scim_token=accounts.scim_token_row(UUID(int=number + 500), marker),
        grant=accounts.grant(UUID(int=number), marker),
        open_grant=accounts.open_grant(UUID(int=number + 500), marker, owner),
        api_key=str(UUID(int=number)),
        dataset=dataset,
        run=str(ended.pk),
        number=ended.number,
        open_run=str(opened.pk),
        open_number=opened.number,
        watch=agents.watch(agent, owner, deputy, number),
        workflow=workflow,
        webhook=webhook,
        approval_link=credentials.approval_link(opened.pk, owner),
        link_user=user,
        link_token=token,
        passkey=accounts.passkey(1_000_000 + number, marker),
        input=agents.sample_input(agent, dataset),
    )


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
