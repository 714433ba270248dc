"""Every way into a tenant, read from the product: its routes by method, its sockets, its kinds of work.

Routes come from the URL resolver, and what the OpenAPI document has must be among them.

What cannot be read from it is said here: what a route's parameters name, what a request that writes sends, what is open
to everybody. `unknown` lists what nobody has said, and the tests fail on it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Literal
from uuid import UUID

from django.conf import settings
from django.urls import get_resolver

from apps.accounts.scim.endpoints import ScimBearer
from apps.agents.custom.contents import EXAMPLE
from apps.common.demo import demo_tenants
from apps.common.work import KINDS, WorkKind
from apps.console.views import ConsoleView
from apps.gateway.api import ApiView
from apps.gateway.authentication import ConsoleSession
from apps.gateway.checks import routes
from apps.gateway.openapi import document
from apps.gateway.permissions import OPEN
from apps.gateway.sockets import NoSocket
from tests.isolation.ground import PASSWORD, PROMPT, TRAINABLE, WORD, Side, Things, entry_ticket, webhook_secret

Name = Callable[[Side, Things], object]

BLUEPRINT = "retail.weekly_demand_review"

# What a parameter of an app's routes names. `agents` and the codes of problems are the program's, not a tenant's.
NAMES: dict[str, dict[str, Name]] = {
    "accounts": {
        "id": lambda side, things: things.member,
        "account": lambda side, things: things.service_account,
        "group": lambda side, things: things.group,
        "token": lambda side, things: things.scim_token,
        "grant": lambda side, things: things.grant,
        # Of what SCIM says of itself.
        "name": lambda side, things: "User",
        # Of each run there is an identity provider with a domain under its id: see `ground`.
        "connection": lambda side, things: things.run,
        "domain": lambda side, things: things.run,
        "kind": lambda side, things: "oidc",
        "pk": lambda side, things: things.passkey,
    },
    "gateway": {"id": lambda side, things: things.api_key, "code": lambda side, things: "not_found"},
    "datasets": {"id": lambda side, things: things.dataset},
    "agents": {
        "key": lambda side, things: side.agent,
        "id": lambda side, things: things.run,
        "number": lambda side, things: things.number,
        "form": lambda side, things: "csv",
        "sort": lambda side, things: "pdf",
        "position": lambda side, things: 0,
        "action": lambda side, things: 0,
        "version": lambda side, things: 1,
        # Of each run there is an evaluation and a case under its id: see `ground`.
        "evaluation": lambda side, things: things.run,
        "case": lambda side, things: things.run,
        # About each run there is a message of this number: see `ground`.
        "message": lambda side, things: 1,
        "written": lambda side, things: "txt",
        # Of each run there is an agent that was made here: see `ground`.
        "custom": lambda side, things: f"custom.a{UUID(things.run).hex}",
    },
    "workflows": {
        "name": lambda side, things: things.workflow,
        "version": lambda side, things: 2,
        # Of runs, approvals, calls and triggers each has one under this id: see `ground`.
        "id": lambda side, things: things.open_run,
        "number": lambda side, things: things.number,
        "webhook": lambda side, things: things.webhook,
        "token": lambda side, things: things.approval_link,
        "agent": lambda side, things: side.agent,
        # Of the program, as its agents are: a tenant has those of its industries.
        "key": lambda side, things: BLUEPRINT,
        # What somebody changes of a workflow stands under `id` as well.
        "step": lambda side, things: "a",
        "part": lambda side, things: "settings",
    },
    "ai": {
        "kind": lambda side, things: TRAINABLE,
        # Of each run there is a trained model under its id: see `ground`.
        "trained": lambda side, things: things.run,
        "budget": lambda side, things: things.run,
        "call": lambda side, things: things.run,
        # And a provider with a model, a trial and a case.
        "provider": lambda side, things: things.run,
        "model": lambda side, things: things.run,
        "trial": lambda side, things: things.run,
        "case": lambda side, things: things.run,
        "server": lambda side, things: things.run,
        "prompt": lambda side, things: PROMPT,
        "agent": lambda side, things: side.agent,
    },
    # Of each run there is an entry of the audit log under its id: see `ground`.
    "compliance": {
        "entry": lambda side, things: things.run,
        # And a request about a person, and a hold.
        "id": lambda side, things: things.run,
        "retained": lambda side, things: "agents.run",
        "form": lambda side, things: "json",
    },
    "allauth": {
        "pk": lambda side, things: things.passkey,
        "uidb36": lambda side, things: things.link_user,
        "key": lambda side, things: things.link_token,
    },
}
# The parameters above that name something of the tenant.
OF_THE_TENANT = {
    ("accounts", "id"),
    ("accounts", "account"),
    ("accounts", "group"),
    ("accounts", "token"),
    ("accounts", "connection"),
    ("accounts", "domain"),
    ("accounts", "grant"),
    ("accounts", "pk"),
    ("gateway", "id"),
    ("datasets", "id"),
    ("agents", "id"),
    ("agents", "number"),
    ("agents", "evaluation"),
    ("agents", "case"),
    ("agents", "custom"),
    ("workflows", "name"),
    ("workflows", "id"),
    ("workflows", "number"),
    ("workflows", "webhook"),
    ("workflows", "token"),
    ("ai", "trained"),
    ("ai", "budget"),
    ("ai", "call"),
    ("ai", "provider"),
    ("ai", "server"),
    ("ai", "model"),
    ("ai", "trial"),
    ("ai", "case"),
    ("compliance", "entry"),
    ("compliance", "id"),
    ("allauth", "key"),
    ("allauth", "pk"),
}
# A run that has ended cannot be cancelled.
OPEN_RUNS: dict[str, Name] = {
    "id": lambda side, things: things.open_run,
    "number": lambda side, things: things.open_number,
    "evaluation": lambda side, things: things.open_run,
    "trained": lambda side, things: things.open_run,
    "trial": lambda side, things: things.open_run,
}
# Events of a run that is open go on until it ends.
ENDED_RUNS: dict[str, Name] = {"id": lambda side, things: things.run}


@dataclass(frozen=True)
class Body:
    """What a request that writes sends."""

    form: Literal["form", "json", "file"]
    fill: Callable[[Side, Things], Mapping[str, Any]] = lambda side, things: {}
    names_things: bool = False
    """Whether it names things of the tenant."""
    many: Literal["", "all", "each"] = ""
    """Whether it names many at once, in a list: done for all of them or for none, or told of each by itself."""
    headers: Callable[[Side, Things], Mapping[str, str]] = lambda side, things: {}
    """What goes along with it besides credentials."""


def _agent_form(side: Side, things: Things) -> Mapping[str, Any]:
    import json

    return {"mode": "json", "json": json.dumps(things.input)}


def _delegation(things: Things) -> Mapping[str, Any]:
    """To the deputy, beside what they were lent already."""
    begins_at = datetime.now(UTC) + timedelta(days=10)
    ends_at = begins_at + timedelta(days=1)
    return {"taker": things.deputy, "begins_at": begins_at.isoformat(), "ends_at": ends_at.isoformat()}


def _delegation_form(things: Things) -> Mapping[str, Any]:
    day = datetime.now(UTC).date() + timedelta(days=20)
    return {"taker": things.deputy, "begins": day.isoformat(), "ends": day.isoformat()}


def _builder(side: Side) -> Mapping[str, Any]:
    """An agent of a prompt, as the page for making one sends it."""
    form = {"title": "New", "request": "{letter}", "inputs.#": "1", "outputs.#": "1"}
    form |= {"inputs.0.?": "0", "inputs.0.name": "letter", "outputs.0.?": "0", "outputs.0.name": "topic"}
    return {f"agent.{name}": value for name, value in form.items()}


def _agent_file() -> str:
    return json.dumps({"format": "orchestrall.agent/1", **EXAMPLE})


def _case(things: Things) -> Mapping[str, Any]:
    import json

    facts = [{"path": "headline", "op": "is not empty"}]
    return {"name": "New", "facts": json.dumps(facts), "input": json.dumps(things.input), "run": str(things.number)}


def _definition(side: Side, things: Things) -> Mapping[str, Any]:
    steps = {"a": {"kind": "transform", "set": {"x": 1}}}
    return {"definition": {"name": things.workflow, "title": "New", "steps": steps}}


def _tool_call(side: Side, things: Things) -> Mapping[str, Any]:
    """Of a program that speaks MCP: the rows of a dataset."""
    params = {"name": "dataset_rows", "arguments": {"dataset": things.dataset}}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


def _yaml(side: Side, things: Things) -> str:
    import json

    return json.dumps(_definition(side, things)["definition"])


def _signature(side: Side, things: Things) -> Mapping[str, str]:
    """Of an empty message to the webhook, as its owner's secret makes it."""
    from tests.workflows.test_triggers import signed

    return signed(webhook_secret(side.marker), b"{}", id=f"msg_{side.marker}")


