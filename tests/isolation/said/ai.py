from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tests.isolation.ground.sides import PROMPT, TRAINABLE, Side, Things
from tests.isolation.said import NOTHING, Body, Said


def _tool_call(side: Side, things: Things) -> Mapping[str, Any]:
    """Of a program that speaks MCP: the rows of a dataset."""
    params = {"name": "dataset_rows", "arguments": {"dataset": things.dataset}}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


def _trial(things: Things) -> Mapping[str, Any]:
    models = {"model_1": things.run, "model_2": things.run}
    return {"words_1": "built-in", "words_2": "1", **models, "case": f"own:{things.run}"}


_PROVIDER = {"kind": "compatible", "name": "New", "at_once": "4"}
_NOWHERE = "http://127.0.0.1:9/v1"
_WORDS = {"system": "New", "user": "Explain {result}"}
_BUDGET = {"scope": "user", "period": "day", "money": "9"}
MCP_ADDRESS = "http://127.0.0.1:9/mcp"
"""Of a server that nobody may call from here: no connection is made."""
_MCP_FORM = {"name": "new", "access.url": MCP_ADDRESS}

SAID = Said(
    names={
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
    of_the_tenant={
        "trained",
        "budget",
        "call",
        "provider",
        "server",
        "model",
        "trial",
        "case",
    },
    bodies={
        "POST /models/try/": Body("form", lambda side, things: {"model": things.run, "text": "New"}, names_things=True),
        "POST /models/choices/": Body(
            "form", lambda side, things: {"agent": "", "do": "add", "model": things.run}, names_things=True
        ),
        "POST /models/policy/": Body("form", lambda side, things: {"currency": "EUR"}),
        "POST /models/providers/new/": Body("form", lambda side, things: {**_PROVIDER, "access.base_url": _NOWHERE}),
        "POST /models/providers/<uuid:provider>/": Body(
            "form",
            lambda side, things: {"name": "New", "at_once": "4", "access.base_url": _NOWHERE, "access.key": "new"},
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
        "PUT /api/v1/model-choices/<str:agent>": Body(
            "json", lambda side, things: {"models": [things.run]}, True, "all"
        ),
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
    },
    open_pages={
        "/.well-known/oauth-protected-resource/mcp",
    },
    unmarked={
        "/api/v1/model-usage",
        "/models/providers/new/",
        "/prompts/",
        "/prompts/<str:prompt>/trials/<uuid:trial>/snapshot/",
        "/api/v1/model-provider-kinds",
        "/api/v1/model-policy",
        "/api/v1/model-mode",
        "/trained-models/",
        "/trained-models/<str:kind>/versions/<uuid:trained>/snapshot/",
        "/api/v1/trained-models",
        "/connect/",
        "/mcp-servers/new/",
    },
    refusing_words={
        "/mcp": b"(not_found)",
    },
    work={
        "ai.train": lambda things: UUID(things.open_run),
        "ai.trial": lambda things: UUID(things.open_run),
    },
)
