"""Ask the API what its OpenAPI document allows, and what it does not, by schemathesis with all its checks.

The document is taken at its word: the answer `default`, which stands for every status, is left out of what answers are
held to, so that each status must be listed.

`python -m tests.fuzzing PORT EXAMPLES` asks a running installation, in its environment, as four callers, and prints a
line of JSON for each of them.
"""

from __future__ import annotations

import copy
import json
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from unittest.mock import patch
from uuid import uuid4

import django
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from schemathesis.engine.events import EngineFinished, FatalError, NonFatalError, ScenarioFinished


@dataclass
class Outcome:
    """What became of the requests of one caller."""

    statuses: Counter[str] = field(default_factory=Counter)
    """Answers by status."""
    answered: dict[str, Counter[str]] = field(default_factory=dict)
    """The same for each operation."""
    failures: dict[str, str] = field(default_factory=dict)
    """What a check found wrong, once for each operation and kind, with a command that shows it."""
    set_aside: Counter[str] = field(default_factory=Counter)
    """Findings that contradict a decision of ours, by its reason."""

    @property
    def requests(self) -> int:
        return self.statuses.total()

    @property
    def broken(self) -> int:
        """Answers 5xx."""
        return sum(number for status, number in self.statuses.items() if status.startswith("5"))


def fuzz(document: dict[str, Any], *, host: str, base_url: str, examples: int, **settings: Any) -> Outcome:
    """Fuzz the API that answers at `base_url` to the name `host`, as the caller that `settings` name.

    `settings` are those of a schemathesis configuration: `headers`, `auth`, `seed` and so on.
    """
    headers = {"Host": host, **settings.pop("headers", {})}
    config = {
        "seed": 1,
        "continue-on-failure": True,
        "request-timeout": 120,  # a machine may be busy: how fast an answer comes is measured elsewhere
        "headers": headers,
        "generation": {"max-examples": examples, "database": "none"},
        "base-url": base_url,
        **settings,
    }
    schema = schemathesis.openapi.from_dict(strict(document), config=SchemathesisConfig.from_dict(config))
    outcome = Outcome()
    schema.hook("filter_failure")(judge(outcome))
    for event in from_schema(schema).execute():
        if isinstance(event, ScenarioFinished):
            _count(outcome, event)
        elif isinstance(event, NonFatalError):
            outcome.failures[f"{event.label}: {type(event.value).__name__}"] = str(event.info)
        elif isinstance(event, FatalError):
            raise event.exception
        elif isinstance(event, EngineFinished):
            outcome.failures.update({str(failure): failure.message for failure in event.failures})
    return outcome


def about(document: dict[str, Any], agent: str, example: dict[str, Any]) -> dict[str, Any]:
    """The document with an agent that is there, and an input of it, in place of the one of its examples."""
    from apps.agents.schemas import _AGENT

    made: dict[str, Any] = json.loads(json.dumps(document).replace(_AGENT["key"], agent))
    for name, body in (("RunStartRequest", {"input": example}), ("RunsStartRequest", {"inputs": [example]})):
        made["components"]["schemas"][name]["examples"] = [body]
    return made