def _sample() -> str:
    """A generated table that both tenants may have: their industries are those of the agent."""
    return next((each.name for demo in demo_tenants() if demo.industry == "retail" for each in demo.datasets), "")


def _trial(things: Things) -> Mapping[str, Any]:
    models = {"model_1": things.run, "model_2": things.run}
    return {"words_1": "built-in", "words_2": "1", **models, "case": f"own:{things.run}"}


def _scim_patch(path: str, value: object) -> Mapping[str, Any]:
    operation = {"op": "replace", "path": path, "value": value}
    return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}


_GRANT = {"operator_email": "ops@example.org", "role": "auditor", "hours": "1", "reason": "New"}
_SCIM = "urn:ietf:params:scim:schemas:core:2.0"
_SCIM_USER = {"schemas": [f"{_SCIM}:User"], "userName": "new@example.org"}
_SCIM_GROUP = {"schemas": [f"{_SCIM}:Group"], "displayName": "New"}
_PROGRAM = {"name": "New", "role": "analyst"}
_PROVIDER = {"kind": "compatible", "name": "New", "at_once": "4"}
_NOWHERE = "http://127.0.0.1:9/v1"
_WORDS = {"system": "New", "user": "Explain {result}"}
_KEY = {"name": "New", "days": 7, "scopes": ["runs.view"]}
_NEW = {"email": "new@example.org", "name": "New", "role": "viewer"}
_POLICY = {"grace_days": 0, "session_hours": 12, "idle_minutes": 0}
_PASSWORDS = {"password1": "quite another password", "password2": "quite another password"}
_PERSON = {"kind": "export", "reason": "New"}
_BUDGET = {"scope": "user", "period": "day", "money": "9"}
NOTHING = Body("form")
TABLE = Body("file", lambda side, things: {"file": "item,period,quantity\na,2026-01-01,1\na,2026-02-01,2\n"})
MCP_ADDRESS = "http://127.0.0.1:9/mcp"
"""Of a server that nobody may call from here: no connection is made."""
_SSO_FORM = {"name": "new", "access.issuer": "http://127.0.0.1:9/login", "access.client_id": "x"}
_SSO_NEW = {"kind": "oidc", "name": "New", "access": {"issuer": "http://127.0.0.1:9/login", "client_id": "x"}}
_MCP_FORM = {"name": "new", "access.url": MCP_ADDRESS}
BODIES: dict[str, Body] = {
    "POST /custom-agents/new/": Body("form", lambda side, things: _builder(side)),
    "POST /custom-agents/import/": Body("file", lambda side, things: {"file": _agent_file()}),
    "POST /custom-agents/<str:custom>/": Body("form", lambda side, things: _builder(side)),
    "POST /custom-agents/<str:custom>/try/": Body("form", lambda side, things: {"sample.letter": "New"}),
    "POST /custom-agents/<str:custom>/do/": Body("form", lambda side, things: {"do": "duplicate"}),
    "POST /api/v1/custom-agents": Body("json", lambda side, things: EXAMPLE),
    "PUT /api/v1/custom-agents/<str:custom>/draft": Body("json", lambda side, things: EXAMPLE),
    "DELETE /api/v1/custom-agents/<str:custom>/draft": NOTHING,
    "POST /api/v1/custom-agents/<str:custom>/publish": Body("json", lambda side, things: {"note": "New"}),
    "POST /api/v1/custom-agents/<str:custom>/rollback": Body("json", lambda side, things: {"version": 1}),
    "POST /api/v1/custom-agents/<str:custom>/try": Body("json", lambda side, things: {"input": {"letter": "New"}}),
    "POST /agents/<str:key>/": Body("form", _agent_form, names_things=True),
    "POST /agents/<str:key>/settings/": Body("form", lambda side, things: {"runners": "some", "seen": "1"}),
    "POST /agents/<str:key>/settings/<int:version>/restore/": NOTHING,
    "POST /agents/<str:key>/evaluations/": Body("form", lambda side, things: {"which": "own"}),
    "POST /agents/<str:key>/evaluations/<uuid:evaluation>/stop/": NOTHING,
    "POST /models/try/": Body("form", lambda side, things: {"model": things.run, "text": "New"}, names_things=True),
    "POST /models/choices/": Body(
        "form", lambda side, things: {"agent": "", "do": "add", "model": things.run}, names_things=True
    ),
    "POST /models/policy/": Body("form", lambda side, things: {"currency": "EUR"}),
    "POST /models/providers/new/": Body("form", lambda side, things: {**_PROVIDER, "access.base_url": _NOWHERE}),
    "POST /models/providers/<uuid:provider>/": Body(
        "form", lambda side, things: {"name": "New", "at_once": "4", "access.base_url": _NOWHERE, "access.key": "new"}
    ),
    "POST /models/providers/<uuid:provider>/test/": NOTHING,
    "POST /models/providers/<uuid:provider>/turn/": Body("form", lambda side, things: {"on": "0"}),
    "POST /models/providers/<uuid:provider>/delete/": NOTHING,
    "POST /models/providers/<uuid:provider>/models/": Body("form", lambda side, things: {"name": "new"}),
    "POST /models/language/<uuid:model>/": Body(
        "form", lambda side, things: {"model.context": "1000", "model.longest_answer": "100"}
    ),
    "POST /models/language/<uuid:model>/delete/": NOTHING,
    "POST /api/v1/model-providers": Body(
        "json", lambda side, things: {"name": "New", "kind": "compatible", "access": {"base_url": _NOWHERE}}
    ),
    "PATCH /api/v1/model-providers/<uuid:provider>": Body("json", lambda side, things: {"name": "New"}),
    "DELETE /api/v1/model-providers/<uuid:provider>": NOTHING,
    "POST /api/v1/model-providers/<uuid:provider>/test": NOTHING,
    "POST /api/v1/model-providers/<uuid:provider>/models": Body("json", lambda side, things: {"names": ["new"]}),
    "PUT /api/v1/language-models/<uuid:model>": Body(
        "json", lambda side, things: {"context": 1000, "longest_answer": 9}
    ),
    "DELETE /api/v1/language-models/<uuid:model>": NOTHING,
    "PUT /api/v1/model-choices/<str:agent>": Body("json", lambda side, things: {"models": [things.run]}, True, "all"),
    "PUT /api/v1/model-policy": Body("json", lambda side, things: {"keeps_personal_data": True, "currency": "EUR"}),
    "POST /prompts/<str:prompt>/": Body("form", lambda side, things: _WORDS),
    "POST /prompts/<str:prompt>/discard/": NOTHING,
    "POST /prompts/<str:prompt>/restore/": Body("form", lambda side, things: {"version": "1"}),
    "POST /prompts/<str:prompt>/trials/": Body("form", lambda side, things: _trial(things), names_things=True),
    "POST /prompts/<str:prompt>/cases/": Body("form", lambda side, things: {"title": "New"}),
    "POST /prompts/<str:prompt>/cases/<uuid:case>/delete/": NOTHING,
    "POST /prompts/<str:prompt>/trials/<uuid:trial>/stop/": NOTHING,
    "POST /prompts/<str:prompt>/trials/<uuid:trial>/mark/": Body("form", lambda side, things: {"mark": "0 same"}),
    "PUT /api/v1/prompts/<str:prompt>/draft": Body("json", lambda side, things: _WORDS),
    "DELETE /api/v1/prompts/<str:prompt>/draft": NOTHING,
    "POST /api/v1/prompts/<str:prompt>/publish": Body("json", lambda side, things: {"note": "New"}),
    "POST /api/v1/prompts/<str:prompt>/restore": Body("json", lambda side, things: {"version": 1}),
    "POST /usage/budgets/new/": Body("form", lambda side, things: {**_BUDGET, "person": things.member}, True),
    "POST /usage/budgets/<uuid:budget>/": Body("form", lambda side, things: {"money": "7"}),
    "POST /usage/budgets/<uuid:budget>/delete/": NOTHING,
    "POST /api/v1/budgets": Body("json", lambda side, things: {**_BUDGET, "person": things.member}, True),
    "PUT /api/v1/budgets/<uuid:budget>": Body("json", lambda side, things: {"tokens": 7}),
    "DELETE /api/v1/budgets/<uuid:budget>": NOTHING,
    "POST /trained-models/<str:kind>/": Body("form", lambda side, things: {"dataset": things.dataset}, True),
    "POST /trained-models/<str:kind>/retire/": NOTHING,
    "POST /trained-models/<str:kind>/versions/<uuid:trained>/stop/": NOTHING,
    "POST /trained-models/<str:kind>/versions/<uuid:trained>/promote/": NOTHING,
    "POST /trained-models/<str:kind>/versions/<uuid:trained>/delete/": NOTHING,
    "POST /api/v1/trained-models/<str:kind>/versions": Body(
        "json", lambda side, things: {"dataset": things.dataset}, True
    ),
    "DELETE /api/v1/trained-models/<str:kind>/versions/<uuid:trained>": NOTHING,
    "POST /api/v1/trained-models/<str:kind>/versions/<uuid:trained>/stop": NOTHING,
    "POST /api/v1/trained-models/<str:kind>/versions/<uuid:trained>/promote": Body("json"),
    "POST /api/v1/trained-models/<str:kind>/retire": NOTHING,
    "POST /agents/<str:key>/cases/new/": Body("form", lambda side, things: _case(things)),
    "POST /agents/<str:key>/cases/<uuid:case>/": Body("form", lambda side, things: _case(things)),
    "POST /agents/<str:key>/cases/<uuid:case>/delete/": NOTHING,
    "POST /agents/<str:key>/drift/": Body("form", lambda side, things: {"falls_back": "true"}),
    "POST /agents/<str:key>/drift/end/": NOTHING,
    "POST /api/v1/agents/<str:key>/evaluations": Body("json", lambda side, things: {"version": 0}),
    "POST /api/v1/agents/<str:key>/evaluations/<uuid:evaluation>/stop": NOTHING,
    "PUT /api/v1/agents/<str:key>/watch": Body("json", lambda side, things: {"falls_back": True}),
    "DELETE /api/v1/agents/<str:key>/watch": NOTHING,
    "POST /agents/<str:key>/fill/": Body("form", lambda side, things: {"words": "Count"}),
    "POST /api/v1/agents/<str:key>/fill": Body("json", lambda side, things: {"text": "Count"}),
    "POST /runs/R-<int:number>/messages/": Body("form", lambda side, things: {"kind": "explanation"}),
    "POST /runs/R-<int:number>/messages/<int:message>/stop/": NOTHING,
    "POST /runs/R-<int:number>/messages/<int:message>/change/": Body(
        "form", lambda side, things: {"text": "New", "seq": "1"}
    ),
    "POST /api/v1/runs/<uuid:id>/messages": Body("json", lambda side, things: {"kind": "explanation"}),
    "PUT /api/v1/runs/<uuid:id>/messages/<int:message>": Body("json", lambda side, things: {"text": "New"}),
    "POST /api/v1/runs/<uuid:id>/messages/<int:message>/cancel": NOTHING,
    "POST /agents/<str:key>/batch/": Body(
        "form", lambda side, things: {"dataset": things.dataset, "by": "groups", "group": "item"}, names_things=True
    ),
    "POST /agents/<str:key>/batch/upload/": TABLE,
    "POST /batches/B-<int:number>/cancel/": NOTHING,
    "POST /batches/B-<int:number>/retry/": NOTHING,
    "POST /runs/R-<int:number>/": Body(
        "form", lambda side, things: {"decision": "0", "seen": "1", "verdict": "noted", "reason": "New"}
    ),
    "POST /runs/R-<int:number>/feedback/": Body("form", lambda side, things: {"right": "no", "comment": "New"}),
    "POST /runs/R-<int:number>/decisions/<int:position>/actions/<int:action>/": NOTHING,
    "POST /runs/R-<int:number>/cancel/": NOTHING,
    "POST /runs/R-<int:number>/again/": NOTHING,
    "POST /runs/R-<int:number>/requeue/": NOTHING,
    "POST /audit/export/": Body("form", lambda side, things: {"form": "csv"}),
    "POST /privacy/new/": Body("form", lambda side, things: {**_PERSON, "member": things.member}, names_things=True),
    "POST /privacy/requests/<uuid:id>/confirm/": Body("form", lambda side, things: {"typed": f"P-{things.number}"}),
    "POST /privacy/requests/<uuid:id>/cancel/": NOTHING,
    "POST /privacy/holds/new/": Body(
        "form", lambda side, things: {"title": "New", "reason": "New", "member": things.member}, names_things=True
    ),
    "POST /privacy/holds/<uuid:id>/": NOTHING,
    "POST /retention/<str:retained>/": Body("form", lambda side, things: {"how": "keep"}),
    "POST /api/v1/privacy-requests": Body("json", lambda side, things: {**_PERSON, "member": things.member}, True),
    "POST /api/v1/privacy-requests/<uuid:id>/confirm": Body(
        "json", lambda side, things: {"typed": f"P-{things.number}"}
    ),
    "POST /api/v1/privacy-requests/<uuid:id>/cancel": NOTHING,
    "POST /api/v1/legal-holds": Body(
        "json", lambda side, things: {"title": "New", "reason": "New", "member": things.member}, names_things=True
    ),
    "POST /api/v1/legal-holds/<uuid:id>/release": NOTHING,
    "PUT /api/v1/retention/<str:retained>": Body("json", lambda side, things: {"days": 500}),
    "POST /release/": NOTHING,
    "POST /first-steps/": NOTHING,
    "POST /members/invite/": Body("form", lambda side, things: _NEW),
    "POST /members/<uuid:id>/role/": Body("form", lambda side, things: {"role": "analyst"}),
    "POST /members/<uuid:id>/deactivate/": NOTHING,
    "POST /members/<uuid:id>/reactivate/": NOTHING,
    "POST /members/<uuid:id>/invite-again/": NOTHING,
    "POST /members/service-accounts/new/": Body("form", lambda side, things: _PROGRAM),
    "POST /members/service-accounts/<uuid:account>/role/": Body("form", lambda side, things: {"role": "analyst"}),
    "POST /members/service-accounts/<uuid:account>/deactivate/": NOTHING,
    "POST /members/service-accounts/<uuid:account>/reactivate/": NOTHING,
    "POST /keys/new/": Body(
        "form", lambda side, things: {**_KEY, "account": things.service_account}, names_things=True
    ),
    "POST /keys/<uuid:id>/rotate/": Body("form", lambda side, things: {"overlap": "1d"}),
    "POST /keys/<uuid:id>/revoke/": NOTHING,
    "POST /keys/origins/": Body("form", lambda side, things: {"origins": "https://new.example.org"}),
    "POST /accounts/login/": Body("form", lambda side, things: {"login": side.email, "password": PASSWORD}),
    "POST /accounts/logout/": NOTHING,
    "POST /accounts/signup/": Body("form", lambda side, things: {"email": "new@example.org", **_PASSWORDS}),
    "POST /accounts/2fa/authenticate/": Body("form", lambda side, things: {"code": "000000"}),
    "POST /accounts/2fa/reauthenticate/": Body("form", lambda side, things: {"code": "000000"}),
    "POST /accounts/2fa/totp/activate/": Body("form", lambda side, things: {"code": "000000"}),
    "POST /accounts/2fa/totp/deactivate/": NOTHING,
    "POST /accounts/2fa/recovery-codes/generate/": NOTHING,
    "POST /accounts/2fa/webauthn/add/": Body("form", lambda side, things: {"credential": "{}"}),
    "POST /accounts/2fa/webauthn/reauthenticate/": Body("form", lambda side, things: {"credential": "{}"}),
    "POST /accounts/2fa/webauthn/keys/<int:pk>/remove/": NOTHING,
    "POST /accounts/2fa/webauthn/keys/<int:pk>/edit/": Body("form", lambda side, things: {"name": "new"}),
    "POST /accounts/2fa/webauthn/login/": Body("form", lambda side, things: {"credential": "{}"}),
    "POST /accounts/sessions/": NOTHING,
    "POST /identity/": Body("form", lambda side, things: {**_POLICY, "version": "0"}),
    "POST /members/<uuid:id>/sign-out/": NOTHING,
    "POST /members/<uuid:id>/factors/remove/": NOTHING,
    "PUT /api/v1/sign-in-policy": Body("json", lambda side, things: {**_POLICY, "demands": {}}),
    "POST /accounts/reauthenticate/": Body("form", lambda side, things: {"password": "not the password"}),
    "POST /accounts/email/": Body("form", lambda side, things: {"email": "no address", "action_add": ""}),
    "POST /accounts/password/change/": Body("form", lambda side, things: {"oldpassword": "wrong", **_PASSWORDS}),
    "POST /accounts/password/set/": Body("form", lambda side, things: _PASSWORDS),
    "POST /accounts/password/reset/": Body("form", lambda side, things: {"email": side.email}),
    "POST /accounts/login/code/confirm/": Body("form", lambda side, things: {"code": "ABC123"}),
    "POST /accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": Body(
        "form", lambda side, things: _PASSWORDS
    ),
    "POST /api/v1/tokens": Body("json", lambda side, things: {"email": side.email, "password": PASSWORD}),
    "POST /api/v1/tokens/refresh": Body("json", lambda side, things: {"refresh_token": side.refresh_token}),
    "POST /api/v1/tickets": NOTHING,
    "POST /api/v1/keys": Body(
        "json", lambda side, things: {**_KEY, "service_account": things.service_account}, names_things=True
    ),
    "POST /api/v1/keys/<uuid:id>/rotate": Body("json", lambda side, things: {"overlap": "1d"}),
    "DELETE /api/v1/keys/<uuid:id>": NOTHING,
    "POST /api/v1/service-accounts": Body("json", lambda side, things: _PROGRAM),
    "PATCH /api/v1/service-accounts/<uuid:account>": Body("json", lambda side, things: {"name": "New"}),
    "POST /api/v1/tokens/revoke": Body("json", lambda side, things: {"token": side.refresh_token}),
    "POST /data/upload/": TABLE,
    "POST /data/sample/": Body("form", lambda side, things: {"name": _sample()}),
    "POST /data/<uuid:id>/rename/": Body("form", lambda side, things: {"name": "New"}),
    "POST /data/<uuid:id>/delete/": NOTHING,
    "POST /api/v1/datasets": TABLE,
    "POST /api/v1/datasets/delete": Body("json", lambda side, things: {"ids": [things.dataset]}, True, "each"),
    "PATCH /api/v1/datasets/<uuid:id>": Body("json", lambda side, things: {"name": "New"}),
    "DELETE /api/v1/datasets/<uuid:id>": NOTHING,
    "PUT /api/v1/agents/<str:key>/configuration": Body("json", lambda side, things: {"note": "New"}),
    "POST /api/v1/agents/<str:key>/configuration/restore": Body("json", lambda side, things: {"version": 1}),
    "POST /api/v1/agents/<str:key>/runs": Body("json", lambda side, things: {"input": things.input}, names_things=True),
    "POST /api/v1/agents/<str:key>/runs/bulk": Body(
        "json", lambda side, things: {"inputs": [things.input]}, True, "all"
    ),
    "POST /api/v1/agents/<str:key>/batches": Body(
        "json", lambda side, things: {"dataset": things.dataset, "by": "groups", "group": "item"}, names_things=True
    ),
    "POST /api/v1/batches/<uuid:id>/cancel": NOTHING,
    "POST /api/v1/batches/<uuid:id>/retry": NOTHING,
    "POST /api/v1/runs/<uuid:id>/cancel": NOTHING,
    "POST /api/v1/runs/<uuid:id>/decisions/<int:position>/review": Body(
        "json", lambda side, things: {"verdict": "noted", "reason": "New", "seen": 1}
    ),
    "POST /api/v1/runs/<uuid:id>/decisions/<int:position>/actions/<int:action>": NOTHING,
    "POST /api/v1/runs/<uuid:id>/feedback": Body("json", lambda side, things: {"is_right": False, "comment": "New"}),
    "POST /workflows/new/": Body(
        "form", lambda side, things: {"title": "New", "copy": things.workflow}, names_things=True
    ),
    "POST /workflows/new/yaml/": Body(
        "form", lambda side, things: {"action": "save", "text": _yaml(side, things).replace(things.workflow, "fresh")}
    ),
    "POST /workflows/agents/<str:agent>/schedule/": Body(
        "form",
        lambda side, things: {
            "run": str(things.number),
            "often": "day",
            "time": "07:00",
            "zone": "UTC",
            "name": "fresh",
            "title": "New",
        },
        names_things=True,
    ),
    "POST /workflows/<slug:name>/edit/yaml/": Body(
        "form", lambda side, things: {"action": "save", "text": _yaml(side, things)}
    ),
    "POST /workflows/edits/<uuid:id>/steps/": Body("form", lambda side, things: {"add": "kind:wait"}),
    "POST /workflows/edits/<uuid:id>/steps/<str:step>/": Body("form", lambda side, things: {"s.title": "New"}),
    "POST /workflows/edits/<uuid:id>/steps/<str:step>/act/": Body("form", lambda side, things: {"do": "duplicate"}),
    "POST /workflows/edits/<uuid:id>/whole/<str:part>/": Body("form", lambda side, things: {"w.title": "New"}),
    "POST /workflows/edits/<uuid:id>/triggers/": Body(
        "form", lambda side, things: {"do": "add", "kind": "schedule", "how": "every", "every": "1h", "zone": "UTC"}
    ),
    "POST /workflows/edits/<uuid:id>/history/": Body("form", lambda side, things: {"do": "undo"}),
    "POST /workflows/edits/<uuid:id>/save/": NOTHING,
    "POST /workflows/edits/<uuid:id>/publish/": Body("form", lambda side, things: {"note": "New"}),
    "POST /workflows/edits/<uuid:id>/discard/": NOTHING,
    "POST /workflows/edits/<uuid:id>/rebase/": Body("form", lambda side, things: {"take": "mine"}),
    "POST /workflows/edits/<uuid:id>/yaml/": Body("form", lambda side, things: {"text": _yaml(side, things)}),
    "POST /workflows/<slug:name>/replay/": Body("form", lambda side, things: {"against": "2", "most": "3"}),
    "POST /workflows/replays/<uuid:id>/cancel/": NOTHING,
    "POST /workflows/edits/<uuid:id>/try/": Body("form", lambda side, things: {"how": "all"}),
    "POST /workflows/trials/<uuid:id>/": Body("form", lambda side, things: {"act": "all"}),
    "POST /api/v1/workflows/<slug:name>/replays": Body("json", lambda side, things: {"against": "2", "most": 3}),
    "POST /api/v1/workflow-replays/<uuid:id>/cancel": NOTHING,
    "POST /workflows/<slug:name>/start/": NOTHING,
    "POST /workflows/<slug:name>/publish/": Body("form", lambda side, things: {"note": "New"}),
    "POST /workflows/<slug:name>/ask-publication/": NOTHING,
    "POST /workflows/<slug:name>/second-person/": Body("form", lambda side, things: {"needed": "1"}),
    "POST /workflows/<slug:name>/discard/": NOTHING,
    "POST /workflows/<slug:name>/rollback/": Body("form", lambda side, things: {"number": "1"}),
    "POST /workflows/<slug:name>/pause/": NOTHING,
    "POST /workflows/<slug:name>/resume/": NOTHING,
    "POST /workflows/<slug:name>/archive/": NOTHING,
    "POST /workflows/<slug:name>/triggers/new/": Body(
        "form", lambda side, things: {"kind": "schedule", "how": "every", "every": "1h", "zone": "UTC"}
    ),
    "POST /workflows/<slug:name>/triggers/<uuid:id>/": Body(
        "form", lambda side, things: {"how": "every", "every": "2h", "zone": "UTC"}
    ),
    "POST /workflows/<slug:name>/triggers/<uuid:id>/turn/": Body("form", lambda side, things: {"on": "0"}),
    "POST /workflows/<slug:name>/triggers/<uuid:id>/backfill/": Body(
        "form", lambda side, things: {"act": "cancel", "backfill": things.open_run}, names_things=True
    ),
    "POST /api/v1/triggers/<uuid:id>/backfills": Body(
        "json", lambda side, things: {"begins_at": "2026-03-02T00:00:00Z", "ends_at": "2026-03-02T03:00:00Z"}
    ),
    "POST /api/v1/triggers/<uuid:id>/backfills/preview": Body(
        "json", lambda side, things: {"begins_at": "2026-03-02T00:00:00Z", "ends_at": "2026-03-02T03:00:00Z"}
    ),
    "POST /api/v1/backfills/<uuid:id>/cancel": NOTHING,
    "POST /workflows/<slug:name>/triggers/<uuid:id>/delete/": NOTHING,
    "POST /workflows/<slug:name>/triggers/<uuid:webhook>/rotate/": Body("form", lambda side, things: {"overlap": "1d"}),
    "POST /api/v1/workflows": Body(
        "json", lambda side, things: {"definition": {**_definition(side, things)["definition"], "name": "fresh"}}
    ),
    "PUT /api/v1/workflows/<slug:name>": Body("json", _definition),
    "DELETE /api/v1/workflows/<slug:name>": NOTHING,
    "POST /api/v1/workflows/<slug:name>/check": Body("json", _definition),
    "POST /api/v1/workflows/<slug:name>/publish": Body("json", lambda side, things: {"note": "New"}),
    "DELETE /api/v1/workflows/<slug:name>/draft": NOTHING,
    "POST /api/v1/workflows/<slug:name>/ask-publication": NOTHING,
    "POST /api/v1/workflows/<slug:name>/second-person": Body("json", lambda side, things: {"needed": True}),
    "POST /api/v1/workflows/<slug:name>/rollback": Body("json", lambda side, things: {"number": 1}),
    "POST /api/v1/workflows/<slug:name>/pause": NOTHING,
    "POST /api/v1/workflows/<slug:name>/resume": NOTHING,
    "POST /api/v1/workflows/<slug:name>/runs": Body("json", lambda side, things: {"inputs": {}}),
    "POST /api/v1/workflows/<slug:name>/runs/bulk": Body("json", lambda side, things: {"inputs": [{}, {}]}),
    "POST /api/v1/workflows/<slug:name>/triggers": Body(
        "json", lambda side, things: {"kind": "schedule", "settings": {"every": "1h"}}
    ),
    "PATCH /api/v1/triggers/<uuid:id>": Body("json", lambda side, things: {"is_enabled": False}),
    "DELETE /api/v1/triggers/<uuid:id>": NOTHING,
    "POST /api/v1/triggers/<uuid:id>/rotate": Body("json", lambda side, things: {"overlap": "1d"}),
    "POST /api/v1/workflow-blueprints/<str:key>/use": NOTHING,
    "POST /workflows/blueprints/<str:key>/use/": NOTHING,
    "POST /workflows/blueprints/<str:key>/set-up/": Body(
        "form", lambda side, things: {"act": "draft", "when": "hand", "roles": "approver"}
    ),
    "POST /workflow-runs/bulk/": Body(
        "form", lambda side, things: {"action": "cancel", "run": things.open_run}, names_things=True
    ),
    "POST /workflow-runs/W-<int:number>/retry/": Body("form", lambda side, things: {"step": "a"}),
    "POST /workflow-runs/W-<int:number>/move/": NOTHING,
    "POST /workflow-runs/W-<int:number>/again/": NOTHING,
    "POST /workflow-runs/W-<int:number>/cancel/": NOTHING,
    "POST /workflow-runs/W-<int:number>/pause/": NOTHING,
    "POST /workflow-runs/W-<int:number>/undo/stop/": NOTHING,
    "POST /workflow-runs/W-<int:number>/resume/": NOTHING,
    "POST /workflow-runs/W-<int:number>/requeue/": NOTHING,
    "POST /api/v1/workflow-runs/cancel": Body("json", lambda side, things: {"ids": [things.open_run]}, True, "each"),
    "POST /approvals/<uuid:id>/": Body("form", lambda side, things: {"answer": "yes"}),
    "POST /approvals/bulk/": Body(
        "form", lambda side, things: {"answer": "yes", "approval": things.open_run}, names_things=True
    ),
    "POST /approvals/delegations/": Body("form", lambda side, things: _delegation_form(things), names_things=True),
    "POST /approvals/delegations/<uuid:id>/revoke/": NOTHING,
    "POST /approvals/mails/": Body("form", lambda side, things: {"mails": "off"}),
    "POST /calls/<uuid:id>/": Body("form", lambda side, things: {"outcome": "send", "note": "x"}),
    "POST /effects/settle/": Body(
        "form", lambda side, things: {"outcome": "fail", "note": "x", "call": things.open_run}, names_things=True
    ),
    "POST /api/v1/workflow-calls/settle": Body(
        "json", lambda side, things: {"ids": [things.open_run], "happened": False, "note": "x"}, True, "each"
    ),
    "POST /given-up/": Body("form", lambda side, things: {"only": f"workflows.run:{things.run}"}, names_things=True),
    "POST /api/v1/workflow-runs/requeue": Body("json", lambda side, things: {"ids": [things.run]}, True, "each"),
    "POST /api/v1/workflow-runs/retry": Body("json", lambda side, things: {"ids": [things.run]}, True, "each"),
    "POST /api/v1/workflow-runs/move": Body("json", lambda side, things: {"ids": [things.run]}, True, "each"),
    "POST /api/v1/workflow-runs/<uuid:id>/cancel": NOTHING,
    "POST /api/v1/workflow-runs/<uuid:id>/pause": NOTHING,
    "POST /api/v1/workflow-runs/<uuid:id>/undo/stop": NOTHING,
    "POST /api/v1/workflow-runs/<uuid:id>/resume": NOTHING,
    "POST /api/v1/workflow-runs/<uuid:id>/move": NOTHING,
    "POST /api/v1/workflow-runs/<uuid:id>/retry": Body("json", lambda side, things: {"step": "a"}),
    "POST /api/v1/approvals/<uuid:id>/decision": Body("json", lambda side, things: {"approved": True}),
    "POST /api/v1/approvals/decisions": Body(
        "json", lambda side, things: {"ids": [things.open_run], "approved": True}, True, "each"
    ),
    "POST /api/v1/delegations": Body("json", lambda side, things: _delegation(things)),
    "POST /api/v1/delegations/<uuid:id>/revoke": NOTHING,
    "POST /api/v1/workflow-calls/<uuid:id>/settle": Body("json", lambda side, things: {"happened": False, "note": "x"}),
    "POST /scim/v2/Users": Body("json", lambda side, things: _SCIM_USER),
    "POST /scim/v2/Users/.search": Body("json", lambda side, things: {"filter": f'displayName co "{WORD}"'}),
    "PUT /scim/v2/Users/<str:id>": Body("json", lambda side, things: _SCIM_USER),
    "PATCH /scim/v2/Users/<str:id>": Body("json", lambda side, things: _scim_patch("displayName", "New")),
    "DELETE /scim/v2/Users/<str:id>": NOTHING,
    "POST /scim/v2/Groups": Body("json", lambda side, things: {**_SCIM_GROUP, "members": [{"value": things.member}]}),
    "POST /scim/v2/Groups/.search": Body("json", lambda side, things: {"filter": f'displayName co "{WORD}"'}),
    "PUT /scim/v2/Groups/<str:group>": Body(
        "json", lambda side, things: {**_SCIM_GROUP, "members": [{"value": things.member}]}
    ),
    "PATCH /scim/v2/Groups/<str:group>": Body(
        "json", lambda side, things: _scim_patch("members", [{"value": things.member}])
    ),
    "DELETE /scim/v2/Groups/<str:group>": NOTHING,
    "POST /identity/operators/": Body("form", lambda side, things: _GRANT),
    "POST /identity/operators/<uuid:grant>/approve/": NOTHING,
    "POST /identity/operators/<uuid:grant>/decline/": NOTHING,
    "POST /identity/operators/<uuid:grant>/revoke/": NOTHING,
    "POST /visit/": Body("form", lambda side, things: {"ticket": entry_ticket(side)}),
    "POST /identity/sso/": Body("form", lambda side, things: {}),
    "POST /identity/sso/new/<str:kind>/": Body("form", lambda side, things: _SSO_FORM),
    "POST /identity/sso/<uuid:connection>/": Body(
        "form", lambda side, things: {**_SSO_FORM, "_edit": "add rules.roles"}
    ),
    "POST /identity/sso/<uuid:connection>/test/": NOTHING,
    "POST /identity/sso/<uuid:connection>/turn/": Body("form", lambda side, things: {"on": "0"}),
    "POST /identity/sso/<uuid:connection>/delete/": NOTHING,
    "POST /identity/sso/<uuid:connection>/domains/": Body("form", lambda side, things: {"name": "new.example"}),
    "POST /identity/sso/<uuid:connection>/domains/<uuid:domain>/verify/": NOTHING,
    "POST /identity/sso/<uuid:connection>/domains/<uuid:domain>/remove/": NOTHING,
    "POST /api/v1/sso/connections": Body("json", lambda side, things: _SSO_NEW),
    "PATCH /api/v1/sso/connections/<uuid:connection>": Body("json", lambda side, things: {"is_enabled": False}),
    "DELETE /api/v1/sso/connections/<uuid:connection>": NOTHING,
    "POST /api/v1/sso/connections/<uuid:connection>/test": NOTHING,
    "POST /api/v1/sso/connections/<uuid:connection>/domains": Body(
        "json", lambda side, things: {"name": "new.example"}
    ),
    "DELETE /api/v1/sso/connections/<uuid:connection>/domains/<uuid:domain>": NOTHING,
    "POST /api/v1/sso/connections/<uuid:connection>/domains/<uuid:domain>/verify": NOTHING,
    "PUT /api/v1/sso/policy": Body("json", lambda side, things: {"is_only": False}),
    "POST /identity/provisioning/": Body("form", lambda side, things: {"name": "New", "days": "30"}),
    "POST /identity/provisioning/tokens/<uuid:token>/rotate/": Body("form", lambda side, things: {"overlap": "1d"}),
    "POST /identity/provisioning/tokens/<uuid:token>/revoke/": NOTHING,
    "POST /identity/provisioning/groups/<uuid:group>/role/": Body("form", lambda side, things: {"role": "analyst"}),
    "POST /members/<uuid:id>/management/": Body("form", lambda side, things: {"managed": "0"}),
    "POST /hooks/<uuid:webhook>": Body("json", headers=_signature),
    "POST /mcp": Body("json", _tool_call, names_things=True),
    "POST /mcp-servers/new/": Body("form", lambda side, things: _MCP_FORM),
    "POST /mcp-servers/<uuid:server>/": Body("form", lambda side, things: _MCP_FORM),
    "POST /mcp-servers/<uuid:server>/test/": NOTHING,
    "POST /mcp-servers/<uuid:server>/turn/": Body("form", lambda side, things: {"on": "0"}),
    "POST /mcp-servers/<uuid:server>/tools/": NOTHING,
    "POST /mcp-servers/<uuid:server>/delete/": NOTHING,
    "POST /api/v1/mcp-servers": Body("json", lambda side, things: {"name": "new", "access": {"url": MCP_ADDRESS}}),
    "PATCH /api/v1/mcp-servers/<uuid:server>": Body("json", lambda side, things: {"is_enabled": False}),
    "DELETE /api/v1/mcp-servers/<uuid:server>": NOTHING,
    "POST /api/v1/mcp-servers/<uuid:server>/test": NOTHING,
    "POST /api/v1/mcp-servers/<uuid:server>/tools": Body("json", lambda side, things: {"tools": []}),
    "POST /api/v1/runs/cancel": Body("json", lambda side, things: {"ids": [things.open_run]}, True, "each"),
}
# What answers nothing to a member, whoever they are: addresses of SCIM at which there is nothing, a visitor's way out.
NOWHERE = {"/scim/v2/<path:rest>", "/visit/leave/"}
# What answers a refusal to whoever brings nothing that a provider has signed for this browser: across tenants it is
# tried with what one has signed (tests/accounts/sso, group "other tenant").
OF_PROVIDERS = {
    "/sso/out/<str:ticket>/",
    "/sso/<uuid:connection>/again/",
    "/sso/<uuid:connection>/callback/",
    "/sso/<uuid:connection>/acs/",
    "/sso/<uuid:connection>/acs/finish/",
    "/sso/<uuid:connection>/sls/",
    "/sso/<uuid:connection>/backchannel/",
}
# Pages of a factor that is set up, which are there for its holder alone: asked by a member who has it.
OF_HOLDERS = {
    "/accounts/2fa/totp/deactivate/",
    "/accounts/2fa/recovery-codes/",
    "/accounts/2fa/recovery-codes/download/",
    "/accounts/2fa/webauthn/keys/<int:pk>/remove/",
    "/accounts/2fa/webauthn/keys/<int:pk>/edit/",
}
# Pages that anybody may open: they show nothing of a tenant but its name.
OPEN_PAGES = {
    "/visit/",
    "/accounts/login/",
    "/accounts/logout/",
    "/accounts/inactive/",
    "/accounts/signup/",
    "/accounts/confirm-email/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/done/",
    "/accounts/login/code/confirm/",
    "/accounts/2fa/authenticate/",
    "/accounts/2fa/webauthn/login/",
    "/accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
    "/sso/find/",
    "/sso/<uuid:connection>/login/",
    "/sso/<uuid:connection>/metadata/",
    "/.well-known/jwks.json",
    "/.well-known/oauth-protected-resource/mcp",
}
# Words of what refuses with a status of its own: a page, and a tool's answer by JSON-RPC.
REFUSING_WORDS = {
    "/visit/": b"Nobody was let in",
    "/accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": b"This link no longer works",
    "/mcp": b"(not_found)",
}
# Reads in which no text of the tenant's rows stands. Of all others the owner must find the marker.
UNMARKED = {
    "/workflows/<slug:name>/rollback/",  # leads to the list of versions, where no version was chosen
    "/api/v1/workflow-runs/<uuid:id>/move",  # of a run that cannot be moved: why
    "/scim/v2/ServiceProviderConfig",
    "/scim/v2/ResourceTypes",
    "/scim/v2/ResourceTypes/<str:name>",
    "/scim/v2/Schemas",
    "/scim/v2/Schemas/<str:name>",
    "/retention/<str:retained>/",
    "/api/v1/retention",
    "/api/v1/retention/<str:retained>",
    "/api/v1/audit/consistency",
    "/api/v1/audit/integrity",
    "/api/v1/audit/public-key",
    "/audit/verify/verify_audit.py",
    "/calls/",  # leads to effects
    "/workflow-runs/W-<int:number>/undo/stop/",  # leads to the run, where nothing is being undone
    "/api/v1/usage",
    "/api/v1/model-usage",
    "/api/v1/performance",
    "/performance/",
    "/performance/figures/",
    "/api/v1/agents",
    "/api/v1/agents/<str:key>",
    "/api/v1/workflow-blueprints",
    "/api/v1/workflow-blueprints/<str:key>",
    "/workflows/blueprints/",
    "/workflows/blueprints/<str:key>/",
    "/workflows/blueprints/<str:key>/set-up/",
    "/workflows/edits/<uuid:id>/steps/<str:step>/backtest/",
    "/help/",
    "/agents/",
    "/agents/<str:key>/cases/new/",
    "/agents/<str:key>/suggest/",
    "/agents/<str:key>/evaluations/<uuid:evaluation>/snapshot/",
    "/agents/<str:key>/drift/",
    "/agents/<str:key>/fill/",
    "/runs/R-<int:number>/messages/",
    "/runs/R-<int:number>/messages/<int:message>/change/",
    "/runs/R-<int:number>/messages/snapshot/",
    "/api/v1/agents/<str:key>/watch",
    "/models/providers/new/",
    "/prompts/",
    "/prompts/<str:prompt>/trials/<uuid:trial>/snapshot/",
    "/workflows/replays/<uuid:id>/snapshot/",
    "/workflows/trials/<uuid:id>/snapshot/",
    "/api/v1/model-provider-kinds",
    "/api/v1/model-policy",
    "/api/v1/model-mode",
    "/trained-models/",
    "/trained-models/<str:kind>/versions/<uuid:trained>/snapshot/",
    "/api/v1/trained-models",
    "/connect/",
    "/mcp-servers/new/",
    "/workflows/new/",
    "/workflows/new/yaml/",
    "/workflows/agents/<str:agent>/schedule/",
    "/members/service-accounts/new/",
    "/members/invite/",
    "/identity/",
    "/identity/sso/new/<str:kind>/",
    "/identity/sso/<uuid:connection>/metadata.xml",
    "/api/v1/sso/policy",
    "/accounts/reauthenticate/",
    "/accounts/2fa/",
    "/accounts/2fa/reauthenticate/",
    "/accounts/2fa/totp/activate/",
    "/accounts/2fa/totp/deactivate/",
    "/accounts/2fa/recovery-codes/",
    "/accounts/2fa/recovery-codes/download/",
    "/accounts/2fa/recovery-codes/generate/",
    "/accounts/2fa/webauthn/",
    "/accounts/2fa/webauthn/add/",
    "/accounts/2fa/webauthn/reauthenticate/",
    "/accounts/sessions/",
    "/api/v1/sign-in-policy",
    "/accounts/email/",
} | {
    "/accounts/password/change/",
    "/accounts/password/set/",
}
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)")


