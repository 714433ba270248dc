"""Errors: a class for each thing to do about them, and words for people."""

from __future__ import annotations

import pickle

import orchestrall_client as ours
import pytest

from apps.common.errors import catalogue
from tests.client.conftest import RUN_ID, Server, problem


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ours.InvalidRequest),
        (401, ours.NotAuthenticated),
        (403, ours.PermissionDenied),
        (404, ours.NotFound),
        (405, ours.InvalidRequest),
        (406, ours.InvalidRequest),
        (409, ours.Conflict),
        (411, ours.InvalidRequest),
        (412, ours.Conflict),
        (413, ours.InvalidRequest),
        (415, ours.InvalidRequest),
        (422, ours.InvalidRequest),
        (428, ours.Conflict),
        (429, ours.TooManyRequests),
        (500, ours.ServerError),
        (501, ours.ServerError),
        (503, ours.Unavailable),
    ],
)
def test_a_refusal_is_of_one_family_and_says_all_that_was_told(
    client_of: object, server: Server, status: int, kind: type[ours.Problem]
) -> None:
    server.will(problem(status, "a_code", Retry_After="900"))
    with pytest.raises(ours.Problem) as refused:
        client_of(tries=1).runs.get(RUN_ID)  # type: ignore[operator]
    told = refused.value
    assert type(told) is kind
    assert (told.status, told.code, told.title, told.detail) == (status, "a_code", "A title", "What happened.")
    assert (told.remedy, told.request_id, told.retry_after) == ("Do this.", "req-12345678", 900)
    assert (told.issues[0].path, told.issues[0].row, told.issues[0].column) == (
        "history.rows.3.quantity",
        4,
        "quantity",
    )
    assert str(told) == (
        f"A title (a_code, {status}). What happened.\n"
        "  history.rows.3.quantity, row 4, column quantity: Give a number.\n"
        "What to do: Do this.\n"
        "Request: req-12345678"
    )


def test_every_problem_that_the_server_knows_has_a_family() -> None:
    families = {status for family in ours.Problem.__subclasses__() for status in family.statuses}
    assert {kind.status for kind in catalogue().values()} - families == {500}


def test_what_a_proxy_answers_is_a_problem_too(client: ours.Client, server: Server) -> None:
    import httpx

    server.will(httpx.Response(413, text="<html>Too large</html>", headers={"X-Request-ID": "of-the-proxy"}))
    with pytest.raises(ours.InvalidRequest) as refused:
        client.runs.get(RUN_ID)
    assert (refused.value.code, refused.value.request_id) == ("http_413", "of-the-proxy")
    assert refused.value.title


def test_a_problem_can_be_sent_to_another_process(client: ours.Client, server: Server) -> None:
    server.will(problem(404))
    with pytest.raises(ours.NotFound) as refused:
        client.runs.get(RUN_ID)
    again = pickle.loads(pickle.dumps(refused.value))  # noqa: S301
    assert type(again) is ours.NotFound
    assert str(again) == str(refused.value)
