"""The page of what was given up, of workflows and of agents, and another try of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.agents.contract import AGENTS
from apps.agents.models import AgentRun
from apps.agents.services import run_start as agent_run_start
from apps.dispatch import letters
from apps.dispatch.models import DeadLetter
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from apps.workflows.models import WorkflowRun
from tests.agents.test_pages import statements, text_of
from tests.workflows.conftest import MakeWorkflow, Work, doom
from tests.workflows.test_pump import AMOUNT, Start, after, chain

Make = Callable[..., User]
Browse = Callable[..., Client]
Lost = Callable[..., WorkflowRun]
PAGE = "/given-up/"


@pytest.fixture
def page(client_for: Browse, member: Make, builder: User) -> Client:
    return client_for(member("administrator"))


@pytest.fixture
def lost(workflow: MakeWorkflow, start: Start, worked: Work) -> Lost:
    """`lost()`: a run of a workflow that was given up."""

    def lose() -> WorkflowRun:
        run = start(workflow(chain(2), inputs=AMOUNT), amount=1)
        doom(run)
        worked("flow")
        return after(run)

    return lose


@pytest.fixture
def lost_agent(builder: User, worked: Work) -> AgentRun:
    """A run of an agent that was given up."""
    run = agent_run_start(agent=AGENTS["dummy.counter"], data={}, user=builder, who=builder, origin="api")
    doom(run)
    worked("cpu")
    return run


def key(run: WorkflowRun | AgentRun) -> str:
    return f"{'agents' if isinstance(run, AgentRun) else 'workflows'}.run:{run.pk}"


def test_what_was_given_up_is_listed_with_its_cause_and_a_link(page: Client, lost: Lost, lost_agent: AgentRun) -> None:
    run = lost()
    answer = page.get(PAGE)
    words = text_of(answer)
    for said in (f"{run.ref} Test", "Run of a workflow", "Run of an agent", "Counter", "workers died", "Given up 2"):
        assert said in words
    for address in (f"/workflow-runs/{run.ref}/", f"/runs/R-{AgentRun.objects.get().number}/"):
        assert f'href="{address}"' in answer.content.decode()


def test_one_is_requeued_and_goes_on(page: Client, lost: Lost, worked: Work) -> None:
    one, other = lost(), lost()
    words = text_of(page.post(PAGE, {"only": key(one)}, follow=True))
    assert "1 requeued" in words
    assert DeadLetter.objects.get().id == other.pk
    worked("flow")
    assert (after(one).status, after(other).status) == ("succeeded", "failed")
    again = page.post(PAGE, {"only": key(one)})
    assert again.status_code == 404
    assert "somebody has requeued it" in text_of(again)


def test_those_that_are_ticked_are_requeued_and_no_others(page: Client, lost: Lost, lost_agent: AgentRun) -> None:
    one, other = lost(), lost()
    page.post(PAGE, {"letter": [key(one), key(lost_agent), "nonsense", "workflows.run:x"]})
    assert DeadLetter.objects.get().id == other.pk
    assert "Nothing was ticked" in text_of(page.post(PAGE, follow=True))


def test_all_are_requeued_with_one_click_and_of_very_many_the_latest(
    page: Client, lost: Lost, lost_agent: AgentRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost()
    monkeypatch.setattr(letters, "MOST_REQUEUED", 1)
    assert "1 requeued" in text_of(page.post(PAGE, {"all": "1"}, follow=True))
    monkeypatch.undo()
    page.post(PAGE, {"all": "1"})
    assert not DeadLetter.objects.exists()
    assert "Nothing was given up" in text_of(page.get(PAGE))


def test_a_kind_that_nobody_tells_of_is_neither_listed_nor_requeued(page: Client, lost: Lost) -> None:
    run = lost()
    DeadLetter.objects.update(kind="dummy.work")
    assert "Nothing was given up" in text_of(page.get(PAGE))
    assert page.post(PAGE, {"only": f"dummy.work:{run.pk}"}).status_code == 403
    assert DeadLetter.objects.exists()


@pytest.mark.parametrize("role", ["viewer", "approver", "auditor"])
def test_who_starts_nothing_requeues_nothing(role: str, lost: Lost, member: Make, client_for: Browse) -> None:
    run, page = lost(), client_for(member(role))
    assert page.get(PAGE).status_code == 403
    assert page.post(PAGE, {"only": key(run)}).status_code == 403
    assert PAGE not in page.get("/help/").content.decode()
    assert DeadLetter.objects.exists()


@pytest.mark.parametrize("role", ["owner", "administrator", "builder", "analyst"])
def test_who_may_requeue_a_run_finds_the_page(role: str, lost: Lost, member: Make, client_for: Browse) -> None:
    run = lost()
    assert run.ref in text_of(client_for(member(role)).get(PAGE))


def test_the_page_costs_the_same_statements_however_much_was_given_up(
    page: Client, lost: Lost, lost_agent: AgentRun
) -> None:
    lost()
    statements(page, PAGE)
    few = statements(page, PAGE)
    for _ in range(4):
        lost()
    statements(page, PAGE)  # the tenant may have been forgotten meanwhile
    assert statements(page, PAGE) == few


def test_much_comes_in_pages(page: Client, lost: Lost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letters, "PAGE", 2)
    runs = [lost() for _ in range(3)]
    first, second = text_of(page.get(PAGE)), text_of(page.get(PAGE, {"page": "2"}))
    assert [run.ref in first for run in runs] == [False, True, True]
    assert runs[0].ref in second
    assert runs[0].ref in text_of(page.get(PAGE, {"page": "9999"}))


def test_what_another_tenant_gave_up_is_neither_seen_nor_requeued(
    lost: Lost, member: Make, client_for: Browse, acme: Tenant, globex: Tenant
) -> None:
    run = lost()
    page = client_for(member("owner", tenant=globex), tenant=globex)
    assert run.ref not in text_of(page.get(PAGE))
    page.post(PAGE, {"only": key(run)})
    page.post(PAGE, {"all": "1"})
    with tenant_context(acme):
        assert DeadLetter.objects.get().id == run.pk
        assert after(run).status == "failed"