@dataclass(frozen=True)
class Operation:
    """A method of a route of a tenant's host."""

    method: str
    route: str
    app: str
    is_api: bool
    is_open: bool
    by_session: bool = True
    """Whether it takes the session of a browser, and so a CSRF token with whatever writes."""
    by_directory: bool = False
    """Whether it takes the token of a directory, and no other credential."""
    code: str = ""
    """The permission that it declares; empty for a page, whose selectors and services demand their own."""

    @property
    def name(self) -> str:
        return f"{self.method} {self.route}"

    @property
    def body(self) -> Body | None:
        return None if self.method == "GET" else BODIES[self.name]

    @property
    def parameters(self) -> list[str]:
        return [name or other for name, other in _PARAMETER.findall(self.route)]

    @property
    def template(self) -> str:
        """The route as the OpenAPI document writes it."""
        return _PARAMETER.sub(lambda found: f"{{{found[1] or found[2]}}}", self.route)

    @property
    def names_things_in_address(self) -> bool:
        return any((self.app, each) in OF_THE_TENANT for each in self.parameters)

    @property
    def names_things(self) -> bool:
        """Whether a request of it names things of the tenant, in the address or in the body."""
        return self.names_things_in_address or (self.body is not None and self.body.names_things)

    @property
    def is_marked(self) -> bool:
        """Whether the owner must find the marker in what it answers."""
        return self.method == "GET" and not self.is_open and self.route not in UNMARKED

    def address(self, side: Side, things: Things) -> str:
        special = (
            OPEN_RUNS
            if {"cancel", "stop"} & set(self.route.split("/"))
            else ENDED_RUNS
            if "/events" in self.route
            else {}
        )
        names = {**NAMES[self.app], **special} if self.parameters else {}
        return self._filled(lambda name: names[name](side, things))

    def path_with(self, text: str) -> str:
        """The address with `text` in the place of everything in it."""
        return self._filled(lambda name: text)

    def _filled(self, fill: Callable[[str], object]) -> str:
        filled = _PARAMETER.sub(lambda found: str(fill(found[1] or found[2])), self.route)
        return filled.replace("^", "").replace("$", "").replace("\\", "")