def strict(document: dict[str, Any]) -> dict[str, Any]:
    """The document without the answers that stand for every status."""
    made = copy.deepcopy(document)
    for operations in made["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("default", None)
    return made


def _count(outcome: Outcome, event: ScenarioFinished) -> None:
    recorder = event.recorder
    for id, sent in recorder.interactions.items():
        status = str(sent.response.status_code) if sent.response else "none"
        label = recorder.cases[id].value.operation.label
        outcome.statuses[status] += 1
        outcome.answered.setdefault(label, Counter())[status] += 1
    for checks in recorder.checks.values():
        for check in checks:
            if check.failure_info:
                failure, how = check.failure_info.failure, check.failure_info.code_sample
                outcome.failures.setdefault(
                    f"{failure.operation}: {failure.title}", f"{failure.message}\n{how}\n{_said(recorder, failure)}"
                )


def _said(recorder: Any, failure: Any) -> str:
    sent = recorder.interactions.get(failure.case_id)
    return f"{sent.response.status_code} {sent.response.text[:600]}" if sent and sent.response else ""


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Send the document's example of an Idempotency-Key as a new one each time: it names one request."""
    from apps.gateway.answers import IDEMPOTENCY_KEY

    if (case.headers or {}).get(IDEMPOTENCY_KEY["name"]) == IDEMPOTENCY_KEY["example"]:
        case.headers[IDEMPOTENCY_KEY["name"]] = str(uuid4())


# Findings that are none: which they are, and why they contradict a decision of ours. Each looks at the failure, at what
# was asked, and at what was answered.
Rule = Callable[[Any, Any, Any], bool]


def _refused(response: Any, *codes: str) -> dict[str, Any]:
    """The problem that an answer tells, where it has one of the codes."""
    if response.headers.get("content-type", [""])[0] != "application/problem+json":
        return {}
    told: dict[str, Any] = json.loads(response.content)
    return told if told["code"] in codes else {}


def _of_a_stream(failure: Any, case: Any, response: Any) -> bool:
    return bool(failure.title == "SSE event violates schema" and "is not of type" in failure.validation_message)


def _of_a_cursor(failure: Any, case: Any, response: Any) -> bool:
    told = _refused(response, "invalid_input")
    return bool(told) and [issue["path"] for issue in told["issues"]] == ["cursor"]


def _of_a_name_that_was_used(failure: Any, case: Any, response: Any) -> bool:
    return bool(_refused(response, "idempotency_key_reused"))


def _of_a_state(failure: Any, case: Any, response: Any) -> bool:
    return bool(_refused(response, "precondition_failed"))


def _of_nul(failure: Any, case: Any, response: Any) -> bool:
    return "NUL" in _refused(response, "bad_request").get("detail", "")


def _of_an_unprintable_name(failure: Any, case: Any, response: Any) -> bool:
    told, sent = _refused(response, "invalid_input"), case.body
    paths = [issue["path"] for issue in told.get("issues", [])]
    name = str(sent.get("name", "?")).strip() if isinstance(sent, dict) else "?"
    return paths == ["name"] and (not name or not name.isprintable())


def _of_a_key_that_is_kept(failure: Any, case: Any, response: Any) -> bool:
    return bool(failure.operation == "DELETE /api/v1/keys/{id}" and json.loads(response.content)["state"] == "revoked")


def _of_fields(failure: Any, case: Any, response: Any) -> bool:
    """What is missing is what was not asked for."""
    asked = str((case.query or {}).get("fields", ""))
    return bool(asked and "is a required property" in failure.validation_message)


def _of_what_is_in_a_file(failure: Any, case: Any, response: Any) -> bool:
    sends_file = str(case.media_type).startswith("multipart/")
    return sends_file and bool(_refused(response, "invalid_input", "unsupported_format"))


def _of_a_workflow_that_is_kept(failure: Any, case: Any, response: Any) -> bool:
    archived = failure.operation == "DELETE /api/v1/workflows/{name}"
    return bool(archived and json.loads(response.content).get("archived_at", response.status_code == 200))


def _of_what_a_workflow_says(failure: Any, case: Any, response: Any) -> bool:
    label = case.operation.label
    about = "/workflows" in label or label in {
        "PATCH /api/v1/triggers/{id}",
        "POST /api/v1/workflow-runs/{id}/retry",
        "POST /api/v1/workflow-blueprints/{key}/set-up",
    }
    return about and bool(_refused(response, "invalid_input"))


def _of_what_an_agent_takes(failure: Any, case: Any, response: Any) -> bool:
    starts = case.operation.label in {"POST /api/v1/agents/{key}/runs", "POST /api/v1/agents/{key}/runs/bulk"}
    return starts and bool(_refused(response, "invalid_input"))


def _of_what_belongs_together(failure: Any, case: Any, response: Any) -> bool:
    label = case.operation.label
    about = {
        *("POST /api/v1/budgets", "PUT /api/v1/budgets/{budget}"),
        *("POST /api/v1/runs/{id}/messages", "PUT /api/v1/prompts/{prompt}/draft"),
        *("POST /api/v1/privacy-requests", "POST /api/v1/legal-holds", "POST /api/v1/delegations"),
        *("POST /api/v1/triggers/{id}/backfills", "POST /api/v1/triggers/{id}/backfills/preview"),
    }
    return label in about and bool(_refused(response, "invalid_input"))


def _of_another_system(failure: Any, case: Any, response: Any) -> bool:
    label = case.operation.label
    about = ("/api/v1/model-providers", "/api/v1/mcp-servers", "/api/v1/custom-agents", "/api/v1/sso/connections")
    return any(part in label for part in about) and bool(_refused(response, "invalid_input"))


POSITIVE: Final = "RejectedPositiveData"
RULES: Final[list[tuple[str, str, Rule]]] = [
    (POSITIVE, "a cursor is good only when the API has made it, which no schema can say", _of_a_cursor),
    (POSITIVE, "an Idempotency-Key names one request, and others have used this one", _of_a_name_that_was_used),
    (POSITIVE, "a tag in If-Match names a state, and this one is another", _of_a_state),
    (POSITIVE, "no text may hold the character NUL, which the schema of every text would have to repeat", _of_nul),
    (POSITIVE, "names are printable, which no pattern can say that all programs read alike", _of_an_unprintable_name),
    ("JsonSchemaError", "an answer has the fields alone that were asked for, which no schema can say", _of_fields),
    ("JsonSchemaError", "a stream is described as the text that it is: OpenAPI 3.1 knows no events", _of_a_stream),
    ("UseAfterFree", "a key that was revoked stays to be seen: who looks back must find it", _of_a_key_that_is_kept),
    ("UseAfterFree", "a workflow that is archived stays to be seen, as its runs do", _of_a_workflow_that_is_kept),
    (POSITIVE, "a definition, settings and inputs are judged by what they name and call", _of_what_a_workflow_says),
    (
        POSITIVE,
        "budgets limit, prompts and holds say something, spans end after they begin",
        _of_what_belongs_together,
    ),
    (POSITIVE, "what is connected or made is judged by its kind, and by what may be called", _of_another_system),
    (POSITIVE, "whether a file holds a table is known once it is read", _of_what_is_in_a_file),
    (POSITIVE, "an agent's input is judged by the agent, whose schema is at its own address", _of_what_an_agent_takes),
]


def judge(outcome: Outcome) -> Callable[[Any, Any, Any, Any], bool]:
    """A hook that sets findings aside that are none, and counts them."""

    def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
        for kind, why, holds in RULES:
            if type(failure).__name__ == kind and holds(failure, case, response):
                outcome.set_aside[why] += 1
                return False
        return True

    return filter_failure


SLUG: Final = "acme"
AGENT: Final = "retail.demand_forecaster"
CALLERS: Final = ("owner", "analyst", "viewer", "nobody")


def credential(role: str) -> dict[str, Any]:
    """What a demo member of the role comes with: a token; a session, where the role may call no API by a token."""
    if role == "nobody":
        return {}
    from django.conf import settings
    from django.test import Client

    from apps.accounts.models import User
    from apps.gateway import tokens
    from apps.gateway.permissions import API_USE

    user = User.objects.get(email=f"{role}@{SLUG}.example")
    if user.can(API_USE):
        with patch.object(tokens, "LIFETIME", timedelta(days=1)):  # one that had ended would be refused everywhere
            return {"auth": {"openapi": {"token": {"bearer": tokens.token_issue(user=user)}}}}
    browser = Client()
    browser.force_login(user)
    return {"auth": {"openapi": {"session": {"api_key": browser.cookies[settings.SESSION_COOKIE_NAME].value}}}}


def main(port: int, examples: int) -> None:
    django.setup()
    from apps.agents.contract import AGENTS
    from apps.gateway.openapi import document
    from apps.tenants.context import public_context, tenant_context
    from apps.tenants.models import Tenant
    from apps.tenants.services import RATES, tenant_change

    with public_context():
        tenant = Tenant.objects.get(slug=SLUG)
        # Limits have tests of their own; here they would answer in place of what is asked.
        tenant_change(tenant=tenant, plan="enterprise", **dict.fromkeys(RATES, 1_000_000))
    for who in CALLERS:
        with tenant_context(tenant):
            settings = credential(who)
        outcome = fuzz(
            about(document(), AGENT, AGENTS[AGENT].examples[0].input),
            host=f"{SLUG}.localhost:{port}",
            base_url=f"http://127.0.0.1:{port}",
            examples=examples,
            **settings,
        )
        operations = sum(len(each) for each in document()["paths"].values())
        print(json.dumps({"who": who, "operations": operations, **vars(outcome)}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
