"""Pages of batches: a file comes in, its columns are told, nothing starts before every row was looked at."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import polars as pl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.accounts.models import User
from apps.agents.batches.plans import Plan
from apps.agents.batches.services import batch_start
from apps.agents.contract import AGENTS
from apps.agents.models import AgentBatch, AgentRun
from apps.datasets.models import Dataset
from apps.datasets.services import dataset_upload
from apps.tenants.models import Tenant
from tests.agents.conftest import COUNTER, WorkOff
from tests.agents.test_batches import DECIDER, STEPS, begun, rows_of, work_through
from tests.agents.test_pages import statements, text_of

Make = Callable[..., User]
Browse = Callable[..., Client]
NEW, NEW_DECIDER = f"/agents/{COUNTER}/batch/", f"/agents/{DECIDER}/batch/"
SHOPS = b"shop,name,amount\nNorth,Ada,5\nSouth,=Bo,500\nNorth,Cy,7\n"


@pytest.fixture
def analyst(member: Make) -> User:
    return member("analyst")


@pytest.fixture
def page(client_for: Browse, analyst: User, work_off: WorkOff) -> Client:
    return client_for(analyst)


@pytest.fixture
def file(acme: Tenant, analyst: User) -> Callable[..., Dataset]:
    def make(content: bytes = STEPS) -> Dataset:
        return dataset_upload(file=BytesIO(content), name="steps.csv", user=analyst)

    return make


@pytest.fixture
def decided(file: Callable[..., Dataset], analyst: User, work_off: WorkOff) -> AgentBatch:
    """A batch of groups that has ended."""
    plan = Plan(dataset=file(SHOPS).pk, by="groups", group="shop")
    batch = batch_start(agent=AGENTS[DECIDER], plan=plan, user=analyst, who=analyst, origin="console")
    return work_through(work_off, batch)


# ---------------------------------------------------------------------------------------------------------------- new


def test_a_file_is_uploaded_and_its_columns_are_shown_next(page: Client) -> None:
    answer = page.post(f"{NEW}upload/", {"file": SimpleUploadedFile("steps.csv", STEPS)})
    dataset = Dataset.objects.get()
    assert answer.headers["Location"] == f"{NEW}?dataset={dataset.pk}"
    words = text_of(page.get(answer.headers["Location"]))
    assert "2 of 5 rows cannot be used" in words
    assert "Row 4, column “steps”: Choose another number." in words
    assert "Leave these out, start 3" in words
    assert not AgentBatch.objects.exists()


def test_a_file_that_cannot_be_read_is_told_and_not_kept(page: Client) -> None:
    answer = page.post(f"{NEW}upload/", {"file": SimpleUploadedFile("steps.csv", b"")})
    assert answer.status_code == 422
    assert "nothing was stored" in text_of(answer).lower()
    assert page.post(f"{NEW}upload/").status_code == 422
    assert not Dataset.objects.exists()


def test_a_column_that_was_found_wrongly_is_corrected(page: Client, file: Callable[..., Dataset]) -> None:
    dataset = file(b"steps,other\nx,2\ny,3\n")
    assert "2 of 2 rows cannot be used" in text_of(page.get(NEW, {"dataset": str(dataset.pk)}))
    corrected = {"dataset": str(dataset.pk), "c.steps": "other", "v.mood": "cross"}
    answer = page.get(NEW, corrected)
    assert "All 2 rows can be used" in text_of(answer)
    assert '<input type="hidden" name="c.steps" value="other">' in answer.content.decode()
    begun = page.post(NEW, corrected)
    batch = AgentBatch.objects.get()
    assert begun.headers["Location"] == f"/batches/{batch.ref}/"
    assert batch.input["plan"]["columns"] == {"steps": "other"}
    assert batch.input["plan"]["common"] == {"mood": "cross"}


def test_nothing_starts_where_a_row_cannot_be_used_unless_it_is_left_out(
    page: Client, file: Callable[..., Dataset]
) -> None:
    dataset = file()
    answer = page.post(NEW, {"dataset": str(dataset.pk)})
    assert answer.status_code == 422
    assert "2 of 5 rows cannot be used; nothing was started" in text_of(answer)
    assert not AgentBatch.objects.exists()
    assert page.post(NEW, {"dataset": str(dataset.pk), "others": "1"}).status_code == 302


def test_a_table_agent_is_given_a_group_of_rows_at_a_time(page: Client, file: Callable[..., Dataset]) -> None:
    dataset = file(SHOPS)
    words = text_of(page.get(NEW_DECIDER, {"dataset": str(dataset.pk)}))
    assert "Choose what belongs together" in words
    words = text_of(page.get(NEW_DECIDER, {"dataset": str(dataset.pk), "group": "shop"}))
    assert "All 2 groups can be used" in words
    assert "North 2 South 1" in words


def test_a_viewer_may_start_no_batch_and_a_dataset_of_nobody_is_no_file(client_for: Browse, member: Make) -> None:
    assert client_for(member("viewer")).get(NEW).status_code == 403
    page = client_for(member("analyst"))
    for wrong in ("", "x", "00000000-0000-0000-0000-000000000009"):
        assert "Upload a file" in text_of(page.get(NEW, {"dataset": wrong}))
    assert page.post(NEW, {"dataset": "00000000-0000-0000-0000-000000000009"}).status_code == 404


def test_looking_at_a_file_costs_the_same_statements_however_many_rows(
    page: Client, file: Callable[..., Dataset]
) -> None:
    few, many = file(rows_of(2)), file(rows_of(300))
    statements(page, f"{NEW}?dataset={few.pk}")
    assert statements(page, f"{NEW}?dataset={few.pk}") == statements(page, f"{NEW}?dataset={many.pk}")


# ---------------------------------------------------------------------------------------------------------------- one


def test_a_batch_shows_how_far_it_is_and_every_row(
    page: Client, file: Callable[..., Dataset], analyst: User, work_off: WorkOff
) -> None:
    batch = begun(file(), analyst, others=True, columns={"steps": "steps", "mood": "mood"})
    assert "Starting its runs" in text_of(page.get(f"/batches/{batch.ref}/"))
    work_through(work_off, batch)
    words = text_of(page.get(f"/batches/{batch.ref}/"))
    for said in ("4 of 5", "Row 2", "Counted to 2", "I will not count this.", "Run 1 failed again", "2 rows that"):
        assert said.replace("4 of 5", "5 of 5") in words
    assert page.get(f"/batches/{batch.ref}/snapshot/").json() == {
        "ref": batch.ref, "status": "ended", "source": "steps", "total": 5, "ended": 5, "percent": 100, "failed": 1,
        "open": 0, "refused": 2,
    }  # fmt: skip


def test_the_rows_of_a_batch_are_searched_and_narrowed(page: Client, decided: AgentBatch) -> None:
    address = f"/batches/{decided.ref}/"
    words = text_of(page.get(address))
    assert "North" in words and "South" in words  # noqa: PT018
    assert "Hold for review" in text_of(page.get(address, {"verdict": "hold"}))
    assert "North" not in text_of(page.get(address, {"verdict": "hold"}))
    assert "South" in text_of(page.get(address, {"q": "row 3"}))
    assert "North" not in text_of(page.get(address, {"q": "row 3"}))
    assert "No row matches" in text_of(page.get(address, {"status": "failed"}))


def test_the_page_of_a_batch_costs_the_same_statements_however_many_rows(
    page: Client, file: Callable[..., Dataset], analyst: User, work_off: WorkOff
) -> None:
    small, large = (work_through(work_off, begun(file(rows_of(n)), analyst)) for n in (2, 40))
    statements(page, f"/batches/{small.ref}/")
    assert statements(page, f"/batches/{small.ref}/") == statements(page, f"/batches/{large.ref}/")
    few = statements(page, "/batches/")
    work_through(work_off, begun(file(rows_of(2)), analyst))
    assert statements(page, "/batches/") == few


def test_a_batch_that_is_not_here_is_not_found(page: Client) -> None:
    assert page.get("/batches/B-999/").status_code == 404


def test_batches_are_listed_by_agent(page: Client, decided: AgentBatch) -> None:
    assert decided.ref in text_of(page.get("/batches/"))
    assert decided.ref in text_of(page.get("/batches/", {"agent": DECIDER}))
    assert "No batch of this agent" in text_of(page.get("/batches/", {"agent": COUNTER}))


def test_a_batch_is_cancelled_and_its_failed_rows_are_run_again(
    page: Client, file: Callable[..., Dataset], analyst: User, work_off: WorkOff
) -> None:
    batch = begun(file(rows_of(3)), analyst)
    page.post(f"/batches/{batch.ref}/cancel/")
    assert work_through(work_off, batch).status == "cancelled"
    other = begun(file(b"steps,mood\n2,cross\n"), analyst, columns={"steps": "steps", "mood": "mood"})
    work_through(work_off, other)
    page.post(f"/batches/{other.ref}/retry/")
    assert AgentRun.objects.get(batch=other).status == "queued"


# ----------------------------------------------------------------------------------------------------------- download


def test_the_download_puts_what_came_of_it_beside_the_files_own_columns(
    page: Client, file: Callable[..., Dataset], analyst: User, work_off: WorkOff
) -> None:
    batch = begun(file(), analyst, others=True, columns={"steps": "steps", "mood": "mood"})
    work_through(work_off, batch)
    content = page.get(f"/batches/{batch.ref}/rows.csv").content
    rows = pl.read_csv(content, infer_schema=False).to_dicts()
    assert list(rows[0]) == ["steps", "mood", "who", "run", "status", "verdict", "score", "result", "problem"]
    assert [(row["who"], row["status"]) for row in rows] == [
        ("Ada", "succeeded"),
        ("Bo", "failed"),
        ("Cy", "cannot be used"),
        ("Di", "cannot be used"),
        ("Ed", "succeeded"),
    ]
    assert rows[0]["result"] == "Counted to 2"
    assert rows[2]["problem"] == "Choose another number."


def test_the_download_of_groups_has_a_line_for_each_and_is_inert(page: Client, decided: AgentBatch) -> None:
    rows = pl.read_csv(page.get(f"/batches/{decided.ref}/rows.csv").content, infer_schema=False).to_dicts()
    assert [(row["shop"], row["verdict"]) for row in rows] == [("North", "Pass"), ("South", "Hold for review")]
    book: Any = page.get(f"/batches/{decided.ref}/rows.xlsx")
    assert book.content.startswith(b"PK")