def _app(module: str) -> str:
    parts = module.split(".")
    return parts[1] if parts[0] == "apps" else parts[0]


def operations() -> list[Operation]:
    """Every method of every route of a tenant's host."""
    found = []
    for route, view in routes():
        if route in NOWHERE | OF_PROVIDERS:
            continue
        app = _app(view.__module__)
        if isinstance(view, type) and issubclass(view, ApiView):
            by_session = ConsoleSession in view.authentication_classes
            by_directory = ScimBearer in view.authentication_classes
            for method, code in view.permission.items():
                found.append(Operation(method, route, app, True, code == OPEN, by_session, by_directory, code))
        else:
            is_open = route in OPEN_PAGES and not (isinstance(view, type) and issubclass(view, ConsoleView))
            there = [each for each in ("GET", "POST") if hasattr(view, each.lower())] or ["GET"]
            found += [Operation(method, route, app, False, is_open) for method in there]
    return found


def documented() -> set[str]:
    """The operations of the OpenAPI document."""
    methods = {"get", "post", "put", "patch", "delete"}
    return {
        f"{method.upper()} {address}"
        for address, there in document()["paths"].items()
        for method in there
        if method in methods
    }


@cache
def listings() -> set[str]:
    """The routes of the API whose answers come in pages, as the OpenAPI document writes them."""
    return {
        address
        for address, methods in document()["paths"].items()
        if any(each["name"] == "cursor" for each in methods.get("get", {}).get("parameters", []))
    }


