from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.isolation.ground.credentials import webhook_secret
from tests.isolation.ground.sides import Side, Things
from tests.isolation.said import NOTHING, Body, Said

BLUEPRINT = "retail.weekly_demand_review"


def _delegation(things: Things) -> Mapping[str, Any]:
    """To the deputy, beside what they were lent already."""
    begins_at = datetime.now(UTC) + timedelta(days=10)
    ends_at = begins_at + timedelta(days=1)
    return {"taker": things.deputy, "begins_at": begins_at.isoformat(), "ends_at": ends_at.isoformat()}


def _delegation_form(things: Things) -> Mapping[str, Any]:
    day = datetime.now(UTC).date() + timedelta(days=20)
    return {"taker": things.deputy, "begins": day.isoformat(), "ends": day.isoformat()}


def _definition(side: Side, things: Things) -> Mapping[str, Any]:
    steps = {"a": {"kind": "transform", "set": {"x": 1}}}
    return {"definition": {"name": things.workflow, "title": "New", "steps": steps}}


def _yaml(side: Side, things: Things) -> str:
    return json.dumps(_definition(side, things)["definition"])


def _signature(side: Side, things: Things) -> Mapping[str, str]:
    """Of an empty message to the webhook, as its owner's secret makes it."""
    from tests.workflows.test_triggers import signed

    return signed(webhook_secret(side.marker), b"{}", id=f"msg_{side.marker}")


SAID = Said(
    names={
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
    of_the_tenant={
        "name",
        "id",
        "number",
        "webhook",
        "token",
    },
    bodies={
        "POST /workflows/new/": Body(
            "form", lambda side, things: {"title": "New", "copy": things.workflow}, names_things=True
        ),
        "POST /workflows/new/yaml/": Body(
            "form",
            lambda side, things: {"action": "save", "text": _yaml(side, things).replace(things.workflow, "fresh")},
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
        "POST /workflows/<slug:name>/triggers/<uuid:webhook>/rotate/": Body(
            "form", lambda side, things: {"overlap": "1d"}
        ),
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
        "POST /api/v1/workflow-blueprints/<str:key>/set-up": Body("json", lambda side, things: {"roles": ["approver"]}),
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
        "POST /api/v1/workflow-runs/cancel": Body(
            "json", lambda side, things: {"ids": [things.open_run]}, True, "each"
        ),
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
        "POST /given-up/": Body(
            "form", lambda side, things: {"only": f"workflows.run:{things.run}"}, names_things=True
        ),
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
        "POST /api/v1/workflow-calls/<uuid:id>/settle": Body(
            "json", lambda side, things: {"happened": False, "note": "x"}
        ),
        "POST /hooks/<uuid:webhook>": Body("json", headers=_signature),
    },
    unmarked={
        "/workflows/<slug:name>/rollback/",  # leads to the list of versions, where no version was chosen
        "/api/v1/workflow-runs/<uuid:id>/move",  # of a run that cannot be moved: why
        "/calls/",  # leads to effects
        "/workflow-runs/W-<int:number>/undo/stop/",  # leads to the run, where nothing is being undone
        "/api/v1/workflow-blueprints",
        "/api/v1/workflow-blueprints/<str:key>",
        "/workflows/blueprints/",
        "/workflows/blueprints/<str:key>/",
        "/workflows/blueprints/<str:key>/set-up/",
        "/workflows/edits/<uuid:id>/steps/<str:step>/backtest/",
        "/workflows/replays/<uuid:id>/snapshot/",
        "/workflows/trials/<uuid:id>/snapshot/",
        "/workflows/new/",
        "/workflows/new/yaml/",
        "/workflows/agents/<str:agent>/schedule/",
    },
    work={
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
    },
)
