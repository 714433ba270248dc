"""Pages of what workflows did outside, and of the way back of a run."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.common.errors import InvalidInput
from apps.tenants.models import Tenant
from apps.workflows import services
from apps.workflows.models import HttpCall, StepAct, WorkflowRun
from tests.agents.test_pages import statements, text_of
from tests.workflows.conftest import MakeWorkflow, Work
from tests.workflows.test_call_pages import called, page
from tests.workflows.test_calls import Sink, sink
from tests.workflows.test_pump import Start, after
from tests.workflows.test_undoing import ASK, Steps, steps

__all__ = ["called", "page", "sink", "steps"]

Called = Callable[..., HttpCall]
EFFECTS, SETTLE = "/effects/", "/effects/settle/"


def test_each_state_is_a_tab_with_its_count(page: Client, called: Called) -> None:
    called("unknown", name="one")
    called("confirmed", name="two")
    act = StepAct.objects.create(run=called("ready", name="three").run, step="act", asked={"runs": [], "kinds": []})
    words = text_of(page.get(EFFECTS))
    assert "All 4 Unknown 1 Sent 2 Confirmed 1 Failed 0 Taken back 0" in words
    assert "What an agent proposed" in words
    act.problem, act.ended_at = {"code": "x", "detail": "It was refused."}, act.created_at
    act.save()
    assert "It was refused." in text_of(page.get(EFFECTS, {"state": "failed"}))
    assert "All 1 Unknown 0" in text_of(page.get(EFFECTS, {"kind": "act"}))


def test_effects_are_found_by_key_run_workflow_and_day(page: Client, called: Called) -> None:
    tea, coffee = called("confirmed", name="tea"), called("failed", name="coffee")
    for narrow in ({"q": str(tea.key)}, {"q": tea.run.ref}, {"workflow": "tea"}):
        words = text_of(page.get(EFFECTS, narrow))
        assert f"{tea.run.ref} Tea" in words
        assert f"{coffee.run.ref} Coffee" not in words
    assert "No effect matches" in text_of(page.get(EFFECTS, {"until": "2020-01-01"}))


def test_undos_are_marked_and_listed_by_themselves(
    page: Client, sink: Sink, steps: Steps, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    start(workflow(steps()))
    worked("flow", "io")
    words = text_of(page.get(EFFECTS, {"kind": "undo"}))
    assert "All 2 " in words
    assert "step unorder" in words
    assert "step book" not in words
    assert text_of(page.get(EFFECTS)).count(" undo step ") == 2


def test_many_unknown_calls_are_settled_by_a_person_with_one_note(page: Client, called: Called, worked: Work) -> None:
    one, other, known = called("unknown", name="a"), called("unknown", name="b"), called("failed", name="c")
    ids = [str(each.pk) for each in (one, other, known)]
    for given in ({"call": ids, "outcome": "happened"}, {"call": [], "outcome": "happened", "note": "x"}):
        assert "Nothing was changed" in text_of(page.post(SETTLE, given, follow=True))
    given = {"call": ids, "outcome": "happened", "note": "All are in the shop", "back": "state=unknown"}
    answer = page.post(SETTLE, given, follow=True)
    assert answer.redirect_chain == [("/effects/?state=unknown", 302)]
    assert "2 calls were carried out; of 1 that was known." in text_of(answer)
    assert set(HttpCall.objects.values_list("status", flat=True)) == {"confirmed", "failed"}
    assert AuditEntry.objects.filter(kind="workflows.settled").count() == 2
    assert "All are in the shop" in text_of(page.get(f"/calls/{one.pk}/"))
    worked("flow")
    assert after(one.run).status == "succeeded"


def test_many_calls_that_were_not_carried_out_let_their_steps_fail(page: Client, called: Called, worked: Work) -> None:
    call = called()
    page.post(SETTLE, {"call": [str(call.pk)], "outcome": "fail", "note": "No such order"})
    worked("flow")
    assert after(call.run).problem["code"] == "not_carried_out"


def test_effects_are_taken_along_as_a_sheet(page: Client, called: Called) -> None:
    call = called("confirmed", name="tea")
    called("failed", name="coffee")
    text = b"".join(page.get(f"{EFFECTS}export.csv", {"state": "confirmed"})).decode()
    assert str(call.key) in text
    assert "POST shop.example/orders" in text
    assert "coffee" not in text
    assert "hidden-" not in text
    assert AuditEntry.objects.filter(kind="workflows.downloaded").exists()


def test_the_address_of_calls_leads_to_effects(page: Client, called: Called) -> None:
    assert page.get("/calls/", {"status": "unknown"})["Location"] == "/effects/?state=unknown"


def test_who_may_start_nothing_settles_nothing(
    client_for: Callable[..., Client], member: Callable[..., User], called: Called
) -> None:
    call, viewer = called(), client_for(member("viewer"))
    assert b'name="outcome"' not in viewer.get(EFFECTS).content
    assert viewer.post(SETTLE, {"call": [str(call.pk)], "outcome": "fail", "note": "x"}).status_code == 403


def test_another_tenant_sees_and_settles_nothing(
    client_for: Callable[..., Client], member: Callable[..., User], called: Called, globex: Tenant
) -> None:
    call = called()
    theirs = client_for(member("owner", tenant=globex), tenant=globex)
    assert "No effects yet" in text_of(theirs.get(EFFECTS))
    assert theirs.post(SETTLE, {"call": [str(call.pk)], "outcome": "fail", "note": "x"}).status_code == 404
    assert b"shop.example" not in b"".join(theirs.get(f"{EFFECTS}export.csv"))


# ------------------------------------------------------------------------------------------------ the way back of a run


def test_a_cancel_says_first_what_is_undone_then(
    page: Client, sink: Sink, steps: Steps, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    run = start(workflow(steps(ASK)))
    worked("flow", "io")
    shown = text_of(page.get(f"/workflow-runs/{run.ref}/"))
    assert "What would be undone" in shown
    asked = text_of(page.get(f"/workflow-runs/{run.ref}/cancel/"))
    assert "2 effects of the run are undone then" in asked
    assert asked.index("Book by Unbook") < asked.index("Order by Unorder")
    page.post(f"/workflow-runs/{run.ref}/cancel/")
    worked("flow", "io")
    words = text_of(page.get(f"/workflow-runs/{run.ref}/"))
    assert after(run).status == "cancelled"
    assert "All 2 effects were undone." in words
    assert "2 of 2 undone" in words
    assert "Undone by Unbook" in words


def test_a_run_tells_why_it_failed_what_was_undone_and_what_remains(
    page: Client, sink: Sink, steps: Steps, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    sink.answers = [200, 200, 422]
    run = start(workflow(steps()))
    worked("flow", "io")
    words = text_of(page.get(f"/workflow-runs/{run.ref}/"))
    assert words.index("Last ended the run") < words.index("1 of 2 effects were undone")
    assert "this remains to be undone by hand: “Book” (The other system answered 422" in words
    assert "Could not undo it" in words


def test_an_undoing_is_shown_while_it_goes_on_and_stopped_after_a_question(
    page: Client, sink: Sink, steps: Steps, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    sink.answers = [200, 200, 0]
    run = start(workflow(steps(ASK)))
    worked("flow", "io")
    address = f"/workflow-runs/{run.ref}/"
    page.post(f"{address}cancel/")
    worked("flow", "io")
    words = text_of(page.get(address))
    assert "Cancelling" not in words
    assert "Last Stopped" in words  # nobody waits for its answer any more
    for said in ("Undoing", "what was done is being undone", "Way back", "Being undone", "To be undone"):
        assert said in words, said
    assert "Pause" not in words
    assert "left to you" in text_of(page.get(f"{address}undo/stop/"))
    page.post(f"{address}undo/stop/")
    worked("flow", "io")
    words = text_of(page.get(address))
    assert "0 of 2 effects were undone when a person stopped it" in words
    assert page.get(f"{address}undo/stop/")["Location"] == address


def test_a_run_in_which_nothing_can_be_undone_is_cancelled_at_once(
    page: Client, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    run = start(workflow({"ask": ASK}))
    worked("flow")
    shown = page.get(f"/workflow-runs/{run.ref}/").content.decode()
    assert f'action="/workflow-runs/{run.ref}/cancel/"' in shown
    assert "run-undo" in shown
    assert "Way back" not in shown


def test_pages_of_effects_and_of_an_undone_run_cost_the_same_however_much_there_is(
    page: Client, sink: Sink, steps: Steps, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    made = workflow(steps())
    run = start(made)
    worked("flow", "io")
    pages = [EFFECTS, f"{EFFECTS}?kind=undo&state=confirmed", f"/workflow-runs/{run.ref}/"]
    for each in pages:
        statements(page, each)
    few = [statements(page, each) for each in pages]
    start(made)
    start(made)
    worked("flow", "io")
    assert HttpCall.objects.count() == 12
    for each in pages:
        statements(page, each)  # the tenant may have been forgotten meanwhile
    assert [statements(page, each) for each in pages] == few


def test_a_retry_form_tells_what_was_undone_among_what_is_done_again(
    page: Client, sink: Sink, steps: Steps, workflow: MakeWorkflow, start: Start, worked: Work, builder: User
) -> None:
    run = start(workflow(steps()))
    worked("flow", "io")
    shown = text_of(page.get(f"/workflow-runs/{run.ref}/retry/", {"step": "book"}))
    assert "Order" in shown[shown.index("anew") :] if "anew" in shown else "Order" in shown
    with pytest.raises(InvalidInput):
        services.run_retry(who=builder, user=builder, run=after(run), step="unbook")
    assert WorkflowRun.objects.count() == 1
