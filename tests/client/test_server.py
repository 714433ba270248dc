"""The client in front of the server itself, without a network between them."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import polars
import pytest
from orchestrall_client import (
    Client,
    Conflict,
    InvalidRequest,
    NotAuthenticated,
    NotFound,
    PermissionDenied,
    RunFailed,
)

from apps.agents.models import AgentRun
from apps.common import work
from apps.datasets.models import Dataset
from apps.dispatch import turns, wakeups
from apps.dispatch.board import Board
from apps.dispatch.services import WorkDispatcher
from apps.gateway.principals import Caller
from apps.gateway.services import key_create
from apps.tenants.models import Tenant
from tests.client.conftest import Connect
from tests.conftest import MakeMember

WEEKLY = b"item,week,sold\nTea,2026-01-05,12\nTea,2026-01-12,9\nCoffee,2026-01-05,4\n"
SCOPES = ("agents.view", "agents.run", "runs.view", "runs.cancel", "datasets.view", "datasets.upload")


@pytest.fixture
def key_of(member: MakeMember) -> Callable[..., str]:
    """`key_of(*scopes, role="owner")`: the text of a key."""

    def make(*scopes: str, role: str = "owner") -> str:
        _, text = key_create(who=Caller(member(role)), name="A program", scopes=scopes or SCOPES, days=1)
        return text

    return make


@pytest.fixture
def work_off(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """`work_off()`: take a turn of a worker. No message wakes any other."""
    board = Board()
    monkeypatch.setattr(work, "_dispatcher", WorkDispatcher(board))
    monkeypatch.setattr(wakeups, "wake", lambda tenant, queue: True)
    return lambda: turns.turn(schema=acme.schema_name, queue="cpu", board=board)


@pytest.fixture
def client(connect: Connect, key_of: Callable[..., str]) -> Client:
    return connect(key=key_of())


def test_agents_tell_what_they_take(client: Client) -> None:
    agents = client.agents.list()
    assert "dummy.counter" in [agent.key for agent in agents]
    assert client.agents.get("dummy.counter").input_schema["properties"]["steps"]["maximum"] == 1000
    with pytest.raises(NotFound):
        client.agents.get("dummy.nothing")


def test_a_run_is_started_waited_for_and_read(client: Client, work_off: Callable[[], int]) -> None:
    run = client.runs.start("dummy.counter", {"steps": 3})
    assert (run.status, run.is_open) == ("queued", True)
    work_off()
    ended = client.runs.wait(run, timeout=60)
    assert (ended.status, ended.headline, ended.output) == ("succeeded", "Counted to 3", {"numbers": [1, 2, 3]})
    assert client.runs.result(run) == {"numbers": [1, 2, 3]}
    csv, xlsx = io.BytesIO(), io.BytesIO()
    client.runs.download(run, csv)
    client.runs.download(run, xlsx, "xlsx")
    assert csv.getvalue().decode("utf-8-sig").split() == ["n", "1", "2", "3"]
    assert polars.read_excel(xlsx).to_dict(as_series=False) == {"n": [1, 2, 3]}
    with pytest.raises(Conflict):
        client.runs.cancel(run)


def test_a_run_is_watched_where_no_stream_stays_open(client: Client, work_off: Callable[[], int]) -> None:
    run = client.runs.start("dummy.counter", {"steps": 3})
    events = client.runs.watch(run)
    first = next(events)
    work_off()
    assert [first.status, *(event.status for event in events)] == ["queued", "succeeded"]


def test_a_run_that_fails_says_why(client: Client, work_off: Callable[[], int]) -> None:
    run = client.runs.start("dummy.counter", {"steps": 2, "mood": "cross"})
    work_off()
    with pytest.raises(RunFailed, match="Ask kindly"):
        client.runs.result(run, timeout=60)


def test_a_file_feeds_a_run(client: Client, work_off: Callable[[], int], tmp_path: Path) -> None:
    (tmp_path / "weekly.csv").write_bytes(WEEKLY)
    run = client.runs.start("dummy.echo", file=tmp_path / "weekly.csv")
    work_off()
    assert [row["item"] for row in client.runs.result(run)["rows"]] == ["Tea", "Tea", "Coffee"]
    assert client.runs.get(run).source


def test_a_start_that_is_sent_twice_is_one_run(client: Client, work_off: Callable[[], int]) -> None:
    first = client.runs.start("dummy.echo", file=WEEKLY, name="weekly.csv", idempotency_key="order-7")
    again = client.runs.start("dummy.echo", file=WEEKLY, name="weekly.csv", idempotency_key="order-7")
    assert first == again
    assert (AgentRun.objects.count(), Dataset.objects.count()) == (1, 1)
    with pytest.raises(InvalidRequest) as refused:
        client.runs.start("dummy.counter", {"steps": 4}, idempotency_key="order-7")
    assert refused.value.code == "idempotency_key_reused"


def test_an_input_that_cannot_be_used_is_told_place_by_place(client: Client) -> None:
    with pytest.raises(InvalidRequest) as refused:
        client.runs.start("dummy.counter", {"steps": 0})
    assert refused.value.issues[0].path.endswith("steps")
    assert refused.value.request_id
    assert AgentRun.objects.count() == 0


def test_datasets_are_stored_listed_read_and_deleted(client: Client, tmp_path: Path) -> None:
    stored = client.datasets.upload(WEEKLY, name="weekly.csv", title="Weekly sales")
    assert (stored.name, stored.rows, stored.width) == ("Weekly sales", 3, 3)
    assert [column.type for column in stored.columns] == ["text", "date", "integer"]
    table = client.datasets.upload(polars.DataFrame({"item": ["Tea"], "sold": [12]}), title="A table")
    assert (table.format, table.rows) == ("parquet", 1)
    assert [each.name for each in client.datasets.list()] == ["A table", "Weekly sales"]
    assert [each.name for each in client.datasets.list(q="weekly")] == ["Weekly sales"]
    client.datasets.rows(stored, tmp_path / "rows.csv")
    assert (tmp_path / "rows.csv").read_text(encoding="utf-8-sig").splitlines()[1].startswith("Tea,2026-01-05,12")
    assert client.datasets.rename(stored, "Sales by week").name == "Sales by week"
    assert list(client.datasets.list(order="name", fields=["name"])) == [{"name": "A table"}, {"name": "Sales by week"}]
    client.datasets.delete(stored)
    with pytest.raises(NotFound):
        client.datasets.get(stored)


def test_a_list_is_read_to_its_end(client: Client, work_off: Callable[[], int]) -> None:
    started = [client.runs.start("dummy.counter", {"steps": 1}).id for _ in range(5)]
    assert [run.id for run in client.runs.list(page_size=2)] == started[::-1]
    assert [run.id for run in client.runs.list(order="created_at", page_size=3)] == started
    assert list(client.runs.list(status="failed")) == []
    named = list(client.runs.list(fields=["ref", "status"], page_size=4))
    assert named[0] == {"ref": client.runs.get(started[-1]).ref, "status": "queued"}
    assert len(named) == 5
    oldest = client.runs.get(started[0]).created_at
    assert list(client.runs.list(before=oldest)) == []
    assert len(list(client.runs.list(since=oldest))) == 5


def test_usage_and_performance_are_told(connect: Connect, member: MakeMember) -> None:
    owner = member("owner", password="a long enough password")
    client = connect(email=owner.email, password="a long enough password")
    assert {limit.name for limit in client.usage().items} >= {"tenant", "caller"}
    assert client.performance("2m").step_seconds == 1


def test_many_runs_are_started_and_cancelled_at_once(client: Client) -> None:
    started = client.runs.start_many("dummy.counter", [{"steps": 1}, {"steps": 2}], idempotency_key="both")
    assert started == client.runs.start_many("dummy.counter", [{"steps": 1}, {"steps": 2}], idempotency_key="both")
    assert [run.id for run in client.runs.list(order="created_at")] == [run.id for run in started]
    with pytest.raises(InvalidRequest) as refused:
        client.runs.start_many("dummy.counter", [{"steps": 1}, {"steps": 0}])
    assert refused.value.issues[0].path.startswith("inputs.1")
    nowhere = UUID(int=7)
    outcomes = client.runs.cancel_many([*started, nowhere])
    assert [each.outcome for each in outcomes] == ["cancelled", "cancelled", "not_found"]
    assert {run.status for run in client.runs.list()} == {"cancelled"}


def test_many_datasets_are_deleted_at_once(client: Client) -> None:
    stored = [client.datasets.upload(WEEKLY, name=f"{n}.csv") for n in range(2)]
    assert [each.outcome for each in client.datasets.delete_many([*stored, UUID(int=7)])] == [
        "deleted",
        "deleted",
        "not_found",
    ]
    assert list(client.datasets.list()) == []


def test_a_key_is_made_rotated_and_revoked(connect: Connect, member: MakeMember) -> None:
    owner = member("owner", password="a long enough password")
    person = connect(email=owner.email, password="a long enough password")
    made = person.keys.create("Nightly forecast", ["agents.view"], days=2)
    assert made.key not in repr(made)
    following = person.keys.rotate(made, overlap="1h")
    assert (following.replaces, following.name) == (made.id, "Nightly forecast")
    assert [connect(key=each.key).agents.list() != [] for each in (made, following)] == [True, True]
    assert [each.id for each in person.keys.list(state="active")] == [following.id, made.id]
    person.keys.revoke(made)
    assert person.keys.get(made).state == "revoked"
    with pytest.raises(NotAuthenticated):
        connect(key=made.key).agents.list()


def test_a_key_without_a_permission_is_told_which_one(connect: Connect, key_of: Callable[..., str]) -> None:
    with pytest.raises(PermissionDenied, match="run agents"):
        connect(key=key_of("agents.view")).runs.start("dummy.counter")


def test_a_key_of_one_host_means_nothing_on_another(
    connect: Connect, key_of: Callable[..., str], globex: Tenant
) -> None:
    with pytest.raises(NotAuthenticated):
        connect(slug="globex", key=key_of()).agents.list()


def test_a_person_signs_in_stays_so_and_signs_out(connect: Connect, member: MakeMember) -> None:
    user = member("analyst", password="a long enough password")
    client = connect(email=user.email, password="a long enough password")
    assert client.agents.list()
    held = client._connection._credential
    before = held.bearer()
    assert held.renew(before) != before
    assert client.agents.list()
    refresh = held._tokens.refresh_token  # type: ignore[attr-defined]
    client.close()
    again = connect(email=user.email, password="a long enough password")
    with pytest.raises(NotAuthenticated):
        again._connection._openly("/api/v1/tokens/refresh", {"refresh_token": refresh})


def test_a_wrong_password_is_refused(connect: Connect, member: MakeMember) -> None:
    user = member("analyst", password="a long enough password")
    with pytest.raises(NotAuthenticated):
        connect(email=user.email, password="another one").agents.list()
