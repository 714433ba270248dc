"""What is tried again, what is not, and after how long."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from orchestrall_client import (
    Client,
    Conflict,
    NotFound,
    Retries,
    ServerError,
    TooManyRequests,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
)
from orchestrall_client.retries import retry_after

from tests.client.conftest import RUN_ID, Clock, MakeClient, Server, answered, dataset, problem, run

LOST = httpx.ReadError("the connection was lost")
REFUSED = httpx.ConnectError("connection refused")


@pytest.mark.parametrize("passing", [problem(429), problem(502), problem(503), problem(504), LOST, REFUSED])
def test_a_read_is_tried_until_it_is_answered(
    client: Client, server: Server, passing: httpx.Response | Exception
) -> None:
    server.will(passing, passing, answered(run()))
    assert client.runs.get(RUN_ID).ref == "R-12"
    assert len(server.asked) == 3


def test_pauses_double_up_to_a_cap_and_tries_are_counted(client_of: MakeClient, server: Server, clock: Clock) -> None:
    server.will(*[problem(503) for _ in range(6)])
    with pytest.raises(Unavailable, match="What happened"):
        client_of(tries=6, base=1, cap=5).runs.get(RUN_ID)
    assert clock.slept == [1, 2, 4, 5, 5]


def test_jitter_is_full() -> None:
    asked: list[tuple[float, float]] = []
    retries = Retries(base=1, cap=60, between=lambda least, most: asked.append((least, most)) or least)  # type: ignore[func-returns-value]
    assert [retries.pause(tried) for tried in (1, 2, 3)] == [0, 0, 0]
    assert asked == [(0, 1), (0, 2), (0, 4)]


def test_the_server_says_when_and_none_come_back_together(client_of: MakeClient, server: Server, clock: Clock) -> None:
    server.will(problem(429, Retry_After="7"), problem(503, Retry_After="3"), answered(run()))
    client_of(base=0.5).runs.get(RUN_ID)
    assert clock.slept == [7.5, 3.5]


def test_no_try_begins_after_the_deadline(client_of: MakeClient, server: Server, clock: Clock) -> None:
    server.will(problem(429, Retry_After="900"))
    with pytest.raises(TooManyRequests) as refused:
        client_of(deadline=60).runs.get(RUN_ID)
    assert refused.value.retry_after == 900
    assert clock.slept == []


@pytest.mark.parametrize(("status", "kind"), [(404, NotFound), (500, ServerError), (409, Conflict)])
def test_an_answer_that_would_stay_the_same_is_not_asked_for_again(
    client: Client, server: Server, status: int, kind: type[Exception]
) -> None:
    server.will(problem(status))
    with pytest.raises(kind):
        client.runs.get(RUN_ID)


def test_a_creating_post_keeps_its_key_and_its_file_over_its_tries(client: Client, server: Server) -> None:
    server.will(LOST, problem(503), answered(dataset(), 201))
    client.datasets.upload(b"item\nTea\n", title="Weekly sales")
    keys = server.sent("Idempotency-Key")
    assert len(set(keys)) == 1
    assert len(str(keys[0])) == 36
    boundaries = [request.headers["Content-Type"].partition("boundary=")[2].encode() for request in server.requests]
    first, *others = [body.replace(mark, b"") for body, mark in zip(server.bodies, boundaries, strict=True)]
    assert b"item\nTea\n" in first
    assert others == [first, first]


def test_each_creating_call_has_a_key_of_its_own(client: Client, server: Server) -> None:
    server.will(answered(run(), 202), answered(run(), 202), answered(run(), 202))
    for key in (None, None, "order-7"):
        client.runs.start("dummy.counter", {"steps": 3}, idempotency_key=key)
    first, second, mine = server.sent("Idempotency-Key")
    assert first != second
    assert mine == "order-7"


def test_a_post_whose_first_try_is_still_worked_on_waits_for_it(client: Client, server: Server, clock: Clock) -> None:
    server.will(LOST, problem(409, "request_under_way", Retry_After="2"), answered(run(), 202))
    assert client.runs.start("dummy.counter").ref == "R-12"
    assert clock.slept[1] == 2.5


def test_what_may_have_been_carried_out_is_not_sent_again_without_a_key(client: Client, server: Server) -> None:
    server.will(LOST)
    with pytest.raises(Unreachable, match="connection was lost"):
        client.datasets.delete(RUN_ID)
    server.will(problem(503))
    with pytest.raises(Unavailable):
        client.datasets.delete(RUN_ID)
    assert len(server.asked) == 2


def test_what_was_never_carried_out_is_sent_again_whatever_it_is(client: Client, server: Server) -> None:
    server.will(REFUSED, problem(429), httpx.Response(204))
    client.datasets.delete(RUN_ID)
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    "cause", [ssl.SSLCertVerificationError("self-signed"), socket.gaierror(socket.EAI_NONAME, "not known")]
)
def test_a_host_that_will_not_come_is_not_tried_again(client: Client, server: Server, cause: Exception) -> None:
    error = httpx.ConnectError(str(cause))
    error.__cause__ = cause
    server.will(error)
    with pytest.raises(Unreachable):
        client.runs.get(RUN_ID)


def test_an_answer_that_is_no_answer_of_the_api_is_told_as_such(client: Client, server: Server) -> None:
    server.will(httpx.Response(200, text="<html>", headers={"Content-Type": "text/html"}))
    with pytest.raises(UnexpectedAnswer, match="text/html"):
        client.runs.get(RUN_ID)
    server.will(answered({"id": "x"}))
    with pytest.raises(UnexpectedAnswer, match="fields of RunDetail"):
        client.runs.get(RUN_ID)
    server.will(httpx.Response(301, headers={"Location": "https://elsewhere.example/"}))
    with pytest.raises(UnexpectedAnswer, match="elsewhere"):
        client.runs.get(RUN_ID)


def test_both_forms_of_retry_after_are_read() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert retry_after({"Retry-After": "12"}) == 12
    assert 60 < (retry_after({"Retry-After": later}) or 0) <= 90
    assert retry_after({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
    assert retry_after({"Retry-After": "soon"}) is None
    assert retry_after({}) is None


@pytest.mark.parametrize("limits", [{"tries": 0}, {"base": -1}, {"cap": -1}, {"deadline": -1}])
def test_senseless_limits_are_refused(limits: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Retries(**limits)  # type: ignore[arg-type]
