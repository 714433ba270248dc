"""Runs: started, listed, waited for, watched and read."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from orchestrall_client import Client, NotFound, Run, RunDetail, RunFailed, Unreachable, WaitExpired
from pydantic import BaseModel

from tests.client.conftest import RUN_ID, URL, Clock, MakeClient, Server, answered, problem, run

ID = str(RUN_ID)
AT = f"/api/v1/runs/{RUN_ID}"


def event(seq: int, status: str = "running") -> bytes:
    told = {"v": 1, "seq": seq, "run": str(RUN_ID), "ref": "R-12", "agent": "dummy.counter", "status": status}
    more = {"done": 1, "total": 4, "percent": 25, "note": "", "at": "2026-11-25T16:40:03Z"}
    return f"id: {seq}\ndata: {json.dumps(told | more)}\n\n".encode()


def stream(*events: bytes, then: Exception | None = None) -> httpx.Response:
    def pieces() -> Any:
        yield from events
        if then is not None:
            raise then

    return httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=pieces())


def test_a_start_with_an_input_is_json(client: Client, server: Server) -> None:
    server.will(answered(run("queued"), 202))
    started = client.runs.start("dummy.counter", {"steps": 3})
    assert isinstance(started, Run)
    assert started.id == RUN_ID
    assert server.asked == ["POST /api/v1/agents/dummy.counter/runs"]
    assert json.loads(server.bodies[0]) == {"input": {"steps": 3}}


def test_a_start_whose_result_is_at_hand_has_ended_and_says_whose_it_is(client: Client, server: Server) -> None:
    at = "2026-11-25T16:40:03Z"
    server.will(answered(run("succeeded") | {"answered_from": ID, "worked_out_at": at}, 200))
    started = client.runs.start("dummy.counter", {"steps": 3})
    assert (started.is_open, started.answered_from, started.worked_out_at) == (
        False,
        RUN_ID,
        datetime(2026, 11, 25, 16, 40, 3, tzinfo=UTC),
    )


def test_a_start_can_be_worked_out_anew(client: Client, server: Server) -> None:
    server.will(answered(run("queued"), 202))
    client.runs.start("dummy.counter", {"steps": 3}, fresh=True)
    assert json.loads(server.bodies[0]) == {"input": {"steps": 3}, "fresh": True}


def test_a_start_with_a_file_is_a_form(client: Client, server: Server, tmp_path: Path) -> None:
    (tmp_path / "weekly.csv").write_bytes(b"item,sold\nTea,12\n")
    server.will(answered(run("queued"), 202))
    client.runs.start("dummy.counter", {"steps": 3}, file=tmp_path / "weekly.csv", sheet="Sales")
    assert b'name="file"; filename="weekly.csv"' in server.bodies[0]
    assert b'name="input"\r\n\r\n{"steps": 3}' in server.bodies[0]
    assert b'name="sheet"\r\n\r\nSales' in server.bodies[0]
    assert server.requests[0].headers["Content-Length"] == str(len(server.bodies[0]))


def test_ids_dates_and_models_in_an_input_become_json(client: Client, server: Server) -> None:
    class Table(BaseModel):
        dataset: UUID

    given = {"table": Table(dataset=RUN_ID), "id": RUN_ID, "since": date(2026, 1, 5), "at": datetime(2026, 1, 5, 6)}
    sent = {"table": {"dataset": ID}, "id": ID, "since": "2026-01-05", "at": "2026-01-05T06:00:00"}
    server.will(answered(run(), 202), answered(run(), 202), answered({"items": [run()]}, 202))
    client.runs.start("dummy.counter", given)
    client.runs.start("dummy.counter", given, file=b"item\n")
    client.runs.start_many("dummy.counter", [given])
    assert json.loads(server.bodies[0]) == {"input": sent}
    assert json.dumps(sent).encode() in server.bodies[1]
    assert json.loads(server.bodies[2]) == {"inputs": [sent]}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1}, object()])
def test_what_is_no_json_is_refused_before_anything_is_sent(client: Client, value: object) -> None:
    for file in (None, b"item\n"):
        with pytest.raises((TypeError, ValueError), match="JSON"):
            client.runs.start("dummy.counter", {"value": value}, file=file)


def test_a_key_of_an_agent_cannot_lead_elsewhere(client: Client, server: Server) -> None:
    server.will(problem(404))
    with pytest.raises(NotFound):
        client.runs.start("../keys?x=")
    assert server.asked == ["POST /api/v1/agents/..%2Fkeys%3Fx%3D/runs"]


def test_an_id_that_is_none_is_refused_before_anything_is_asked(client: Client) -> None:
    for call in (client.runs.get, client.runs.cancel, client.runs.wait, client.datasets.get, client.datasets.delete):
        with pytest.raises(ValueError, match=r"R-12.*is no id of a"):
            call("R-12")


def test_a_list_is_asked_for_page_by_page_as_it_is_read(client: Client, server: Server) -> None:
    first = {"items": [run(), run()], "next": "https://elsewhere.example/api/v1/runs?cursor=abc%3D&limit=2"}
    server.will(answered(first))
    since = datetime(2026, 11, 25, tzinfo=UTC)
    found = client.runs.list(status="failed", agent="dummy.counter", since=since, page_size=2)
    assert server.asked == []
    next(found), next(found)
    assert len(server.asked) == 1
    server.will(answered({"items": [run()], "next": None}))
    assert len(list(found)) == 1
    assert dict(server.requests[0].url.params) == {
        "status": "failed",
        "agent": "dummy.counter",
        "since": "2026-11-25T00:00:00+00:00",
        "limit": "2",
    }
    # The cursor is followed as it is, and on no host but ours.
    assert str(server.requests[1].url) == f"{URL}/api/v1/runs?cursor=abc%3D&limit=2"


def test_a_moment_without_a_zone_is_refused(client: Client) -> None:
    with pytest.raises(ValueError, match="time zone"):
        client.runs.list(since=datetime(2026, 11, 25))


def test_a_wait_asks_until_the_run_has_ended_and_tells_each_change_once(client: Client, server: Server) -> None:
    told: list[int] = []
    server.will(*[answered(run(seq=seq)) for seq in (1, 1, 2)], answered(run("succeeded", seq=3, output={"n": 1})))
    ended = client.runs.wait(RUN_ID, on_progress=lambda now: told.append(now.seq))
    assert ended.output == {"n": 1}
    assert told == [1, 2, 3]
    assert {request.url.params["wait"] for request in server.requests} == {"2.0"}


def test_a_wait_leaves_the_server_in_peace_where_it_holds_nothing_back(
    client: Client, server: Server, clock: Clock
) -> None:
    server.will(answered(run()), answered(run()), answered(run("cancelled", seq=2)))
    client.runs.wait(RUN_ID)
    assert clock.slept == [1, 1]


def test_a_wait_that_was_held_back_is_asked_again_at_once(client: Client, server: Server, clock: Clock) -> None:
    def held(request: httpx.Request) -> httpx.Response:
        clock.now += float(request.url.params["wait"])
        return answered(run())

    server.will(held, held, answered(run("succeeded", seq=2)))
    client.runs.wait(RUN_ID)
    assert clock.slept == []
    assert server.requests[0].extensions["timeout"]["read"] > 25


def test_a_wait_ends_at_its_time(client: Client, server: Server, clock: Clock) -> None:
    def held(request: httpx.Request) -> httpx.Response:
        clock.now += float(request.url.params["wait"])
        return answered(run())

    server.will(held, held)
    with pytest.raises(WaitExpired, match=r"R-12 is still running after 40 s\. It goes on") as expired:
        client.runs.wait(RUN_ID, timeout=40)
    assert isinstance(expired.value.run, RunDetail)
    assert expired.value.run.seq == 1
    assert [request.url.params["wait"] for request in server.requests] == ["25.0", "15.0"]


def test_a_wait_without_time_looks_once(client: Client, server: Server) -> None:
    server.will(answered(run()))
    with pytest.raises(WaitExpired):
        client.runs.wait(RUN_ID, timeout=0)
    assert server.asked == [f"GET {AT}"]


def test_the_result_of_a_run_without_one_says_why(client: Client, server: Server) -> None:
    why = {"code": "invalid_input", "title": "It cannot be used", "detail": "Row 2.", "remedy": "Mend it."}
    server.will(answered(run("failed", problem={**why, "issues": [{"message": "Not kind", "row": 2, "path": ""}]})))
    with pytest.raises(RunFailed) as failed:
        client.runs.result(RUN_ID)
    assert str(failed.value) == (
        "R-12 failed: It cannot be used (invalid_input). Row 2.\n  row 2: Not kind\nWhat to do: Mend it."
    )
    server.will(answered(run("cancelled")))
    with pytest.raises(RunFailed, match="R-12 was cancelled: it has no result"):
        client.runs.result(RUN_ID)


def test_a_watch_tells_each_change_once_and_ends_with_the_run(client: Client, server: Server) -> None:
    server.will(stream(event(3), event(3), b": ping\n\n", b'data: {"type": "ping"}\n\n', event(5, "succeeded")))
    assert [(each.seq, each.status) for each in client.runs.watch(RUN_ID)] == [(3, "running"), (5, "succeeded")]
    assert server.asked == [f"GET {AT}/events"]
    assert server.sent("Accept") == ["text/event-stream"]


@pytest.mark.parametrize(
    "lost", [None, httpx.ReadError("lost"), httpx.RemoteProtocolError("cut"), httpx.ReadTimeout("")]
)
def test_a_watch_goes_on_where_its_stream_was_lost(
    client: Client, server: Server, clock: Clock, lost: Exception | None
) -> None:
    server.will(stream(event(3), then=lost), problem(503), stream(event(3), event(4)), stream(event(5, "failed")))
    assert [each.seq for each in client.runs.watch(RUN_ID)] == [3, 4, 5]
    assert server.sent("Last-Event-ID") == [None, "3", "3", "4"]
    assert len(clock.slept) == 3


def test_a_watch_gives_up_on_a_stream_that_is_lost_again_and_again(client_of: MakeClient, server: Server) -> None:
    server.will(*[stream(then=httpx.ReadError("lost")) for _ in range(3)])
    with pytest.raises(Unreachable, match="at the last of 3 tries: lost"):
        list(client_of(tries=3).runs.watch(RUN_ID))


def quiet(clock: Clock, seconds: float, then: Exception | None) -> Callable[[httpx.Request], httpx.Response]:
    """A stream that gives signs of life for so long, and ends."""

    def answer(request: httpx.Request) -> httpx.Response:
        def pieces() -> Any:
            clock.now += seconds
            yield b": beat\n\n"
            if then is not None:
                raise then

        return httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=pieces())

    return answer


@pytest.mark.parametrize("end", [None, httpx.ReadError("lost")])
def test_a_watch_goes_on_however_long_nothing_happens(
    client_of: MakeClient, server: Server, clock: Clock, end: Exception | None
) -> None:
    server.will(stream(event(3)), *[quiet(clock, 500, end) for _ in range(5)], stream(event(4, "succeeded")))
    assert [each.seq for each in client_of(tries=2, deadline=60).runs.watch(RUN_ID)] == [3, 4]


def test_a_watch_asks_again_and_again_where_a_stream_is_not_kept_open(client: Client, server: Server) -> None:
    server.will(stream(event(3)), stream(), answered(run(seq=3)), answered(run("succeeded", seq=4)))
    assert [each.seq for each in client.runs.watch(RUN_ID)] == [3, 4]
    assert server.asked[-1] == f"GET {AT}?wait=2.0"


def test_a_watch_ends_where_nothing_follows(client: Client, server: Server) -> None:
    server.will(stream(event(3)), httpx.Response(204), answered(run("succeeded", seq=3)))
    assert [each.seq for each in client.runs.watch(RUN_ID)] == [3]


@pytest.mark.parametrize("status", [404, 405, 406])
def test_a_watch_asks_again_and_again_where_there_is_no_stream(
    client: Client, server: Server, status: int, clock: Clock
) -> None:
    server.will(problem(status), answered(run(seq=1)), answered(run(seq=1)), answered(run("succeeded", seq=2)))
    assert [(each.seq, each.percent) for each in client.runs.watch(RUN_ID)] == [(1, 25), (2, 25)]
    assert server.asked[1:] == [f"GET {AT}", f"GET {AT}?wait=2.0", f"GET {AT}?wait=2.0"]


def test_a_watch_asks_again_and_again_where_a_proxy_answers_with_a_page(client: Client, server: Server) -> None:
    server.will(httpx.Response(200, text="<html>"), answered(run("succeeded")))
    assert [each.status for each in client.runs.watch(RUN_ID)] == ["succeeded"]


def test_a_run_that_is_not_there_cannot_be_watched(client: Client, server: Server) -> None:
    server.will(problem(404), problem(404))
    with pytest.raises(NotFound):
        list(client.runs.watch(RUN_ID))


def test_a_cancel_is_carried_out_once_however_often_it_is_sent(client: Client, server: Server) -> None:
    server.will(httpx.ReadError("lost"), answered(run(cancel_requested=True), 202))
    assert client.runs.cancel(RUN_ID).cancel_requested
    assert server.sent("Idempotency-Key")[0] == server.sent("Idempotency-Key")[1] is not None


def test_a_download_is_there_as_a_whole_or_not_at_all(client: Client, server: Server, tmp_path: Path) -> None:
    def half(*_: object) -> Any:
        yield b"item,fore"
        raise httpx.ReadError("lost")

    target = tmp_path / "result.csv"
    target.write_text("the one of before")
    server.will(httpx.Response(200, content=half()), httpx.Response(200, content=b"item,forecast\nTea,12\n"))
    client.runs.download(RUN_ID, target)
    assert target.read_text() == "item,forecast\nTea,12\n"
    server.will(problem(409))
    with pytest.raises(Exception, match="What happened"):
        client.runs.download(RUN_ID, target)
    assert target.read_text() == "item,forecast\nTea,12\n"
    assert [each.name for each in tmp_path.iterdir()] == ["result.csv"]


def test_a_download_to_an_open_file_begins_when_it_is_there(client: Client, server: Server) -> None:
    def half(*_: object) -> Any:
        yield b"PKhal"
        raise httpx.ReadError("lost")

    to = io.BytesIO()
    server.will(httpx.Response(200, content=half()), httpx.Response(200, content=b"PK..."))
    client.runs.download(RUN_ID, to, "xlsx")
    assert to.getvalue() == b"PK..."
    assert server.asked == [f"GET {AT}/result.xlsx"] * 2
    with pytest.raises(ValueError, match="csv or xlsx"):
        client.runs.download(RUN_ID, to, "pdf")  # type: ignore[arg-type]
