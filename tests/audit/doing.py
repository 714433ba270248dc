"""What the operations of the product need so that they change something here, and those that change nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.apps import apps

from tests.isolation.ground.credentials import webhook_secret
from tests.isolation.ground.sides import Side
from tests.isolation.operations import operations
from tests.isolation.scene import Send, control

NOTHING_TO_RECORD: Final[dict[str, str]] = (
    {
        "POST /api/v1/tickets": "a ticket opens one socket for half a minute, for whoever has a credential already",
        "POST /api/v1/workflows/<slug:name>/check": "a definition is checked and kept nowhere",
        "POST /api/v1/triggers/<uuid:id>/backfills/preview": "the times of a schedule are told, and nothing is started",
        "POST /scim/v2/Users/.search": "a search, which reads",
        "POST /scim/v2/Groups/.search": "a search, which reads",
        "POST /mcp": "the rows of a dataset are read; a tool that starts a run is recorded as that run",
        "POST /models/try/": "a model is asked, and answers the page: the ledger of calls has it",
        "POST /agents/<str:key>/fill/": "a form is filled and sent by nobody yet: the ledger of calls has the question",
        "POST /api/v1/agents/<str:key>/fill": "inputs are proposed and kept nowhere: the ledger of calls has it",
        "POST /first-steps/": "a list of the dashboard is put away by its person, for themselves",
        "POST /accounts/signup/": "nobody signs up here, which the page says",
        "POST /accounts/email/": "what is sent is no address",
        "POST /accounts/password/set/": "whoever has a password is sent to the page that changes it",
        "POST /accounts/2fa/authenticate/": "nobody has shown a password before, so that no code is compared",
        "POST /accounts/2fa/reauthenticate/": "its owner has no app, so that no code is compared",
        "POST /accounts/2fa/webauthn/reauthenticate/": "what is sent is no proof of any passkey",
        "POST /accounts/2fa/webauthn/login/": "what is sent is no proof of any passkey",
        "POST /accounts/2fa/webauthn/keys/<int:pk>/edit/": "the name by which a member knows a passkey, for them alone",
        "POST /accounts/login/code/confirm/": "no code was asked for, so that nothing is tried",
    }
    | dict.fromkeys(
        [
            "POST /workflows/new/",
            *(
                f"POST /workflows/edits/<uuid:id>/{rest}"
                for rest in (
                    "steps/",
                    "steps/<str:step>/",
                    "steps/<str:step>/act/",
                    "whole/<str:part>/",
                    "triggers/",
                    "history/",
                    "discard/",
                    "rebase/",
                    "yaml/",
                )
            ),
        ],
        "what a member is changing of a workflow is seen by them alone; that it is saved, or published, is recorded",
    )
    | dict.fromkeys(
        ["POST /workflows/edits/<uuid:id>/try/", "POST /workflows/trials/<uuid:id>/"],
        "a member tries what they are changing, and nothing happens: what a model was asked is in the ledger of calls",
    )
)
"""Operations after which nothing is other than it was, with the reason."""

_FACTORS = "tests/accounts/test_factors.py"
_SSO, _VERIFIED = "tests/accounts/sso/test_managing.py", "test_a_domain_counts_once_its_record_is_there"
_SET_UP = "test_an_app_is_set_up_with_its_first_code_and_recovery_codes_are_shown_once"
_MOVED = "tests/workflows/test_moving.py::test_a_run_goes_on_with_what_it_has_done_and_with_its_open_question"
SHOWN_ELSEWHERE: Final[dict[str, str]] = {
    "POST /workflow-runs/W-<int:number>/move/": _MOVED,
    "POST /api/v1/workflow-runs/<uuid:id>/move": _MOVED,
    "POST /api/v1/workflow-runs/move": _MOVED,
    "PUT /api/v1/agents/<str:key>/watch": "tests/agents/drift/test_auditing.py::"
    "test_a_watch_is_recorded_from_its_beginning_to_its_end",
    "POST /agents/<str:key>/drift/": "tests/agents/drift/test_auditing.py::"
    "test_a_watch_is_recorded_from_its_beginning_to_its_end",
    "POST /identity/sso/<uuid:connection>/": f"{_SSO}::test_a_provider_is_connected_by_its_form_tested_and_turned_on",
    "POST /identity/sso/<uuid:connection>/domains/<uuid:domain>/verify/": f"{_SSO}::{_VERIFIED}",
    "POST /api/v1/sso/connections/<uuid:connection>/domains/<uuid:domain>/verify": f"{_SSO}::{_VERIFIED}",
    "POST /accounts/2fa/totp/activate/": f"{_FACTORS}::{_SET_UP}",
    "POST /accounts/2fa/webauthn/add/": f"{_FACTORS}::{_SET_UP}",
    "POST /accounts/password/change/": "tests/audit/test_refused.py::test_a_password_stays_what_it_was",
    "POST /accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": "tests/accounts/test_recording.py::"
    "test_a_new_password_is_recorded_and_no_word_of_it",
}
"""Operations that the agent or the member of the ground cannot do, and the test that looks at their entry."""


FILES_WITHOUT_DATA: Final[dict[str, str]] = {
    "GET /custom-agents/<str:custom>/agent.yaml": "how an agent is set up, as its page shows it",
    "GET /workflows/<slug:name>/workflow.yaml": "how a workflow is made, as its page shows it",
    "GET /workflows/edits/<uuid:id>/workflow.yaml": "how a workflow is to be made, as its page shows it",
    "GET /identity/sso/<uuid:connection>/metadata.xml": "what is handed to the identity provider, and is no secret",
    "GET /audit/verify/verify_audit.py": "a program, the same for everybody",
    "GET /audit/<uuid:entry>/proof.json": "one entry, as its page shows it, without those whom it names; and hashes",
    r"GET /privacy/^requests/(?P<id>[0-9a-f-]{36})/record\.(?P<form>csv|json)$": "how many rows were found and erased",
    r"GET /retention/^records\.(?P<form>csv|json)$": "how many rows went when",
}
"""Files in which nothing stands that people or runs have brought here, each with what does."""


def rows(model: str, of: Callable[[Side], object] = lambda side: side.shared.run, **changes: Any) -> Callable[..., Any]:
    """Change the row of this id, past all rules."""

    def change(side: Side, send: Send) -> None:
        assert apps.get_model(model)._base_manager.filter(pk=of(side)).update(**changes) == 1, model

    return change


def _open(side: Side) -> str:
    return side.shared.open_run


def _member(side: Side) -> str:
    return side.shared.member


def after(name: str) -> Callable[[Side, Send], None]:
    """Do another operation before."""

    def act(side: Side, send: Send) -> None:
        (first,) = (each for each in operations() if each.name == name)
        answer = control(first, side, send)
        assert answer.status_code < 400, f"{name}: {answer.status_code}"

    return act


def ended(model: str, status: str) -> Callable[[Side, Send], None]:
    """Nothing of the sort is at work any more."""

    def end(side: Side, send: Send) -> None:
        assert apps.get_model(model)._base_manager.filter(status="queued").update(status=status), model

    return end


def _held(side: Side, send: Send) -> None:
    from django.utils import timezone

    from apps.tenants.context import forget
    from apps.tenants.models import Tenant

    Tenant.objects.filter(schema_name=side.schema).update(held_at=timezone.now())
    forget()


def _webhook(side: Side, send: Send) -> None:
    from apps.workflows.models import Trigger

    trigger = Trigger.objects.get(pk=side.shared.open_run)
    trigger.kind, trigger.told, trigger.secret = "webhook", {}, webhook_secret(side.marker)
    trigger.save()


def _row_failed(side: Side, send: Send) -> None:
    """A row of the batch, which has ended, failed."""
    from apps.agents.models import AgentBatch, AgentRun

    ended = {"problem_code": "run_failed", "status": "failed"}
    assert AgentRun.objects.filter(batch_id=UUID(str(side.shared.run))).update(**ended)
    AgentBatch.objects.filter(pk=side.shared.run).update(status="ended")


def _given_up(side: Side, send: Send) -> None:
    """The workers of a run died, and it was given up."""
    from apps.agents.models import AgentRun
    from apps.dispatch.models import DeadLetter

    AgentRun.objects.filter(pk=side.shared.run).update(status="failed", problem_code="run_abandoned")
    DeadLetter.objects.create(
        id=side.shared.run, kind="agents.run", tenant=side.schema, queue="cpu", cause="its workers died"
    )


def _no_choice(side: Side, send: Send) -> None:
    from apps.ai.models import ModelChoice

    ModelChoice.objects.all().delete()


def _no_backfill(side: Side, send: Send) -> None:
    from apps.workflows.models import Backfill

    Backfill.objects.all().delete()


def _one_version(side: Side, send: Send) -> None:
    from apps.agents.models import AgentConfiguration

    AgentConfiguration.objects.filter(number=2).delete()


def _other_policy(side: Side, send: Send) -> None:
    from apps.accounts.models import SignInPolicy

    SignInPolicy.objects.update_or_create(pk=1, defaults={"session_hours": 11})


def _app(**whose: Any) -> Callable[[Side, Send], None]:
    """The member has set up an authenticator app."""

    def make(side: Side, send: Send) -> None:
        from apps.accounts.models import User
        from tests.accounts.factors import app_of

        app_of(User.objects.get(**{name: of(side) for name, of in whose.items()}))

    return make


def _managed(side: Side, send: Send) -> None:
    from apps.accounts.models import DirectoryUser

    DirectoryUser.objects.update_or_create(user_id=side.shared.member, defaults={"is_managed": True})


def _without_members(side: Side, send: Send) -> None:
    from apps.accounts.models import DirectoryGroup

    DirectoryGroup.objects.get(pk=side.shared.group).members.clear()


_FAILED: dict[str, Any] = {"status": "failed"}
_UNDOING: dict[str, Any] = {"status": "undoing", "ending": "failed", "pause_requested_at": None}
PREPARED: Final[dict[str, Callable[[Side, Send], None]]] = {
    "POST /members/<uuid:id>/reactivate/": rows("accounts.user", _member, is_active=False),
    "POST /members/<uuid:id>/invite-again/": rows("accounts.user", _member, password="!unusable"),
    "POST /members/<uuid:id>/factors/remove/": _app(pk=_member),
    "POST /accounts/2fa/recovery-codes/generate/": _app(email=lambda side: side.email),
    "POST /members/<uuid:id>/management/": _managed,
    "POST /members/service-accounts/<uuid:account>/reactivate/": rows(
        "accounts.user", lambda side: side.shared.service_account, is_active=False
    ),
    "POST /identity/": _other_policy,
    "PUT /api/v1/sign-in-policy": _other_policy,
    "PATCH /scim/v2/Groups/<str:group>": _without_members,
    "POST /identity/operators/<uuid:grant>/revoke/": after("POST /identity/operators/<uuid:grant>/approve/"),
    "POST /release/": _held,
    "POST /workflows/<slug:name>/ask-publication/": after("POST /workflows/<slug:name>/second-person/"),
    "POST /api/v1/workflows/<slug:name>/ask-publication": after("POST /workflows/<slug:name>/second-person/"),
    "POST /api/v1/triggers/<uuid:id>/backfills": _no_backfill,
    "POST /workflows/<slug:name>/triggers/<uuid:id>/": _no_backfill,
    "PATCH /api/v1/triggers/<uuid:id>": _no_backfill,
    "POST /workflows/<slug:name>/resume/": after("POST /workflows/<slug:name>/pause/"),
    "POST /api/v1/workflows/<slug:name>/resume": after("POST /workflows/<slug:name>/pause/"),
    "POST /api/v1/workflow-runs/retry": rows("workflows.workflowrun", **_FAILED),
    "POST /api/v1/workflow-runs/<uuid:id>/retry": rows("workflows.workflowrun", _open, **_FAILED),
    "POST /workflow-runs/W-<int:number>/pause/": rows("workflows.workflowrun", status="running"),
    "POST /workflow-runs/W-<int:number>/undo/stop/": rows("workflows.workflowrun", _open, **_UNDOING),
    "POST /api/v1/workflow-runs/<uuid:id>/undo/stop": rows("workflows.workflowrun", _open, **_UNDOING),
    "POST /workflow-runs/W-<int:number>/resume/": rows("workflows.workflowrun", status="paused"),
    "POST /api/v1/workflow-calls/<uuid:id>/settle": rows("workflows.httpcall", _open, status="unknown"),
    "POST /calls/<uuid:id>/": rows("workflows.httpcall", _open, status="unknown"),
    "POST /effects/settle/": rows("workflows.httpcall", _open, status="unknown"),
    "POST /api/v1/workflow-calls/settle": rows("workflows.httpcall", _open, status="unknown"),
    "POST /api/v1/triggers/<uuid:id>/rotate": _webhook,
    "POST /agents/<str:key>/settings/": _one_version,
    "POST /agents/<str:key>/evaluations/": ended("agents.agentevaluation", "failed"),
    "POST /api/v1/agents/<str:key>/evaluations": ended("agents.agentevaluation", "failed"),
    "POST /batches/B-<int:number>/retry/": _row_failed,
    "POST /api/v1/batches/<uuid:id>/retry": _row_failed,
    "POST /runs/R-<int:number>/requeue/": _given_up,
    "PUT /api/v1/model-choices/<str:agent>": _no_choice,
    "POST /prompts/<str:prompt>/trials/": ended("ai.prompttrial", "stopped"),
    "POST /trained-models/<str:kind>/": ended("ai.trainedmodel", "stopped"),
    "POST /api/v1/trained-models/<str:kind>/versions": ended("ai.trainedmodel", "stopped"),
    "POST /trained-models/<str:kind>/retire/": after(
        "POST /trained-models/<str:kind>/versions/<uuid:trained>/promote/"
    ),
    "POST /api/v1/trained-models/<str:kind>/retire": after(
        "POST /trained-models/<str:kind>/versions/<uuid:trained>/promote/"
    ),
}
"""What has to be so that an operation changes something."""
