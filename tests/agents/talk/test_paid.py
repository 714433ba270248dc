"""What texts about results cost: each call is in the ledger under the run, and a budget that is spent is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from apps.agents.models import AgentRun
from apps.agents.talk import services
from apps.agents.talk.said import said_of
from apps.ai.models import Budget, ModelCall
from apps.common import work
from apps.dispatch import rows
from apps.tenants.models import Tenant
from tests.aiserver import AiServer, Call, Fail, Say, connect, loopback_allowed

pytestmark = pytest.mark.usefixtures("acme", "board")


@pytest.fixture
def write(acme: Tenant) -> Callable[[], None]:
    """`write()`: carry out what is due. Nothing renews a lease here, so it is not watched: the first call of a process
    loads the provider's library, which may take longer than one."""

    def carry_out() -> None:
        for claim in rows.claim(tenant=acme.schema_name, queue="io", limit=4, slots=4).claims:
            services.message_execute(claim)

    return carry_out


@pytest.fixture
def server(acme: Tenant) -> Iterator[AiServer]:
    with loopback_allowed(), AiServer() as server:
        connect(server, "scripted")
        yield server


def test_every_call_of_a_text_is_in_the_ledger_under_its_run(
    decided: AgentRun, ask: Any, write: Any, server: AiServer
) -> None:
    look = Say(calls=(Call("result_detail", {"row": "Bo"}),))
    server.queue("scripted", look, Say("Bo asks for 500."))
    message = ask(decided, "answer", question="And Bo?")
    write()
    message.refresh_from_db()
    assert (message.status, said_of(message).text, said_of(message).model) == (
        "succeeded",
        "Bo asks for 500.",
        "scripted",
    )
    calls = ModelCall.objects.order_by("id")
    assert [(each.purpose, each.subject_kind, each.subject, each.status) for each in calls] == [
        ("answer", "agents.run", decided.pk, "succeeded")
    ] * 2
    assert {each.user_id for each in calls} == {message.by_id}
    assert all(each.prompt.startswith("answer@") for each in calls)


def test_a_budget_that_is_spent_leaves_the_agents_own_words_and_says_why(
    decided: AgentRun, ask: Any, write: Any, server: AiServer
) -> None:
    Budget.objects.create(scope="tenant", period="month", money=Decimal("0.000001"))
    explained, asked = ask(decided), ask(decided, "answer", question="Why?")
    write()
    for each in (explained, asked):
        each.refresh_from_db()
    assert explained.status == "succeeded"
    assert said_of(explained).text.startswith("Cy: Refuse.")
    assert said_of(explained).why_plain.startswith("The budget for models is spent.")
    assert (asked.status, asked.problem_code) == ("failed", "budget_spent")
    assert server.asked == []


def test_a_provider_that_refuses_is_told(decided: AgentRun, ask: Any, write: Any, server: AiServer) -> None:
    server.always("scripted", Fail(401))
    message = ask(decided)
    write()
    message.refresh_from_db()
    assert message.status == "succeeded"
    assert "refuses how it is set up" in said_of(message).why_plain


def test_a_text_that_is_stopped_while_the_model_writes_closes_the_connection(
    decided: AgentRun, ask: Any, write: Any, server: AiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.always("scripted", Say("One two three four five six.", every=0.05))
    message = ask(decided, "answer", question="Count")
    take = services.Writing.take

    def stop(self: services.Writing, piece: str) -> None:
        take(self, piece)
        if len(self.text) > 4:
            message.refresh_from_db()
            if message.cancel_requested_at is None:
                services.message_cancel(who=message.by, message=message)
            monkeypatch.setattr(work, "stopping", lambda claim: True)

    monkeypatch.setattr(services.Writing, "take", stop)
    write()
    message.refresh_from_db()
    assert message.status == "cancelled"
    assert said_of(message).text.startswith("One")
    assert ModelCall.objects.get().status != "succeeded"
