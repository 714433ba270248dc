"""Pages of agents and runs: what they show, what they refuse, and that they cost the same however much there is."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import polars as pl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import User
from apps.agents.contract import AGENTS, Example, Measure, ModelCard
from apps.agents.models import AgentRun
from apps.common.errors import InvalidInput, Issue
from apps.common.schemas import Inspection, Understood
from apps.datasets.models import Dataset
from apps.datasets.services import dataset_upload
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.agents.conftest import COUNTER, ECHO, WEEKLY, Start, WorkOff
from tests.agents.test_services import die

Make = Callable[..., User]
Browse = Callable[..., Client]
AGENT, ECHO_PAGE = f"/agents/{COUNTER}/", f"/agents/{ECHO}/"


@pytest.fixture
def analyst(member: Make) -> User:
    return member("analyst")


@pytest.fixture
def page(client_for: Browse, analyst: User, work_off: WorkOff) -> Client:
    return client_for(analyst)


@pytest.fixture
def weekly(acme: Tenant, analyst: User) -> Dataset:
    return dataset_upload(file=BytesIO(WEEKLY), name="weekly.csv", user=analyst)


def text_of(answer: Any) -> str:
    """The words of a page, without its markup."""
    body = re.sub(r"<(script|template|style).*?</\1>", " ", answer.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))


def statements(page: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        assert page.get(address).status_code == 200
    return len(caught)


# ------------------------------------------------------------------------------------------------------------- agents


def test_an_agent_that_is_not_here_is_not_found(page: Client) -> None:
    assert page.get("/agents/dummy.nobody/").status_code == 404


def test_an_agents_page_shows_its_form_its_runs_and_how_to_call_it(page: Client, finished: Start) -> None:
    run = finished()
    words = text_of(page.get(AGENT))
    assert "How far to count." in words
    assert run.ref in words
    assert f"http://acme.localhost/api/v1/agents/{COUNTER}/runs" in words
    assert "requests.post(" in words
    assert "To three" in words


def test_an_agents_page_costs_the_same_statements_however_many_runs(page: Client, start: Start, member: Make) -> None:
    start(member())
    statements(page, AGENT)
    few = statements(page, AGENT)
    for _ in range(10):
        start(member())
    assert statements(page, AGENT) == few


def test_a_model_card_shows_figures_bars_and_limits(page: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    card = ModelCard(
        intended_use="Counting.",
        limits=["Not beyond a thousand."],
        data="a thousand numbers",
        command="bench counter",
        measured_on="2026-11-25",
        measures=[Measure(name="Right", value=99.5, unit="%", bar="at least 99")],
    )
    monkeypatch.setattr(type(AGENTS[COUNTER]), "card", lambda self: card)
    words = text_of(page.get(AGENT))
    for said in ("Counting.", "Not beyond a thousand.", "bench counter", "25 Nov 2026", "99.5 %", "at least 99"):
        assert said in words
    assert "Model card" not in text_of(page.get(ECHO_PAGE))


def test_a_viewer_may_look_at_an_agent_and_not_run_it(client_for: Browse, member: Make, weekly: Dataset) -> None:
    page = client_for(member("viewer"))
    assert "not run it" in text_of(page.get(AGENT))
    assert page.post(AGENT, {"steps": 3}).status_code == 403
    # A dataset is no less hidden when an agent is asked to look at it.
    words = text_of(page.get(ECHO_PAGE, {"table.dataset": str(weekly.pk)}))
    assert "weekly" not in words
    assert not AgentRun.objects.exists()


# -------------------------------------------------------------------------------------------------------------- input


def test_a_form_starts_a_run_and_leads_to_it(page: Client, analyst: User) -> None:
    answer = page.post(AGENT, {"steps": "4", "mood": "calm"})
    run = AgentRun.objects.get()
    assert answer.headers["Location"] == f"/runs/{run.ref}/"
    assert (run.input, run.created_by, run.origin) == ({"steps": 4}, analyst, "console")


def test_a_form_with_errors_keeps_what_was_entered_and_says_what_is_wrong(page: Client) -> None:
    answer = page.post(AGENT, {"steps": "many"})
    assert answer.status_code == 422
    assert 'value="many"' in answer.content.decode()
    assert 'aria-invalid="true"' in answer.content.decode()
    assert "valid integer" in text_of(answer)
    assert not AgentRun.objects.exists()


def test_a_dataset_is_looked_at_before_it_is_run(
    page: Client, weekly: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def inspect(self: Any, data: Any, ctx: Any) -> Inspection:
        frame = ctx.table(data.table)
        choice = Understood(
            path="table.columns.item", label="Item", value="item", choices=["item", "week"], why="Its name"
        )
        return Inspection(
            summary=f"{frame.height} rows", understood=[choice], warnings=["Few rows"], preview=[{"item": "Tea"}]
        )

    monkeypatch.setattr(type(AGENTS[ECHO]), "inspect", inspect)
    words = text_of(page.get(ECHO_PAGE, {"table.dataset": str(weekly.pk)}))
    for said in ("3 rows", "Its name", "Few rows", "weekly", "What was understood"):
        assert said in words
    answer = page.post(ECHO_PAGE, {"table.dataset": str(weekly.pk), "table.columns.item": "week"})
    assert answer.status_code == 302
    assert AgentRun.objects.get().input["table"]["columns"] == {"item": "week"}


def test_a_table_that_cannot_be_read_lets_a_person_name_its_columns(
    page: Client, weekly: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Any, data: Any, ctx: Any) -> Any:
        issue = Issue(path="table.columns.period", message="No column of periods was found.")
        raise InvalidInput("The table cannot be read.", remedy="Name the column.", issues=[issue])

    monkeypatch.setattr(type(AGENTS[ECHO]), "inspect", refuse)
    answer = page.get(ECHO_PAGE, {"table.dataset": str(weekly.pk), "table.columns.item": "sold"})
    words, body = text_of(answer), answer.content.decode()
    assert "No column of periods was found." in words
    assert "Name the column." in words
    assert 'name="table.columns.period"' in body
    assert '<option value="sold" selected>' in body
    assert '<option value="detect" selected>' in body
    # To leave it to the agent is no correction.
    page.post(ECHO_PAGE, {"table.dataset": str(weekly.pk), "table.columns.item": "detect"})
    monkeypatch.undo()


@pytest.mark.parametrize("dataset", ["nonsense", str(UUID(int=7))])
def test_a_dataset_that_is_not_there_is_told(page: Client, dataset: str) -> None:
    answer = page.get(ECHO_PAGE, {"table.dataset": dataset})
    assert answer.status_code == 200
    assert "o-callout" in answer.content.decode()
    assert page.post(ECHO_PAGE, {"table.dataset": dataset}).status_code in {404, 422}


def test_an_example_fills_the_form_and_runs(page: Client) -> None:
    assert 'value="3"' in page.get(AGENT, {"example": "0"}).content.decode()
    page.post(AGENT, {"example": "0", "mood": "calm"})
    assert AgentRun.objects.get().input == {}  # three is the default
    assert page.get(AGENT, {"example": "7"}).status_code == 200


def test_an_example_with_rows_stands_in_for_a_dataset(page: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"item": "Tea", "sold": 3}]
    monkeypatch.setattr(type(AGENTS[ECHO]), "examples", [Example(title="A little", input={"table": {"rows": rows}})])
    assert "A little" in text_of(page.get(ECHO_PAGE))
    answer = page.get(ECHO_PAGE, {"example": "0"})
    assert "data made up for it" in text_of(answer)
    assert "disabled" not in answer.content.decode().split("Run agent")[0].rpartition("<button")[2]
    page.post(ECHO_PAGE, {"example": "0"})
    assert AgentRun.objects.get().input == {"table": {"rows": rows}}


def test_json_starts_a_run(page: Client) -> None:
    assert "&quot;steps&quot;: 3" in page.get(AGENT, {"mode": "json"}).content.decode()
    assert "&quot;steps&quot;: 7" in page.get(AGENT, {"mode": "json", "steps": "7"}).content.decode()
    assert page.post(AGENT, {"mode": "json", "json": '{"steps": 2}'}).status_code == 302
    assert AgentRun.objects.get().input == {"steps": 2}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"steps": ', "line 1, column 11"),
        ("[1]", "must be a JSON object"),
        ('{"steps": NaN}', "NaN is not a number"),
        ('{"mood": "\\ud800"}', "half of a character"),
        ("[" * 100_000, "nested deeper than 64 levels"),
        ("", "line 1, column 1"),
        ('{"stepz": 1}', "stepz"),
    ],
)
def test_json_that_cannot_be_used_is_told_and_kept(page: Client, text: str, said: str) -> None:
    answer = page.post(AGENT, {"mode": "json", "json": text})
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert html.escape(text)[:200] in answer.content.decode().replace("&#x27;", "&#39;")
    assert not AgentRun.objects.exists()


def test_the_part_with_the_form_comes_alone_when_a_script_asks_for_it(page: Client, weekly: Dataset) -> None:
    answer = page.get(
        ECHO_PAGE, {"table.dataset": str(weekly.pk)}, headers={"hx-request": "true", "hx-target": "input"}
    )
    assert answer.content.decode().strip().startswith("<form")
    assert "<html" not in answer.content.decode()


def test_a_run_can_be_started_from_the_input_of_an_earlier_one(page: Client, finished: Start, globex: Tenant) -> None:
    run = finished(steps=5)
    assert 'value="5"' in page.get(AGENT, {"again": str(run.number)}).content.decode()
    rows = finished(key=ECHO, table={"rows": [{"a": 1}]})
    assert "&quot;a&quot;: 1" in page.get(ECHO_PAGE, {"again": str(rows.number)}).content.decode()
    assert page.get(ECHO_PAGE, {"again": str(run.number)}).status_code == 404
    assert page.get(AGENT, {"again": "999999999999999999999"}).status_code == 404


# ---------------------------------------------------------------------------------------------------------------- run


def test_a_run_that_waits_shows_progress_and_a_way_to_cancel_it(page: Client, start: Start) -> None:
    run = start()
    words = text_of(page.get(f"/runs/{run.ref}/"))
    for said in ("Queued", "Waiting for a worker", "Cancel", "It is safe to leave this page"):
        assert said in words
    assert "unusually long" not in words
    AgentRun.objects.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(hours=1))
    assert "unusually long" in text_of(page.get(f"/runs/{run.ref}/"))


def test_a_run_that_succeeded_shows_its_widgets_and_downloads(page: Client, finished: Start) -> None:
    run = finished(steps=30)
    words = text_of(page.get(f"/runs/{run.ref}/"))
    for said in ("Succeeded", "Numbers 30", "Number 1", "1 was counted.", "CSV", "XLSX", "Run again"):
        assert said in words
    assert "30 was counted." in text_of(page.get(f"/runs/{run.ref}/", {"row": "30"}))
    assert page.get(f"/runs/{run.ref}/", {"row": "31"}).status_code == 404
    sorted_page = page.get(f"/runs/{run.ref}/", {"numbers.sort": "-n"}).content.decode()
    assert list(dict.fromkeys(re.findall(r"row=(\d+)", sorted_page)))[:2] == ["30", "29"]


def test_a_run_that_failed_says_why_first(page: Client, finished: Start) -> None:
    run = finished(mood="cross")
    words = text_of(page.get(f"/runs/{run.ref}/"))
    assert words.index("I will not count this.") < words.index("Input and details")
    assert "Ask kindly." in words
    assert "Row 2" in words
    assert "Edit the input" in words


def test_a_run_whose_agent_is_gone_can_still_be_looked_at(page: Client, finished: Start) -> None:
    run = finished()
    AgentRun.objects.filter(pk=run.pk).update(agent_key="dummy.retired")
    words = text_of(page.get(f"/runs/{run.ref}/"))
    assert "no longer installed" in words
    assert "dummy.retired" in words
    assert page.get(f"/runs/{run.ref}/result.csv").status_code == 404


@pytest.mark.parametrize("address", ["/runs/R-999/", "/runs/R-99999999999999999999999/", "/runs/R-x/", "/runs/R-0/"])
def test_a_run_that_is_not_here_is_not_found(page: Client, address: str) -> None:
    assert page.get(address).status_code == 404


def test_a_run_of_another_tenant_is_not_found(page: Client, start: Start, globex: Tenant) -> None:
    with tenant_context(globex):
        for _ in range(3):
            other = start()
    for address in ("", "snapshot/", "result.csv"):
        assert page.get(f"/runs/{other.ref}/{address}").status_code == 404
    for address in ("cancel/", "again/", "requeue/"):
        assert page.post(f"/runs/{other.ref}/{address}").status_code == 404


def test_a_result_costs_the_same_statements_and_the_same_size_however_long(page: Client, finished: Start) -> None:
    small, large = finished(steps=20), finished(steps=1000)
    statements(page, f"/runs/{small.ref}/")
    assert statements(page, f"/runs/{small.ref}/") == statements(page, f"/runs/{large.ref}/")
    sizes = [len(page.get(f"/runs/{run.ref}/").content) for run in (small, large)]
    assert sizes[1] < sizes[0] * 1.1


def test_a_large_input_is_cut_on_the_page(page: Client, start: Start) -> None:
    run = start(key=ECHO, table={"rows": [{"a": "x" * 100}] * 1000})
    answer = page.get(f"/runs/{run.ref}/")
    assert "Only the beginning is shown." in text_of(answer)
    assert len(answer.content) < 60_000


def test_snapshots_tell_the_state_as_sockets_do(page: Client, start: Start, finished: Start) -> None:
    run = finished()
    state = page.get(f"/runs/{run.ref}/snapshot/").json()
    assert (state["run"], state["seq"], state["status"]) == (str(run.pk), run.seq, "succeeded")
    waits = start()
    events = page.get("/runs/snapshot/", {"run": [str(run.pk), "nonsense", str(uuid4())]}).json()["events"]
    assert [event["run"] for event in events] == [str(run.pk), str(waits.pk)]


def test_a_run_is_cancelled_from_its_page(page: Client, start: Start) -> None:
    run = start()
    answer = page.post(f"/runs/{run.ref}/cancel/", follow=True)
    assert f"{run.ref} is cancelled." in text_of(answer)
    assert "This run was cancelled" in text_of(answer)
    assert "already ended" in text_of(page.post(f"/runs/{run.ref}/cancel/", follow=True))


def test_a_run_is_started_again_from_its_page(page: Client, finished: Start) -> None:
    run = finished(steps=6)
    answer = page.post(f"/runs/{run.ref}/again/")
    again = AgentRun.objects.latest("id")
    assert answer.headers["Location"] == f"/runs/{again.ref}/"
    assert again.input == {"steps": 6}


def test_a_run_whose_data_is_gone_cannot_be_started_again(page: Client, finished: Start, weekly: Dataset) -> None:
    run = finished(key=ECHO, table={"dataset": str(weekly.pk)})
    weekly.delete()
    assert "no such dataset" in text_of(page.post(f"/runs/{run.ref}/again/", follow=True))
    assert AgentRun.objects.count() == 1


def test_a_run_that_was_given_up_is_requeued_from_its_page(
    page: Client, start: Start, acme: Tenant, work_off: WorkOff
) -> None:
    run = start()
    die(run, acme)
    work_off()
    assert "Requeue" in text_of(page.get(f"/runs/{run.ref}/"))
    assert "queued again" in text_of(page.post(f"/runs/{run.ref}/requeue/", follow=True))
    assert "nothing to requeue" in text_of(page.post(f"/runs/{run.ref}/requeue/", follow=True))


def test_results_are_downloaded(page: Client, finished: Start) -> None:
    run = finished(steps=2)
    answer = page.get(f"/runs/{run.ref}/result.csv")
    assert answer.content == b"n\r\n1\r\n2\r\n"
    assert f"{run.ref}-numbers.csv" in answer["Content-Disposition"]
    book = page.get(f"/runs/{run.ref}/result.xlsx")
    assert pl.read_excel(BytesIO(book.content)).to_dict(as_series=False) == {"n": [1, 2]}


def test_a_viewer_sees_a_run_and_no_button_that_writes(client_for: Browse, member: Make, start: Start) -> None:
    page, run = client_for(member("viewer")), start()
    words = text_of(page.get(f"/runs/{run.ref}/"))
    assert "Queued" in words
    assert "Cancel" not in words
    assert page.post(f"/runs/{run.ref}/cancel/").status_code == 403
    assert page.post(f"/runs/{run.ref}/again/").status_code == 403


# --------------------------------------------------------------------------------------------------------------- list


def refs(answer: Any) -> list[str]:
    return re.findall(r'<span class="mono">(R-\d+)</span>', answer.content.decode())


def test_the_list_is_narrowed_by_what_stands_in_the_address(page: Client, start: Start, finished: Start) -> None:
    done, failed = finished(), finished(mood="cross")
    waits = start(key=ECHO, table={"rows": [{"a": 1}]})
    every = [waits.ref, failed.ref, done.ref]
    AgentRun.objects.filter(pk=done.pk).update(created_at=timezone.now() - timedelta(days=3))
    for narrow, wanted in (
        ({}, every),
        ({"status": "failed"}, [failed.ref]),
        ({"status": "open"}, [waits.ref]),
        ({"agent": ECHO}, [waits.ref]),
        ({"q": done.ref}, [done.ref]),
        ({"q": str(done.number)}, [done.ref]),
        ({"q": "invalid_input"}, [failed.ref]),
        ({"q": "not count this"}, []),  # it quotes the input, so it is sealed
        ({"q": "inline"}, [waits.ref]),
        ({"since": "24h"}, every[:2]),
        ({"since": "7d"}, every),
        ({"since": timezone.now().date().isoformat()}, every[:2]),
        ({"since": "2026-02-31", "status": "odd"}, every),
        ({"run": [str(done.pk), "nonsense"]}, [done.ref]),
        ({"q": "\x00"}, every),
    ):
        assert refs(page.get("/runs/", narrow)) == wanted, narrow


def test_the_list_goes_on_by_pages(page: Client, start: Start) -> None:
    runs = [start() for _ in range(55)]
    first = page.get("/runs/")
    assert len(refs(first)) == 50
    following = re.search(r'href="(\?before=[^"]+)"', first.content.decode())
    assert following
    assert refs(page.get("/runs/" + html.unescape(following[1]))) == [run.ref for run in runs[4::-1]]
    assert page.get("/runs/", {"before": "nonsense"}).status_code == 404


def test_the_list_costs_the_same_statements_however_long(page: Client, start: Start, member: Make) -> None:
    start(member())
    statements(page, "/runs/")
    few = statements(page, "/runs/")
    for _ in range(20):
        start(member())
    assert statements(page, "/runs/") == few


def test_an_empty_list_leads_somewhere(page: Client, start: Start) -> None:
    assert "No runs yet" in text_of(page.get("/runs/"))
    start()
    words = text_of(page.get("/runs/", {"status": "failed"}))
    assert "No run matches" in words
    assert "Clear filters" in words


def test_the_list_is_exported_as_filtered_and_without_active_cells(page: Client, finished: Start) -> None:
    finished()
    failed = finished(mood="cross")
    AgentRun.objects.filter(pk=failed.pk).update(source="=1+1")
    frame = pl.read_csv(page.get("/runs/export.csv", {"status": "failed"}).content)
    assert frame["run"].to_list() == [failed.ref]
    assert frame["input"].to_list() == ["'=1+1"]


def test_a_stranger_is_sent_to_sign_in(client_for: Browse, start: Start, work_off: WorkOff) -> None:
    run = start()
    for address in ("/agents/", AGENT, "/runs/", f"/runs/{run.ref}/", "/runs/export.csv"):
        answer = client_for().get(address)
        assert answer.status_code == 302
        assert "/accounts/login/" in answer["Location"]
    answer = client_for().get(f"/runs/{run.ref}/snapshot/", headers={"accept": "application/json"})
    assert answer.status_code == 401
    assert "run" not in json.loads(answer.content)
