"""Keys, and a person's tokens that are renewed as they end."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from orchestrall_client import Client, NotAuthenticated, UnexpectedAnswer, Unreachable

from tests.client.conftest import KEY, RUN_ID, URL, Clock, MakeClient, Server, answered, problem, run

WHO = {"email": "analyst@acme.example", "password": "a good password"}


def tokens(number: int) -> httpx.Response:
    return answered({"access_token": f"access-{number}", "refresh_token": f"refresh-{number}", "expires_in": 600}, 201)


def test_a_key_is_sent_as_a_bearer_and_shown_nowhere(client: Client, server: Server) -> None:
    server.will(answered(run()))
    client.runs.get(RUN_ID)
    assert server.sent("Authorization") == [f"Bearer {KEY}"]
    assert KEY not in repr(client)


def test_a_key_that_is_refused_is_not_tried_twice(client: Client, server: Server) -> None:
    server.will(problem(401, "not_authenticated"))
    with pytest.raises(NotAuthenticated, match="A title"):
        client.runs.get(RUN_ID)


def test_a_person_signs_in_with_the_first_request_and_out_at_the_end(client_of: MakeClient, server: Server) -> None:
    server.will(tokens(1), answered(run()), httpx.Response(204))
    with client_of(**WHO) as client:
        client.runs.get(RUN_ID)
    assert server.asked == ["POST /api/v1/tokens", f"GET /api/v1/runs/{RUN_ID}", "POST /api/v1/tokens/revoke"]
    assert json.loads(server.bodies[0]) == WHO
    assert json.loads(server.bodies[2]) == {"token": "refresh-1"}
    assert server.sent("Authorization") == [None, "Bearer access-1", None]


def test_nobody_who_never_signed_in_signs_out(client_of: MakeClient, server: Server) -> None:
    client_of(**WHO).close()
    assert server.asked == []


def test_tokens_that_have_ended_are_traded_and_the_request_sent_again(client_of: MakeClient, server: Server) -> None:
    server.will(tokens(1), problem(401), tokens(2), answered(run()), problem(401), tokens(3), answered(run()))
    client = client_of(**WHO)
    client.runs.start("dummy.counter", {"steps": 3})
    client.runs.get(RUN_ID)
    assert [json.loads(server.bodies[at]) for at in (2, 5)] == [{"refresh_token": f"refresh-{n}"} for n in (1, 2)]
    assert server.sent("Authorization")[1::2] == ["Bearer access-1", "Bearer access-2", None]
    assert server.sent("Idempotency-Key")[1] == server.sent("Idempotency-Key")[3] is not None


@pytest.mark.parametrize("lost", [problem(401), problem(500), httpx.ReadError("lost")])
def test_a_trade_that_fails_is_not_tried_again_but_signed_in_anew(
    client_of: MakeClient, server: Server, lost: httpx.Response | Exception
) -> None:
    server.will(tokens(1), problem(401), lost, tokens(2), answered(run()))
    client_of(**WHO).runs.get(RUN_ID)
    assert server.asked[2:4] == ["POST /api/v1/tokens/refresh", "POST /api/v1/tokens"]


def test_a_sign_in_is_tried_again_with_the_request_that_needs_it(
    client_of: MakeClient, server: Server, clock: Clock
) -> None:
    server.will(httpx.ConnectError("refused"), problem(503), problem(429, Retry_After="3"), tokens(1), answered(run()))
    client_of(**WHO).runs.get(RUN_ID)
    assert server.asked == [*["POST /api/v1/tokens"] * 4, f"GET /api/v1/runs/{RUN_ID}"]
    assert clock.slept[-1] == 3.5
    server.will(*[httpx.ConnectError("refused")] * 3)
    with pytest.raises(Unreachable):
        client_of(**WHO, tries=3).runs.get(RUN_ID)


def test_a_server_that_is_away_holds_nobody_up_who_leaves(client_of: MakeClient, server: Server, clock: Clock) -> None:
    server.will(tokens(1), answered(run()), httpx.ConnectError("refused"))
    with client_of(**WHO) as client:
        client.runs.get(RUN_ID)
    assert clock.slept == []


def test_new_tokens_that_are_refused_too_are_told(client_of: MakeClient, server: Server) -> None:
    server.will(tokens(1), problem(401), tokens(2), problem(401, "not_authenticated"))
    with pytest.raises(NotAuthenticated):
        client_of(**WHO).runs.get(RUN_ID)


def test_a_wrong_password_is_told(client_of: MakeClient, server: Server) -> None:
    server.will(problem(401, "not_authenticated"))
    with pytest.raises(NotAuthenticated):
        client_of(**WHO).runs.get(RUN_ID)


def test_a_server_without_refresh_tokens_is_signed_in_to_anew(client_of: MakeClient, server: Server) -> None:
    server.will(answered({"access_token": "a"}, 201), problem(401), answered({"access_token": "b"}, 201))
    server.will(answered(run()))
    client_of(**WHO).runs.get(RUN_ID)
    assert server.asked[2] == "POST /api/v1/tokens"


def test_no_token_is_shown_where_an_answer_cannot_be_read(client_of: MakeClient, server: Server) -> None:
    server.will(answered({"refresh_token": "refresh-secret"}, 201))
    with pytest.raises(UnexpectedAnswer) as refused:
        client_of(**WHO).runs.get(RUN_ID)
    assert "refresh-secret" not in str(refused.value) + str(refused.value.__cause__)


def test_threads_whose_tokens_end_together_trade_once(clock: Clock) -> None:
    together, trades, lock = threading.Barrier(8), list[str](), threading.Lock()

    def server(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/tokens"):
            return tokens(1)
        if request.url.path.endswith("/refresh"):
            with lock:
                trades.append(request.url.path)
            return tokens(2)
        if request.headers["Authorization"] == "Bearer access-1":
            together.wait(timeout=30)  # all of them are refused before one renews
            return problem(401)
        return answered(run())

    email, password = WHO.values()
    client = Client(URL, email=email, password=password, retries=clock.retries(), transport=httpx.MockTransport(server))
    with ThreadPoolExecutor(8) as threads:
        assert {found.ref for found in threads.map(client.runs.get, [RUN_ID] * 8)} == {"R-12"}
    assert len(trades) == 1