QUERIES: list[Callable[[Things], dict[str, str]]] = [
    lambda things: {"q": WORD},
    lambda things: {"before": things.run, "again": str(things.number), "dataset": things.dataset, "row": WORD},
]
"""What may stand in the query of any read: a search, and names of things."""


@dataclass(frozen=True)
class SocketRoute:
    """A socket of a tenant's host."""

    route: str
    app: str
    names_things: bool = field(default=False)

    def address(self, side: Side, things: Things) -> str:
        return Operation("GET", f"/{self.route}", self.app, is_api=True, is_open=False).address(side, things)


def sockets() -> list[SocketRoute]:
    from orchestrall.urls.sockets import urlpatterns

    found = []
    for entry in urlpatterns:
        consumer = entry.callback.consumer_class
        if consumer is not NoSocket:
            app, route = _app(consumer.__module__), str(entry.pattern)
            names = [name or other for name, other in _PARAMETER.findall(route)]
            found.append(SocketRoute(route, app, any((app, each) in OF_THE_TENANT for each in names)))
    return found


# The id that a kind of a tenant's work goes by.
WORK: dict[str, Callable[[Things], UUID]] = {
    "agents.run": lambda things: UUID(things.open_run),
    "agents.batch": lambda things: UUID(things.open_run),
    "agents.evaluate": lambda things: UUID(things.open_run),
    "agents.message": lambda things: UUID(things.open_run),
    "agents.watch": lambda things: UUID(things.watch),
    "audit.sequence": lambda things: UUID(things.open_run),
    "ai.train": lambda things: UUID(things.open_run),
    "ai.trial": lambda things: UUID(things.open_run),
    "compliance.privacy": lambda things: UUID(things.open_run),
    "compliance.retention": lambda things: UUID(things.open_run),
    "dummy.work": lambda things: UUID(things.open_run),
    # Of workflows each kind has a thing under that id as well: see `ground`.
    "workflows.run": lambda things: UUID(things.open_run),
    "workflows.call": lambda things: UUID(things.open_run),
    "workflows.schedule": lambda things: UUID(things.open_run),
    "workflows.backfill": lambda things: UUID(things.open_run),
    "workflows.replay": lambda things: UUID(things.open_run),
    "workflows.trial": lambda things: UUID(things.open_run),
    "workflows.approval": lambda things: UUID(things.open_run),
    # A member's, who is to be told of something.
    "workflows.notice": lambda things: UUID(int=UUID(things.member).int + 800),
    "workflows.act": lambda things: UUID(things.open_run),
    "accounts.visit_end": lambda things: UUID(things.grant),
}
# Kinds whose ids are those of tenants.
PLATFORM_WORK = {"tenants.provision", "tenants.delete", "dummy.platform"}


