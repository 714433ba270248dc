from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from apps.agents.custom.contents import EXAMPLE
from tests.isolation.ground.sides import Side, Things
from tests.isolation.said import NOTHING, TABLE, Body, Said


def _agent_form(side: Side, things: Things) -> Mapping[str, Any]:
    return {"mode": "json", "json": json.dumps(things.input)}


def _builder(side: Side) -> Mapping[str, Any]:
    """An agent of a prompt, as the page for making one sends it."""
    form = {"title": "New", "request": "{letter}", "inputs.#": "1", "outputs.#": "1"}
    form |= {"inputs.0.?": "0", "inputs.0.name": "letter", "outputs.0.?": "0", "outputs.0.name": "topic"}
    return {f"agent.{name}": value for name, value in form.items()}


def _agent_file() -> str:
    return json.dumps({"format": "orchestrall.agent/1", **EXAMPLE})


def _case(things: Things) -> Mapping[str, Any]:
    facts = [{"path": "headline", "op": "is not empty"}]
    return {"name": "New", "facts": json.dumps(facts), "input": json.dumps(things.input), "run": str(things.number)}


SAID = Said(
    names={
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
    of_the_tenant={
        "id",
        "number",
        "evaluation",
        "case",
        "custom",
    },
    bodies={
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
        "POST /agents/<str:key>/cases/new/": Body("form", lambda side, things: _case(things)),
        "POST /agents/<str:key>/cases/<uuid:case>/": Body("form", lambda side, things: _case(things)),
        "POST /agents/<str:key>/cases/<uuid:case>/delete/": NOTHING,
        "POST /agents/<str:key>/drift/": Body("form", lambda side, things: {"falls_back": "true"}),
        "POST /agents/<str:key>/drift/end/": NOTHING,
        "POST /drift-mails/": Body("form", lambda side, things: {"mails": "on"}),
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
        "PUT /api/v1/agents/<str:key>/configuration": Body("json", lambda side, things: {"note": "New"}),
        "POST /api/v1/agents/<str:key>/configuration/restore": Body("json", lambda side, things: {"version": 1}),
        "POST /api/v1/agents/<str:key>/runs": Body(
            "json", lambda side, things: {"input": things.input}, names_things=True
        ),
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
        "POST /api/v1/runs/<uuid:id>/feedback": Body(
            "json", lambda side, things: {"is_right": False, "comment": "New"}
        ),
        "POST /api/v1/runs/cancel": Body("json", lambda side, things: {"ids": [things.open_run]}, True, "each"),
    },
    unmarked={
        "/api/v1/agents",
        "/api/v1/agents/<str:key>",
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
        "/drift-mails/",
        "/api/v1/agents/<str:key>/configuration/versions/<int:version>/difference",
    },
    work={
        "agents.run": lambda things: UUID(things.open_run),
        "agents.batch": lambda things: UUID(things.open_run),
        "agents.evaluate": lambda things: UUID(things.open_run),
        "agents.message": lambda things: UUID(things.open_run),
        "agents.watch": lambda things: UUID(things.watch),
        "agents.drift_mail": lambda things: UUID(int=UUID(things.member).int + 800),
    },
)
