"""Tickets: good once, for a short time, for what their buyer may see."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.routing import URLRouter
from django.conf import settings
from django.test import Client
from django.urls import path
from redis import Redis

from apps.accounts.models import User
from apps.gateway import refresh, services, tickets
from apps.gateway.principals import Caller
from apps.gateway.sockets import NOT_ALLOWED, NOT_SIGNED_IN, TenantSocketMiddleware
from apps.gateway.tokens import token_issue, token_verify
from apps.tenants import fast
from apps.tenants.context import forget, tenant_context
from apps.tenants.models import Tenant
from tests.gateway.conftest import MakeKey, Program
from tests.gateway.test_logs import rendered
from tests.gateway.test_sockets import Quiet, Watch
from tests.sockets import Socket, headers, refusal

Make = Callable[..., User]
Browser = Callable[..., Client]

pytestmark = [pytest.mark.urls("tests.gateway.urls"), pytest.mark.usefixtures("sockets_keep_db")]

DOOR = TenantSocketMiddleware(
    URLRouter([path("ws/<slug:thing>/", Quiet.as_asgi()), path("beat/<slug:thing>/", Watch.as_asgi())])
)


@pytest.fixture
def owner(member: Make) -> User:
    return member("owner")


def bought(client: Client) -> str:
    answer = client.post("/api/v1/tickets")
    assert answer.status_code == 201, answer.content
    assert answer["Cache-Control"] == "no-store"
    assert answer.json()["expires_in"] == 30
    return str(answer.json()["ticket"])


def reads(program: Program, ticket: str, **options: Any) -> int:
    return int(program(**options).get(f"/api/v1/by-ticket?ticket={ticket}").status_code)


def opens(ticket: str, *, sent: dict[str, str] | None = None, address: str = "/ws/one/") -> int:
    """0 when a socket opens with the ticket; else the code of the refusal."""
    return async_to_sync(refusal)(DOOR, f"{address}?ticket={ticket}", sent or headers())


def test_a_ticket_opens_one_socket_or_one_stream_once(owner: User, program: Program) -> None:
    caller = program(token_issue(user=owner))
    ticket = bought(caller)
    assert opens(ticket) == 0
    assert opens(ticket) == NOT_SIGNED_IN
    assert reads(program, ticket) == 401
    ticket = bought(caller)
    answer = program().get(f"/api/v1/by-ticket?ticket={ticket}")
    assert answer.json() == {"user": str(owner.pk), "schema": "t_acme"}
    assert reads(program, ticket) == 401
    assert opens(ticket) == NOT_SIGNED_IN


def test_only_views_that_name_tickets_take_them(owner: User, program: Program) -> None:
    ticket = bought(program(token_issue(user=owner)))
    assert program().get(f"/api/v1/sample?ticket={ticket}").status_code == 401
    assert program(ticket).get("/api/v1/sample").status_code == 401
    assert reads(program, ticket) == 200


def test_of_many_who_come_with_a_ticket_at_once_one_is_let_in(acme: Tenant, owner: User) -> None:
    ticket = tickets.ticket_issue(Caller(owner))

    def take() -> bool:
        with tenant_context(acme):
            return tickets.ticket_redeem(ticket) is not None

    with ThreadPoolExecutor(16) as pool:
        taken = list(pool.map(lambda _: take(), range(64)))
    assert sum(taken) == 1


def test_a_ticket_lies_in_redis_for_half_a_minute_and_cannot_be_read_there(owner: User) -> None:
    ticket = tickets.ticket_issue(Caller(owner))
    server: Any = fast.redis()  # which types every answer as one that may be awaited
    (place,) = server.keys("t_acme:ticket:*")
    assert 0 < server.ttl(place) <= 30
    assert ticket[4:47].encode() not in place + server.get(place)
    server.delete(place)  # as it is when the time is over
    assert tickets.ticket_take(ticket) is None


def test_a_ticket_of_the_other_tenant_is_refused_and_not_spent(
    owner: User, member: Make, globex: Tenant, program: Program
) -> None:
    twin = member("owner", tenant=globex)
    assert twin.pk == owner.pk
    with tenant_context(globex):
        ticket = tickets.ticket_issue(Caller(twin))
    assert opens(ticket) == NOT_SIGNED_IN
    assert reads(program, ticket) == 401
    assert reads(program, ticket, tenant=globex) == 200


def test_a_bad_ticket_does_not_fall_back_to_a_good_session(owner: User, client_for: Browser) -> None:
    cookie = client_for(owner).cookies[settings.SESSION_COOKIE_NAME].value
    assert opens("ort_nonsense", sent=headers(session=cookie)) == NOT_SIGNED_IN
    assert opens("", sent=headers(session=cookie)) == 0  # none was sent
    assert client_for(owner).get("/api/v1/by-ticket?ticket=x").status_code == 401


def test_a_ticket_sees_no_more_than_the_key_that_bought_it(owner: User, make_key: MakeKey, program: Program) -> None:
    _, narrow = make_key(owner, "runs.view")
    assert opens(bought(program(narrow))) == NOT_ALLOWED
    assert reads(program, bought(program(narrow))) == 403
    _, wide = make_key(owner, "keys.view")
    assert opens(bought(program(wide))) == 0
    answer = program().post(f"/api/v1/by-ticket?ticket={bought(program(wide))}")
    assert answer.status_code == 403


def test_nobody_and_who_may_not_use_the_api_get_none(member: Make, program: Program) -> None:
    assert program().post("/api/v1/tickets").status_code == 401
    assert program(token_issue(user=member("viewer"))).post("/api/v1/tickets").status_code == 403


@pytest.mark.parametrize(
    "change",
    [{"is_active": False}, {"role": "viewer"}, {"password": "!another"}],
    ids=str,
)
def test_a_ticket_ends_with_what_its_buyer_was(owner: User, change: dict[str, Any]) -> None:
    ticket = tickets.ticket_issue(Caller(owner))
    User.objects.filter(pk=owner.pk).update(**change)
    assert tickets.ticket_take(ticket) is None


def test_a_ticket_of_a_session_ends_when_its_person_signs_out(
    owner: User, client_for: Browser, program: Program
) -> None:
    browser = client_for(owner)
    kept, spent = bought(browser), bought(browser)
    assert reads(program, spent) == 200
    browser.post("/accounts/logout/")
    assert reads(program, kept) == 401


def closing(ticket: str, change: Callable[[], object], acme: Tenant) -> int:
    """The code with which a socket that a ticket opened ends once `change` has happened."""

    def changed() -> None:
        with tenant_context(acme):
            change()

    async def scene() -> int:
        it = Socket(DOOR, f"/beat/one/?ticket={ticket}", headers())
        assert await it.open() == 0
        await it.hear()
        for _ in range(4):  # it is looked at meanwhile, and its ticket is spent
            await it.hear("ping")
        await sync_to_async(changed)()
        return await it.end()

    return async_to_sync(scene)()


def test_a_socket_outlives_its_ticket_and_not_its_buyer(acme: Tenant, owner: User) -> None:
    ticket = tickets.ticket_issue(Caller(owner))
    gone = closing(ticket, lambda: User.objects.filter(pk=owner.pk).update(is_active=False), acme)
    assert gone == NOT_SIGNED_IN


def test_a_socket_ends_with_the_key_that_bought_its_ticket(acme: Tenant, owner: User, make_key: MakeKey) -> None:
    key, _ = make_key(owner, "keys.view")
    ticket = tickets.ticket_issue(Caller(owner, frozenset(key.scopes), key))
    assert closing(ticket, lambda: services.key_revoke(who=Caller(owner), key=key), acme) == NOT_SIGNED_IN


def test_a_ticket_is_not_good_for_longer_than_the_token_that_bought_it(owner: User) -> None:
    _, claims = token_verify(token_issue(user=owner))
    assert tickets.ticket_take(tickets.ticket_issue(Caller(owner), claims=claims)) == Caller(owner)
    late = {**claims, "exp": claims["iat"] - 1}
    assert tickets.ticket_take(tickets.ticket_issue(Caller(owner), claims=late)) is None


def test_a_page_of_an_origin_that_the_tenant_allows_opens_a_socket_by_ticket_only(
    acme: Tenant, owner: User, client_for: Browser
) -> None:
    cookie = client_for(owner).cookies[settings.SESSION_COOKIE_NAME].value
    Tenant.objects.filter(pk=acme.pk).update(cors_origins=["https://app.example"])
    forget()
    ours, theirs = (headers(session=cookie, origin=each) for each in ("https://app.example", "https://evil.example"))
    assert opens(tickets.ticket_issue(Caller(owner)), sent=ours) == 0
    assert opens(tickets.ticket_issue(Caller(owner)), sent=theirs) == NOT_SIGNED_IN
    assert opens("nonsense", sent=ours) == NOT_SIGNED_IN
    assert async_to_sync(refusal)(DOOR, "/ws/one/", ours) == NOT_ALLOWED


def test_without_redis_no_ticket_is_made_and_none_is_taken(
    owner: User, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = program(token_issue(user=owner))
    ticket = bought(caller)
    monkeypatch.setattr(tickets, "redis", lambda: Redis(port=1, socket_connect_timeout=0.1))
    for answer in (caller.post("/api/v1/tickets"), program().get(f"/api/v1/by-ticket?ticket={ticket}")):
        assert answer.status_code == 503
        assert answer.json()["code"] == "unavailable"
        assert answer["Retry-After"]


def test_no_refresh_token_is_a_ticket_nor_the_other_way_round(owner: User, program: Program) -> None:
    assert reads(program, refresh.refresh_issue(user=owner)) == 401
    body = {"refresh_token": tickets.ticket_issue(Caller(owner))}
    answer = program().post("/api/v1/tokens/refresh", body, content_type="application/json")
    assert answer.status_code == 401


def test_a_server_that_logs_addresses_writes_no_ticket(owner: User) -> None:
    """As uvicorn does of every socket, query and all."""
    ticket = tickets.ticket_issue(Caller(owner))
    line = rendered(f'127.0.0.1 - "WebSocket /ws/one/?ticket={ticket}&x=1" [accepted]')
    assert "/ws/one/" in line
    assert ticket[4:] not in line


def test_reading_by_ticket_costs_one_look_at_its_buyer(
    owner: User, program: Program, django_assert_num_queries: Callable[..., Any]
) -> None:
    first, second = tickets.ticket_issue(Caller(owner)), tickets.ticket_issue(Caller(owner))
    reads(program, first)
    with django_assert_num_queries(2):  # the way into the schema, and the member
        assert reads(program, second) == 200