def kinds() -> list[WorkKind]:
    return list(KINDS)


def back_office() -> list[str]:
    """The routes below /admin/ of the operators' host."""
    resolver = get_resolver(settings.OPERATORS_URLCONF)
    return [route for route, _ in routes(resolver) if route.startswith("/admin/")]


def unknown() -> Iterator[str]:
    """What the product has and this module does not know how to fill in, each with what to do."""
    here = "tests/isolation/operations.py"
    for operation in operations():
        for parameter in operation.parameters:
            if parameter not in NAMES.get(operation.app, {}):
                yield f"{operation.name}: say in NAMES of {here} what {parameter!r} of {operation.app} names"
        if operation.method != "GET" and operation.name not in BODIES:
            yield f"{operation.name}: say in BODIES of {here} what it sends"
    for socket in sockets():
        for name, other in _PARAMETER.findall(socket.route):
            if (name or other) not in NAMES.get(socket.app, {}):
                yield f"socket {socket.route}: say in NAMES of {here} what {name or other!r} of {socket.app} names"
    for kind in kinds():
        if kind.name not in (WORK if kind.scope == "tenant" else PLATFORM_WORK):
            yield f"work kind {kind.name}: say in WORK or PLATFORM_WORK of {here} what its ids are"
    templates = {f"{operation.method} {operation.template}" for operation in operations()}
    yield from (f"{name} is in the OpenAPI document and not among the routes" for name in documented() - templates)
    there = {operation.name for operation in operations()}
    yield from (f"{name} is in BODIES of {here} and not in the product" for name in BODIES if name not in there)
    opened = {operation.route for operation in operations()}
    yield from (f"{route} is in OPEN_PAGES of {here} and not in the product" for route in OPEN_PAGES - opened)
    yield from (f"{route} is in UNMARKED of {here} and not in the product" for route in UNMARKED - opened)
